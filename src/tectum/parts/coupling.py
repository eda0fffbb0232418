"""How the rhythms of maps are coupled: a clock that paces each map's inhibition, or the spikes of another map.

Fries (2005, 2015): what a population receives depends on when the spikes arrive in its own cycle.
"""

import math
from typing import Any, NamedTuple

from tectum.core.law import Real, law
from tectum.core.ranges import NonNegative, Positive
from tectum.parts.steps import discretise

TURN = 2.0 * math.pi


class PacingClock(NamedTuple):
    """Excitatory pulses to the inhibitory neurons of a map, once in each cycle.

    Examples
    --------
    >>> PacingClock()
    PacingClock(period=25.0, pulse=1.5, jitter=0.8, lead=1.5)
    """

    period: Positive = 25.0  # ms
    pulse: NonNegative = 1.5  # excitatory conductance added by each pulse, in units of the leak
    jitter: NonNegative = 0.8  # ms, standard deviation of the pulses of single neurons
    lead: NonNegative = 1.5  # ms by which a map follows the one below, besides the conduction delay


class AdaptiveClock(NamedTuple):
    """A `PacingClock` that in each cycle moves towards the volley of the map below.

    What is followed is the volley, whose spikes come to lie `volley - lead` after the own pulses, whenever that map
    fires: most information gets through with them some 19 ms after the pulses.

    Examples
    --------
    >>> AdaptiveClock()
    AdaptiveClock(period=25.0, pulse=1.5, jitter=0.8, lead=1.5, kappa=0.2, volley=20.5)
    """

    period: Positive = 25.0  # ms
    pulse: NonNegative = 1.5  # excitatory conductance added by each pulse
    jitter: NonNegative = 0.8  # ms
    lead: NonNegative = 1.5  # ms by which a map follows the one below, besides the conduction delay
    kappa: NonNegative = 0.2  # rad per cycle, largest shift of the phase
    volley: NonNegative = 20.5  # ms from the pulses of the map below to the middle of its volley, as measured


class Entrainment(NamedTuple):
    """No clock: the spikes of the map below excite the inhibitory neurons, later than they excite the others.

    Examples
    --------
    >>> Entrainment()
    Entrainment(weight=0.25, later=6.0)
    """

    weight: NonNegative = 0.25  # conductance per spike
    later: NonNegative = 6.0  # ms by which they come later than to the excitatory neurons; 3 to 9 select a sender


class ClockStep(NamedTuple):
    """A clock in radians per cycle."""

    kappa: Any
    aim: Any  # rad, phase of the own pulses after the middle of the volley that is followed


@discretise.of(AdaptiveClock)
def _(part: AdaptiveClock, dt: float) -> ClockStep:
    """Independent of `dt`, as phases are adapted once per cycle."""
    return ClockStep(kappa=part.kappa, aim=TURN * (part.lead - part.volley) / part.period)


@law
def follow(p: Any, phase: Real, seen: Real) -> Any:
    """Phase of a clock, in rad, after a cycle in which the volley that it follows was at phase `seen`."""


@follow.of(ClockStep)
def _(p: ClockStep, phase: Real, seen: Real) -> Any:
    """phi_U <- phi_U + kappa sin(phi_L + aim - phi_U); Kuramoto's coupling, once per cycle."""
    return phase + p.kappa * math.sin(seen + p.aim - phase)
