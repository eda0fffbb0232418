"""What a page says, whatever kind of model it is about."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

from tectum.models.common.diagnosis import Diagnosis
from tectum.report.numbers import Measure
from tectum.report.render import Drawing

HALF, WIDE = 5.4, 11.0  # inches, widths of drawings


@dataclass(frozen=True)
class Film:
    """A moving picture, drawn by the script of the page.

    Attributes
    ----------
    key, title, caption : str
        As of a `Drawing`.
    kind : {"waves", "growth"}
        What the script does with the data.
    data : dict
        What JSON can hold.
    """

    key: str
    title: str
    caption: str
    kind: str
    data: dict[str, Any]


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
    """All that the template needs to know of a model and its data.

    Attributes
    ----------
    kind, eyebrow, untitled : str
        The model in the title of the page, above the heading, and a heading where none was given.
    estimator : str
        Name of the class.
    facts : list of (str, str)
        Name and value, below the heading.
    numbers : str
        What was measured on what, above the headline numbers.
    own : str
        Name of the model among the methods.
    measures : list of Measure
        Headline numbers.
    sections : list of Section
        Figures.
    health : Health
        Diagnosis.
    units : str
        Units of the parameters, in a sentence.
    footer : str
        Source of the model.
    comparison : Comparison or None
        A longer table below the headline numbers.
    n_opening : int
        Sections that come before the headline numbers.
    """

    kind: str
    eyebrow: str
    untitled: str
    estimator: str
    facts: list[tuple[str, str]]
    numbers: str
    own: str
    measures: list[Measure]
    sections: list[Section]
    health: Health
    units: str
    footer: str
    comparison: Comparison | None = field(default=None)
    n_opening: int = 0

    @property
    def methods(self) -> list[str]:
        """Names of all methods, in the order of their first appearance."""
        return list(dict.fromkeys(name for measure in self.measures for name in measure.values))
