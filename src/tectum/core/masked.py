"""Masked arrays: what is masked is missing, whatever lies below the mask."""

from typing import Any

import numpy as np


def unmasked(values: Any) -> Any:
    """The values, with NaN, or None among objects and texts, where they are masked; anything else as it is."""
    if not np.ma.is_masked(values) or values.dtype.names:
        return values
    if values.dtype.kind not in "biuf":
        return np.where(np.ma.getmaskarray(values), None, np.ma.getdata(values).astype(object))
    return values.astype(np.result_type(values.dtype, np.float16)).filled(np.nan)
