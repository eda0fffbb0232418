"""Reproduce the spiking self-organising map: acceptance values, controls and the table of the README.

    python papers/rumbell2014/reproduce.py            everything: 10 seeds, about 10 minutes on 2 cores
    python papers/rumbell2014/reproduce.py --quick    3 seeds, about 4 minutes
    python papers/rumbell2014/reproduce.py table      one section: oscillation bubble table controls departures switch

Prints tables of measured beside expected values and writes them as JSON, and the table as Markdown, to this folder's
`results`, or in the folder given with --output.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import experiments as run
import numpy as np
from joblib import Parallel, delayed
from rich.console import Console
from rich.table import Table

CONSOLE = Console(width=150)
# name: measured value -> True if it is as expected; the text says what is expected
Expected = dict[str, tuple[str, Callable[[float], bool]]]


def above(bound: float) -> tuple[str, Callable[[float], bool]]:
    """Expectation that a value is at least `bound`."""
    return f">= {bound:g}", lambda value: value >= bound


def below(bound: float) -> tuple[str, Callable[[float], bool]]:
    """Expectation that a value is at most `bound`."""
    return f"<= {bound:g}", lambda value: value <= bound


def between(low: float, high: float) -> tuple[str, Callable[[float], bool]]:
    """Expectation that a value lies in an interval."""
    return f"{low:g} to {high:g}", lambda value: low <= value <= high


def over_seeds(function: Callable[..., dict[str, float]], seeds: range, *args: Any) -> dict[str, list[float]]:
    """Results of an experiment for each seed, in parallel."""
    rows = Parallel(n_jobs=-1)(delayed(function)(*args, seed=seed) for seed in seeds)
    return {key: [row[key] for row in rows] for key in rows[0]}


def show(title: str, rows: dict[str, dict[str, list[float]]], expected: dict[str, Expected]) -> bool:
    """Print means and standard deviations over the seeds; a tick where the mean is as expected."""
    columns = list(dict.fromkeys(key for row in rows.values() for key in row))
    table = Table("", *columns, title=title, title_justify="left")
    good = True
    for name, row in rows.items():
        cells = []
        for column in columns:
            if column not in row:
                cells.append("")
                continue
            mean, deviation = float(np.mean(row[column])), float(np.std(row[column]))
            cell = f"{mean:.3f} ± {deviation:.3f}"
            if column in expected.get(name, {}):
                text, holds = expected[name][column]
                good &= holds(mean)
                cell += f"\n{'✓' if holds(mean) else '✗'} {text}"
            cells.append(cell)
        table.add_row(name, *cells)
    CONSOLE.print(table)
    return good


def oscillation(seeds: range) -> tuple[dict, dict]:
    """Period, jitter and latency code before training."""
    rows = {f"{d} features": over_seeds(run.oscillation, seeds[:2], d) for d in (2, 4, 9)}
    expected: Expected = {
        "period": between(37, 43),
        "jitter": below(0.5),
        "share": above(0.9),
        "spikes per firing unit": below(1.02),
        "rank": below(-0.98),
    }
    return rows, dict.fromkeys(rows, expected)


def bubble(seeds: range) -> tuple[dict, dict]:
    """The bubble of activity around the first neuron in the trained map with the published constants."""
    rows = {kind: over_seeds(run.bubble, seeds[:3], kind) for kind in ("published", "tectum")}
    return rows, {"published": {"P(1)": above(0.9), "P(>7)": below(0.05)}, "tectum": {"P(>7)": below(0.05)}}


def table(seeds: range) -> tuple[dict, dict]:
    """Maps and baselines on the three data sets."""
    rows: dict[str, dict[str, list[float]]] = {}
    for name in ("square", "iris", "wisconsin"):
        for kind in run.MAPS:
            if name == "square":
                rows[f"{name}: {kind}"] = over_seeds(run.map_on_square, seeds, kind)
            else:
                rows[f"{name}: {kind}"] = over_seeds(run.map_on_classes, seeds, kind, name)
        for kind in ("Kohonen", "k-means"):
            rows[f"{name}: {kind}"] = over_seeds(run.baseline, seeds, kind, name)
    no_worse = {}
    for name in ("iris", "wisconsin"):  # same splits: the difference, less twice its standard error
        paired = np.subtract(rows[f"{name}: tectum"]["accuracy"], rows[f"{name}: Kohonen"]["accuracy"])
        allowed = 2.0 * float(paired.std(ddof=1)) / len(paired) ** 0.5
        no_worse[name] = above(round(float(np.mean(rows[f"{name}: Kohonen"]["accuracy"])) - allowed, 3))
    expected: dict[str, Expected] = {
        "square: published": {"TE": below(0.15), "rho": above(0.8), "ratio": below(0.22), "QE": below(0.11)},
        "square: tectum": {"QE": below(0.055), "TE": below(0.05)},
        "square: tectum, constant radius": {"TE": below(0.10)},
        "iris: published": {"accuracy spikes": above(0.89), "train accuracy spikes": above(0.94)},
        "iris: tectum": {"TE": below(0.15), "TE spikes": below(0.15), "accuracy": no_worse["iris"]},
        "wisconsin: published": {"accuracy spikes": above(0.93)},
        "wisconsin: tectum": {"TE": below(0.15), "TE spikes": below(0.15), "accuracy": no_worse["wisconsin"]},
    }
    return rows, expected


def controls(seeds: range) -> tuple[dict, dict]:
    """The published map with one mechanism taken away must not organise."""
    names = ("none", "no lateral profile", "no STDP", "no inhibition", "inhibition not delayed")
    rows = {name: over_seeds(run.control, seeds[:5], name) for name in names}
    no_map: Expected = {"TE": above(0.85), "rho": between(-0.15, 0.15)}
    return rows, {
        # All nodes nearly coincide (ratio 1), and which of them are nearest to a sample is chance, within wide bounds.
        "no lateral profile": {"TE": above(0.75), "rho": between(-0.1, 0.1), "ratio": above(0.9)},
        "no STDP": no_map,
        "no inhibition": no_map,
    }


def departures(seeds: range) -> tuple[dict, dict]:
    """What each departure of tectum's map from the published one contributes."""
    names = (
        "none",
        "lateral not normalised",
        "window not shifted",
        "inhibition balanced",
        "lateral fall 0.5 ms",
        "fields and drive",
        "16 units",
        "dt 0.05 ms",
    )
    return {name: over_seeds(run.departure, seeds[:5], name) for name in names}, {}


def switch(seeds: range) -> tuple[dict, dict]:
    """Continuous learning: the map follows a change of the distribution without any parameter change."""
    rows = {kind: over_seeds(run.distribution_switch, seeds[:5], kind) for kind in run.MAPS}
    return rows, {name: {"rise": above(0.05)} for name in ("published", "tectum, constant radius")}


SECTIONS = {f.__name__: f for f in (oscillation, bubble, table, controls, departures, switch)}


def markdown(rows: dict[str, dict[str, list[float]]]) -> str:
    """The table of the README."""
    columns = ["QE", "TE", "TE spikes", "rho", "accuracy", "accuracy spikes", "accuracy votes"]
    lines = ["| data: method | " + " | ".join(columns) + " |", "|---|" + "---:|" * len(columns)]
    for name, row in rows.items():
        cells = [f"{np.mean(row[c]):.3f} ± {np.std(row[c]):.3f}" if c in row else "–" for c in columns]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Run the sections asked for; the exit status is 1 if a value is not as expected."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=", ".join(SECTIONS))
    parser.add_argument("--quick", action="store_true", help="3 seeds instead of 10")
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "results")
    options = parser.parse_args()
    unknown = set(options.sections) - set(SECTIONS)
    if unknown:
        parser.error(f"unknown section {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}")
    seeds = range(200, 203 if options.quick else 210)
    options.output.mkdir(parents=True, exist_ok=True)
    good = True
    for name in options.sections or SECTIONS:
        start = time.perf_counter()
        rows, expected = SECTIONS[name](seeds)
        good &= show(f"{name}: {SECTIONS[name].__doc__}", rows, expected)
        seconds = time.perf_counter() - start
        CONSOLE.print(f"{name}: {seconds:.0f} s\n")
        result = {"rows": rows, "seeds": list(seeds), "seconds": seconds}
        (options.output / f"{name}.json").write_text(json.dumps(result, indent=1))
        if name == "table":
            (options.output / "table.md").write_text(markdown(rows))
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
