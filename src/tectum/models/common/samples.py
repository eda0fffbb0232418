"""Samples as users have them, before scikit-learn makes an array of them."""

from typing import Any

import numpy as np


def plain(name: str, X: Any) -> Any:
    """X with NaN where it is masked; ValueError for dates and durations, which are no numbers, and for columns of one
    name. `name` is that of the estimator, for messages.
    """
    is_frame = hasattr(X, "columns") and hasattr(X, "dtypes")
    kinds = [getattr(dtype, "kind", "") for dtype in (X.dtypes if is_frame else [getattr(X, "dtype", None)])]
    where = next((k for k, kind in enumerate(kinds) if kind in ("M", "m")), None)
    if where is not None:
        column, dtype = (f", column {X.columns[where]!r},", list(X.dtypes)[where]) if is_frame else ("", X.dtype)
        raise ValueError(
            f"{name}: X{column} must hold numbers, got {dtype}; make numbers of times that say in which unit, for "
            "instance (X - X.min()) / numpy.timedelta64(1, 's'), or leave the column out"
        )
    names = np.array([str(one) for one in X.columns]) if is_frame else np.empty(0, str)
    values, counts = np.unique(names, return_counts=True)
    if (counts > 1).any():
        raise ValueError(
            f"{name}: X must have columns of different names, got {str(values[counts.argmax()])!r} {counts.max()} "
            "times; rename them, or pass X.to_numpy()"
        )
    return unmasked(X)


def unmasked(values: Any) -> Any:
    """The values, with NaN, or None among objects and texts, where they are masked; anything else as it is."""
    if not np.ma.is_masked(values) or values.dtype.names:
        return values
    if values.dtype.kind not in "biuf":
        filled = values.data.astype(object)
        filled[values.mask] = None
        return filled
    return values.astype(np.result_type(values.dtype, np.float16)).filled(np.nan)
