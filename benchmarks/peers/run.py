"""tectum and its peers on the same work, in turn, in the same run.

    make bench-peers                                            # environments and all; an hour on a busy machine
    python benchmarks/peers/run.py --only standard-400 waves-64
    python benchmarks/peers/run.py --list

All engines of a workload are started, build, compile and warm up, which is not counted; then they take turns, round
after round (A B A B). What is counted are CPU seconds of the time loop, children included. Medians over the rounds:
five, three if a turn takes more than 20 s; ratios are medians of the ratios within a round. An engine whose environment
is missing or that fails is reported as such. Results of workloads that are not run again are kept from the file.

Writes results.json and results.md beside this script, or where --output says.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import first_result
import nir_graphs
import numpy as np
import tables
from cases import WORKLOADS, Engine, Workload

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
LONG = 20.0  # CPU seconds of a turn from which three rounds must do
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")


def interpreter(environment: str | None) -> Path:
    """Python of an environment; it need not be there."""
    if environment is None:
        return Path(sys.executable)
    return ROOT / (".venv-peers" if environment == "brian2" else f".venv-peers-{environment}") / "bin" / "python"


def missing(environment: str | None) -> str | None:
    """Why an engine cannot run."""
    found = interpreter(environment)
    if not found.exists():
        return f"no environment {found.relative_to(ROOT).parts[0]}"
    return None


class Player:
    """An engine that is ready for its turns."""

    def __init__(self, engine: Engine, workload: Workload, folder: Path) -> None:
        self.engine, self.workload = engine, workload
        self.result = folder / f"result_{abs(hash(engine))}.npz"
        question = folder / f"problem_{abs(hash(engine))}.npz"
        workload.write(question, engine.amount)
        self.log = (folder / f"log_{abs(hash(engine))}").open("w+")
        command = [interpreter(engine.environment), HERE / f"{engine.script}.py", question, self.result]
        self.process = subprocess.Popen(
            [*command, *engine.arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
            env=os.environ | ONE_THREAD,
        )
        self.about = self.hear()

    def hear(self) -> dict[str, Any]:
        """The next line of the engine."""
        line = self.process.stdout.readline()
        if line:
            return json.loads(line)
        self.process.wait()
        self.log.seek(0)
        last = [text for text in self.log.read().splitlines() if text.strip()][-1:]
        raise RuntimeError(f"failed: {''.join(last)[:200]}")

    def turn(self) -> float:
        """CPU seconds of doing the work once more."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return float(self.hear()["cpu_seconds"])

    def stop(self) -> None:
        """Let the engine end."""
        self.process.stdin.close()
        self.process.wait()


def measure(workload: Workload, rounds: int) -> dict[str, Any]:
    """Start all engines, let them take turns, and judge what they have done."""
    rows: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as folder:
        players: dict[str, Player] = {}
        for engine in workload.engines:
            rows[engine.name] = {"amount": engine.amount, "target": engine.target, "seconds": []}
            try:
                if reason := missing(engine.environment):
                    raise RuntimeError(reason)
                player = players[engine.name] = Player(engine, workload, Path(folder))
                rows[engine.name] |= player.about
            except RuntimeError as error:
                players.pop(engine.name, None)
                rows[engine.name]["absent"] = str(error)
            print(f"  {engine.name}: {rows[engine.name].get('absent', 'ready')}", flush=True)
        for turn in range(rounds):
            for name, player in list(players.items()):
                if turn >= 3 and rows[name]["seconds"][0] > LONG:
                    continue
                try:
                    rows[name]["seconds"].append(player.turn())
                except RuntimeError as error:
                    rows[name]["absent"] = str(error)
                    del players[name]
        for name, player in players.items():
            player.stop()
            rows[name]["score"] = workload.score(player.result, player.engine.amount)
    own = np.array(rows["tectum"]["seconds"]) / rows["tectum"]["amount"]
    for row in rows.values():
        if "absent" not in row:
            seconds = np.array(row["seconds"]) / row["amount"]
            ratios = seconds / own[: len(seconds)]
            row |= {"us_per_unit": 1e6 * float(np.median(seconds)), "times_tectum": float(np.median(ratios))}
            row |= {"least": float(ratios.min()), "most": float(ratios.max())}
    return {"title": workload.title, "unit": workload.unit, "engines": rows, "when": f"{datetime.now(UTC):%Y-%m-%d}"}


def machine() -> dict[str, Any]:
    """Where it was measured."""
    names = [line.split(":")[1].strip() for line in cpu_info() if line.startswith("model name")]
    processor = (names or [platform.machine()])[0]
    return {"processor": processor, "cores": os.cpu_count(), "python": platform.python_version()}


def cpu_info() -> list[str]:
    """Lines of /proc/cpuinfo, where there is one."""
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.exists() else []


def main() -> None:
    """Measure what is asked for, and write the tables after each workload."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    known = [*WORKLOADS, first_result.NAME, nir_graphs.NAME]
    parser.add_argument("--only", nargs="+", choices=known, default=known, metavar="WORKLOAD")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--list", action="store_true", help="name the workloads and leave")
    parser.add_argument("--output", type=Path, default=HERE, help="folder for results.json and results.md")
    options = parser.parse_args()
    if options.rounds < 1:
        parser.error(f"--rounds must be at least 1, got {options.rounds}")
    if options.list:
        print("\n".join(known))
        return
    options.output.mkdir(parents=True, exist_ok=True)
    path = options.output / "results.json"
    found = json.loads(path.read_text()) if path.exists() else {"workloads": {}}
    found["machine"] = machine()
    for name in options.only:
        start = time.perf_counter()
        print(name, flush=True)
        if name == first_result.NAME:
            found[name] = first_result.measure(interpreter, missing, ONE_THREAD)
        elif name == nir_graphs.NAME:
            reason = missing("norse") or ("" if find_spec("nir") else "no package nir")
            found[name] = {"absent": reason} if reason else nir_graphs.agreements(interpreter("norse"))
        else:
            found["workloads"][name] = measure(WORKLOADS[name], options.rounds) | {"load": os.getloadavg()[0]}
        path.write_text(json.dumps(found, indent=1) + "\n")
        (options.output / "results.md").write_text(
            tables.markdown(found, {name: w.note for name, w in WORKLOADS.items()})
        )
        print(f"  {time.perf_counter() - start:.0f} s", flush=True)
    print((options.output / "results.md").read_text())


if __name__ == "__main__":
    main()
