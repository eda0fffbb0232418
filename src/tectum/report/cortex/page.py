"""The page of a piece of cortex: its maps through development, beside sheets that were reared otherwise."""

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from tectum import analysis, plots
from tectum.models.common.diagnosis import Diagnosis
from tectum.models.cortex import rearing
from tectum.report.content import HALF, WIDE, Content, Health, Section, on_grid
from tectum.report.numbers import Measure, Measured
from tectum.report.page import Report, training_facts, write_content
from tectum.report.render import Drawing

UNTRAINED, DARK, LIGHT = "untrained", "waves alone", "waves, then photographs"
N_FIELDS = 8  # along each side of the figure of fields
N_TUNED = 8  # curves

ROUGH = 20.0  # degrees between neighbours, above which there is no map


@dataclass(frozen=True, repr=False)
class CortexStudy(Measured):
    """What was measured of sheets, by how they were reared."""

    measures: list[Measure]
    warnings: list[str]
    own, control, compared = LIGHT, UNTRAINED, False


def study_of(found: Mapping[str, rearing.MapMeasures]) -> CortexStudy:
    """Measures by how sheets were reared, for the table of headline numbers."""
    wanted = (
        ("difference", "Neighbours apart", "Median difference of the orientations of neighbours, degrees.", "lower"),
        ("selectivity", "Selectivity", "Median of the length of the vector sum of responses, 0 to 1.", "higher"),
    )
    measures = [
        Measure(key, title, meaning, better, {name: getattr(row, key) for name, row in found.items()})
        for key, title, meaning, better in wanted
    ]
    off_pi = {name: abs(row.density - math.pi) for name, row in found.items()}
    meaning = "Pinwheels on the square of the wavelength, away from pi."
    measures.append(Measure("density", "Pinwheel density off pi", meaning, "lower", off_pi))
    own, warnings = found[LIGHT], []
    if own.difference > ROUGH:
        warnings.append(f"neighbours differ by {own.difference:.0f} degrees: no map has formed; show more views")
    if math.isnan(own.wavelength):
        warnings.append("the spectrum of the map has no ring, so columns have no spacing; show more views")
    return CortexStudy(measures, warnings)


def write_cortex_report(
    path: str | os.PathLike[str],
    sheets: Mapping[str, Any],
    dominance: Mapping[str, NDArray[np.float64]],
    *,
    command: str,
    seconds: float | None = None,
) -> Report:
    """Write one HTML page about sheets by how they were reared, and about the ocular dominance of some with two eyes.

    OSError if the file cannot be written; nothing is left behind.
    """
    maps = {name: rearing.map_of(sheet) for name, sheet in sheets.items()}
    study = study_of({name: rearing.measure(z) for name, z in maps.items()})
    content = _content(sheets, maps, dominance, study, training_facts(sheets[LIGHT], seconds))
    return write_content(path, content, sheets[LIGHT], None, command)


def _content(
    sheets: Mapping[str, Any],
    maps: Mapping[str, NDArray[np.complex128]],
    dominance: Mapping[str, NDArray[np.float64]],
    study: CortexStudy,
    facts: list[tuple[str, str]],
) -> Content:
    sheet = sheets[LIGHT]
    found = rearing.measure(maps[LIGHT])
    alike = analysis.map_similarity(maps[DARK], maps[LIGHT])
    rows = [(field.replace("_", " "), f"{value:.3g}") for field, value in found._asdict().items()]
    sections = [
        Section(
            "maps",
            "Orientation maps",
            "Each neuron has the colour of the orientation to whose gratings it fires earliest. White dots: pinwheels "
            "around which orientations turn anticlockwise; black dots: clockwise. The sheet has no borders.",
            [_map(name, z) for name, z in maps.items()] + [_spectrum(maps[LIGHT])],
        ),
        Section(
            "fields",
            "Fields and tuning",
            "Waves and photographs reach the sheet through ON and OFF cells; what a neuron prefers is the difference "
            "of its weights of both.",
            [_fields(name, sheets[name]) for name in (DARK, LIGHT)] + [_tuning(sheet, maps[LIGHT])],
        ),
        Section(
            "eyes",
            "Ocular dominance",
            "Sheets with two eyes: black neurons are driven by the left eye, white ones by the right.",
            [_dominance(name, values) for name, values in dominance.items()],
        ),
    ]
    rows.append(("similarity of the maps before and after photographs", f"{alike:.2f}"))
    diagnosis = Diagnosis(found._asdict(), rows, study.warnings)
    return Content(
        kind="piece of cortex",
        eyebrow="A sheet of neurons that waves wire to ON and OFF cells, and photographs refine",
        untitled="A piece of cortex",
        estimator="CorticalSheet",
        facts=[
            ("Neurons", f"{sheet.shape[0]} x {sheet.shape[1]}"),
            ("Retina", f"{sheet.retina} x {sheet.retina}"),
            *facts,
        ],
        numbers="Orientation maps from the spikes in answer to gratings, by how the sheet was reared.",
        study=study,
        sections=sections,
        health=Health.of("The map", "Neighbours prefer similar orientations, and columns have a spacing.", diagnosis),
        units="Times in ms, lengths in neurons of the sheet or places of the retina.",
        footer="After GCAL (Stevens, Law, Antolik & Bednar 2013, J Neurosci 33:15747), with spikes and waves of "
        "Raghavan, Lin & Thomson (2020).",
    )


def _key(name: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in name)


def _map(name: str, z: NDArray[np.complex128]) -> Drawing:
    found = rearing.measure(z)
    caption = (
        f"Neighbours differ by {found.difference:.0f} degrees, selectivity {found.selectivity:.2f}, "
        f"{found.n_pinwheels} pinwheels."
    )
    wheels = analysis.pinwheels(z) if name != UNTRAINED else None
    return on_grid(
        f"map-{_key(name)}",
        name[:1].upper() + name[1:],
        caption,
        lambda ax: plots.plot_orientation_map(z, pinwheels=wheels, ax=ax),
    )


def _spectrum(z: NDArray[np.complex128]) -> Drawing:
    ring = analysis.hypercolumn(z)
    return on_grid(
        "spectrum",
        "Spacing of columns",
        "Power of the map after photographs by frequency; the ring of cortical maps is the peak.",
        lambda ax: plots.plot_map_spectrum(ring.frequency, ring.power, ring.wavelength, ax=ax),
    )


def _fields(name: str, sheet: Any) -> Drawing:
    fields = sheet.fields()
    contrast = (fields[:, 0, 0] - fields[:, 0, 1]).reshape(*sheet.shape, sheet.retina, sheet.retina)
    centres = np.rint(sheet.centres).astype(int).reshape(*sheet.shape, 2)
    half = int(sheet.field) + 1

    def draw(figure: Figure) -> None:
        axes = figure.subplots(N_FIELDS, N_FIELDS)
        for ax, (row, column) in zip(axes.ravel(), np.ndindex(N_FIELDS, N_FIELDS), strict=True):
            r, c = row * sheet.shape[0] // N_FIELDS, column * sheet.shape[1] // N_FIELDS
            middle = sheet.retina // 2
            field = np.roll(contrast[r, c], tuple(middle - centres[r, c]), (0, 1))
            field = field[middle - half : middle + half + 1, middle - half : middle + half + 1]
            most = np.abs(field).max() or 1.0
            ax.imshow(field, cmap="gray", vmin=-most, vmax=most)
            ax.set_axis_off()

    return Drawing(
        f"fields-{_key(name)}",
        f"Fields, {name}",
        "Every sixth neuron or so; white: driven by light, black: by dark.",
        draw,
        (HALF, HALF),
        "compressed",
        pixels_per_inch=120,
    )


def _tuning(sheet: Any, z: NDArray[np.complex128]) -> Drawing:
    answers, orientation = rearing.responses(sheet)
    distinct = np.unique(orientation)
    curves = np.stack([answers[orientation == theta].max(axis=0) for theta in distinct], axis=1)
    order = np.argsort(np.abs(z).ravel())
    some = order[(np.linspace(0.1, 0.9, N_TUNED) * (len(order) - 1)).astype(int)]

    def draw(figure: Figure) -> None:
        axes = figure.subplots(1, N_TUNED)
        for ax, neuron in zip(axes, some, strict=True):
            plots.plot_orientation_tuning(distinct, curves[[neuron]], ax=ax)
            ax.set_title(f"{abs(z.ravel()[neuron]):.2f}", fontsize=9)

    return Drawing(
        "tuning",
        "Tuning curves",
        "Response by orientation, around a circle, of neurons from weak to strong selectivity, which stands above.",
        draw,
        (WIDE, 1.9),
        "compressed",
    )


def _dominance(name: str, values: NDArray[np.float64]) -> Drawing:
    one = float((np.abs(values) > 0.5).mean())
    return on_grid(
        f"eyes-{_key(name)}",
        name[:1].upper() + name[1:],
        f"{one:.0%} of the neurons get three quarters of their weight or more from one eye; mean {values.mean():+.2f}.",
        lambda ax: plots.plot_ocular_dominance(values, ax=ax),
    )
