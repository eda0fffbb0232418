"""How samples are presented."""

from typing import NamedTuple

from tectum.core.ranges import AtLeastOne, NonNegative


class Protocol(NamedTuple):
    """Durations of a presentation; defaults of the specification.

    Examples
    --------
    >>> Protocol()
    Protocol(input_ms=120.0, blank_ms=0.0, test_ms=60.0)
    """

    input_ms: AtLeastOne = 120.0  # a sample in training, about three cycles of the oscillation
    blank_ms: NonNegative = 0.0  # pause without input between two samples in training
    test_ms: AtLeastOne = 60.0  # a sample in a frozen pass, which starts from rest
