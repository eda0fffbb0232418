"""Checks of the arrays that plots receive, with messages that name the plot and the argument."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


def as_grid(values: npt.ArrayLike, name: str) -> Floats:
    """``values`` as a float array (rows, cols); ValueError naming ``name`` otherwise."""
    grid = np.asarray(values, dtype=np.float64)
    if grid.ndim != 2 or grid.size == 0:
        raise ValueError(
            f"{name} must be a grid of shape (rows, cols), got shape {grid.shape}; "
            "reshape values per neuron with .reshape(rows, cols)."
        )
    return grid


def as_vector(values: npt.ArrayLike, name: str, length: int | None = None) -> Floats:
    """``values`` as a float array (n,), of ``length`` where given; ValueError naming ``name`` otherwise."""
    vector = np.asarray(values, dtype=np.float64)
    if vector.ndim != 1 or (length is not None and len(vector) != length):
        expected = "n" if length is None else str(length)
        raise ValueError(
            f"{name} must have shape ({expected},), got {vector.shape}; pass one value per item, in the same order."
        )
    return vector


def as_points(values: npt.ArrayLike, name: str) -> Floats:
    """First two columns of ``values`` as a float array (n, 2); ValueError naming ``name`` otherwise."""
    points = np.asarray(values, dtype=np.float64)
    if points.ndim != 2 or points.shape[1] < 2:
        raise ValueError(
            f"{name} must have shape (n, 2) or more columns, got {points.shape}; "
            "choose the two columns to draw, for example X[:, [0, 2]]."
        )
    return points[:, :2]


def as_classes(labels: npt.ArrayLike, name: str) -> Integers:
    """``labels`` as integers, -1 where NaN or negative; ValueError naming ``name`` for anything but class indices."""
    values = np.asarray(labels)
    if values.dtype.kind not in "iufb":
        raise ValueError(
            f"{name} must hold class indices from 0, -1 for none, got dtype {values.dtype}; "
            "encode names first: target_names, labels = numpy.unique(names, return_inverse=True)."
        )
    known = np.nan_to_num(values.astype(np.float64), nan=-1.0)
    if np.any(known != np.round(known)):
        raise ValueError(f"{name} must hold whole numbers from 0, -1 for none, got fractions; round them first.")
    return np.maximum(known, -1).astype(np.int64)


def class_names(labels: Integers, target_names: Sequence[str] | None, name: str) -> list[str]:
    """Names of the classes in ``labels``: ``target_names``, or their numbers; ValueError if there are too few."""
    n_classes = int(labels.max(initial=-1)) + 1
    if target_names is None:
        return [str(k) for k in range(n_classes)]
    if len(target_names) < n_classes:
        raise ValueError(
            f"{name} must name every class: got {len(target_names)} names and a label {n_classes - 1}; "
            f"pass at least {n_classes} names."
        )
    return [str(target_name) for target_name in target_names]


def as_neurons(neurons: npt.ArrayLike, n_neurons: int, name: str) -> Integers:
    """``neurons`` as indices below ``n_neurons``; ValueError naming ``name`` otherwise."""
    indices = np.asarray(neurons)
    if indices.size and (indices.min() < 0 or indices.max() >= n_neurons):
        raise ValueError(
            f"{name} must lie in 0 ... {n_neurons - 1}, got {indices.min()} ... {indices.max()}; "
            "pass the size of the population that fired, or leave out the spikes of other populations."
        )
    return indices.astype(np.int64)


def check_codebook(codebook: npt.ArrayLike, shape: tuple[int, int], name: str) -> Floats:
    """``codebook`` as a float array (rows * cols, n_features); ValueError naming ``name`` otherwise."""
    values = np.asarray(codebook, dtype=np.float64)
    if values.ndim != 2 or len(values) != shape[0] * shape[1]:
        raise ValueError(
            f"{name} must have one row per neuron of the {shape[0]} x {shape[1]} map, "
            f"got shape {values.shape}; pass the codebook and the shape of the same map."
        )
    return values
