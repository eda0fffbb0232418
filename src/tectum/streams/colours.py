"""Small pictures in opponent colours, less what has been seen for some time: a second view of frames, beside a network.

They need OpenCV (the extra ``video``).
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tectum.streams.motion import check_ms
from tectum.streams.pictures import import_cv2
from tectum.streams.stream import Pair, check_size

PLANES = 3  # light, red against green, blue against yellow
LEAST = 0.05  # root mean square that the contrast of a plane is divided by at least
STILL = 1.0  # of the feature that is always there: what has not changed by more counts as still


class OpponentColours:
    """Small pictures in opponent colours, with normalised contrast and adaptation over time.

    Of the logarithm of light, averaged in the cells of a coarse grid, the planes are the mean of red, green and blue,
    less its mean over the frame; red less green; and blue less the mean of both (Buchsbaum & Gottschalk 1983). Each is
    divided by its root mean square, as ganglion cells adapt to contrast, and has its own leaky mean subtracted, as they
    adapt to light: what stays is how the frame differs from the scene at large. A last feature, ever the same, keeps
    the noise of a still camera from counting as change.

    Parameters
    ----------
    grid : (rows, columns), default=(9, 16)
        Cells.
    tau : float, default=30000.0
        Time constant of the mean that is subtracted, in ms; longer than what is to be told apart.
    gap : float, default=1000.0
        Time between two frames in ms from which on they count as two clips.

    Attributes
    ----------
    n_features : int
        Length of the features: the three planes, row by row, and one more.

    Raises
    ------
    ImportError
        If OpenCV is not installed.
    ValueError
        If a parameter is out of range.

    References
    ----------
    Buchsbaum & Gottschalk (1983). Trichromacy, opponent colours coding and optimum colour information transmission in
    the retina. Proc R Soc Lond B 220:89-113.

    Examples
    --------
    >>> from tectum.streams import OpponentColours
    >>> OpponentColours(grid=(3, 4)).n_features
    37
    """

    def __init__(self, *, grid: Pair = (9, 16), tau: float = 30_000.0, gap: float = 1000.0) -> None:
        self.cv2 = import_cv2()
        self.grid = check_size(grid, "OpponentColours.grid")
        self.tau = check_ms(tau, "OpponentColours.tau", "30000 is usual")
        self.gap = check_ms(gap, "OpponentColours.gap", "1000 is usual")
        self.n_features = PLANES * self.grid[0] * self.grid[1] + 1

    def __repr__(self) -> str:
        return f"OpponentColours(grid={self.grid}, n_features={self.n_features})"

    def planes(self, frame: NDArray[Any]) -> NDArray[np.float32]:
        """Opponent colours of one frame, before adaptation to what came before.

        Parameters
        ----------
        frame : ndarray of shape (height, width, 3)
            Red, green, blue from 0 to 255.

        Returns
        -------
        ndarray of float32, shape (3, rows, columns)
            Light, red against green, blue against yellow, each of root mean square 1 unless it has no contrast.
        """
        small = self.cv2.resize(np.asarray(frame, np.float32), self.grid[::-1], interpolation=self.cv2.INTER_AREA)
        red, green, blue = np.moveaxis(np.log1p(np.clip(small, 0.0, 255.0) / 8.0), 2, 0)
        light = (red + green + blue) / 3.0
        planes = np.stack([light - light.mean(), red - green, blue - (red + green) / 2.0])
        contrast = np.sqrt((planes**2).mean(axis=(1, 2), keepdims=True))
        return planes / np.maximum(contrast, LEAST)


class Adaptation:
    """Leaky mean of the pictures of one clip after the other, which is subtracted."""

    def __init__(self, colours: OpponentColours) -> None:
        self._colours = colours
        self._time, self._source, self._share = -math.inf, -1, 0.0
        self._mean = np.zeros(0, np.float32)

    def features(self, frame: NDArray[Any], time_s: float, source: int) -> NDArray[np.float32]:
        """Features of a frame (height, width, 3); those of the first of a clip are 0."""
        colours, dt_ms = self._colours, 1e3 * (time_s - self._time)
        follows = source == self._source and 0.0 < dt_ms < colours.gap
        self._time, self._source = time_s, source
        planes = colours.planes(frame).reshape(-1)
        if not follows:
            self._mean, self._share = planes, 0.0
            return np.zeros(colours.n_features, np.float32)
        follow = -math.expm1(-dt_ms / colours.tau)
        self._share += follow * (1.0 - self._share)
        self._mean = self._mean + np.float32(follow / self._share) * (planes - self._mean)
        return np.append(planes - self._mean, np.float32(STILL))
