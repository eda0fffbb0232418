"""How long until the first sample has been learned: from the start of the process, cold and warm.

The standard network with 100 neurons and one image. Cold, no code that was compiled before is there: the caches of
tectum and of Brian2 are empty folders; the files of the libraries themselves may be in memory. Warm is the next start,
which compiled Brian2 does not have, since it compiles each time. One start of each, so that the last digit means
nothing; imports and building the network are included.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cases import WORKLOADS

NAME = "first-result"
HERE = Path(__file__).resolve().parent


def measure(
    interpreter: Callable[[str | None], Path], missing: Callable[[str | None], str | None], threads: dict[str, str]
) -> dict[str, Any]:
    """CPU and wall seconds of each engine, cold and warm."""
    workload = WORKLOADS["standard-100"]
    rows: dict[str, Any] = {}
    for engine in workload.engines:
        if engine.name.endswith("normalised"):
            continue
        if reason := missing(engine.environment):
            rows[engine.name] = {"absent": reason}
            continue
        with tempfile.TemporaryDirectory() as folder:
            question = Path(folder, "problem.npz")
            workload.write(question, 1)
            caches = {name: str(Path(folder, name)) for name in ("TECTUM_CACHE", "BRIAN2_CACHE")}
            command = [interpreter(engine.environment), HERE / f"{engine.script}.py", question, f"{folder}/result.npz"]
            try:
                rows[engine.name] = {
                    start: one_start([*command, *engine.arguments], os.environ | threads | caches)
                    for start in (("cold",) if "cpp_standalone" in engine.arguments else ("cold", "warm"))
                }
            except json.JSONDecodeError:
                rows[engine.name] = {"absent": "failed"}
        print(f"  {engine.name}: {rows[engine.name]}", flush=True)
    return rows


def one_start(command: list[Any], environment: dict[str, str]) -> dict[str, float]:
    """Engines learn an image to warm up, then say that they are ready; NEST and compiled Brian2 must be asked to."""
    asked = any("cpp_standalone" in str(word) or "nest" in Path(word).name for word in command)
    before, start = children(), time.perf_counter()
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
    )
    ready = json.loads(process.stdout.readline())
    wall, cpu = time.perf_counter() - start, float(ready["ready_cpu_seconds"])
    if asked:
        process.stdin.write("\n")
        process.stdin.flush()
        process.stdout.readline()
        wall = time.perf_counter() - start
    process.stdin.close()
    process.wait()
    if asked:
        cpu = children() - before
    return {"cpu_seconds": cpu, "wall_seconds": wall}


def children() -> float:
    """CPU seconds of finished children."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
