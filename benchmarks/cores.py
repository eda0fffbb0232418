"""How much faster is a frozen pass on two cores than on one, and are the responses the same?

`transform` of each kind of layer with one thread and with more, in turn; medians over the rounds. Beside it SHA-256 of
as many blocks of memory, which needs nothing but cores: its gain is what the machine had to give at the time. "free
cores" is the gain with a free core for each thread, from the clocks that Linux keeps of them: the time of one thread
over that of the main thread and an equal share of what the workers did, running or blocked, without their waiting for
a core.

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
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import numpy as np
from destinations import file_to_write

import tectum
from tectum.core.threads import in_threads
from tectum.engine.sheets import images as image_network
from tectum.models import spiking_dictionary, spiking_som
from tectum.parts import FieldHebb, Sheet, SpikeCounts

Case = tuple[Any, np.ndarray]  # a model, and samples that take about a second


class Taken(NamedTuple):
    """Times of a pass, s."""

    wall: float
    cpu: float
    path: float  # what it would take with a free core for each thread


def clocks() -> tuple[float, float, float]:
    """Now, and for how long this thread has run and waited for a core, s; Linux only, else it is never said to wait."""
    try:
        ran, waited, _ = map(int, Path("/proc/thread-self/schedstat").read_text().split())
    except OSError:
        return time.perf_counter(), time.thread_time(), 0.0
    return time.perf_counter(), 1e-9 * ran, 1e-9 * waited


@contextmanager
def watched() -> Iterator[dict[int, float]]:
    """For how long each thread works at frozen passes, running or blocked as by a lock, but not short of a core."""
    spent: dict[int, float] = defaultdict(float)

    def in_watched_threads(work: Callable[[slice], Any], *args: Any) -> Any:
        def watch(part: slice) -> Any:
            first = clocks()
            found = work(part)
            passed, _, waited = np.subtract(clocks(), first)
            spent[threading.get_ident()] += passed - waited
            return found

        return in_threads(watch, *args)

    with ExitStack() as stack:
        for module in (spiking_som, spiking_dictionary, image_network):
            stack.enter_context(mock.patch.object(module, "in_threads", in_watched_threads))
        yield spent


def timed(run: Callable[[], Any], n_threads: int) -> tuple[Any, Taken]:
    """What a function returns, and its times."""
    with watched() as spent:
        (start, ran, _), cpu = clocks(), time.process_time()
        found = run()
        (stop, ran_last, _), cpu = clocks(), time.process_time() - cpu
    others = [seconds for thread, seconds in spent.items() if thread != threading.get_ident()]
    return found, Taken(stop - start, cpu, ran_last - ran + sum(others) / n_threads)


def map_case(n_features: int, n: int) -> Case:
    """Samples as after a ReLU."""
    X = np.maximum(np.random.default_rng(0).normal(0.7, 1.0, (n, n_features)), 0.0).astype(np.float32)
    return tectum.SpikingSOM(n_presentations=min(n, 300), random_state=0).fit(X[:300]), X


def dictionary_case(make: Callable[..., tectum.SpikingDictionary]) -> Case:
    """Patches of 10 x 10 pixels."""
    X = np.random.default_rng(0).uniform(size=(100_000, 100)).astype(np.float32)
    return make(64, n_presentations=2000, random_state=0).fit(X[:2000]), X


def wave_case(n: int, **options: Any) -> Case:
    """Images of 28 x 28 pixels on two sheets."""
    X = np.random.default_rng(0).uniform(size=(max(n, 200), 784)).astype(np.float32)
    sheets = [Sheet((28, 28), 14.0), Sheet(100, 10.0)]
    network = tectum.WaveNetwork.topographic(sheets, random_state=0, **options).grow(100.0)
    return network.fit(X[:200]), X[:n]


CASES: dict[str, Callable[[], Case]] = {
    "map, 4 features": lambda: map_case(4, 20_000),
    "map, 784 features": lambda: map_case(784, 1500),
    "map, 34,992 features": lambda: map_case(34_992, 60),
    "dictionary, default": lambda: dictionary_case(tectum.SpikingDictionary),
    "dictionary, published rule": lambda: dictionary_case(tectum.SpikingDictionary.reference),
    "waves, fields": lambda: wave_case(6000, response="excess", image_rule=FieldHebb()),
    "waves, spike counts": lambda: wave_case(2000, response=SpikeCounts()),
}


def hashes(blocks: list[bytes], n_threads: int) -> list[bytes]:
    """SHA-256 of blocks of memory, in threads."""
    with ThreadPoolExecutor(n_threads) as pool:
        return list(pool.map(lambda block: hashlib.sha256(block).digest(), blocks))


def gain(rounds: list[dict[int, Taken]], n: int, clock: str) -> float:
    """Median ratio of the times of one thread and of n."""
    return float(np.median([getattr(turn[1], clock) / (getattr(turn[n], clock) or np.nan) for turn in rounds]))


def measure(model: Any, X: np.ndarray, n: int, n_rounds: int) -> dict[str, Any]:
    """Times, gains and equality for one model."""
    model.transform(X[: 2 * n])
    blocks = [bytes(2**25)] * (4 * n)
    equal, passes, others = True, [], []
    for _ in range(n_rounds):
        turn, other, bits = {}, {}, {}
        for n_threads in (1, n):
            model.set_params(n_jobs=n_threads)
            response, turn[n_threads] = timed(lambda: model.transform(X), n_threads)
            bits[n_threads] = response.tobytes()
            _, other[n_threads] = timed(lambda n_threads=n_threads: hashes(blocks, n_threads), n_threads)
        equal &= bits[1] == bits[n]
        passes.append(turn)
        others.append(other)
    return {
        "samples_per_cpu_second": len(X) / float(np.median([turn[1].cpu for turn in passes])),
        "cpu": {k: float(np.median([turn[k].cpu for turn in passes])) for k in (1, n)},
        "wall": {k: float(np.median([turn[k].wall for turn in passes])) for k in (1, n)},
        "gain": gain(passes, n, "wall"),
        "gain_on_free_cores": gain(passes, n, "path"),
        "gain_of_sha256": gain(others, n, "wall"),
        "equal": equal,
    }


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cases", nargs="+", help="only those whose name contains one of these")
    parser.add_argument("--json", type=file_to_write, help="file to write the figures to")
    options = parser.parse_args()
    if options.threads < 2 or options.rounds < 1:
        parser.error("--threads must be at least 2, --rounds at least 1")
    n, found = options.threads, {}
    print(f"load of the machine {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores, {n} threads")
    print("frozen pass                   samples/CPU s  wall 1   wall n    CPU 1    CPU n   gain  free cores  SHA-256")
    for name, case in CASES.items():
        if options.cases and not any(part in name for part in options.cases):
            continue
        row = found[name] = measure(*case(), n, options.rounds)
        (wall_1, wall_n), (cpu_1, cpu_n) = row["wall"].values(), row["cpu"].values()
        print(
            f"{name:28s}{row['samples_per_cpu_second']:15.1f}{wall_1:8.2f}{wall_n:9.2f}{cpu_1:9.2f}{cpu_n:9.2f}"
            f"{row['gain']:7.2f}{row['gain_on_free_cores']:12.2f}{row['gain_of_sha256']:9.2f}"
            f"  {'equal to the bit' if row['equal'] else 'DIFFERENT'}",
            flush=True,
        )
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
