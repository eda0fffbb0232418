"""How the response of a map is read."""

from typing import NamedTuple

from tectum.core.ranges import TimeConstant


class FirstSpike(NamedTuple):
    """The winner is the neuron that fires first; others count the less the later they fire.

    Examples
    --------
    >>> FirstSpike()
    FirstSpike(tau=0.5)
    """

    tau: TimeConstant = 0.5  # ms; the response is exp(-(t - t_first) / tau)


class Centroid(NamedTuple):
    """The winner is the centre of gravity on the grid of all that fire, weighted by exp(-(t - t_first) / tau).

    Examples
    --------
    >>> Centroid()
    Centroid(tau=0.5)
    """

    tau: TimeConstant = 0.5  # ms
