"""The page of a network of sheets: its sections in words, its tables, its state of health."""

from typing import Any

from tectum.models.waves.parameters import AUTHORS_LAYERS, TOPOGRAPHIC_LAYERS
from tectum.report.content import Comparison, Content, Health, Section
from tectum.report.numbers import number
from tectum.report.waves.figures import field_figures, growth_figures, order_figures, wave_figures
from tectum.report.waves.film import wave_film
from tectum.report.waves.study import Order, WaveStudy

KINDS = {
    "topographic": "topographic: units learn when they fire, in neighbourhoods that follow their fields",
    "scheduled": "scheduled: units learn when they fire, in waves that shrink",
    "continuous": "continuous: the same, with waves of one size throughout",
    "budding": "budding: the same, from a single synapse per unit, from the node at its own place",
    "authors": "authors: winners learn in proportion to their excess",
    "precursor": "precursor: the same with neurons of Izhikevich, one winner and rescue",
    "own": "of one's own",
}
NODES = (1600, 300, 100)  # of the sheets for which the figures below hold
# Measured when the sets of parameters were chosen, mean and standard deviation: `papers/raghavan2020`, eight seeds; the
# trial simulation before this implementation, six seeds; one run of 5,000 ms.
EXPECTED: dict[str, dict[str, tuple[str, ...]]] = {
    "topographic": {
        "radius": ("2.46 ± 0.02", "1.04 ± 0.00"),
        "compactness": ("0.91 ± 0.00", "0.93 ± 0.00"),
        "compact": ("100 %", "100 %"),
        "coverage": ("100 %", "100 %"),
        "evenness": ("0.34 ± 0.02", "0.21 ± 0.01"),
        "topography": ("0.97 ± 0.02", "0.98 ± 0.00"),
        "affine": ("0.98 ± 0.01", "0.99 ± 0.00"),
        "tracking": ("0.98 ± 0.01", "0.99 ± 0.00"),
        "given_active": ("99 %", "100 %"),
        "given_silent": ("0 %", "0 %"),
    },
    "scheduled": {
        "radius": ("3.49 ± 0.23", "1.78 ± 0.10"),
        "compactness": ("0.81 ± 0.02", "0.80 ± 0.02"),
        "compact": ("85 ± 8 %", "84 ± 7 %"),
        "coverage": ("100 %", "100 %"),
        "overlap": ("82 ± 25", "26 ± 7"),
        "topography": ("0.89 ± 0.06", "0.80 ± 0.09"),
        "affine": ("0.91 ± 0.05", "0.84 ± 0.08"),
        "tracking": ("0.91 ± 0.06", "0.85 ± 0.08"),
        "given_active": ("100 %", "100 %"),
        "given_silent": ("14 %", "9 %"),
    },
    "authors": {
        "radius": ("2.7",),
        "compact": ("99 %",),
        "coverage": ("100 %",),
        "overlap": ("43 ± 16",),
        "topography": ("0.00 ± 0.02",),
    },
}
ROWS = [
    ("radius", "Radius of fields, rms"),
    ("compactness", "Compactness"),
    ("compact", "Compact units"),
    ("coverage", "Coverage"),
    ("overlap", "Fields over a node"),
    ("evenness", "Their spread over the sheet (sd / mean)"),
    ("topography", "Topography"),
    ("affine", "R² of an affine map"),
    ("tracking", "R² of the place of the wave below, read above"),
    ("given_active", "Wave above, given one below"),
    ("given_silent", "Wave above, given silence below"),
]
SHARES = {"compact", "coverage", "given_active", "given_silent"}


def wave_content(network: Any, study: WaveStudy, *, facts: list[tuple[str, str]]) -> Content:
    """What the page of a network of sheets says; `facts` are those that every page shows."""
    sizes = [len(X) for X in study.positions]
    return Content(
        kind="wave network",
        eyebrow="Sheets of spiking neurons, wired by waves",
        untitled="A network that wires itself",
        estimator="WaveNetwork",
        facts=[
            ("Sheets", " – ".join(f"{n:,}" for n in sizes)),
            ("Configuration", study.configuration),
            ("Grown for", f"{network.n_steps_grown_ * network.step_ms / 1000.0:g} s"),
            *facts,
        ],
        numbers=_numbers(study),
        study=study,
        tables=(_table(study, sizes),),
        sections=_sections(study),
        n_opening=1,
        health=_health(network, study),
        units="Times in ms, lengths in the unit of each sheet, rates of learning per ms.",
        footer="The network: after Raghavan, Lin & Thomson (2020), Self-organization of multi-layer spiking neural "
        "networks, arXiv:2006.06902, and Raghavan & Thomson (2019), Neural networks grown and self-organized by noise, "
        "arXiv:1906.01039, following the code that the authors published; the topographic rule and its schedule are "
        "ours.",
    )


def _numbers(study: WaveStudy) -> str:
    seconds = study.recording.duration_ms / 1000.0
    return (
        "No data went in, and no labels: noise makes waves, and the waves wire the sheets. Measured on the grown "
        f"weights, and on {seconds:g} s of spontaneous activity after growth, weights frozen."
    )


def _table(study: WaveStudy, sizes: list[int]) -> Comparison:
    direct = study.direct
    header = ["Measure", *(found.name for found in study.projections)]
    if len(study.snapshots) > 1:
        header.insert(1, "Before growth")
    expected = EXPECTED.get(study.configuration, {}) if _as_expected(study, sizes) else {}
    n_expected = min(len(direct), 1 if study.configuration == "authors" else 2) if expected else 0
    header += [f"Expected: {found.name}" for found in direct[:n_expected]]
    rows = []
    for key, title in ROWS:
        cells = [_cell(key, _value(found, key)) for found in study.projections]
        if len(study.snapshots) > 1:
            first = study.orders[0][0]
            cells.insert(0, _cell(key, getattr(first, key)) if key in Order._fields else "–")
        known = expected.get(key, ())
        cells += [known[k] if k < len(known) else "–" for k in range(n_expected)]
        rows.append([title, *cells])
    sheets = ", ".join(f"{found.order.sheet:.2f}" for found in direct)
    caption = f"Radii of the sheets below: {sheets}."
    if expected:
        caption += (
            " Expected: what this set of parameters gave when it was chosen, for sheets of these sizes (several "
            "seeds, mean ± standard deviation)." if study.configuration != "authors" else " Expected: what this set of "
            "parameters gave when it was chosen, in one run. The authors' rule asks for no order."
        )  # fmt: skip
    return Comparison("Beside what is expected" if expected else "All measures", header, rows, caption)


def _as_expected(study: WaveStudy, sizes: list[int]) -> bool:
    known = {"authors": AUTHORS_LAYERS, "own": None}.get(study.configuration, TOPOGRAPHIC_LAYERS)
    return (
        known is not None and study.complete and tuple(sizes[:2]) == NODES[:2] and tuple(sizes) == NODES[: len(sizes)]
    )


def _value(projection: Any, key: str) -> float:
    for holder in (projection.order, projection.causality, projection):
        if hasattr(holder, key):
            return float(getattr(holder, key))
    raise AttributeError(key)


def _cell(key: str, value: float) -> str:
    if value != value:
        return "–"
    if key in SHARES:
        return f"{100.0 * value:.0f}\u00a0%"
    return f"{value:.0f}" if key == "overlap" else f"{round(value, 2) + 0.0:.2f}"


def _sections(study: WaveStudy) -> list[Section]:
    return [
        Section(
            "waves",
            "Waves",
            "Neurons excite their near neighbours, inhibit those far away, and tire as they fire. That is enough for "
            "noise to light up one compact bump that travels. Each wave drives the sheet above, where the best driven "
            "units start a wave of their own.",
            [wave_film(study)],
        ),
        Section(
            "growth",
            "Growth",
            "Neurons that are active together drive the same units, and what fires together is wired together, while "
            "the sum of the weights of a unit stays the same.",
            growth_figures(study),
        ),
        Section(
            "fields",
            "Receptive fields",
            "A receptive field is what a unit receives from each node of a sheet below. Waves are compact, and so "
            "become the fields: each unit pools a patch whose size is that of the wave.",
            field_figures(study),
        ),
        Section(
            "activity",
            "From sheet to sheet",
            "Nothing flows down, and only the first sheet has noise: without it all are silent.",
            wave_figures(study),
            _statistics(study),
        ),
        Section(
            "order",
            "Tiling and topography",
            "A pooling layer is complete if its fields cover the sheet below, and a map if neighbours look at "
            "neighbouring places. The first is easy, the second needs waves that learn together and shrink with time.",
            order_figures(study),
        ),
    ]


def _statistics(study: WaveStudy) -> Comparison:
    names = ["Sheet", "Time with a wave", "Neurons in it", "Radius", "In one piece", "Speed", "Waves", "Duration"]
    rows = []
    for k, (found, X) in enumerate(zip(study.statistics, study.positions, strict=True)):
        rows.append(
            [
                f"sheet {k}",
                f"{100 * found.active:.0f} %",
                number(found.size, ".3g", f" ({100 * found.size / len(X):.1f} %)"),
                number(found.radius, ".3g"),
                number(100 * found.single, ".3g", " %"),
                number(found.speed, ".3g", " per ms"),
                f"{found.rate:.0f} per s",
                number(found.duration, ".3g", " ms"),
                f"{100 * found.reached:.1f} %",
            ]
        )
    return Comparison(
        "Waves in numbers",
        [*names, "Neurons that ever fire"],
        rows,
        "Without input, after growth. Radius: 80th percentile of the distances from the centre. In one piece: share of "
        "the spikes of a moment that belong to the largest connected cluster. Lengths in the unit of each sheet.",
    )


def _health(network: Any, study: WaveStudy) -> Health:
    rows = [("Schedule", f"{network.schedule_ms / 1000.0:g} s"), ("Configuration", KINDS[study.configuration])]
    for found in study.direct:
        order = found.order
        rows += [
            (f"Compactness, {found.name}", f"{order.compactness:.2f}"),
            (f"Coverage, {found.name}", f"{100 * order.coverage:.1f} %"),
            (f"Topography, {found.name}", _cell("topography", order.topography)),
        ]
    rows += [
        (
            f"Spikes per neuron and s, sheet {k}",
            f"{len(train) / train.n_neurons / study.recording.duration_ms * 1e3:.3g}",
        )
        for k, train in enumerate(study.recording.spikes.values())
    ]
    return Health("Health of the network", "Nothing to complain about: waves on every sheet, compact fields that cover "
                  "the sheet below.", study.warnings, rows)  # fmt: skip
