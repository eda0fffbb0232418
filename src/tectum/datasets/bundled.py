"""Data sets that need no file: generated ones, and those that come with scikit-learn."""

from collections.abc import Callable
from typing import Any

import numpy as np

from tectum.datasets.dataset import Dataset


def load_uniform(
    name: str, description: str, *, n_features: int, n_samples: int = 1000, random_state: Any = 0
) -> Dataset:
    """Points drawn uniformly from the unit square, cube, ..., [0, 1) in 1 to 3 dimensions, without labels;
    ValueError if `n_samples` is not a positive integer.
    """
    from sklearn.utils import check_random_state

    if not isinstance(n_samples, int | np.integer) or isinstance(n_samples, bool) or n_samples < 1:
        raise ValueError(f"load({name!r}): n_samples must be an integer of at least 1, got {n_samples!r}")
    return Dataset(
        data=check_random_state(random_state).uniform(size=(int(n_samples), n_features)),
        target=None,
        feature_names=["x", "y", "z"][:n_features],
        target_names=None,
        name=name,
        description=description,
    )


def load_square(name: str, description: str, *, n_samples: int = 1000, random_state: Any = 0) -> Dataset:
    """Uniform points in the unit square; see `load_uniform`."""
    return load_uniform(name, description, n_features=2, n_samples=n_samples, random_state=random_state)


def load_cube(name: str, description: str, *, n_samples: int = 1000, random_state: Any = 0) -> Dataset:
    """Uniform points in the unit cube; see `load_uniform`."""
    return load_uniform(name, description, n_features=3, n_samples=n_samples, random_state=random_state)


def load_from_sklearn(name: str, description: str) -> Dataset:
    """A data set that scikit-learn brings along, iris, wine, breast_cancer or digits, with integer labels and their
    names.
    """
    from sklearn import datasets

    loader: Callable[[], Any] = getattr(datasets, f"load_{name}")
    bunch = loader()
    return Dataset(
        data=np.ascontiguousarray(bunch.data, dtype=np.float64),
        target=np.asarray(bunch.target, dtype=np.int64),
        feature_names=[str(feature) for feature in bunch.feature_names],
        target_names=[str(label) for label in bunch.target_names],
        name=name,
        description=description,
        image_shape=bunch.images.shape[1:] if "images" in bunch else None,
        named="images" not in bunch,
    )
