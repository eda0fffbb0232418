"""results.json as Markdown."""

from __future__ import annotations

from typing import Any

import nir_graphs

PEERS = (
    *(
        "Brian2 C++",
        "Brian2 C++, float32",
        "Brian2 Cython, usual",
        "Brian2 Cython",
        "NEST",
        "NEST, normalised",
        "ngc-learn, packed",
        "ngc-learn, exhibit",
        "ngc-learn",
    ),
    "BindsNET",
)
LABELS = {
    "spikes_per_image": "spikes / image",
    "spikes_of_tectum": "tectum for as many",
    "change_like_tectum": "change like tectum's",
    "tectum_like_itself": "a second run of tectum",
    "accuracy": "accuracy",
    "accuracy_of_tectum": "tectum after as many",
    "spikes_per_patch": "spikes / patch",
    "error": "error",
    "u_spikes": "u spikes",
    "inh_spikes": "Inh spikes",
    "v_spikes": "v spikes",
    "weights_off": "weights off by",
    "rate": "spikes/s of a neuron",
    "rate_of_tectum": "tectum for as long",
    "spikes_per_step": "spikes / step",
    "size": "wave size",
    "radius": "radius",
    "speed": "speed",
}


def number(value: float) -> str:
    """Three digits, with commas in thousands."""
    if value is None:
        return ""
    size = abs(value)
    if size >= 100:
        return f"{value:,.0f}"
    if size >= 10:
        return f"{value:.1f}"
    return f"{value:.3g}" if size >= 1e-3 or size == 0 else f"{value:.0e}"


def judged(row: dict[str, Any]) -> str:
    """Target and whether it is met."""
    if not row.get("target"):
        return ""
    return f"{row['target']:g}: {'met' if row['times_tectum'] >= row['target'] else '**MISSED**'}"


def summary(workloads: dict[str, Any], order: list[str]) -> list[str]:
    """CPU times in units of that of tectum, beside the targets."""
    shown = [workloads[name] for name in order if len(workloads.get(name, {"engines": {}})["engines"]) > 1]
    names = [name for name in PEERS if any(name in found["engines"] for found in shown)]
    lines = ["### CPU time in units of that of tectum", ""]
    lines += [f"| | {' | '.join(names)} |", f"|---|{'---:|' * len(names)}"]
    for found in shown:
        cells = []
        for name in names:
            row = found["engines"].get(name)
            if row is None or "absent" in row:
                cells.append("" if row is None else "not measured")
            else:
                target = f" (target {judged(row)})" if row["target"] else ""
                cells.append(number(row["times_tectum"]) + target)
        if any(cells):
            lines.append(f"| {found['title']} | {' | '.join(cells)} |")
    return [*lines, ""]


def workload(found: dict[str, Any], note: str) -> list[str]:
    """Table of one workload, and what is to be said of it."""
    rows = found["engines"]
    names = list(dict.fromkeys(key for row in rows.values() for key in row.get("score", {})))
    unit = found["unit"]
    head = ["engine", f"CPU us / {unit}", "a turn", "turns", "x tectum (range)", "target", "CPU s until ready"]
    head += [LABELS[name] for name in names]
    lines = [f"### {found['title']}", "", f"| {' | '.join(head)} |", f"|---|{'---:|' * (len(head) - 1)}"]
    for name, row in rows.items():
        label = f"{name} ({row['version']})" if "version" in row else name
        if "absent" in row:
            lines.append(f"| {label} | not measured: {row['absent']} |{' |' * (len(head) - 2)}")
            continue
        spread = f"{number(row['times_tectum'])} ({number(row['least'])} to {number(row['most'])})"
        cells = [label, number(row["us_per_unit"]), f"{row['amount']:,}", str(len(row["seconds"]))]
        cells += ["1" if name == "tectum" else spread, judged(row), number(row["ready_cpu_seconds"])]
        cells += [number(row["score"].get(key)) for key in names]
        lines.append(f"| {' | '.join(cells)} |")
    return [*lines, "", *([note, ""] if note else [])]


def large_map(found: dict[str, Any]) -> list[str]:
    """What the large map takes of biological time."""
    reached = []
    for name, row in found["engines"].items():
        if "absent" not in row:
            faster = 120e3 / row["us_per_unit"]
            reached.append(f"{name} {number(faster)} ({'met' if faster >= 4 else '**MISSED**'})")
    return [f"A sample lasts 120 ms. Times biological time, target at least 4: {', '.join(reached)}.", ""]


def first_result(found: dict[str, Any]) -> list[str]:
    """Table of the first results."""
    lines = ["### Until the first sample is learned, s", ""]
    lines += ["| engine | cold, CPU | cold, wall | warm, CPU | warm, wall |", "|---|---:|---:|---:|---:|"]
    for name, row in found.items():
        if "absent" in row:
            lines.append(f"| {name} | not measured: {row['absent']} | | | |")
            continue
        starts = [row.get(start, row["cold"]) for start in ("cold", "warm")]  # what has no cache is always cold
        cells = [number(start[kind]) for start in starts for kind in ("cpu_seconds", "wall_seconds")]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    note = "One start each, on a shared core: wall times may be twice those of an idle one. Brian2 C++ is always cold."
    return [*lines, "", note, ""]


def nir(found: dict[str, Any]) -> list[str]:
    """Table of the models that were simulated by Norse from their NIR files."""
    lines = ["### Winners of a network from its NIR file, in Norse", ""]
    if "absent" in found:
        return [*lines, f"Not measured: {found['absent']}.", ""]
    lines += ["| model | export | Norse as the graph in NumPy | Norse as the model |", "|---|---|---:|---:|"]
    for name, row in found.items():
        cells = [f"{row[pair][0]:.3f}" for pair in (nir_graphs.GRAPH, nir_graphs.MODEL)]
        cells[1] += f" ({nir_graphs.FLOORS[name]}: {'**MISSED**' if nir_graphs.misses(name, row) else 'met'})"
        lines.append(f"| {name} | {row['grade']} | {' | '.join(cells)} |")
    note = "Shares of digits of MNIST, of the dictionary of patches, not learned from, with equal winners; one seed."
    return [*lines, "", note, ""]


def markdown(found: dict[str, Any], notes: dict[str, str]) -> str:
    """All tables, in the order of the notes on workloads."""
    where = found["machine"]
    lines = ["# tectum beside its peers", ""]
    lines += [f"{where['processor']}, {where['cores']} cores, Python {where['python']}; written by run.py.", ""]
    lines += summary(found["workloads"], list(notes))
    if left := [name for name in notes if name not in found["workloads"]]:
        lines += [f"Not measured yet: {', '.join(left)} (`run.py --only NAME`).", ""]
    for name, note in notes.items():
        if name in found["workloads"]:
            lines += workload(found["workloads"][name], note)
            if name == "large-map":
                lines += large_map(found["workloads"][name])
    if "first-result" in found:
        lines += first_result(found["first-result"])
    if "nir" in found:
        lines += nir(found["nir"])
    return "\n".join(lines)
