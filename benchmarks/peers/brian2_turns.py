"""A network of Brian2 that can be run again and again from its start, under either device."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import brian2 as b2
from turns import cpu_seconds

DEVICES = ("cython", "cpp_standalone")
CPU_FILE = "results/cpu_seconds.txt"
BEFORE = """
struct timespec _clock;
clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &_clock);
double _begin = _clock.tv_sec + 1e-9 * _clock.tv_nsec;
"""
AFTER = f"""
clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &_clock);
FILE *_file = fopen("{CPU_FILE}", "w");
fprintf(_file, "%.9f", _clock.tv_sec + 1e-9 * _clock.tv_nsec - _begin);
fclose(_file);
"""


def choose(device: str) -> None:
    """Before anything is built. BRIAN2_CACHE in the environment names another folder for compiled Cython."""
    b2.prefs.codegen.target = "cython"
    b2.prefs.codegen.cpp.extra_compile_args_gcc = ["-w", "-O3", "-march=native", "-ffast-math", "-std=c++11"]
    if "BRIAN2_CACHE" in os.environ:
        b2.prefs.codegen.runtime.cython.cache_dir = os.environ["BRIAN2_CACHE"]
    if device == "cpp_standalone":
        b2.set_device(device, build_on_run=False)


def compiled(network: b2.Network, duration: b2.Quantity, device: str, n_runs: int = 1) -> Callable[[], float]:
    """Compile the network; what is returned runs it from its start and says the CPU seconds of the time loop.

    With more than one run, each a part of the duration and under Cython only, all that Brian2 does in them is counted.
    """
    if device == "cpp_standalone":
        folder = tempfile.mkdtemp(prefix="brian2_turns_")
        b2.device.insert_code("before_network_run", BEFORE)
        b2.device.insert_code("after_network_run", AFTER)
        network.run(duration)
        b2.device.build(directory=folder, compile=True, run=False)

        def turn() -> float:
            b2.device.run(folder, with_output=False, run_args=[])
            return float(Path(folder, CPU_FILE).read_text())

        return turn
    network.store()

    def turn_of_runtime() -> float:
        # Brian2 reports once before the loop, when all code is compiled, and once after it.
        stamps: list[float] = []
        network.restore()
        if n_runs > 1:
            start = cpu_seconds()
            for _ in range(n_runs):
                network.run(duration / n_runs)
            return cpu_seconds() - start
        network.run(duration, report=lambda *_: stamps.append(cpu_seconds()), report_period=86400 * b2.second)
        return stamps[-1] - stamps[0]

    turn_of_runtime()
    return turn_of_runtime
