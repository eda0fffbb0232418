"""Reproduce event-based STDP representation learning beside other codes of the same patches.

    python papers/tavanaei2018/reproduce.py                 everything: 3 seeds
    python papers/tavanaei2018/reproduce.py --quick         1 seed
    python papers/tavanaei2018/reproduce.py mnist rules     some sections; see --help
    python papers/tavanaei2018/reproduce.py --seeds 10 --jobs 4 -o FOLDER

Prints tables of measured beside expected values and writes them as JSON and Markdown, and figures, to this folder's
`results`, or in the folder given with --output. The exit status is 1 if a value is not as expected.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import experiments as run
import figures
import numpy as np
import tables
from joblib import Parallel, delayed
from rich.console import Console
from rich.table import Table
from tables import Expected, Results, above, below

CONSOLE = Console(width=200)
FIRST_SEED = 200
FIXED = "tectum, {} on average"  # the default, by the number of active units asked for
KMEANS, CODING = 1.02, 1.10  # aims: errors in units of those of k-means and of sparse coding
Blocks = dict[str, tuple[Results, Expected]]  # by data set and number of components


class Runner:
    """Runs an experiment for each seed, and keeps the components of the first."""

    def __init__(self, seeds: range, jobs: int, only: list[int]):
        self.seeds, self.jobs, self.only = seeds, jobs, only
        self.components: dict[str, np.ndarray] = {}

    def __call__(self, function: Callable[..., Any], name: str, n: int, *args: Any) -> Results:
        """Results of `function(name, n, *args, seed)` by method and measure."""
        out = Parallel(n_jobs=self.jobs)(delayed(function)(name, n, *args, seed=seed) for seed in self.seeds)
        self.components |= {f"{name}, {n}: {method}": array for method, array in out[0][1].items()}
        rows = [rows for rows, _ in out]
        return {
            method: {measure: [float(r[method][measure]) for r in rows] for measure in rows[0][method]}
            for method in rows[0]
        }


def _compare(runner: Runner, sizes: Iterable[tuple[str, int]], lengths: tuple[int, ...]) -> Blocks:
    """All codes of data sets and numbers of components, and the aims."""
    ratios: dict[str, tuple[str, ...]] = {FIXED: ("rms / sparse coding", "rms / sparse coding, tolerance")}
    ratios["tectum, at most {}"] = ("rms / sparse coding, same limit",)
    aims: Expected = {
        label.format(k): dict.fromkeys(measures, below(CODING)) for label, measures in ratios.items() for k in lengths
    }
    aims |= {name: {"winner / k-means": below(KMEANS)} for name in ("quantiser", "quantiser, deterministic input")}
    blocks = {}
    for name, n in sizes:
        if not runner.only or n in runner.only:
            expected = {method: dict(row) for method, row in aims.items()}
            blocks[f"{name}, {n} components"] = (runner(run.compare, name, n, lengths), expected)
    return blocks


def mnist(runner: Runner) -> Blocks:
    """Patches of 5 x 5 pixels of resized digits, those with ink; 15,000 images for training, 1,000 for the test."""
    blocks = _compare(runner, [("MNIST 5x5", n) for n in (16, 32, 64, 128)], (1, 2, 3))
    if "MNIST 5x5, 32 components" in blocks:
        blocks["MNIST 5x5, 32 components"][1][FIXED.format(2)] |= {"rms": below(0.065), "dead": below(0)}
    return blocks


def blank(runner: Runner) -> Blocks:
    """The same with the patches that hold no ink, about a third."""
    return _compare(runner, [("MNIST 5x5 with blank", n) for n in (16, 32, 64, 128)], (1, 2, 3))


def mnist10(runner: Runner) -> Blocks:
    """Patches of 10 x 10 pixels anywhere in digits, those with ink."""
    return _compare(runner, [("MNIST 10x10", n) for n in (64, 100)], (1, 2, 3))


def photographs(runner: Runner) -> Blocks:
    """Patches of 16 x 16 pixels of 21 grey photographs, tested on 6 others."""
    return _compare(runner, [("photographs 16x16", n) for n in (16, 64, 128)], (1, 2, 3, 9))


def whitened(runner: Runner) -> Blocks:
    """Contrast-normalised patches of 8 whitened images, tested on 2 others; in standard deviations, clipped at 3."""
    blocks = _compare(runner, [("whitened 12x12", 64), ("whitened 16x16", 100)], (1, 2, 3, 9))
    for _, expected in blocks.values():
        expected[FIXED.format(3)] |= {"Gabor R2": above(0.88), "orientations": above(8)}
    return blocks


def rules(runner: Runner) -> Blocks:
    """The vector quantiser of the paper: readings and other rules, one setting each."""
    floors: dict[str, Expected] = {
        "MNIST 5x5, 32": {
            "reference": {"rms": below(0.095), "winner / k-means": below(1.05), "dead": below(0)},
            "literal": {"rms": above(0.20)},
        },
        "MNIST 10x10, 100": {"reference": {"rms": below(0.22)}, "literal": {"rms": above(0.25)}},
        "whitened 12x12, 64": {"reference": {"Gabor R2": above(0.88), "r": above(0.50), "orientations": above(8)}},
    }
    sizes = [("MNIST 5x5", 32), ("MNIST 5x5 with blank", 32), ("MNIST 10x10", 100), ("photographs 16x16", 64)]
    blocks = {}
    for name, n in [*sizes, ("whitened 12x12", 64)]:
        if not runner.only or n in runner.only:
            blocks[f"{name}, {n} components"] = (runner(run.compare_rules, name, n), floors.get(f"{name}, {n}", {}))
    return blocks


def training(runner: Runner) -> Blocks:
    """Error after learning from so many presentations, and the largest in units of the smallest from fewer."""
    falls: Expected = {
        label: {"largest rise": below(1.02)} for label in ("tectum, 2 on average", "quantiser", "reference")
    }
    return {f"{name}, {n} components": (runner(run.train, name, n), falls) for name, n in [("MNIST 5x5", 32)]}


SECTIONS = {f.__name__: f for f in (mnist, blank, mnist10, photographs, whitened, rules, training)}


def show(title: str, columns: list[str], rows: list[list[str]]) -> None:
    """Print a table."""
    table = Table("", *columns, title=title, title_justify="left")
    for cells in rows:
        table.add_row(*(cell.replace(" pass", "\n✓").replace(" FAIL", "\n✗ FAIL") for cell in cells))
    CONSOLE.print(table)


def main() -> int:
    """Run the sections asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=", ".join(SECTIONS))
    parser.add_argument("--seeds", type=int, default=3, help="number of seeds, 3 by default")
    parser.add_argument("--quick", action="store_true", help="1 seed")
    parser.add_argument("--components", type=int, nargs="+", default=[], help="only these numbers of components")
    parser.add_argument("--jobs", type=int, default=1, help="seeds that run at the same time")
    parser.add_argument("--readme", action="store_true", help="put the summary of all results into README.md")
    parser.add_argument("-o", "--output", type=Path, default=Path(__file__).parent / "results")
    options = parser.parse_args()
    unknown = set(options.sections) - set(SECTIONS)
    if unknown:
        parser.error(f"unknown section {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}")
    seeds = range(FIRST_SEED, FIRST_SEED + (1 if options.quick else options.seeds))
    options.output.mkdir(parents=True, exist_ok=True)
    failures = 0
    for section in options.sections or SECTIONS:
        start, used = time.perf_counter(), time.process_time()
        runner = Runner(seeds, options.jobs, options.components)
        blocks = SECTIONS[section](runner)
        seconds, used = time.perf_counter() - start, time.process_time() - used
        spent = f"{len(seeds)} seed(s), {seconds:.0f} s" + (f" ({used:.0f} s of the processor)" * (options.jobs == 1))
        text = [f"## {section}", "", f"{SECTIONS[section].__doc__} {spent}.", ""]
        failed = []
        for title, (results, expected) in blocks.items():
            columns, rows, missed = tables.table_of(results, expected)
            show(title, columns, rows)
            text.append(tables.markdown(title, columns, rows))
            failed += [f"{title}, {line}" for line in missed]
        text += ["As expected." if not failed else "Not as expected:", "", *(f"- {line}" for line in failed), ""]
        CONSOLE.print("\n".join(failed), f"{section}: {spent}, {len(failed)} not as expected\n", sep="\n")
        stored = {title: results for title, (results, _) in blocks.items()}
        result = {"results": stored, "failed": failed, "seeds": list(seeds), "seconds": seconds}
        (options.output / f"{section}.json").write_text(json.dumps(result, indent=1))
        (options.output / f"{section}.md").write_text("\n".join(text))
        np.savez_compressed(options.output / f"{section}.npz", **runner.components)
        figures.draw(options.output)
        summary = tables.summary(options.output)
        (options.output / "summary.md").write_text(summary)
        if options.readme:
            tables.write_into(Path(__file__).parent / "README.md", summary)
        failures += len(failed)
    return 1 if failures else 0


if __name__ == "__main__":
    raise SystemExit(main())
