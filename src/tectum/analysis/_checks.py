"""Checks at the door of the analysis functions, and the rank correlation they share."""

import numbers
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import ConstantInputWarning, spearmanr


def check_shape(shape: tuple[int, int]) -> tuple[int, int]:
    """Return ``shape`` as two positive ints (rows, cols).

    A grid that is hexagonal or wraps, as `tectum.parts.HexagonalGrid`, is such a pair too.
    """
    sides = np.asarray(shape)
    if sides.shape != (2,) or not np.issubdtype(sides.dtype, np.integer) or sides.min() < 1:
        raise ValueError(f"shape must be two positive integers (rows, cols), got {shape!r}; pass e.g. shape=(10, 10)")
    return int(sides[0]), int(sides[1])


def check_table(name: str, values: ArrayLike, *, undefined_rows: bool = False) -> NDArray[np.float64]:
    """Return a non-empty (rows, columns) float table; NaN is allowed only where rows may be undefined."""
    table = np.asarray(values, dtype=np.float64)
    if table.ndim != 2 or 0 in table.shape:
        raise ValueError(
            f"{name} must be a non-empty 2-D array, got shape {table.shape}; for one column use {name}.reshape(-1, 1)"
        )
    if undefined_rows and np.isinf(table).any():
        raise ValueError(
            f"{name} must be finite (NaN marks an undefined row), got infinite values; replace them by NaN"
        )
    if not undefined_rows and not np.isfinite(table).all():
        raise ValueError(f"{name} must be finite, got NaN or infinite values; drop or impute those rows first")
    return table


def check_codebook(codebook: ArrayLike, shape: tuple[int, int]) -> NDArray[np.float64]:
    """Return the codebook as floats with one row per neuron of the map."""
    rows, cols = check_shape(shape)
    table = check_table("codebook", codebook, undefined_rows=True)
    if len(table) != rows * cols:
        raise ValueError(
            f"codebook must have rows*cols = {rows * cols} rows for shape {(rows, cols)}, got {len(table)}; "
            "pass the shape of the map the codebook belongs to"
        )
    return table


def check_indices(name: str, values: ArrayLike, stop: int, *, ndim: int = 1, start: int = 0) -> NDArray[np.intp]:
    """Return an integer array whose entries lie in [start, stop)."""
    indices = np.asarray(values)
    if indices.ndim != ndim:
        raise ValueError(f"{name} must be a {ndim}-D array, got shape {indices.shape}; select or add columns to match")
    if indices.size == 0:
        return indices.astype(np.intp)
    if not np.issubdtype(indices.dtype, np.integer):
        raise ValueError(f"{name} must hold integers, got dtype {indices.dtype}; convert with {name}.astype(int)")
    if indices.min() < start or indices.max() >= stop:
        raise ValueError(
            f"{name} must lie between {start} and {stop - 1}, got {indices.min()} to {indices.max()}; "
            "check that it comes from the same map and recording"
        )
    return indices.astype(np.intp)


def check_winners(winners: ArrayLike, shape: tuple[int, int]) -> NDArray[np.intp]:
    """Return one winner per sample, -1 where no neuron fired."""
    rows, cols = check_shape(shape)
    return check_indices("winners", winners, rows * cols, start=-1)


def check_same_length(**arrays: NDArray[Any]) -> None:
    """Raise unless all arrays have equally many rows."""
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(
            f"{', '.join(lengths)} must have the same length, got {lengths}; pass one row per sample in each"
        )


def check_labels(name: str, labels: ArrayLike) -> NDArray[Any]:
    """Return labels as a non-empty 1-D array of numbers or of texts, none of them missing."""
    if np.ma.is_masked(labels):
        masked: Any = labels
        filled = masked.data.astype(object)
        filled[masked.mask] = None
        labels = filled
    values = np.asarray(labels)
    if values.dtype.kind in "US" and not hasattr(labels, "dtype"):
        values = np.asarray(labels, dtype=object)  # numbers among texts are still numbers
    if values.ndim != 1 or len(values) == 0:
        raise ValueError(f"{name} must be a non-empty 1-D array, got shape {values.shape}; flatten it with ravel()")
    if values.dtype.kind != "O":
        return values
    kind: Any = str if isinstance(values[0], str) else numbers.Number
    strange = next((k for k, one in enumerate(values) if not isinstance(one, kind) or one != one), None)
    if strange is not None:
        raise ValueError(
            f"{name} must be all numbers or all texts, got {values[strange]!r} at {strange} beside {values[0]!r}; fill "
            "in what is missing, or drop those samples"
        )
    return np.array(values.tolist())


def check_times(name: str, values: ArrayLike) -> NDArray[np.float64]:
    """Return finite spike times as a 1-D float array."""
    times = np.asarray(values, dtype=np.float64)
    if times.ndim != 1 or not np.isfinite(times).all():
        raise ValueError(
            f"{name} must be a 1-D array of finite times in ms, got shape {times.shape}"
            f"{'' if np.isfinite(times).all() else ' with NaN or infinite values'}; pass one time per spike"
        )
    return times


def rank_correlation(a: NDArray[Any], b: NDArray[Any]) -> float:
    """Spearman correlation of two equally long 1-D arrays; NaN where it is undefined (short or constant)."""
    if len(a) < 2:
        return float("nan")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConstantInputWarning)
        return float(spearmanr(a, b).statistic)


def check_signal(name: str, values: ArrayLike, *, least: int = 1) -> NDArray[np.float64]:
    """Return a finite 1-D float array of at least ``least`` samples."""
    signal = np.asarray(values, dtype=np.float64)
    if signal.ndim != 1 or len(signal) < least or not np.isfinite(signal).all():
        raise ValueError(
            f"{name} must be a 1-D array of at least {least} finite values, got shape {signal.shape}"
            f"{'' if np.isfinite(signal).all() else ' with NaN or infinite values'}; pass one signal at a time"
        )
    return signal


def check_positive(name: str, value: float) -> float:
    """Return a positive finite number as a float."""
    if not (isinstance(value, (int, float, np.number)) and 0 < value < np.inf):
        raise ValueError(f"{name} must be a positive number, got {value!r}; mind the unit in the name")
    return float(value)


def check_count(name: str, value: int, *, least: int = 1) -> int:
    """Return an integer of at least ``least``."""
    if not isinstance(value, (int, np.integer)) or isinstance(value, bool) or value < least:
        raise ValueError(f"{name} must be an integer of at least {least}, got {value!r}; pass a whole number")
    return int(value)


def check_patches(
    X: ArrayLike, X_test: ArrayLike, n_components: int, n_active: Sequence[int]
) -> tuple[NDArray[np.float64], NDArray[np.float64], list[int]]:
    """Both sets of patches as tables, and the code lengths, sorted."""
    X, X_test = check_table("X", X), check_table("X_test", X_test)
    if X.shape[1] != X_test.shape[1]:
        raise ValueError(
            f"X_test must have the {X.shape[1]} features of X, got {X_test.shape[1]}; cut both from images alike"
        )
    if not isinstance(n_components, (int, np.integer)) or not 1 <= n_components <= len(X):
        raise ValueError(
            f"n_components must be an integer from 1 to the {len(X)} training patches, got {n_components!r}; "
            "pass more patches or ask for fewer components"
        )
    lengths = sorted(set(n_active))
    if not lengths or not all(isinstance(k, (int, np.integer)) and k >= 1 for k in lengths):
        raise ValueError(
            f"n_active must hold positive integers, got {n_active!r}; (1, 2, 3) compares codes of up to three "
            "coefficients"
        )
    return X, X_test, [int(k) for k in lengths]


def check_positions(name: str, positions: ArrayLike) -> NDArray[np.float64]:
    """A finite table with two columns."""
    table = check_table(name, positions)
    if table.shape[1] != 2:
        raise ValueError(f"{name} must have 2 columns, got {table.shape[1]}; pass one (x, y) per row")
    return table
