"""Motion seen by neurons that wait for two events, of which one comes with a delay."""

import math
from collections import deque
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tectum.streams.motion import Detector, Moved
from tectum.streams.stream import Pair, check_whole

SCALES = 1, 2, 4  # pixels of the frame in one of the pictures in which events arise
MEMORY = 100.0  # ms, time constant of the firing rates of the neurons
SURE = 4.0  # exponent of how much clearer the best of a scale and delay is than its mean
NOISE = 0.02  # share of coincidences of a place that is as good as none


class Retina(NamedTuple):
    """What is remembered between frames, for each scale."""

    light: list[NDArray[np.float32]]  # logarithm of light at the last event of each pixel
    past: list[deque[NDArray[np.float32]]]  # (2, height, width) ON and OFF events of the frames before, the last first
    firing: dict[tuple[int, int], NDArray[np.float32]]  # by scale and delay: recent coincidences (n, rows, columns)


class SpikingMotion(Detector):
    """Coincidences of events with delayed neighbouring ones, pooled on a coarse grid; features as in `OpticalFlow`.

    A pixel fires when the logarithm of its light has changed by `threshold` since its last event, as in an event
    camera: ON if it became brighter, else OFF. A neuron of motion has two synapses, one for a pixel, and one with a
    delay of one or `longest` frames for another pixel up to `reach` away; it fires when two events of the same kind
    arrive at once (Hassenstein & Reichardt 1956; Barlow & Levick 1965). Events arise in three pictures, of which two
    are coarser, so that neurons prefer from a third of a pixel to eight a frame. In each cell of the grid the neurons
    of each scale and delay vote for what they prefer, by how much they fire beyond their mean, squared.

    Parameters
    ----------
    grid, size, tau, speed_tau, n_speeds, gap
        As of `OpticalFlow`.
    threshold : float, default=8.0
        Change of the logarithm of light that makes a pixel fire, of 255 from black to white.
    reach : int, default=2
        Pixels between the two synapses of a neuron, at most.
    longest : int, default=3
        Frames of the longer delay.

    Attributes
    ----------
    n_features, blocks
        As of `OpticalFlow`.

    Raises
    ------
    ImportError
        If OpenCV is not installed.
    ValueError
        If a parameter is out of range.

    References
    ----------
    Hassenstein & Reichardt (1956). Systemtheoretische Analyse der Zeit-, Reihenfolgen- und Vorzeichenauswertung bei der
    Bewegungsperzeption des Rüsselkäfers *Chlorophanus*. Z Naturforsch 11b:513-524.

    Barlow & Levick (1965). The mechanism of directionally selective units in rabbit's retina. J Physiol 178:477-504.

    Examples
    --------
    >>> from tectum.streams import SpikingMotion
    >>> SpikingMotion(grid=(3, 4), n_speeds=8).n_features
    60
    """

    def __init__(
        self,
        *,
        grid: Pair = (6, 8),
        size: Pair = (90, 160),
        tau: float = 300.0,
        speed_tau: float = 100.0,
        n_speeds: int = 16,
        gap: float = 1000.0,
        threshold: float = 8.0,
        reach: int = 2,
        longest: int = 3,
    ) -> None:
        super().__init__(
            grid=grid, size=size, tau=tau, speed_tau=speed_tau, n_speeds=n_speeds, gap=gap, name="SpikingMotion"
        )
        if min(self.size) < 4 * SCALES[-1] or self.grid[0] * SCALES[-1] > self.size[0]:
            raise ValueError(
                f"SpikingMotion.size must be at least 16 pixels a side and {SCALES[-1]} per cell, got {size}; "
                "(90, 160) is usual"
            )
        if not isinstance(threshold, (int, float)) or not 0 < threshold < math.inf:
            raise ValueError(f"SpikingMotion.threshold must be a number above 0, got {threshold!r}; 8 is usual")
        self.threshold = np.float32(threshold)
        self.reach = check_whole(reach, "SpikingMotion.reach", "2 is usual")
        self.longest = check_whole(longest, "SpikingMotion.longest", "3 is usual")
        side = range(-self.reach, self.reach + 1)
        self._shifts = np.array([(right, down) for down in side for right in side], np.float32)

    def _begin(self, grey: NDArray[np.uint8]) -> Retina:
        light = [self._picture(grey, scale) for scale in SCALES]
        return Retina(light, [deque(maxlen=self.longest) for _ in SCALES], {})

    def _compare(self, state: Retina, grey: NDArray[np.uint8], dt: float) -> tuple[Retina, Moved]:
        votes, weights, active = [], [], np.zeros(self.grid, np.float32)
        follow = np.float32(-math.expm1(-1e3 * dt / MEMORY))
        for k, scale in enumerate(SCALES):
            light, past = self._picture(grey, scale), state.past[k]
            change = light - state.light[k]
            events = np.stack([change > self.threshold, change < -self.threshold]).astype(np.float32)
            np.copyto(state.light[k], light, where=events.any(axis=0))
            active = np.maximum(active, self._pooled(events.sum(axis=0)))
            for delay in {1, self.longest}:
                if len(past) >= delay:
                    counts = self._coincidences(events, past[delay - 1])
                    rates = state.firing.get((scale, delay), counts)
                    state.firing[scale, delay] = rates + follow * (counts - rates)
                    wanted, sure = self._vote(state.firing[scale, delay])
                    votes.append(wanted * np.float32(scale / (delay * self.size[1] * dt)))
                    weights.append(sure)
            past.appendleft(events)
        texture = active / (active + np.float32(0.1))
        if not votes:
            return state, Moved(np.zeros((*self.grid, 2), np.float32), texture, np.zeros(2, np.float32))
        share = np.array(weights)[..., np.newaxis]
        velocity = (np.array(votes) * share).sum(axis=0) / (share.sum(axis=0) + 1e-6)
        seen = texture > 0.1
        whole = np.median(velocity[seen], axis=0) if seen.sum() >= 6 else np.zeros(2, np.float32)
        return state, Moved((velocity - whole) * texture[..., np.newaxis], texture, whole.astype(np.float32))

    def _coincidences(self, events: NDArray[Any], before: NDArray[Any]) -> NDArray[np.float32]:
        """Of events with earlier ones, for each displacement and cell: (n, rows, columns)."""
        height, width = events.shape[1:]
        reach = self.reach
        padded = np.pad(before, ((0, 0), (reach, reach), (reach, reach)))
        counts = np.empty((len(self._shifts), *self.grid), np.float32)
        for k, (right, down) in enumerate(self._shifts.astype(int)):
            moved = padded[:, reach - down : reach - down + height, reach - right : reach - right + width]
            counts[k] = self._pooled((events * moved).sum(axis=0))
        return counts

    def _vote(self, counts: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Displacement (rows, columns, 2) that coincidences vote for, and how clearly."""
        mean = counts.mean(axis=0)
        beyond = np.maximum(counts - mean, 0.0) ** 2
        total = beyond.sum(axis=0)
        wanted = np.tensordot(beyond, self._shifts, (0, 0)) / (total + 1e-12)[..., np.newaxis]
        sure = (counts.max(axis=0) - mean) / (mean + np.float32(NOISE))
        return wanted.astype(np.float32), sure**SURE

    def _picture(self, grey: NDArray[np.uint8], scale: int) -> NDArray[np.float32]:
        size = self.size[1] // scale, self.size[0] // scale
        return self.cv2.resize(grey, size, interpolation=self.cv2.INTER_AREA).astype(np.float32)
