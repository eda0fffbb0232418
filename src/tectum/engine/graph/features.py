"""From wide feature vectors to the inputs that fire, strongest first; see `tectum.parts.feature_code` for the codes.

A sample's code does not depend, to the last bit, on the samples it is coded together with: each sum runs over the
features in their order, never in the order of a matrix product. Loops run over blocks of the matrix, so that one
reading of it serves all samples of a chunk.
"""

import math
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tectum.core.kernel import kernel
from tectum.core.law import law
from tectum.core.normals import normal_array
from tectum.core.random import uniform_array
from tectum.engine.projection import FEATURES_AT_ONCE, project_dense, project_sparse
from tectum.parts.feature_code import RandomProjection, Ranked

NONE = -1  # input of a rank that stays silent
BLANK = 1e-6  # size of the largest feature below which a sample is nothing
STREAM = 0x70726F6A  # "proj": tells the draws of a projection from the other draws of a model
ROWS_AT_ONCE = 256  # samples coded at a time, so that intermediate results stay small
ZERO = np.float32(0.0)
ONE = np.float32(1.0)


@law
def n_inputs(part, n_features):
    """Number of inputs of a code of n_features features."""


@law
def start(part, n_features):
    """State (n,) float64 of a code that has seen no sample, which learning carries on; empty if it has none."""


@law
def coder(part, seed, n_features):
    """What tells the strength of each input: an object with a method `strengths`, like `ProjectionCoder`."""


class FeatureCoder:
    """Latency code of feature vectors, a function of the code (RandomProjection or Ranked), the seed and the number of
    features; it has `n_inputs` input neurons. ValueError if a parameter of the code is out of range.
    """

    def __init__(self, part: Any, seed: int, n_features: int) -> None:
        self.part, self.seed, self.n_features = part, np.uint64(seed), n_features
        self.n_inputs = n_inputs(part, n_features)
        self._coder = coder(part, self.seed, n_features)

    def start(self) -> NDArray[np.float64]:
        """State of a code that has seen no sample."""
        return start(self.part, self.n_features)

    def ranked_inputs(
        self, X: NDArray[Any], mean: NDArray[np.float64] | None = None, *, learning: bool = True
    ) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        """The inputs that fire for each sample, strongest first; those of equal strength by index.

        X (n_samples, n_features) are finite features in the order in which they come, read as float32; ValueError if
        there are not n_features. `mean` is the state after the samples before, see `start`, and is not changed; None
        starts anew. `learning` says whether the state follows the samples. Returned are inputs (n_samples, k), -1
        beyond those that are above 0, none for a sample without a feature above 1e-6, and the state after these
        samples.
        """
        if X.ndim != 2 or X.shape[1] != self.n_features:
            raise ValueError(
                f"FeatureCoder.ranked_inputs.X must have shape (n_samples, {self.n_features}), got {X.shape}; "
                "a coder is made for one number of features"
            )
        mean = self.start() if mean is None else mean.copy()
        neuron = np.empty((len(X), self.part.k), np.int32)
        for first in range(0, len(X), ROWS_AT_ONCE):
            part = slice(first, first + ROWS_AT_ONCE)
            rows = np.ascontiguousarray(X[part], dtype=np.float32)
            strength, blank = self._coder.strengths(rows, mean, learning)
            strongest(strength, blank, np.empty(self.part.k, np.float32), neuron[part])
        return neuron, mean


@kernel
def strongest(strength, blank, heap, neuron):
    """Indices of the largest values above 0 of each row, largest first, equal ones by index.

    IN `strength` (n_rows, n), float32; `blank` (n_rows,), rows of which nothing is taken. OUT `heap` (k,), room to work
    in, and `neuron` (n_rows, k), the indices, -1 where there are fewer.
    """
    k = neuron.shape[1]
    for m in range(strength.shape[0]):
        index = neuron[m]
        index[:] = NONE
        if blank[m]:
            continue
        # the best so far, as a heap whose root is the first to leave: the smallest, of equal ones the last
        size = 0
        for i in range(strength.shape[1]):
            x = strength[m, i]
            if x <= ZERO:
                continue
            if size < k:
                at = size
                size += 1
                while at > 0:
                    parent = (at - 1) // 2
                    if heap[parent] < x:  # an equal parent has the lower index: it must sink below
                        break
                    heap[at], index[at] = heap[parent], index[parent]
                    at = parent
                heap[at], index[at] = x, i
            elif x > heap[0]:
                sift_down(heap, index, size, x, i)
        # taken from the heap one by one, the first to leave last
        while size > 1:
            size -= 1
            x, i = heap[size], index[size]
            last = index[0]
            sift_down(heap, index, size, x, i)
            index[size] = last


@kernel
def sift_down(heap, index, size, x, i):
    """Put (x, i) in the place of the root of a heap of the given size; see `strongest` for the arrays."""
    at = 0
    while True:
        child = 2 * at + 1
        if child >= size:
            break
        right = child + 1
        if right < size and (heap[right] < heap[child] or (heap[right] == heap[child] and index[right] > index[child])):
            child = right
        if heap[child] > x or (heap[child] == x and index[child] < i):
            break
        heap[at], index[at] = heap[child], index[child]
        at = child
    heap[at], index[at] = x, i


@kernel
def on_and_off(P, mean, share, learning, blank, strength):
    """Projections to strengths of ON and OFF inputs: length 1, less the mean, split by sign.

    IN P (n_rows, d), projections; `share`, by how much the mean follows what is left of a sample without it, 1 / tau;
    `learning`, whether it follows. INOUT `mean` (d,), float64, of the projections, (0,) for none; `blank` (n_rows,),
    samples without a code, which those without a projection join. OUT `strength` (n_rows, 2 d), of blank samples
    undefined.
    """
    d = P.shape[1]
    for m in range(P.shape[0]):
        squares = 0.0
        for j in range(d):
            squares += np.float64(P[m, j]) * np.float64(P[m, j])
        blank[m] = blank[m] or squares == 0.0
        if blank[m]:
            continue
        length = math.sqrt(squares)
        for j in range(d):
            p = np.float64(P[m, j]) / length
            if mean.shape[0] > 0:
                p -= mean[j]
                if learning:
                    mean[j] += p * share
            strength[m, j] = np.float32(max(p, 0.0))
            strength[m, d + j] = np.float32(max(-p, 0.0))


@kernel
def scale_channels(X, state, tau, learning, blank, strength):
    """Features divided by the mean of their channel, in which the sample itself counts while learning.

    IN X (n_rows, n_features), channel after channel; `tau`, time constant of the means in samples; `learning`, whether
    they follow; `blank` (n_rows,), samples without a code. INOUT `state` (1 + n_channels,), float64: number of samples
    seen, and mean of each channel over them, or over the last tau if there are more. OUT `strength` (n_rows,
    n_features): 0 in channels that were never active, X if there was no sample yet.
    """
    n_channels = state.shape[0] - 1
    size = X.shape[1] // n_channels
    for m in range(X.shape[0]):
        if blank[m]:
            continue
        if learning:
            state[0] += 1.0
        for c in range(n_channels):
            first, last = c * size, (c + 1) * size
            if learning:
                total = 0.0
                for i in range(first, last):
                    total += np.float64(X[m, i])
                state[1 + c] += (total / size - state[1 + c]) / min(state[0], tau)
            scale = 1.0
            if state[0] > 0.0:
                scale = 1.0 / state[1 + c] if state[1 + c] > 0.0 else 0.0
            for i in range(first, last):
                strength[m, i] = np.float32(np.float64(X[m, i]) * scale)


class ProjectionCoder:
    """Strengths of the ON and OFF inputs of a `RandomProjection`."""

    def __init__(self, part: RandomProjection, seed: np.uint64, n_features: int) -> None:
        self.part, self.seed, self.n_features = part, seed, n_features

    @cached_property
    def matrix(self) -> NDArray[np.float32]:
        """G (n_features, d) of Gaussian numbers; those of a feature do not depend on the number of features."""
        numbers = normal_array(self.seed, STREAM, 0, self.n_features * self.part.d)
        return numbers.reshape(self.n_features, self.part.d)

    @cached_property
    def sparse_matrix(self) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32]]:
        """Place of each feature's entries, their columns and their signs."""
        d, density = self.part.d, self.part.density or 0.0
        draws = uniform_array(int(self.seed), STREAM, 0, self.n_features * d).reshape(self.n_features, d)
        feature, direction = np.nonzero(draws < np.float32(density))
        sign = np.where(draws[feature, direction] < np.float32(density / 2), ONE, -ONE)
        return np.searchsorted(feature, np.arange(self.n_features + 1)), direction.astype(np.int32), sign

    def strengths(
        self, rows: NDArray[np.float32], mean: NDArray[np.float64], learning: bool
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Strength of each input for each sample, and which samples are blank; learning moves the mean."""
        P = np.empty((len(rows), self.part.d), np.float32)
        if self.part.density is None:
            project_dense(rows, self.matrix, FEATURES_AT_ONCE, P)
        else:
            project_sparse(rows, *self.sparse_matrix, P)
        strength = np.empty((len(rows), 2 * self.part.d), np.float32)
        blank = blank_rows(rows)
        share = 1.0 / self.part.center_tau if self.part.center_tau else 0.0
        on_and_off(P, mean, share, learning, blank, strength)
        return strength, blank


class RankedCoder:
    """Strengths of the features themselves, for `Ranked`."""

    def __init__(self, part: Ranked) -> None:
        self.part = part

    def strengths(
        self, rows: NDArray[np.float32], mean: NDArray[np.float64], learning: bool
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """As for `ProjectionCoder`."""
        blank = blank_rows(rows)
        if self.part.channels is None:
            return rows, blank
        strength = np.empty_like(rows)
        scale_channels(rows, mean, self.part.channel_tau, learning, blank, strength)
        return strength, blank


def blank_rows(rows: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Samples in which nothing is active."""
    return np.abs(rows).max(axis=1, initial=0.0) < BLANK


@n_inputs.of(RandomProjection)
def _(part, n_features):
    return 2 * part.d


@n_inputs.of(Ranked)
def _(part, n_features):
    return n_features


@start.of(RandomProjection)
def _(part, n_features):
    return np.zeros(0 if part.center_tau is None else part.d)


@start.of(Ranked)
def _(part, n_features):
    return np.zeros(0 if part.channels is None else 1 + part.channels)


@coder.of(RandomProjection)
def _(part, seed, n_features):
    if part.k > part.d:
        raise ValueError(
            f"RandomProjection.k must be at most d = {part.d}, got {part.k}; half of the 2 d inputs is silent for each "
            "sample"
        )
    return ProjectionCoder(part, seed, n_features)


@coder.of(Ranked)
def _(part, seed, n_features):
    if part.channels is not None and n_features % part.channels:
        raise ValueError(
            f"Ranked.channels must divide the number of features, {n_features}, got {part.channels!r}; "
            "take the number of channels of the layer, or None for no scaling"
        )
    return RankedCoder(part)
