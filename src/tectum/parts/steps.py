"""From the parameters of a part, with time constants in ms, to those of one step of the time loop."""

from typing import Any

from tectum.core.law import law


@law
def discretise(part: Any, dt: float) -> Any:
    """Record of float32 constants with which the time loop advances a part by one step of dt ms."""


@discretise.otherwise()
def _(part: Any, dt: float) -> Any:
    """The part itself: nothing in it depends on the step."""
    return part
