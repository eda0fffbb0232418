"""HOTS, a hierarchy of time surfaces (Lagorce et al. 2017), one layer of it, small: to compare with."""

import numpy as np

from tectum.core.kernel import kernel


@kernel
def run_hots(prototypes, usage, last, surface, half, tau_us, t, y, x, channel, chosen, learning):
    """Assign the surface around each event to the nearest prototype, which moves towards it while learning.

    INOUT prototypes (n, 2 (2 half + 1)^2) float64 of length 1, `usage` (n,), `last` (2, height, width), time of the
    last event of each pixel with a border of `half`, and `surface`, room for one. IN the events. OUT `chosen`
    (n_events,).
    """
    side = 2 * half + 1
    for e in range(t.shape[0]):
        last[channel[e], y[e] + half, x[e] + half] = t[e]
        square, i = 0.0, 0
        for c in range(2):
            for dy in range(side):
                for dx in range(side):
                    surface[i] = np.exp((last[c, y[e] + dy, x[e] + dx] - t[e]) / tau_us)
                    square += surface[i] * surface[i]
                    i += 1
        best, most = 0, -1.0
        for j in range(prototypes.shape[0]):
            match = 0.0
            for i in range(surface.shape[0]):
                match += prototypes[j, i] * surface[i]
            if match > most:
                best, most = j, match
        chosen[e] = best
        if learning:  # equations (3) to (5) of the paper: steps fall with the use of a prototype, and with likeness
            usage[best] += 1
            step = 0.01 / (1.0 + usage[best] / 20000.0)
            length = 0.0
            for i in range(surface.shape[0]):
                moved = prototypes[best, i] + step * (surface[i] / np.sqrt(square) - most * prototypes[best, i])
                prototypes[best, i] = moved
                length += moved * moved
            for i in range(surface.shape[0]):
                prototypes[best, i] /= np.sqrt(length)


class Hots:
    """Prototypes of surfaces, and how often each is met in cells of the sensor.

    Parameters
    ----------
    n_prototypes, half, tau_ms : int, int, float
        Number of prototypes, half the side of a surface in pixels, time constant in ms.
    shape : (height, width)
        Of the camera.
    """

    def __init__(self, n_prototypes: int, half: int, tau_ms: float, shape: tuple[int, int], seed: int) -> None:
        self.half, self.tau_us, self.shape = half, 1e3 * tau_ms, shape
        side = 2 * half + 1
        self.prototypes = np.random.default_rng(seed).random((n_prototypes, 2 * side * side))
        self.prototypes /= np.linalg.norm(self.prototypes, axis=1, keepdims=True)
        self.usage = np.zeros(n_prototypes)

    def fit(self, recordings: list) -> "Hots":
        """Start from surfaces that are met, then learn from all events."""
        for k in range(len(self.prototypes)):  # an event of another recording each
            part = recordings[k % len(recordings)]
            self.prototypes[k] = self._surface(part[: len(part) * (1 + k // len(recordings)) // 4 + 50])
        for part in recordings:
            self._run(part, learning=True)
        return self

    def transform(self, recordings: list, cells: int, bins: int = 1) -> np.ndarray:
        """Counts (n_recordings, bins * cells * n_prototypes)."""
        n, found = len(self.prototypes), []
        for part in recordings:
            chosen = self._run(part, learning=False)
            height, width = self.shape
            cell = part["y"] * cells // height * cells + part["x"] * cells // width
            time = part["t"] * bins // (part["t"][-1] + 1)
            place = (time * cells**2 + cell) * n + chosen
            found.append(np.bincount(place, minlength=bins * cells**2 * n).astype(np.float32))
        return np.stack(found)

    def _run(self, part: np.ndarray, *, learning: bool) -> np.ndarray:
        border = 2 * self.half
        last = np.full((2, self.shape[0] + border, self.shape[1] + border), -1e12)
        t, y, x = (np.ascontiguousarray(part[name], np.int64) for name in "tyx")
        chosen, room = np.zeros(len(part), np.int64), np.zeros(self.prototypes.shape[1])
        channel = 1 - part["p"].astype(np.int64)
        run_hots(
            self.prototypes,
            self.usage,
            last,
            room,
            self.half,
            self.tau_us,
            t,
            y,
            x,
            channel,
            chosen,
            learning,
        )
        return chosen

    def _surface(self, part: np.ndarray) -> np.ndarray:
        """The surface around the last event."""
        h, (height, width) = self.half, self.shape
        last = np.full((2, height + 2 * h, width + 2 * h), -1e12)
        for t, x, y, p in part.tolist():
            last[1 - p, y + h, x + h] = t
        found = np.exp((last[:, y : y + 2 * h + 1, x : x + 2 * h + 1] - t) / self.tau_us).ravel()
        return found / np.linalg.norm(found)
