"""Reproduce the spiking self-organising map: the circuit of the paper, and what tectum's map reaches.

    python papers/rumbell2014/reproduce.py            everything: 10 seeds, about an hour of one core
    python papers/rumbell2014/reproduce.py --quick    3 seeds, about 12 minutes of one core
    python papers/rumbell2014/reproduce.py table      one section, or several

Sections: oscillation, bubble, acceptance, controls (the circuit as reconstructed from the paper), departures (from it
to the map of version 0.1), tuning, table, wiring (the default map beside others, and why it works), continuous, switch,
classes (constants that never change).

Prints tables of measured beside expected values and writes them as JSON and Markdown to this folder's `results`, or
to the folder given with --output. The exit status is 1 if a value is not as expected.
"""

import argparse
import json
import time
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import comparison
import continual
import experiments as run
import numpy as np
from joblib import Parallel, delayed
from rich.console import Console
from rich.table import Table

CONSOLE = Console(width=170)
QUICK = 3  # seeds
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


FEW_MNIST, MANY_MNIST = "mnist, 6,000", "mnist, 20,000"
LEAST_ACCURACY = {"digits": 0.935, FEW_MNIST: 0.8, MANY_MNIST: 0.82}  # and that of the Kohonen maps
FLOORS: dict[str, Expected] = {
    "iris": {"QE / Kohonen": below(1.1), "TE": below(0.03), "rho / Kohonen": above(0.9)},
    "wisconsin": {"QE / Kohonen": below(1.1), "TE": below(0.06), "rho / Kohonen": above(0.9)},
    "wine": {"QE / Kohonen": below(1.1), "TE": below(0.05), "rho / Kohonen": above(0.9)},
    "digits": {"QE / Kohonen": below(1.0), "TE": below(0.04), "rho / Kohonen": above(0.9)},
    "square": {"QE / Kohonen": below(1.08), "TE": below(0.005), "rho / Kohonen": above(0.98)},
    FEW_MNIST: {"QE / Kohonen": below(1.0), "TE": below(0.05), "rho / Kohonen": above(0.9)},
    MANY_MNIST: {"QE / Kohonen": below(1.0), "TE": below(0.05), "rho / Kohonen": above(0.9)},
}


def over_seeds(function: Callable[..., dict[str, float]], seeds: range, *args: Any) -> dict[str, list[float]]:
    """Results of an experiment for each seed, in parallel."""
    rows = Parallel(n_jobs=-1)(delayed(function)(*args, seed=seed) for seed in seeds)
    return {key: [row[key] for row in rows] for key in rows[0]}


def over_rows(
    case: str, function: Callable[..., dict[str, dict[str, float]]], seeds: range, *args: Any
) -> dict[str, dict[str, list[float]]]:
    """As `over_seeds` for an experiment that scores several methods, whose rows are called by the case."""
    runs = Parallel(n_jobs=-1)(delayed(function)(*args, seed=seed) for seed in seeds)
    return {f"{case}: {name}": {key: [run[name][key] for run in runs] for key in row} for name, row in runs[0].items()}


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
    """The bubble of activity around the first neuron in the trained map with the reconstructed constants."""
    rows = {kind: over_seeds(run.bubble, seeds[:3], kind) for kind in ("reconstructed", "tectum")}
    return rows, {"reconstructed": {"P(1)": above(0.9), "P(>7)": below(0.05)}, "tectum": {"P(>7)": below(0.05)}}


def acceptance(seeds: range) -> tuple[dict, dict]:
    """The map as reconstructed from the paper, beside the values that its text and figures give."""
    rows: dict[str, dict[str, list[float]]] = {"square": over_seeds(run.map_on_square, seeds, "reconstructed")}
    for name in ("iris", "wisconsin"):
        rows[name] = over_seeds(run.map_on_classes, seeds, "reconstructed", name)
    return rows, {
        "square": {"TE": below(0.15), "rho": above(0.8), "ratio": below(0.22), "QE": below(0.11)},
        "iris": {"accuracy spikes": above(0.89), "train accuracy spikes": above(0.94)},
        "wisconsin": {"accuracy spikes": above(0.93)},
    }


def controls(seeds: range) -> tuple[dict, dict]:
    """The reconstructed map with one mechanism taken away must not organise."""
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
    """What each departure of the map with direct wiring from the reconstructed one contributes."""
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


def tuning(seeds: range) -> tuple[dict, dict]:
    """Kohonen maps of several last radii and rates, seeds 100 to 102; `table` has those of least QE."""
    rows = {}
    for name in comparison.DATA:
        n_presentations = comparison.FEW if name == "mnist" else comparison.N_PRESENTATIONS
        rows |= over_rows(name, comparison.tuned, range(100, 103), name, n_presentations)
    return rows, {}


def table(seeds: range) -> tuple[dict, dict]:
    """The default map beside others: first spikes and means of the samples won, on samples held out."""
    cases = {name: (name, comparison.N_PRESENTATIONS) for name in comparison.DATA if name != "mnist"}
    cases[FEW_MNIST] = ("mnist", comparison.FEW)
    if len(seeds) > QUICK:
        cases[MANY_MNIST] = ("mnist", comparison.N_PRESENTATIONS)
    rows = {}
    for case, arguments in cases.items():
        rows |= over_rows(case, comparison.compared, seeds, *arguments)
    expected: dict[str, Expected] = {}
    for case in cases:
        floors = dict(FLOORS[case])
        if "accuracy" in rows[f"{case}: tectum"]:
            rivals = ("Kohonen", "Kohonen, same code") if "mnist" in case else ("Kohonen",)
            least = max(float(np.mean(rows[f"{case}: {rival}"]["accuracy"])) for rival in rivals)
            floors["accuracy"] = above(round(max(LEAST_ACCURACY.get(case, 0.0), least), 3))
        expected[f"{case}: tectum"] = floors
    return rows, expected


def wiring(seeds: range) -> tuple[dict, dict]:
    """What makes the map of 784 features: MNIST, 2,000 images, 6,000 presentations, one change at a time."""
    few = seeds[: 1 if len(seeds) <= QUICK else 3]
    return {
        change: over_seeds(comparison.ablated, few, "mnist", comparison.FEW, change) for change in comparison.CHANGES
    }, {}


def continuous(seeds: range) -> tuple[dict, dict]:
    """A map whose constants never change, after 10,000 presentations; QE, TE and rho of its codebook."""
    expected: dict[str, Expected] = {
        "iris": {"QE": below(0.077), "TE": below(0.05), "rho": above(0.7)},
        "wisconsin": {"QE": below(0.29), "TE": below(0.08), "rho": above(0.6)},
        "square": {"QE": below(0.058), "TE": below(0.005), "rho": above(0.98)},
    }
    rows = {name: over_seeds(continual.settled, seeds, name, None) for name in expected}
    rows |= {f"{name}, moving": over_seeds(continual.settled, seeds, name, continual.MOVING) for name in expected}
    return rows, expected | {f"{name}, moving": floors for name, floors in expected.items()}


def switch(seeds: range) -> tuple[dict, dict]:
    """Share of nodes in the right half, before and after 3,000 presentations from there alone, and errors there."""
    kinds = (*continual.SWITCHED, "Kohonen, constant")
    rows = {kind: over_seeds(continual.switched, seeds, kind) for kind in kinds}
    follows: Expected = {"after": above(0.7), "TE": below(0.1), "TE spikes": below(0.1)}
    return rows, {"continuous": follows, "continuous, moving": follows}


def classes(seeds: range) -> tuple[dict, dict]:
    """New classes: groups come one after another, once, without labels; accuracy on all classes at the end."""
    rows = {}
    for name, kind in product(continual.CLASSES, continual.LEARNERS):
        rows[f"{name}: {kind}"] = over_seeds(continual.classes_in_turn, seeds, name, kind)
    kept = {"forgetting": below(0.02), "largest TE": below(0.06)}
    return rows, {
        "digits: continuous": {"accuracy": above(0.92), **kept},
        "iris: continuous": {"accuracy": above(0.96), **kept},
        "mnist: continuous": {"accuracy": above(0.75)},
    }


SECTIONS = {
    f.__name__: f
    for f in (
        oscillation,
        bubble,
        acceptance,
        controls,
        departures,
        tuning,
        table,
        wiring,
        continuous,
        switch,
        classes,
    )
}


def markdown(rows: dict[str, dict[str, list[float]]]) -> str:
    """A table of means and standard deviations."""
    columns = list(dict.fromkeys(key for row in rows.values() for key in row))
    lines = ["| | " + " | ".join(columns) + " |", "|---|" + "---:|" * len(columns)]
    for name, row in rows.items():
        cells = [f"{np.mean(row[c]):.3f} ± {np.std(row[c]):.3f}" if c in row else "–" for c in columns]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Run the sections asked for; the exit status is 1 if a value is not as expected."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=", ".join(SECTIONS))
    parser.add_argument("--quick", action="store_true", help="3 seeds instead of 10")
    parser.add_argument("-o", "--output", type=Path, default=Path(__file__).parent / "results")
    options = parser.parse_args()
    unknown = set(options.sections) - set(SECTIONS)
    if unknown:
        parser.error(f"unknown section {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}")
    seeds = range(QUICK if options.quick else 10)
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
        title = f"## {name}\n\n{SECTIONS[name].__doc__} Seeds {seeds[0]} to {seeds[-1]}, or the first of them.\n\n"
        (options.output / f"{name}.md").write_text(title + markdown(rows))
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
