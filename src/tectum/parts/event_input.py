"""Events of a camera as input spikes: patches of the sensor, each with neurons of its own that share weights."""

from typing import Any, NamedTuple

import numpy as np

from tectum.core.ranges import Count, TimeConstant
from tectum.parts.steps import discretise


class EventPatches(NamedTuple):
    """Square patches of the sensor, which the same components see; ON and OFF events are channels of their own.

    An event is a spike of its pixel and channel, at its own time. What it leaves behind in the membranes falls
    exponentially.
    """

    size: Count = 5  # pixels, side of a patch
    stride: Count = 2  # pixels from one patch to the next
    tau: TimeConstant = 20.0  # ms, time constant of the membranes, and of what is yet to be explained


class EventPatchesStep(NamedTuple):
    """`EventPatches` for the loop over events."""

    size: Any
    stride: Any
    tau_us: Any  # us


@discretise.of(EventPatches)
def _(part: EventPatches, dt: float) -> EventPatchesStep:
    """Times in us; nothing depends on a step, as there is none."""
    return EventPatchesStep(np.int64(part.size), np.int64(part.stride), np.float32(1e3 * part.tau))
