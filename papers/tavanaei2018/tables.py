"""Tables of the reproduction: means over seeds beside what is expected, and the summary of the README."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

Results = dict[str, dict[str, list[float]]]  # by method and measure, one value per seed
Expected = dict[str, dict[str, tuple[str, Callable[[float], bool]]]]  # by method and measure

# Measures in the second table of the summary.
CODING = ("active", "spikes", "rms", "r", "dead")
BEGIN, END = "<!-- results: written by reproduce.py --readme -->", "<!-- end of results -->"
QUANTISER = ["seeds", "k-means", "winner", "ratio", "dead", "ratio, deterministic input at the test"]
RATIOS = tuple(f"rms / sparse coding{how}" for how in ("", ", tolerance", ", same limit"))


def above(bound: float) -> tuple[str, Callable[[float], bool]]:
    """Expectation that a value is at least `bound`."""
    return f">= {bound:g}", lambda value: value >= bound


def below(bound: float) -> tuple[str, Callable[[float], bool]]:
    """Expectation that a value is at most `bound`."""
    return f"<= {bound:g}", lambda value: value <= bound


def mean_and_spread(values: list[float]) -> str:
    """Mean over the seeds and, if there are several, their standard deviation."""
    mean, spread = float(np.mean(values)), float(np.std(values))
    if all(float(value).is_integer() for value in values):
        return f"{mean:g}" + (f" ± {spread:.1f}" if spread > 0 else "")
    digits = 1 if mean >= 10 else 2 if mean >= 2 else 3 if mean >= 0.1 else 4
    return f"{mean:.{digits}f}" + (f" ± {spread:.{digits}f}" if len(values) > 1 and spread > 0 else "")


def table_of(results: Results, expected: Expected) -> tuple[list[str], list[list[str]], list[str]]:
    """Columns, rows of cells, and the checks that failed; a checked cell says pass or FAIL, and what is expected."""
    columns = list(dict.fromkeys(measure for row in results.values() for measure in row))
    rows, failed = [], []
    for method, row in results.items():
        cells = [method]
        for column in columns:
            cell = mean_and_spread(row[column]) if column in row else ""
            if column in row and column in expected.get(method, {}):
                text, holds = expected[method][column]
                verdict = "pass" if holds(float(np.mean(row[column]))) else "FAIL"
                cell += f" {verdict} ({text})"
                if verdict == "FAIL":
                    failed.append(f"{method}: {column} {mean_and_spread(row[column])}, expected {text}")
            cells.append(cell)
        rows.append(cells)
    return columns, rows, failed


def markdown(title: str, columns: list[str], rows: list[list[str]], first: str = "method") -> str:
    """A table in Markdown."""
    lines = [f"### {title}", "", f"| {first} | " + " | ".join(columns) + " |", "|---|" + "---:|" * len(columns)]
    return "\n".join([*lines, *("| " + " | ".join(cells) + " |" for cells in rows), ""])


def summary(folder: Path) -> str:
    """The aims for every data set and size whose results are in the folder, other rules, and what was missed."""
    quantiser, coding, rules, failed = [], [], [], []
    for file in sorted(folder.glob("*.json")):
        stored = json.loads(file.read_text())
        failed += [f"- {line}" for line in stored.get("failed", [])]
        for title, rows in stored.get("results", {}).items():
            where = [title.removesuffix(" components"), str(len(stored["seeds"]))]
            if "W-TCRL" in rows:
                for method, row in rows.items():
                    if "winner" in row:
                        cells = [mean_and_spread(row[m]) for m in ("rms", "winner", "dead")]
                        rules.append([*where, method, *cells])
            if "rms / sparse coding" not in {measure for row in rows.values() for measure in row}:
                continue
            best = min((rows[name]["rms"] for name in ("k-means", "k-means, mini-batches")), key=np.mean)
            cells = [mean_and_spread(rows["quantiser"][m]) for m in ("winner", "winner / k-means", "dead")]
            cells.append(mean_and_spread(rows["quantiser, deterministic input"]["winner / k-means"]))
            quantiser.append([*where, mean_and_spread(best), *cells])
            for method, row in rows.items():
                if method.startswith("tectum"):
                    cells = [mean_and_spread(row[m]) if m in row else "" for m in (*CODING, *RATIOS)]
                    coding.append([*where, method, *cells])
    tables = [("Vector quantiser beside k-means", QUANTISER, quantiser)]
    tables.append(("Explaining away beside sparse coding", ["seeds", "code", *CODING, *RATIOS], coding))
    tables.append(("Rules and readings", ["seeds", "rule", "rms", "winner", "dead"], rules))
    found = [markdown(*table, first="patches, components") for table in tables if table[2]]
    return "\n".join([*found, "### Not as expected", "", *(failed or ["Nothing."]), ""])


def write_into(readme: Path, text: str) -> None:
    """Replace what stands between the two marks of a README."""
    before, rest = readme.read_text().split(BEGIN)
    readme.write_text(f"{before}{BEGIN}\n\n{text}\n{END}{rest.split(END)[1]}")
