"""Weights of a projection: before learning, as a matrix, and in the tiles that kernels take."""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from tectum.core.lanes import aligned_zeros
from tectum.core.normals import normal_array
from tectum.engine.sheets.projection import TILE, ProjectionScratch, ProjectionState
from tectum.engine.sheets.wires import Geometry
from tectum.parts.wave_learning import WaveWeights

WEIGHT_STREAM = 0xFFFFFFFFFFFD0000  # of random numbers; the layer is added
CONSCIENCE_STREAM = 0xFFFFFFFFFFFC0000
LOST = 0.9  # share of its weight whose loss a unit survives


def initial_weights(
    initial: WaveWeights, pre: Geometry, post: Geometry, seed: np.uint64, layer: int
) -> ProjectionState:
    """A projection onto sheet `layer` before learning."""
    n_pre, n_post = len(pre.positions), len(post.positions)
    normals = normal_array(seed, WEIGHT_STREAM + layer, 0, n_pre * n_post).reshape(n_post, n_pre).astype(np.float64)
    W = initial.mean + initial.spread * normals
    W *= initial.mean / W.mean(axis=1, keepdims=True)
    c = initial.c + initial.c_spread * normal_array(seed, CONSCIENCE_STREAM + layer, 0, n_post)
    if initial.single:
        mother = cKDTree(pre.relative).query(post.relative)[1]
        W = np.where(np.arange(n_pre) == mother[:, None], n_pre * initial.mean, 0.0)
        c = c * (initial.mean * n_pre)
    return weights_from(W, c)


def weights_from(W: NDArray[np.floating], c: NDArray[np.floating]) -> ProjectionState:
    """A projection with weights W (n_post, n_pre) and competition thresholds c (n_post,)."""
    W = np.asarray(W, np.float64)
    return ProjectionState(
        raw=np.ascontiguousarray(W.T, dtype=np.float32),
        factor=np.ones(len(W), np.float32),
        mean=W.mean(axis=1).astype(np.float32),
        square=(W**2).sum(axis=1).astype(np.float32),
        c=np.asarray(c, np.float32).copy(),
        growth=np.zeros(len(W), np.float32),
        reach=np.zeros(len(W), np.float32),
        wins=np.zeros(len(W), np.float32),
        highest=np.zeros(len(W), np.float32),
    )


def dense_weights(weights: ProjectionState) -> NDArray[np.float32]:
    """W (n_post, n_pre)."""
    return np.ascontiguousarray((weights.raw * weights.factor).T)


def rewired(
    weights: ProjectionState,
    source: NDArray[np.int64],
    alive: NDArray[np.bool_],
    initial: WaveWeights,
    seed: np.uint64,
    layer: int,
    draw: int,
) -> ProjectionState:
    """A projection onto sheet `layer` in which each node has taken over the synapses of a `source` (n_pre,), -1: none.

    Units that lose more than `LOST` of their weight start anew, with weights from all nodes that live, the `draw`th of
    their kind; the others keep the sum of theirs.
    """
    before = dense_weights(weights).astype(np.float64)
    W = np.where(source >= 0, before[:, source], 0.0)
    n_post, n_pre = W.shape
    anew = W.sum(axis=1) < (1.0 - LOST) * before.sum(axis=1)
    normals = normal_array(seed, WEIGHT_STREAM + layer, draw, n_pre * n_post).reshape(n_post, n_pre)
    W[anew] = ((initial.mean + initial.spread * normals) * alive)[anew]
    W *= initial.mean * n_pre / W.sum(axis=1, keepdims=True)
    return weights_from(W, weights.c)._replace(wins=weights.wins, highest=weights.highest)


def faded(weights: ProjectionState, dead: NDArray[np.bool_], left: float) -> ProjectionState:
    """A projection in which so much is left of the synapses of dead nodes (n_pre,); units keep their mean weight.

    Else they would stay for ever: a unit that has lost part of its input is no longer among the winners, does not
    fire, and does not learn.
    """
    lost = weights.raw[dead].sum(axis=0, dtype=np.float64)
    kept = weights.raw[~dead].sum(axis=0, dtype=np.float64)
    touched = (lost > 0.0) & (kept > 0.0)
    if not touched.any():
        return weights
    raw, factor, square = weights.raw.copy(), weights.factor.copy(), weights.square.copy()
    raw[np.ix_(dead, touched)] *= np.float32(left)
    factor[touched] *= ((lost + kept)[touched] / (left * lost + kept)[touched]).astype(np.float32)
    square[touched] = ((raw[:, touched] * factor[touched]) ** 2).sum(axis=0)
    return weights._replace(raw=raw, factor=factor, square=square)


def tiled(raw: NDArray[np.float32]) -> NDArray[np.float32]:
    """Weights (n_pre, n_post) as kernels take them, with zeros for the units that the last tile lacks."""
    n_pre, n_units = raw.shape
    tiles = aligned_zeros((-(-n_units // TILE), n_pre, TILE), np.float32)
    whole = n_units // TILE
    tiles[:whole] = raw[:, : whole * TILE].reshape(n_pre, whole, TILE).swapaxes(0, 1)
    if whole < len(tiles):
        tiles[whole, :, : n_units - whole * TILE] = raw[:, whole * TILE :]
    return tiles


def untile(tiles: NDArray[np.float32], raw: NDArray[np.float32]) -> None:
    """The reverse of `tiled`; changes `raw`."""
    n_tiles, n_pre, _ = tiles.shape
    raw[:] = tiles.swapaxes(0, 1).reshape(n_pre, n_tiles * TILE)[:, : raw.shape[1]]


def projection_scratch(n: int) -> ProjectionScratch:
    """Room for a projection onto n units."""
    n_tiles = -(-n // TILE)
    return ProjectionScratch(
        x=np.zeros(n_tiles * TILE, np.float32),
        y=np.zeros(n, np.float32),
        excess=np.zeros(n, np.float32),
        spare=np.zeros(n_tiles * TILE, np.float32),
        first=np.zeros(n_tiles, np.int64),
        last=np.zeros(n_tiles, np.int64),
        winners=np.zeros(n, np.uint32),
        silent=np.zeros(n, np.uint8),
        tile=np.zeros((4, TILE), np.float32),
    )
