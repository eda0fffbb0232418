"""What a page says, whatever kind of model it is about."""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from tectum.models.common.diagnosis import Diagnosis
from tectum.report.numbers import Measure, Measured
from tectum.report.render import Drawing, Tips

HALF, WIDE = 5.4, 11.0  # inches, widths of drawings


@dataclass(frozen=True)
class Film:
    """A moving picture, drawn by the script of the page."""

    key: str  # key, title and caption as of a `Drawing`
    title: str
    caption: str
    kind: str  # "waves", "growth", "layout" or "events": what the script does with the data
    data: dict[str, Any]  # what JSON can hold


def packed(array: NDArray[Any]) -> str:
    """Bytes of an array in base64."""
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def on_grid(
    key: str, title: str, caption: str, draw: Callable[[Axes], object], tips: Callable[[Axes], Tips] | None = None
) -> Drawing:
    """A map seen from above, half a page wide."""
    return Drawing(
        key,
        title,
        caption,
        lambda figure: draw(figure.subplots()),
        (HALF, 4.4),
        "compressed",
        tips=None if tips is None else lambda figure: [tips(figure.axes[0])],
    )


def sample_fact(n_given: int, n_examined: int) -> tuple[str, str]:
    """How many samples a page is about."""
    return "Samples", f"{n_given:,}" + f" ({n_examined:,} drawn for this page)" * (n_examined < n_given)


def grey_shape(image_shape: Sequence[int], n_features: int) -> tuple[int, int]:
    """The shape of samples that are grey images, after a check."""
    if len(image_shape) != 2 or image_shape[0] * image_shape[1] != n_features:
        raise ValueError(
            f"write_report.image_shape must be (height, width) with {n_features} pixels, as many as features, got "
            f"{tuple(image_shape)}; leave it out if samples are not images"
        )
    return int(image_shape[0]), int(image_shape[1])


class Comparison(NamedTuple):
    """A table of methods, the first cell of each row the name of one."""

    title: str
    header: list[str]
    rows: list[list[str]]
    caption: str


class Section(NamedTuple):
    """A part of the page."""

    key: str
    title: str
    text: str
    drawings: Sequence[Drawing | Film]
    table: Comparison | None = None


class Health(NamedTuple):
    """The diagnosis."""

    title: str
    good: str  # said where there are no warnings
    warnings: list[str]
    rows: list[tuple[str, str]]

    @classmethod
    def of(cls, title: str, good: str, found: Diagnosis) -> Self:
        """The section about what `diagnose` gave."""
        return cls(title, good, found.warnings, [(name[:1].upper() + name[1:], value) for name, value in found.rows])


@dataclass(frozen=True)
class Content:
    """All that the template needs to know of a model and its data."""

    kind: str  # name of the model, in the title of the page
    eyebrow: str  # the line above the heading
    untitled: str  # heading of a page without a title
    estimator: str  # name of the class
    facts: list[tuple[str, str]]  # name and value, below the heading
    numbers: str  # what was measured on what, above the headline numbers
    study: Measured  # headline numbers and the verdict
    sections: list[Section]  # figures
    health: Health  # diagnosis
    units: str  # units of the parameters, in a sentence
    footer: str  # source of the model
    tables: tuple[Comparison, ...] = ()  # longer tables below the headline numbers
    n_opening: int = 0  # sections that come before the headline numbers

    @property
    def own(self) -> str:
        """Name of the model among the methods."""
        return self.study.own

    @property
    def measures(self) -> list[Measure]:
        """Headline numbers."""
        return self.study.measures

    @property
    def methods(self) -> list[str]:
        """Names of all methods, in the order of their first appearance."""
        return list(dict.fromkeys(name for measure in self.measures for name in measure.values))
