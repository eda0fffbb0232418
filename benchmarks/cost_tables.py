"""Slopes, prices and tables from the rows of `cost_model.py`."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import nnls

STEEP = 1.25  # slope from which a quantity that should be proportional is marked
LAST = 3  # points over which a slope is taken
Rows = dict[str, dict[str, Any]]


class Slope(NamedTuple):
    """Slope of the logarithm of a time over that of what it grows with, and that of the synaptic events."""

    time: float
    events: float  # NaN where there are none

    @property
    def steep(self) -> bool:
        """Whether a time grows clearly faster than what it should be proportional to."""
        return self.time > STEEP

    @property
    def text(self) -> str:
        """For the eye; what has grown with the events has more to do, what has not misses the cache."""
        why = "" if np.isnan(self.events) else f", events {self.events:.2f}"
        return f"{self.time:.2f}{why}" + (" STEEP" if self.steep else "")


def curves(rows: Rows) -> dict[str, list[dict[str, Any]]]:
    """Rows of each curve, without those that failed."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows.values():
        if "failed" not in row:
            found.setdefault(row["curve"], []).append(row)
    return found


def place(section: str, row: dict[str, Any]) -> float:
    """Where a row stands on the axis of its section."""
    return row["events"] if section == "spikes" else row["x"]


def slopes(section: str, rows: Rows) -> dict[str, Slope]:
    """Slope of the time of each curve over its last points, frozen passes apart."""
    found = {}
    for name, points in curves(rows).items():
        for key, label in (("us", name), ("us_frozen", f"{name}, frozen")):
            last = [p for p in points if p.get(key, 0.0) > 0.0][-LAST:]
            if len(last) > 1:
                x = np.log([place(section, p) for p in last])
                events = [p.get("events", 0.0) for p in last] if key == "us" else [0.0]
                work = float(np.polyfit(x, np.log(events), 1)[0]) if min(events) > 0.0 else np.nan
                found[label] = Slope(float(np.polyfit(x, np.log([p[key] for p in last]), 1)[0]), work)
    return found


class Prices(NamedTuple):
    """What the time of a sample is made of, from all rows of a model."""

    values: dict[str, float]  # microseconds for each of TERMS
    error: float  # median of the relative error


# What time is made of, by kind of measurement: quantities in a row whose prices are fitted.
TERMS: dict[str, dict[str, Any]] = {
    "map": {
        "neuron": lambda r: r["inputs"] + r["units"],
        "event": lambda r: r["events"],
    },
    "dictionary": {
        "input": lambda r: r["inputs"],
        "step": lambda r: r["steps"],
        "unit and step": lambda r: r["steps"] * r["units"],
        "event": lambda r: r["events"],
    },
    "standard": {
        "input": lambda r: r["inputs"],
        "step": lambda r: r["steps"],
        "unit and step": lambda r: r["steps"] * r["units"],
        "event": lambda r: r["events"],
    },
    "hierarchy": {
        "input": lambda r: r["inputs"],
        "step": lambda r: r["steps"],
        "unit and step": lambda r: r["steps"] * r["units"],
        "event": lambda r: r["events"],
    },
}
NAMES = {
    "map": "SpikingSOM",
    "dictionary": "SpikingDictionary",
    "standard": "DiehlCook",
    "hierarchy": "MapHierarchy",
}


def rows_of(found: dict[str, Any], measure: str) -> list[dict[str, Any]]:
    """All rows of a kind, with their sizes."""
    chosen = []
    for section, rows in found["sections"].items():
        for row in rows.values():
            if row["measure"] == measure and "failed" not in row and row["us"] > 0.0 and section != "largest":
                inputs = row.get("n_inputs", row.get("n_features", 1000))
                chosen.append(row | {"inputs": inputs, "units": row.get("n_units", 100)})
    return chosen


def prices(found: dict[str, Any], measure: str) -> Prices | None:
    """Prices of each term by non-negative least squares of the relative error; None if there are too few rows."""
    rows, terms = rows_of(found, measure), TERMS[measure]
    if len(rows) <= len(terms):
        return None
    us = np.array([row["us"] for row in rows])
    A = np.array([[term(row) for term in terms.values()] for row in rows]) / us[:, None]
    scale = A.max(axis=0)
    x = nnls(A / scale, np.ones(len(us)))[0] / scale
    return Prices(dict(zip(terms, x.tolist(), strict=True)), float(np.median(np.abs(A @ x - 1.0))))


def markdown(found: dict[str, Any]) -> str:
    """All tables, each between marks by which a page can include it."""
    tables = {
        "prices": price_table(found),
        "prediction": prediction_table(found),
        "curves": curve_table(found),
        "largest": largest_table(found),
    }
    marked = [f"<!-- {name} -->\n\n{text}\n\n<!-- end of {name} -->" for name, text in tables.items()]
    return "\n\n".join([f"CPU times of one thread. {found.get('machine', '')}.", *marked]) + "\n"


def table(columns: list[str], lines: list[list[str]]) -> str:
    """A table in Markdown, the first column to the left."""
    marks = ["---", *["---:"] * (len(columns) - 1)]
    return "\n".join(f"| {' | '.join(line)} |" for line in [columns, marks, *lines])


def price_table(found: dict[str, Any]) -> str:
    """What an event, a silent step and a synapse cost."""
    sections, lines = found["sections"], []
    silent = curves(sections.get("silence", {}))
    largest = {row["curve"]: row for row in sections.get("largest", {}).values() if "failed" not in row}
    for measure, name in NAMES.items():
        known = prices(found, measure)
        event = f"{1e3 * known.values['event']:.2f}" if known else "–"
        lines.append([f"`{name}`", event, *silence_of(silent.get(name)), bytes_of(largest.get(name), "synapse")])
    name = "sheet of WaveNetwork"
    lines.append(["sheet of `WaveNetwork`", "–", *silence_of(silent.get(name)), bytes_of(largest.get(name), "node")])
    columns = [
        "model",
        "a synaptic event, ns",
        "a silent step, 100 units, µs",
        "1,000 units, µs",
        "peak memory while it learns, bytes",
    ]
    return table(columns, lines)


def silence_of(points: list[dict[str, Any]] | None) -> list[str]:
    """Microseconds of a silent step with about 100 and 1,000 units."""
    if not points:
        return ["–", "–"]
    near = [min(points, key=lambda p, n=n: abs(np.log(p["x"] / n))) for n in (100, 1000)]
    return [f"{p['us'] / p['steps']:.3g}" for p in near]


def bytes_of(row: dict[str, Any] | None, unit: str) -> str:
    """Peak memory over the number of synapses or nodes."""
    if row is None:
        return "–"
    return f"{(row['mb'] - row['mb_before']) * 2**20 / row['x']:.1f} per {unit}"


def prediction_table(found: dict[str, Any]) -> str:
    """Prices that add up to the time of a sample that is learned."""
    lines = []
    every = ["step", "unit and step", "input", "event"]
    for measure, name in NAMES.items():
        known = prices(found, measure)
        if known:
            values = known.values
            shown = [f"{1e3 * values[term]:.3g}" if term in values else "–" for term in every]
            neuron = f"{1e3 * values['neuron']:.3g}" if "neuron" in values else "–"
            lines.append([f"`{name}`", *shown[:3], neuron, shown[3], f"{100 * known.error:.0f} %"])
    columns = ["model", *(f"{term}, ns" for term in every[:3]), "neuron (input or unit), ns", "event, ns", "error"]
    return table(columns, lines)


def curve_table(found: dict[str, Any]) -> str:
    """Where each curve ends, and how steep it is there."""
    lines = []
    for section, rows in found["sections"].items():
        if section == "largest":
            continue
        steep = slopes(section, rows)
        for name, points in curves(rows).items():
            last = points[-1]
            learned, frozen = steep.get(name), steep.get(f"{name}, frozen")
            grown = last.get("mb", 0.0) - last.get("mb_before", 0.0)
            lines.append(
                [
                    f"{section.replace('_', ' ')}: {name}",
                    f"{place(section, points[0]):,.0f} to {place(section, last):,.0f} {found['xlabels'][section]}",
                    f"{1e-3 * last['us']:.3g}",
                    marked(learned),
                    f"{learned.events:.2f}" if learned and learned.events > 0.0 else "–",
                    f"{1e-3 * last['us_frozen']:.3g}" if "us_frozen" in last else "–",
                    marked(frozen),
                    f"{grown:.0f}" if grown > 0.0 else "–",
                ]
            )
    columns = ["curve", "range", "learning, ms", "slope", "that of events", "frozen, ms", "slope", "memory, MB"]
    return table(columns, lines)


def marked(slope: Slope | None) -> str:
    """A slope, in bold if it is steep."""
    if slope is None:
        return "–"
    return f"**{slope.time:.2f}**" if slope.steep else f"{slope.time:.2f}"


def largest_table(found: dict[str, Any]) -> str:
    """What was tried of the largest."""
    lines = []
    for row in found["sections"].get("largest", {}).values():
        size = f"{row['x']:.3g} {'nodes' if row['measure'] == 'sheet' else 'weights'}"
        if "failed" in row:
            lines.append([row["curve"], size, "–", "–", f"does not fit: {row['failed']}"])
        else:
            weights = f"{row['bytes'] / 1e9:.2f}"
            lines.append([row["curve"], size, weights, f"{row['mb'] * 2**20 / 1e9:.1f}", f"{1e-3 * row['us']:.3g}"])
    columns = ["model", "size", "arrays, GB", "peak, GB", "a sample or step, ms"]
    return table(columns, lines)
