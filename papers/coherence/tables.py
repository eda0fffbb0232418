"""Tables of the reproduction: means over seeds beside those of the specification's trial, and what is expected."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

Results = dict[str, dict[str, list[float]]]  # by condition and measure, one value per seed
Trial = Mapping[str, Mapping[str, float]]  # means of the trial simulation, by condition and measure
Expected = Mapping[str, Mapping[str, tuple[str, Callable[[float], bool]]]]

BEGIN, END = "<!-- results: written by reproduce.py --readme -->", "<!-- end of results -->"


def above(bound: float) -> tuple[str, Callable[[float], bool]]:
    """Expectation that a value is at least `bound`."""
    return f">= {bound:g}", lambda value: value >= bound


def below(bound: float) -> tuple[str, Callable[[float], bool]]:
    """Expectation that a value is at most `bound`."""
    return f"<= {bound:g}", lambda value: value <= bound


def between(low: float, high: float) -> tuple[str, Callable[[float], bool]]:
    """Expectation that a value lies in an interval."""
    return f"{low:g} to {high:g}", lambda value: low <= value <= high


def mean_and_spread(values: list[float]) -> str:
    """Mean over the seeds and, if there are several, their standard deviation."""
    digits = 3 if np.max(np.abs(values)) < 0.1 else 2
    mean = f"{np.mean(values) + 0.0:.{digits}f}"
    return mean if len(values) == 1 else f"{mean} ± {np.std(values):.{digits}f}"


def table_of(results: Results, trial: Trial, expected: Expected) -> tuple[list[str], list[list[str]], list[str]]:
    """Columns, rows of cells, and the checks that failed; [trial] follows what was measured, then pass or FAIL."""
    columns = list(dict.fromkeys(measure for row in results.values() for measure in row))
    rows, failed = [], []
    for condition, row in results.items():
        cells = [condition]
        for column in columns:
            cell = mean_and_spread(row[column]) if column in row else ""
            if column in row and column in trial.get(condition, {}):
                cell += f" [{trial[condition][column]:g}]"
            if column in row and column in expected.get(condition, {}):
                text, holds = expected[condition][column]
                verdict = "pass" if holds(float(np.mean(row[column]))) else "FAIL"
                if verdict == "FAIL":
                    failed.append(f"{condition}: {column} {mean_and_spread(row[column])}, expected {text}")
                cell += f" {verdict} ({text})"
            cells.append(cell)
        rows.append(cells)
    return columns, rows, failed


def markdown(columns: list[str], rows: list[list[str]]) -> str:
    """A table in Markdown."""
    lines = ["| condition | " + " | ".join(columns) + " |", "|---|" + "---:|" * len(columns)]
    return "\n".join([*lines, *("| " + " | ".join(cells) + " |" for cells in rows), ""])


def write_into(readme: Path, text: str) -> None:
    """Replace what stands between the two marks of a README."""
    before, rest = readme.read_text().split(BEGIN)
    readme.write_text(f"{before}{BEGIN}\n\n{text}\n{END}{rest.split(END)[1]}")
