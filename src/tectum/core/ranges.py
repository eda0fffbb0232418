"""Ranges of parameters, written where a part declares its fields.

``tau_m: Positive = 10.0`` is a number above 0; ``low: Annotated[Share, Below("high")] = 0.25`` is one from 0 to 1 that
lies below the field `high`; ``clock: PacingClock | None = None`` is such a part. A field without a range is free, so a
part of one's own declares as much as it likes.
"""

import functools
import math
import numbers
from types import UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints


class Range(NamedTuple):
    """Numbers that a field may hold."""

    above: float | None = None  # exclusive lower bound
    least: float | None = None
    most: float | None = None
    whole: bool = False
    infinite: bool = False  # whether infinity is among them


class Below(NamedTuple):
    """The field must be less than another one of the same part."""

    other: str


class OneOf(NamedTuple):
    """The field must hold one of these."""

    choices: tuple[Any, ...]


class Instance(NamedTuple):
    """The field must hold a text, or a part of one of these classes; an annotation by a class says the same."""

    kinds: tuple[type, ...]


Finite = Annotated[float, Range()]
Positive = Annotated[float, Range(above=0)]
NonNegative = Annotated[float, Range(least=0)]
TimeConstant = Annotated[float, Range(least=1e-3)]  # ms or steps: what is faster is no memory
PositiveOrInfinite = Annotated[float, Range(above=0, infinite=True)]
NonNegativeOrInfinite = Annotated[float, Range(least=0, infinite=True)]
Share = Annotated[float, Range(least=0, most=1)]
PositiveShare = Annotated[float, Range(above=0, most=1)]
Count = Annotated[int, Range(least=1, most=2**31 - 1, whole=True)]
Number = Annotated[int, Range(least=0, most=2**31 - 1, whole=True)]
AtLeastOne = Annotated[float, Range(least=1)]
SignedWeight = Annotated[float, Range(least=-1)]
Weight = Annotated[float, Range(least=0, most=4)]  # of a rule with exp(-w), which is tabulated up to 4


SMALLEST, LARGEST = 1e-18, 1e18  # of what is not 0: squares are float32


def check_ranges(where: str, part: Any) -> None:
    """Check the fields of a part, and of the parts in it, against the ranges that its class declares.

    `where` is the parameter that holds the part. ValueError names a field that is out of range, what it must be, and
    what it is.
    """
    limits_of = declared(part.__class__)
    for name, value in part._asdict().items():
        optional, limits = limits_of.get(name, (True, ()))
        if value is None and optional:
            continue
        for limit in limits:
            if isinstance(limit, Instance) and not isinstance(value, limit.kinds):
                kinds = " or ".join("a text" if kind is str else kind.__name__ for kind in limit.kinds)
                raise ValueError(f"{where}.{name} must be {kinds}, got {value!r}; use one, or leave it out")
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            if any(not isinstance(limit, Instance) for limit in limits):
                raise ValueError(f"{where}.{name} must be a number or a word, got the part {value!r}; give it one")
            check_ranges(f"{where}.{name}", value)
            continue
        for limit in limits:
            if isinstance(limit, Range):
                check_range(f"{where}.{name}", value, limit)
            elif isinstance(limit, OneOf) and value not in limit.choices:
                raise ValueError(f"{where}.{name} must be one of {limit.choices}, got {value!r}; use one of them")
        for limit in limits:
            other = getattr(part, limit.other) if isinstance(limit, Below) else None
            if other is not None and not value < other:
                raise ValueError(
                    f"{where}.{name} must be below {limit.other} = {other!r}, got {value!r}; change one of them"
                )


def check_range(where: str, value: Any, limit: Range) -> None:
    """Raise ValueError if a number is out of range."""
    is_number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    is_whole = isinstance(value, numbers.Integral)  # of any size, also beyond float64
    if not is_number or (not is_whole and (math.isnan(value) or (math.isinf(value) and not limit.infinite))):
        raise ValueError(f"{where} must be a finite number, got {value!r}; see the field's comment in tectum.parts")
    if limit.whole and not is_whole:
        raise ValueError(f"{where} must be a whole number, got {value!r}; round it")
    for bound, holds, words in (
        (limit.above, limit.above is None or value > limit.above, "above"),
        (limit.least, limit.least is None or value >= limit.least, "at least"),
        (limit.most, limit.most is None or value <= limit.most, "at most"),
    ):
        if not holds:
            raise ValueError(f"{where} must be {words} {bound}, got {value!r}; leave it out to use the default")
    if value != 0 and (is_whole or not math.isinf(value)) and not SMALLEST <= abs(value) <= LARGEST:
        words = f"a number that kernels can hold, 0 or of size {SMALLEST} to {LARGEST}"
        raise ValueError(f"{where} must be {words}, got {value!r}; leave it out to use the default")


@functools.cache
def declared(kind: Any) -> dict[str, tuple[bool, tuple[Any, ...]]]:
    """What the fields of a part may hold, as its class declares it: whether they may be None, and their limits."""
    return {name: _limits(hint) for name, hint in get_type_hints(kind, include_extras=True).items()}


def _limits(hint: Any) -> tuple[bool, tuple[Any, ...]]:
    if get_origin(hint) in (Union, UnionType):
        inner = [limit for arm in get_args(hint) if arm is not type(None) for limit in _limits(arm)[1]]
        kinds = tuple(kind for limit in inner if isinstance(limit, Instance) for kind in limit.kinds)
        others = [limit for limit in inner if not isinstance(limit, Instance)]
        return type(None) in get_args(hint), (*others, *([Instance(kinds)] if kinds else []))
    if get_origin(hint) is Annotated:
        base, *limits = get_args(hint)
        optional, more = _limits(base)
        return optional, (*more, *limits)
    if hint is bool:
        return False, (OneOf((False, True)),)
    if get_origin(hint) is Literal:
        return False, (OneOf(get_args(hint)),)
    if hint is str or (isinstance(hint, type) and issubclass(hint, tuple) and hasattr(hint, "_fields")):
        return False, (Instance((hint,)),)
    return hint is Any, ()
