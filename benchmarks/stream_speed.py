"""Does a hierarchy of maps keep up with video, and does its memory stay where it is however long the stream?

A generated stream of 34,992 features (ten scenes of 200 frames each, over and over, that drift and are noisy) is
learned once, in order, frame by frame: by one map of 20 x 20 neurons with projected features and with ranked features
(34,992 inputs, no projection), and by the hierarchy of `tectum demo driving`. Printed beside the times is how well the
winners tell the scenes apart (AMI of ten regions), so that a faster wrong answer shows. Times are processor times of
this process per frame, without compilation and without making the stream; coding is measured again by itself, and the
map is the rest. Each case has a process of its own, so that its peak memory is its own. With --cnn the time of a
network on frames of noise stands beside.

    python benchmarks/stream_speed.py
    python benchmarks/stream_speed.py --frames 20000 --cases projected --cnn squeezenet_to_fire6.onnx
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from destinations import file_to_write
from numpy.typing import NDArray

from tectum import MapHierarchy, analysis, parts
from tectum.engine.graph.features import FeatureCoder
from tectum.models.hierarchy.driving import driving_maps
from tectum.report.streams.diary import memory_mib

SHAPE = (27, 27, 48)  # rows, columns, channels
N_FEATURES = 27 * 27 * 48
N_SCENES, SCENE_FRAMES, CHUNK = 10, 200, 16
CASES: dict[str, list[parts.Map]] = {
    "projected": [parts.Map("scene", (parts.Features(),), shape=(20, 20))],
    "ranked": [parts.Map("scene", (parts.Features(code=parts.Ranked()),), shape=(20, 20))],
    "driving": driving_maps(SHAPE),
}
FEW = 64  # frames before those that are timed
MOST_SCORED = 600


def stream(n_frames: int, seed: int = 0) -> Iterator[tuple[NDArray[np.float32], NDArray[np.int64]]]:
    """Chunks of frames and their scenes, made on the way."""
    generator = np.random.default_rng(seed)
    scenes = np.maximum(generator.standard_normal((N_SCENES, N_FEATURES), np.float32), 0.0)
    drifts = np.maximum(generator.standard_normal((N_SCENES, N_FEATURES), np.float32), 0.0)
    for first in range(0, n_frames, CHUNK):
        number = np.arange(first, min(first + CHUNK, n_frames))
        scene = number // SCENE_FRAMES % N_SCENES
        share = np.float32(0.6) * (number % SCENE_FRAMES / SCENE_FRAMES).astype(np.float32)[:, np.newaxis]
        noise = generator.standard_normal((len(number), N_FEATURES), np.float32)
        yield np.maximum(scenes[scene] + share * drifts[scene] + np.float32(0.3) * noise, 0.0), scene


def measure(case: str, n_frames: int) -> dict[str, Any]:
    """One case in this process."""
    hierarchy = MapHierarchy(CASES[case], random_state=0)
    spent, coding, n_timed, memory = 0.0, 0.0, 0, []
    kept, scenes = [], []
    coders = [
        (FeatureCoder(s.code, k, (s.stop or N_FEATURES) - s.start), slice(s.start, s.stop))
        for k, s in enumerate(s for m in CASES[case] for s in m.sources if isinstance(s, parts.Features))
    ]
    every = max(1, n_frames // MOST_SCORED)
    for number, (X, scene) in enumerate(stream(n_frames)):
        began = time.process_time()
        hierarchy.partial_fit(X)
        learned = time.process_time()
        if number * CHUNK >= FEW:
            for coder, part in coders:
                coder.ranked_inputs(X[:, part])
            spent, coding, n_timed = spent + learned - began, coding + time.process_time() - learned, n_timed + len(X)
        if number % max(1, n_frames // CHUNK // 4) == 0:
            memory.append(memory_mib())
        chosen = (number * CHUNK + np.arange(len(X))) % every == 0
        kept.append(X[chosen].astype(np.float16))
        scenes.append(scene[chosen])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    X, labels = np.concatenate(kept).astype(np.float32), np.concatenate(scenes)
    winners = hierarchy.predict(X, "scene")
    weights = hierarchy.weights("scene").astype(np.float64)
    hits = np.bincount(winners[winners >= 0], minlength=len(weights))
    weights[hits == 0] = np.nan
    n_used = int(np.isfinite(weights[:, 0]).sum())
    n_regions = min(N_SCENES, n_used)
    regions = analysis.cluster_units(weights, (20, 20), n_clusters=n_regions, hits=hits, connected=False)
    score = analysis.cluster_scores(labels, np.append(regions, -1)[winners])["ami"]
    return {
        "ms": 1e3 * spent / n_timed,
        "coding_ms": 1e3 * coding / n_timed,
        "map_ms": 1e3 * (spent - coding) / n_timed,
        "frames_per_s": n_timed / spent,
        "memory_mib": memory,
        "peak_mib": peak,
        "ami": score,
        "units": n_used,
    }


def cnn_ms(path: Path) -> float:
    """Processor time of a network per frame."""
    from tectum import streams

    cnn = streams.CNN(path, rows_first=True, batch=CHUNK)
    frames = np.random.default_rng(0).integers(0, 256, (CHUNK, *cnn.size, 3), np.uint8)
    cnn.transform(frames)
    began = time.process_time()
    for _ in range(4):
        cnn.transform(frames)
    return 1e3 * (time.process_time() - began) / (4 * CHUNK)


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=2000)
    parser.add_argument("--cases", nargs="+", choices=list(CASES), default=list(CASES))
    parser.add_argument("--cnn", type=Path, help="ONNX file of a network to time beside")
    parser.add_argument("--json", type=file_to_write, help="file to write the figures to")
    parser.add_argument("--case", choices=list(CASES), help=argparse.SUPPRESS)  # measured in this process
    options = parser.parse_args()
    if options.frames < 2 * FEW:
        parser.error(f"--frames must be at least {2 * FEW}")
    if options.case:
        print(json.dumps(measure(options.case, options.frames)))
        return
    network = cnn_ms(options.cnn) if options.cnn else float("nan")
    print("case        frames/s  CNN ms  coding ms  map ms   peak MiB  MiB over the stream          AMI  neurons")
    found = {}
    for case in options.cases:
        command = [sys.executable, __file__, "--case", case, "--frames", str(options.frames)]
        answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        row = found[case] = json.loads(answer) | {"cnn_ms": network}
        course = " ".join(f"{mib:.0f}" for mib in row["memory_mib"])
        print(
            f"{case:12s}{row['frames_per_s']:8.0f}{network:8.1f}{row['coding_ms']:11.2f}{row['map_ms']:8.2f}"
            f"{row['peak_mib']:11.0f}  {course:24s}{row['ami']:8.2f}{row['units']:9d}",
            flush=True,
        )
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
