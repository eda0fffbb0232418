"""Ranges of parameters: what a field may hold is declared with it, and said when it does not."""

import math
import re
from fractions import Fraction
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
import pytest

from tectum import parts
from tectum.core import ranges
from tectum.core.ranges import (
    Below,
    Count,
    Finite,
    NonNegative,
    NonNegativeOrInfinite,
    OneOf,
    Positive,
    PositiveOrInfinite,
    PositiveShare,
    Range,
    Share,
    check_ranges,
)

INFINITY, NAN = math.inf, math.nan


def part(kind: Any, value: Any) -> Any:
    """A part with one field of this kind."""
    return NamedTuple("Part", [("field", kind)])(value)


# kind: what it takes, what it refuses, and what is said of the first that is refused
KINDS: dict[str, tuple[list[float], list[Any], str]] = {
    "Finite": ([-5.0, 0, 1e18], [INFINITY, -INFINITY, NAN, "1", None], "must be a finite number, got inf"),
    "Positive": ([1e-9, 3], [0, 0.0, -1, INFINITY, NAN], "must be above 0, got 0"),
    "TimeConstant": ([1e-3, 5], [1e-30, 0, INFINITY], "must be at least 0.001, got 1e-30"),
    "NonNegative": ([0, 2.5], [-1e-9, INFINITY], "must be at least 0, got -1e-09"),
    "PositiveOrInfinite": ([0.1, INFINITY], [0.0, -INFINITY, NAN], "must be above 0, got 0.0"),
    "NonNegativeOrInfinite": ([0, INFINITY], [-1, NAN], "must be at least 0, got -1"),
    "Share": ([0, 0.5, 1], [1.1, -0.1], "must be at most 1, got 1.1"),
    "PositiveShare": ([1e-3, 1], [0.0, 2], "must be above 0, got 0.0"),
    "Count": ([1, np.int64(7)], [0, 1.5, 2.0], "must be at least 1, got 0"),
    "Number": ([0, 3], [-1, 0.5], "must be at least 0, got -1"),
    "AtLeastOne": ([1.0, 2], [0.99], "must be at least 1, got 0.99"),
    "SignedWeight": ([-1.0, 4.0], [-1.5], "must be at least -1, got -1.5"),
    "Weight": ([0.0, 4], [4.5, -0.5], "must be at most 4, got 4.5"),
}


def test_every_named_range_is_here():
    annotated = {name for name, kind in vars(ranges).items() if isinstance(kind, type(Positive)) and name[0].isupper()}
    assert annotated == set(KINDS)


@pytest.mark.parametrize("name", KINDS)
class TestKinds:
    def test_takes(self, name):
        for value in KINDS[name][0]:
            check_ranges("Model.part", part(getattr(ranges, name), value))

    def test_refuses(self, name):
        for value in KINDS[name][1]:
            with pytest.raises(ValueError, match=r"^Model\.part\.field must be .*, got .*; "):
                check_ranges("Model.part", part(getattr(ranges, name), value))

    def test_says(self, name):
        _, refused, said = KINDS[name]
        with pytest.raises(ValueError, match=re.escape(said)):
            check_ranges("Model.part", part(getattr(ranges, name), refused[0]))

    def test_truth_values_and_texts_are_no_numbers(self, name):
        for value in (True, False, "1.0", (1.0,), 1j):
            with pytest.raises(ValueError, match=r"Model\.part\.field must be a finite number"):
                check_ranges("Model.part", part(getattr(ranges, name), value))


def test_whole_numbers():
    with pytest.raises(ValueError, match=r"must be a whole number, got 2\.0; round it"):
        check_ranges("Model.part", part(Count, 2.0))
    check_ranges("Model.part", part(Positive, Fraction(1, 3)))
    check_ranges("Model.part", part(Positive, np.float32(0.5)))


def test_none_where_it_is_declared():
    for kind in (Positive | None, None | Positive, Annotated[Positive | None, Range(most=3)]):
        check_ranges("Model.part", part(kind, None))
        check_ranges("Model.part", part(kind, 2.0))
        with pytest.raises(ValueError, match="must be above 0"):
            check_ranges("Model.part", part(kind, 0.0))
    with pytest.raises(ValueError, match=r"must be a finite number, got None"):
        check_ranges("Model.part", part(Positive, None))
    with pytest.raises(ValueError, match=r"must be at most 3, got 4"):
        check_ranges("Model.part", part(Annotated[Positive | None, Range(most=3)], 4))


def test_below_another_field():
    class Between(NamedTuple):
        low: Annotated[Share, Below("high")]
        high: Share | None

    check_ranges("Model.part", Between(0.2, 0.3))
    check_ranges("Model.part", Between(0.9, None))
    for low in (0.3, 0.5):
        with pytest.raises(
            ValueError, match=rf"Model\.part\.low must be below high = 0\.3, got {low}; change one of them"
        ):
            check_ranges("Model.part", Between(low, 0.3))
    with pytest.raises(ValueError, match=r"low must be at least 0"):  # its own range comes first
        check_ranges("Model.part", Between(-1.0, -2.0))


def test_one_of_several():
    for kind in (Annotated[str, OneOf(("spikes", "winners"))], Literal["spikes", "winners"]):
        check_ranges("Model.part", part(kind, "spikes"))
        with pytest.raises(ValueError, match=r"field must be one of \('spikes', 'winners'\), got 'none'; use one of"):
            check_ranges("Model.part", part(kind, "none"))


def test_infinity_only_where_it_is_declared():
    for kind in (PositiveOrInfinite, NonNegativeOrInfinite):
        check_ranges("Model.part", part(kind, INFINITY))
    for kind in (Finite, Positive, NonNegative, PositiveShare):
        with pytest.raises(ValueError, match="must be a finite number, got inf"):
            check_ranges("Model.part", part(kind, INFINITY))


@pytest.mark.parametrize("value", [10**30, -(2**63) - 1, 1e300, -1e19, 1e-300])
def test_numbers_whose_square_is_no_float32_are_refused(value):
    said = re.escape(f"field must be a number that kernels can hold, 0 or of size 1e-18 to 1e+18, got {value}")
    with pytest.raises(ValueError, match=said):
        check_ranges("Model.part", part(ranges.Finite, value))


def test_a_field_that_is_true_or_false():
    check_ranges("Model.part", part(bool, True))
    check_ranges("Model.part", part(bool | None, None))
    for value in (10**30, "", None, []):
        with pytest.raises(ValueError, match=r"field must be one of \(False, True\), got"):
            check_ranges("Model.part", part(bool, value))


def test_parts_in_parts_are_checked_and_named():
    outer = part(Any, parts.LIF(tau_m=-1.0))
    with pytest.raises(ValueError, match=r"Model\.part\.field\.tau_m must be at least 0\.001, got -1\.0"):
        check_ranges("Model.part", outer)


def test_a_part_that_declares_nothing_is_free():
    class Foreign(NamedTuple):
        theta: float = -50.0  # names that parts of tectum use otherwise
        v_reset: float = math.inf
        gain: Any = None
        n_steps: int = -3
        post: str = "elsewhere"

    check_ranges("Model.part", Foreign())


@pytest.mark.parametrize("name", sorted(parts.__all__))
def test_parts_are_within_their_own_ranges(name):
    """Every part of tectum declares ranges or is free, and its default values lie inside them."""
    kind = getattr(parts, name)
    if isinstance(kind, type) and hasattr(kind, "_field_defaults") and len(kind._fields) == len(kind._field_defaults):
        check_ranges(name, kind())
