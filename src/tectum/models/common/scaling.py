"""Features scaled to their range, and back."""

import warnings
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

FAR = 50.0  # ranges of most values, beyond which one is an outlier ...
ENOUGH = 100  # ... if there are as many samples
MOST = 2000  # samples that say where most values lie


class FeatureScaling(NamedTuple):
    """Min-max scaling with clipping. A feature that does not vary carries no information and is left out."""

    lowest: NDArray[np.float64]  # (n_features,)
    highest: NDArray[np.float64]  # (n_features,)

    @property
    def varies(self) -> NDArray[np.bool_]:
        """Which features are used, shape (n_features,)."""
        return self.highest > self.lowest

    def unit(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        """Used features of X (n, n_features) scaled so that the range is 0 to 1; not clipped, NaN stays NaN."""
        used = self.varies
        return (X[:, used] - self.lowest[used]) / (self.highest - self.lowest)[used]

    def from_unit(self, share: NDArray[np.float64]) -> NDArray[np.float64]:
        """Points (n, n_features) in units of the input, from used features (n, n_used) as `unit` gives them."""
        used = self.varies
        points = np.tile(self.lowest, (len(share), 1))
        points[:, used] += share * (self.highest - self.lowest)[used]
        return points


def unit_range(X: NDArray[Any], given: tuple[float, float] | None, owner: str) -> tuple[float, float]:
    """Values that become 0 and 1: those given, else the smallest of the data, at most 0, and the largest; ValueError if
    they are no range, or the data have none.
    """
    ends = (min(0.0, X.min()), X.max()) if given is None else given
    try:
        low, high = (float(_numeric(value)) for value in _two(ends))
    except (TypeError, ValueError):
        raise ValueError(
            f"{owner}.input_range must be (low, high), got {given!r}; for images of bytes it is (0, 255)"
        ) from None
    if given is None and not low < high:
        raise ValueError(
            f"{owner}: X must hold a value above its smallest, or 0, got {high} throughout (n_samples = {len(X)}); no "
            "input would ever fire"
        )
    if not (np.isfinite(low) and np.isfinite(high) and low < high):
        raise ValueError(
            f"{owner}.input_range must have low < high, both finite, got {given!r}; for bytes it is (0, 255)"
        )
    return low, high


def _two(ends: Any) -> tuple[Any, Any]:
    """Both ends of a range; TypeError for a part, ValueError for another number of them."""
    if hasattr(ends, "_fields"):
        raise TypeError("a part is no range")
    low, high = ends
    return low, high


def _numeric(end: Any) -> NDArray[np.float64]:
    """An end of a range as numbers; ValueError for text that looks like them."""
    numbers = np.asarray(end)
    if numbers.dtype.kind not in "iuf":
        raise ValueError(f"an end of a range must be a number, got {end!r}")
    return numbers.astype(np.float64)


def unit_values(X: NDArray[Any], ends: tuple[float, float]) -> NDArray[np.float32]:
    """Values from 0 to 1 in a range from `unit_range`; those beyond are clipped."""
    low, high = np.asarray(ends, np.float64)  # so that float32 samples give the bits of float64 ones
    return np.clip((X - low) / (high - low), 0.0, 1.0).astype(np.float32)


def _without_outliers(X: NDArray[np.float64], owner: str) -> NDArray[np.float64]:
    """X (n_samples, n_features) with NaN in place of values that would squeeze all others of their feature.

    They are farther from the median than 50 times the range of 98 % of the values. A feature of which half of the
    samples have one value is left as it is: what is rare need not be wrong.
    """
    if len(X) < ENOUGH:
        return X
    some = X[:: -(-len(X) // MOST)]
    quantile = np.nanquantile if np.isnan(some).any() else np.quantile  # which is much faster
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of features without a known value
        low, first, middle, third, high = quantile(some, [0.01, 0.25, 0.5, 0.75, 0.99], axis=0)
        reach = np.fmax(np.fmax.reduce(X, axis=0) - middle, middle - np.fmin.reduce(X, axis=0))
        if not ((reach > FAR * (high - low)) & (first < third)).any():
            return X
        far = (np.abs(X - middle) > FAR * (high - low)) & (first < third)
    column = int(far.any(axis=0).argmax())
    value = X[far[:, column], column][0]
    warnings.warn(
        f"{owner}: {int(far.sum())} values of X are farther from the median of their feature than {FAR:g} times the "
        f"range of 98 % of its values, such as {value:.4g} in column {column}, and would squeeze the others; "
        "they are clipped to the range of these; mend them, or pass input_range to keep them",
        stacklevel=2,
    )
    return np.where(far, np.nan, X)


def scaling_of(
    X: NDArray[np.float64] | None, input_range: tuple[float, float] | None, n_features: int, owner: str
) -> FeatureScaling:
    """Scaling from a given range, or from the data if there is none; ValueError if the range does not fit the
    features, or nothing varies.
    """
    if input_range is None:
        assert X is not None
        X = _without_outliers(X, owner)
        known = (np.nan_to_num(end.reduce(X, axis=0)) for end in (np.fmin, np.fmax))  # 0 where no value is known
        scaling = FeatureScaling(*known)
        if not scaling.varies.any():
            raise ValueError(
                f"{owner}: X must hold a feature that varies, got the same values in every row (without "
                f"repeats n_samples = {len(X)}, n_features = {n_features}); pass input_range=(low, high) to start from "
                "such data"
            )
        return scaling
    try:
        lowest, highest = (np.broadcast_to(_numeric(end), (n_features,)).copy() for end in _two(input_range))
    except (TypeError, ValueError):
        raise ValueError(
            f"{owner}: input_range must be (low, high), each a number or of shape ({n_features},), got {input_range!r}"
        ) from None
    if not (np.isfinite(lowest).all() and np.isfinite(highest).all() and (lowest <= highest).all()):
        raise ValueError(f"{owner}: input_range must be finite with low <= high, got {input_range!r}")
    if not (highest > lowest).any():
        raise ValueError(f"{owner}: input_range must leave room in at least one feature, got {input_range!r}")
    return FeatureScaling(lowest, highest)
