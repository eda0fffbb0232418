"""Samples as users have them, before scikit-learn makes an array of them."""

from typing import Any

import numpy as np
from sklearn.utils.validation import validate_data


def numbers_of(estimator: Any, X: Any, **options: Any) -> Any:
    """Samples as an array, by scikit-learn's `validate_data` and its `options`; ValueError for text, and as `plain`."""
    name = type(estimator).__name__
    try:
        return validate_data(estimator, plain(name, X), **options)
    except (TypeError, ValueError) as error:
        if not any(said in str(error) for said in ("could not convert string to float", "must be a string or a real")):
            raise
        cells = np.asarray(X, object)
        place = next((at for at, cell in np.ndenumerate(cells) if _is_text(cell)), None)
        if place is None:
            raise
    if cells.ndim != 2:
        raise ValueError(
            f"{name}: X must be a table of numbers, got {str(X)[:80]!r}; read files with tectum.datasets.load"
        )
    row, column = place
    named = repr(X.columns[column]) if hasattr(X, "columns") else column
    raise ValueError(
        f"{name}: X must hold numbers, got {str(cells[row, column])!r} in row {row}, column {named}; leave the column "
        "out, or make numbers of categories, for instance with sklearn.preprocessing.OneHotEncoder"
    )


def _is_text(cell: Any) -> bool:
    """Whether it is one that stands for no number."""
    if not isinstance(cell, str | bytes):
        return False
    try:
        float(cell)
    except ValueError:
        return True
    return False


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
