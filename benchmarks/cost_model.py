"""How do time and memory of each model grow with inputs, units, spikes and samples, and what is the largest that fits?

    python benchmarks/cost_model.py                                  # all that is missing from cost_model.json, 20 min
    python benchmarks/cost_model.py --only map_units sheets --again  # measure these sections anew
    python benchmarks/cost_model.py --quick                          # small sizes in this process, seconds; no memory
    python benchmarks/cost_model.py --list

Each case runs in a process of its own, which tells its peak memory. Times are CPU times of one thread without
compilation, the least of some rounds: that of a sample is the difference between calls with many and with few, that of
a call the rest. Results go to cost_model.json after each case, so that a run that was stopped goes on where it ended,
and as tables to cost_model.md. The slope of the logarithms over the largest sizes, 1 for what is proportional, is
printed beside each curve; slopes clearly above that are marked.

The section `largest` needs 16 GiB of free memory and runs only if it is named.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

from cost_cases import MEASURES
from cost_tables import markdown, slopes

from tectum.persistence import write_atomically

HERE = Path(__file__).resolve().parent
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
TINY: dict[str, dict[str, Any]] = {  # sizes of a first run, after which memory counts
    "map": {"n_inputs": 100, "n_units": 16, "budget": 0.01},
    "silent map": {"n_inputs": 100, "n_units": 16, "budget": 0.01},
    "hierarchy": {"n_features": 1000, "n_units": 16, "budget": 0.01},
    "dictionary": {"n_inputs": 100, "n_units": 16, "budget": 0.01},
    "standard": {"n_inputs": 100, "n_units": 16, "budget": 0.01},
    "sheet": {"side": 16, "budget": 0.01},
    "projection": {"side": 16, "n_units": 16, "budget": 0.01},
    "growth": {"side": 16, "n_units": 16},
    "stream": {"n": 32},
    "machine": {"mb": 0.1},
}
MOST_MEMORY = 18 * 2**30  # bytes of address space that a case may take
ON_REQUEST = "largest"
QUICK = 3  # cases of each curve that --quick measures
QUICKLY = {name: {"budget": 0.02} for name in MEASURES if name not in ("stream", "growth")}
Results = dict[str, dict[str, dict[str, Any]]]  # by section and case


class Case(NamedTuple):
    """One measurement: a curve, a place on it, and what is measured there."""

    curve: str
    x: float
    measure: str
    settings: dict[str, Any]

    @property
    def name(self) -> str:
        """What it is called in the results."""
        return f"{self.curve}: {self.x:g}"


class Section(NamedTuple):
    """Curves over one quantity."""

    xlabel: str
    cases: list[Case]


def curve(name: str, measure: str, key: str, values: tuple[float, ...], **settings: Any) -> list[Case]:
    """Cases that differ in one setting."""
    return [Case(name, value, measure, settings | {key: value}) for value in values]


WIDE = (100, 300, 1000, 3000, 10_000, 30_000, 100_000)
FEATURES = WIDE[2:]
TALL = (16, 36, 100, 324, 1024, 3136, 10_000)
SHARES = {"1 %": 0.01, "10 %": 0.1, "100 %": 1.0}
BIG = {"n_units": 10_000, "budget": 0.0, "frozen": False}

SECTIONS: dict[str, Section] = {
    "map_inputs": Section("inputs", curve("SpikingSOM", "map", "n_inputs", WIDE)),
    "map_units": Section("units", curve("SpikingSOM", "map", "n_units", TALL)),
    "dictionary_inputs": Section(
        "inputs",
        [c for name, s in SHARES.items() for c in curve(name, "dictionary", "n_inputs", WIDE, share=s)],
    ),
    "dictionary_units": Section("units", curve("SpikingDictionary", "dictionary", "n_units", TALL, share=0.1)),
    "standard_inputs": Section(
        "inputs", [c for name, s in SHARES.items() for c in curve(name, "standard", "n_inputs", WIDE, share=s)]
    ),
    "standard_units": Section("units", curve("DiehlCook", "standard", "n_units", TALL, share=0.1)),
    "hierarchy_features": Section(
        "features",
        [
            c
            for code in ("ranked", "projected")
            for name, s in SHARES.items()
            if name != "10 %"
            for c in curve(f"{code}, {name}", "hierarchy", "n_features", FEATURES, code=code, share=s)
        ],
    ),
    "hierarchy_units": Section("units", curve("MapHierarchy", "hierarchy", "n_units", TALL[2:])),
    "sheets": Section(
        "nodes",
        [
            Case(f"{step:g} ms", side**2, "sheet", {"side": side, "step_ms": step})
            for step in (0.1, 1.0)
            for side in (32, 64, 128, 256, 512, 1024, 2048)
        ],
    ),
    "projections": Section(
        "weights",
        [
            *(Case("nodes", 400 * s**2, "projection", {"side": s, "n_units": 400}) for s in (32, 64, 128, 256)),
            *(Case("units", 4096 * n, "projection", {"side": 64, "n_units": n}) for n in (100, 400, 1600, 4900)),
        ],
    ),
    "spikes": Section(
        "synaptic events",
        [
            *curve("SpikingSOM, length", "map", "input_ms", (40, 80, 160, 320, 640), frozen=False),
            *curve("SpikingDictionary, quantum", "dictionary", "quantum", (20, 10, 5, 2.5, 1.25), frozen=False),
            *curve("DiehlCook, rate", "standard", "rate", (16, 64, 128, 256, 512), share=0.1, frozen=False),
            *curve("MapHierarchy, k", "hierarchy", "k", (10, 30, 100, 300, 1000), n_features=10_000, frozen=False),
        ],
    ),
    "samples": Section(
        "samples",
        [
            c
            for model in ("SpikingSOM", "SpikingDictionary", "MapHierarchy", "DiehlCook")
            for c in curve(model, "stream", "n", (32, 128, 512, 2048, 8192), model=model)
        ],
    ),
    "silence": Section(
        "units",
        [
            *curve("SpikingSOM", "silent map", "n_units", TALL[2:]),
            *curve("SpikingDictionary", "dictionary", "n_units", TALL[2:], silent=True, frozen=False),
            *curve("DiehlCook", "standard", "n_units", TALL[2:], silent=True, frozen=False),
            *curve("MapHierarchy", "hierarchy", "n_units", TALL[2:], silent=True, frozen=False),
            *(Case("sheet of WaveNetwork", s**2, "sheet", {"side": s, "noise": 0.01}) for s in (10, 18, 32, 56, 100)),
        ],
    ),
    "machine": Section("MB", curve("adding 1 to an array", "machine", "mb", (0.25, 1, 4, 16, 64, 256, 1024))),
    ON_REQUEST: Section(
        "weights",
        [
            Case("SpikingSOM", 1e9, "map", BIG | {"n_inputs": 100_000}),
            Case("SpikingDictionary", 5e8, "dictionary", BIG | {"n_inputs": 50_000, "share": 0.01}),
            Case("DiehlCook", 1e9, "standard", BIG | {"n_inputs": 100_000, "share": 0.01}),
            Case("MapHierarchy", 1e9, "hierarchy", BIG | {"n_features": 100_000, "k": 350}),
            Case("sheet of WaveNetwork", 4096**2, "sheet", {"side": 4096, "budget": 0.01}),
            Case("projection of WaveNetwork", 400 * 1024**2, "growth", {"side": 1024, "n_units": 400}),
        ],
    ),
}


def measure_here(case: Case, **changes: Any) -> dict[str, float]:
    """A case in this process."""
    return MEASURES[case.measure](**(case.settings | changes))


def measure_apart(case: Case) -> dict[str, Any]:
    """A case in a process of its own, with its peak memory."""
    command = [sys.executable, __file__, "--case", json.dumps(case)]
    done = subprocess.run(command, env=os.environ | ONE_THREAD, capture_output=True, text=True)
    if done.returncode:
        return {"failed": (done.stderr.strip().splitlines() or [f"ended with {done.returncode}"])[-1]}
    return json.loads(done.stdout.splitlines()[-1])


def run_case(described: str) -> None:
    """What the process of a case does."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    case = Case(*json.loads(described))
    measure_here(case, **TINY[case.measure])  # compiles
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    row = measure_here(case)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps(row | {"mb": peak / 1024, "mb_before": before / 1024}))


def quick_cases(section: Section) -> list[Case]:
    """The cases of a section that are small."""
    shown: dict[str, int] = {}
    chosen = []
    for case in section.cases:
        shown[case.curve] = shown.get(case.curve, 0) + 1
        if shown[case.curve] <= QUICK:
            chosen.append(case)
    return chosen


def main(arguments: list[str] | None = None) -> Results:
    """Measure what is missing, print it and write both files; returns the rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", metavar="SECTION", choices=SECTIONS, help="sections to measure")
    parser.add_argument("--again", action="store_true", help="measure what is in the file anew")
    parser.add_argument("--quick", action="store_true", help="small cases, in this process")
    parser.add_argument("--list", action="store_true", help="print the sections and their cases")
    parser.add_argument("--output", type=Path, default=HERE, help="folder of cost_model.json and cost_model.md")
    parser.add_argument("--case", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.case:
        run_case(options.case)
        return {}
    names = options.only or [name for name in SECTIONS if name != ON_REQUEST]
    if options.list:
        for name in SECTIONS:
            print(f"{name}: " + ", ".join(case.name for case in SECTIONS[name].cases))
        return {}
    options.output.mkdir(parents=True, exist_ok=True)
    path = options.output / "cost_model.json"
    found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {"sections": {}}
    rows: Results = found["sections"]
    for name in names:
        kept = {} if options.again else rows.get(name, {})
        rows[name] = kept
        for case in quick_cases(SECTIONS[name]) if options.quick else SECTIONS[name].cases:
            if case.name in kept and "failed" not in kept[case.name]:
                continue
            row = measure_here(case, **QUICKLY.get(case.measure, {})) if options.quick else measure_apart(case)
            kept[case.name] = {"curve": case.curve, "x": case.x, "measure": case.measure, **case.settings, **row}
            found |= {"machine": machine(), "xlabels": {key: section.xlabel for key, section in SECTIONS.items()}}
            write_atomically(path, (json.dumps(found, indent=1) + "\n").encode())
            print(f"{name:20s}{case.name:44s}" + described(row), flush=True)
        for line, slope in slopes(name, kept).items():
            print(f"{name:20s}{line:44s}slope {slope.text}", flush=True)
    write_atomically(options.output / "cost_model.md", markdown(found).encode())
    return rows


def described(row: dict[str, Any]) -> str:
    """A row for the eye."""
    if "failed" in row:
        return str(row["failed"])
    shown = {"us": "us", "us_frozen": "us frozen", "us_call": "us a call", "spikes": "spikes", "mb": "MB"}
    return ", ".join(f"{row[key]:.4g} {label}" for key, label in shown.items() if key in row)


def machine() -> str:
    """Processor and versions."""
    import numba

    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{(models or [platform.machine()])[0]}, Python {platform.python_version()}, Numba {numba.__version__}"


if __name__ == "__main__":
    main()
