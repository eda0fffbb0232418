"""How much faster is a frozen pass on two cores than on one, and are the responses the same?

`transform` of each kind of layer with one thread and with more, in turn; medians over the rounds. Beside it SHA-256 of
as many blocks of memory, which needs nothing but cores: its gain is what the machine had to give at the time. On a busy
machine threads wait for cores. Linux tells for how long, and "of its own" is the gain of the wall time without that:
what two idle cores would give, but for the memory they share.

    python benchmarks/cores.py
    python benchmarks/cores.py --rounds 9 --json cores.json

Rates are samples per second of CPU time of one thread.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np

import tectum
from tectum.parts import FieldHebb, Sheet, SpikeCounts

LOOK_S = 0.003  # between two looks at the clocks of the threads


class Taken(NamedTuple):
    """Times of a pass, s."""

    wall: float
    cpu: float
    waiting: float  # for a core: of the main thread, and of the worker that waited longest


class Waiting:
    """For how long threads of this process wait for a core while the block runs (Linux)."""

    def __enter__(self) -> Self:
        self._first, self._last, self._stop = self._clocks(), dict[int, float](), threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        waited = {tid: last - self._first.get(tid, 0.0) for tid, last in self._last.items()}
        main = waited.pop(os.getpid(), 0.0)
        waited.pop(self._thread.native_id or 0, None)
        self.seconds = main + max(waited.values(), default=0.0)

    def _look(self) -> None:
        while not self._stop.wait(LOOK_S):
            self._last |= self._clocks()

    @staticmethod
    def _clocks() -> dict[int, float]:
        found = {}
        with suppress(OSError):
            for folder in Path("/proc/self/task").iterdir():
                with suppress(OSError):
                    found[int(folder.name)] = 1e-9 * int((folder / "schedstat").read_text().split()[1])
        return found


def timed(run: Callable[[], Any]) -> tuple[Any, Taken]:
    """What a function returns, and its times."""
    with Waiting() as waiting:
        start, cpu = time.perf_counter(), time.process_time()
        found = run()
        wall, cpu = time.perf_counter() - start, time.process_time() - cpu
    return found, Taken(wall, cpu, waiting.seconds)


def cases(rng: np.random.Generator) -> dict[str, tuple[Any, np.ndarray]]:
    """Models, little trained, with samples that take about a second."""
    found: dict[str, tuple[Any, np.ndarray]] = {}
    for n_features, n in ((4, 20_000), (784, 1_500), (34_992, 60)):
        X = np.maximum(rng.normal(0.7, 1.0, (n, n_features)), 0.0).astype(np.float32)  # as after a ReLU
        som = tectum.SpikingSOM(n_presentations=min(n, 300), random_state=0).fit(X[:300])
        found[f"map, {n_features:,} features"] = som, X
    patches = rng.uniform(size=(40_000, 100)).astype(np.float32)
    dictionary = tectum.SpikingDictionary
    found["dictionary, 10 x 10"] = dictionary(64, n_presentations=2000, random_state=0).fit(patches[:2000]), patches
    published = dictionary.reference(64, n_presentations=2000, random_state=0).fit(patches[:2000])
    found["dictionary, published rule"] = published, patches
    images = rng.uniform(size=(4000, 784)).astype(np.float32)
    sheets = [Sheet((28, 28), 14.0), Sheet(100, 10.0)]
    for name, options, n in (
        ("waves, fields", {"image_rule": FieldHebb()}, 4000),
        ("waves, spike counts", {"response": SpikeCounts()}, 300),
        ("waves, pooling", {"response": "pooling"}, 4000),
    ):
        network = tectum.WaveNetwork.topographic(sheets, random_state=0, **options).grow(100.0)
        found[name] = network.fit(images[:200]), images[:n]
    return found


def hashes(blocks: list[bytes], n_threads: int) -> list[bytes]:
    """SHA-256 of blocks of memory, in threads."""
    with ThreadPoolExecutor(n_threads) as pool:
        return list(pool.map(lambda block: hashlib.sha256(block).digest(), blocks))


def gain(rounds: list[dict[int, Taken]], n: int, *, own: bool) -> float:
    """Median ratio of the wall times of one thread and of n, with or without the time they waited for a core."""
    return float(np.median([(t[1].wall - own * t[1].waiting) / (t[n].wall - own * t[n].waiting) for t in rounds]))


def measure(model: Any, X: np.ndarray, n: int, n_rounds: int) -> dict[str, Any]:
    """Times, gains and equality for one model."""
    model.transform(X[: 2 * n])
    blocks = [bytes(2**25)] * (4 * n)
    equal, passes, others = True, [], []
    for _ in range(n_rounds):
        turn, other, bits = {}, {}, {}
        for n_threads in (1, n):
            model.set_params(n_jobs=n_threads)
            response, turn[n_threads] = timed(lambda: model.transform(X))
            bits[n_threads] = response.tobytes()
            _, other[n_threads] = timed(lambda n_threads=n_threads: hashes(blocks, n_threads))
        equal &= bits[1] == bits[n]
        passes.append(turn)
        others.append(other)
    return {
        "samples_per_cpu_second": len(X) / float(np.median([turn[1].cpu for turn in passes])),
        "cpu": {k: float(np.median([turn[k].cpu for turn in passes])) for k in (1, n)},
        "wall": {k: float(np.median([turn[k].wall for turn in passes])) for k in (1, n)},
        "gain": gain(passes, n, own=False),
        "gain_of_its_own": gain(passes, n, own=True),
        "gain_of_sha256": gain(others, n, own=False),
        "equal": equal,
    }


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cases", nargs="+", help="only those whose name contains one of these")
    parser.add_argument("--json", type=Path, help="file to write the figures to")
    options = parser.parse_args()
    if options.threads < 2 or options.rounds < 1:
        parser.error("--threads must be at least 2, --rounds at least 1")
    n, found = options.threads, {}
    print(f"load of the machine {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores, {n} threads")
    print("frozen pass                   samples/CPU s  wall 1   wall n    CPU 1    CPU n   gain  of its own  SHA-256")
    for name, (model, X) in cases(np.random.default_rng(0)).items():
        if options.cases and not any(part in name for part in options.cases):
            continue
        row = found[name] = measure(model, X, n, options.rounds)
        (wall_1, wall_n), (cpu_1, cpu_n) = row["wall"].values(), row["cpu"].values()
        print(
            f"{name:28s}{row['samples_per_cpu_second']:15.1f}{wall_1:8.2f}{wall_n:9.2f}{cpu_1:9.2f}{cpu_n:9.2f}"
            f"{row['gain']:7.2f}{row['gain_of_its_own']:12.2f}{row['gain_of_sha256']:9.2f}"
            f"  {'equal to the bit' if row['equal'] else 'DIFFERENT'}",
            flush=True,
        )
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
