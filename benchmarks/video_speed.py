"""Does a file of 640 x 360 pixels reach the winners of all maps at 25 frames/s on two cores, and does memory stay put?

The generated clip of `streams.write_clip`, or a file of your own, is read, seen by a network (or by pooled gradients,
which stand for one), by optical flow or by spikes of motion, by opponent colours, and by the maps of `tectum demo
driving`, in chunks of 16 frames, over and over until so many frames have been shown. Printed for each stage are
processor and wall times per frame, without the first two chunks, in which code is compiled; then frames/s, and memory
at quarters of the run. Learning and winners are alternatives: `learn` is a pass that learns, `winners` a pass that
tells the winner of each map. The exit status is 1 if two cores that were free would not reach 25 frames/s, if it took
more than a GiB, or if memory grew by more than 5 % after the first quarter.

    python benchmarks/video_speed.py --cnn squeezenet_v1.0_deepcomp_to_fire6.onnx
    python benchmarks/video_speed.py --cnn squeezenet_v1.0_deepcomp_to_fire6.onnx --frames 20000
    python benchmarks/video_speed.py --motion spikes
"""

import argparse
import json
import resource
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from destinations import file_to_write

from tectum import MapHierarchy, streams
from tectum.models.hierarchy.driving import driving_maps
from tectum.report.streams.diary import memory_mib
from tectum.streams.colours import Adaptation
from tectum.streams.motion import Course, followed

CHUNK, WARM = 16, 2
AIM = 25.0  # frames/s
MOST_MIB, GROWTH = 1024.0, 0.05
MOTION = {"flow": streams.OpticalFlow, "spikes": streams.SpikingMotion}


class Watch:
    """Processor and wall time by stage."""

    def __init__(self) -> None:
        self.spent: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
        self.running = False

    def __call__(self, stage: str, work: Any, *given: Any) -> Any:
        """What the work gives, timed."""
        busy, began = time.process_time(), time.perf_counter()
        found = work(*given)
        if self.running:
            self.spent[stage][0] += time.process_time() - busy
            self.spent[stage][1] += time.perf_counter() - began
        return found


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=480)
    parser.add_argument("--clip", type=Path, help="a video file, in place of the generated one")
    parser.add_argument("--cnn", type=Path, help="ONNX file of the network")
    parser.add_argument("--motion", choices=[*MOTION], default="flow")
    parser.add_argument("--json", type=file_to_write, help="file to write the figures to")
    options = parser.parse_args()
    if options.frames < CHUNK * (WARM + 2):
        parser.error(f"--frames must be at least {CHUNK * (WARM + 2)}")
    extract: Any = streams.OrientedGradients(rows_first=True)
    if options.cnn:
        extract = streams.CNN(options.cnn, rows_first=True, batch=CHUNK, n_threads=2)
    detector, colours, watch = MOTION[options.motion](), streams.OpponentColours(), Watch()
    maps = driving_maps(extract.shape, detector.n_features, colours.n_features)
    hierarchy = MapHierarchy(maps, random_state=0, n_jobs=2)
    n, memory = 0, []
    with tempfile.TemporaryDirectory() as folder:
        clip = options.clip or streams.write_clip(Path(folder) / "clip.mp4", size=(360, 640), seconds=16.0)
        while n < options.frames:
            frames = streams.video(clip, size=extract.size, chunk=CHUNK)
            course, adaptation, chunks = Course(detector), Adaptation(colours), iter(frames)
            while n < options.frames:
                chunk = watch("decode", next, chunks, None)
                if chunk is None:
                    break
                seen = watch("features", extract.transform, chunk.X.reshape(len(chunk.X), *extract.size, 3))
                moved = watch(options.motion, followed, chunk, frames.frame_shape, course)
                coloured = watch("colours", followed, chunk, frames.frame_shape, adaptation)
                X = np.concatenate([seen, moved, coloured], axis=1)
                watch("learn", hierarchy.partial_fit, X)
                watch("winners", hierarchy.scores, X)
                n += len(X)
                watch.running = n >= WARM * CHUNK
                if n // CHUNK % max(1, options.frames // CHUNK // 4) == 0:
                    memory.append(round(memory_mib()))
    timed = n - WARM * CHUNK
    table = {stage: [1e3 * x / timed for x in both] for stage, both in watch.spent.items()}
    for stage, (busy, wall) in table.items():
        print(f"{stage:10s}{busy:8.2f} ms of processor{wall:8.2f} ms of wall a frame")
    rates = {}
    for last in ("learn", "winners"):
        stages = ["decode", "features", options.motion, "colours", last]
        busy, wall = (sum(table[stage][k] for stage in stages) for k in (0, 1))
        rates[last] = {"frames_per_s": 1e3 / wall, "two_cores": 2e3 / busy}
        print(
            f"file to {last}: {1e3 / wall:.1f} frames/s by the wall, {busy:.1f} ms of processor a frame"
            f" (two cores that were free: up to {2e3 / busy:.0f} frames/s; aim {AIM:g})"
        )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    print(f"memory over the run, MiB: {' '.join(map(str, memory))}; peak {peak:.0f}")
    if options.json:
        options.json.write_text(json.dumps({"stages": table, "rates": rates, "memory": memory, "peak": peak}) + "\n")
    too_slow = min(rate["two_cores"] for rate in rates.values()) < AIM
    raise SystemExit(too_slow or peak > MOST_MIB or memory[-1] > (1.0 + GROWTH) * memory[0])


if __name__ == "__main__":
    main()
