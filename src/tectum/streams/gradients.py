"""Features of frames without a network: pooled gradients and colours, for use when no CNN is at hand."""

import math
from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tectum.streams.stream import Pair, check_size, check_whole

GREY = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601
COLOURS = 6  # red, green, blue above middle grey, and below it
GRADIENTS = 2.0  # what gradients are multiplied with, to count beside colours


class Extractor(ABC):
    """What makes features of frames of a fixed size."""

    size: Pair
    n_features: int
    batch = 1  # frames computed at a time

    def transform(self, frames: ArrayLike) -> NDArray[np.float32]:
        """Features of frames.

        Parameters
        ----------
        frames : array-like of shape (n_frames, height, width, 3)
            RGB pictures of the size of the extractor, 0 to 255.

        Returns
        -------
        ndarray of float32, shape (n_frames, n_features)

        Raises
        ------
        ValueError
            If frames are not of that shape.
        """
        frames = np.asarray(frames)
        if frames.shape[1:] != (*self.size, 3):
            raise ValueError(
                f"{type(self).__name__}.transform.frames must have shape (n_frames, {self.size[0]}, {self.size[1]}, "
                f"3), got {frames.shape}; resize them to the size of the {type(self).__name__}"
            )
        X = np.empty((len(frames), self.n_features), np.float32)
        for start in range(0, len(frames), self.batch):
            part = slice(start, start + self.batch)
            X[part] = self._run(frames[part]).reshape(-1, self.n_features)
        return X

    @abstractmethod
    def _run(self, frames: NDArray[Any]) -> NDArray[np.float32]:
        """Features of a few frames, one or more, in their own shape."""


class OrientedGradients(Extractor):
    """Pooled gradients by orientation, as in histograms of oriented gradients (Dalal & Triggs 2005), and mean colours.

    Of each square cell of a frame the features are twice the root of the mean energy of its gradients in each of some
    orientations, and how far its mean red, green and blue lie above 0.5 and below it: none is below 0, and bright and
    dark scenes have different directions. They distinguish road, sky, night and rain, but not objects: a convolutional
    network is better. It can replace a `CNN` in `features`.

    Parameters
    ----------
    size : (height, width), default=(96, 160)
        Size of the frames in pixels, whole multiples of the cell.
    cell : int, default=8
        Side of a cell in pixels.
    n_orientations : int, default=8
        Orientations, from 0 to 180 degrees.
    rows_first : bool, default=False
        Whether features are ordered by row, column, channel, so that a stretch of features is a band of the picture,
        instead of by channel, row, column.

    Attributes
    ----------
    layer : str
        What the features are, in words.
    shape : tuple of int
        Shape of the features of a frame, (channels, rows, columns), or (rows, columns, channels) with `rows_first`.
    n_features : int
        Their number.

    Raises
    ------
    ValueError
        If a parameter is out of range.

    Examples
    --------
    >>> OrientedGradients(size=(48, 80)).size
    (48, 80)
    """

    layer = "pooled gradients and colours"

    def __init__(
        self, *, size: Pair = (96, 160), cell: int = 8, n_orientations: int = 8, rows_first: bool = False
    ) -> None:
        self.size = check_size(size, "OrientedGradients.size")
        self.cell = check_whole(cell, "OrientedGradients.cell", "8 is usual")
        self.n_orientations = check_whole(n_orientations, "OrientedGradients.n_orientations", "8 is usual")
        self.rows_first = rows_first
        if self.size[0] % self.cell or self.size[1] % self.cell:
            raise ValueError(
                f"OrientedGradients.size must be whole multiples of the cell of {cell} pixels, got {size}; "
                "(96, 160) is usual"
            )
        grid = self.size[0] // self.cell, self.size[1] // self.cell
        channels = self.n_orientations + COLOURS
        self.shape = (*grid, channels) if rows_first else (channels, *grid)
        self.n_features = math.prod(self.shape)

    def __repr__(self) -> str:
        return f"OrientedGradients(size={self.size}, shape={self.shape})"

    def _run(self, frames: NDArray[Any]) -> NDArray[np.float32]:
        cells = np.stack([self._cells(frame.astype(np.float32) / 255.0) for frame in frames])
        return cells if self.rows_first else cells.transpose(0, 3, 1, 2)

    def _cells(self, frame: NDArray[np.float32]) -> NDArray[np.float32]:
        """Features (rows, columns, channels) of one frame (height, width, 3)."""
        grey = frame @ GREY
        down, right = np.gradient(grey)
        energy = down**2 + right**2
        place = np.mod(np.arctan2(down, right) / np.pi, 1.0) * self.n_orientations
        lower = np.floor(place)
        share = place - lower  # of the energy, for the next orientation
        pixels = np.zeros((*self.size, self.n_orientations + COLOURS), np.float32)
        first = lower.astype(np.intp)[..., np.newaxis] % self.n_orientations
        np.put_along_axis(pixels, first, (energy * (1.0 - share))[..., np.newaxis], axis=2)
        second = (first + 1) % self.n_orientations
        kept = np.take_along_axis(pixels, second, axis=2)  # with a single orientation both are the same
        np.put_along_axis(pixels, second, kept + (energy * share)[..., np.newaxis], axis=2)
        pixels[..., -3:] = frame - 0.5
        rows, columns = self.size[0] // self.cell, self.size[1] // self.cell
        cells = pixels.reshape(rows, self.cell, columns, self.cell, -1).mean(axis=(1, 3))
        colour = cells[..., -3:]
        cells[..., -COLOURS:-3] = np.maximum(colour, 0.0)
        cells[..., -3:] = np.maximum(-colour, 0.0)
        cells[..., : self.n_orientations] = GRADIENTS * np.sqrt(cells[..., : self.n_orientations])
        return cells
