"""The form in which every loader hands over its samples."""

from dataclasses import dataclass

import numpy as np

from tectum.datasets.columns import Preparation


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Samples, their labels, and where they come from.

    Attributes
    ----------
    data : ndarray of shape (n_samples, n_features)
        The samples; float64, except MNIST (float32).
    target : ndarray of shape (n_samples,) or None
        A label or value per sample.
    feature_names : list of str
        One name per feature.
    target_names : list of str or None
        The name of label `k` at index `k`, where labels have names.
    name : str
        Name of the data set, or the file name without its suffix.
    description : str
        What it is, its source and its licence.
    image_shape : tuple of int or None
        (height, width) in pixels where samples are images, row by row.
    named : bool
        Whether the data name their columns, so that a model can tell them apart; not by numbers made up in reading.
    preparation : Preparation or None
        Of a table: its columns, how text and missing values became numbers, and the names of its classes; `load` does
        the same to other files with it.
    row_names : ndarray of shape (n_samples,) or None
        The column of the file that numbers or names the rows, and is no feature.

    Raises
    ------
    ValueError
        If the lengths of the parts do not agree.

    Examples
    --------
    >>> import tectum
    >>> iris = tectum.datasets.load("iris")
    >>> iris.data.shape, iris.target_names
    ((150, 4), ['setosa', 'versicolor', 'virginica'])
    """

    data: np.ndarray
    target: np.ndarray | None
    feature_names: list[str]
    target_names: list[str] | None
    name: str
    description: str
    image_shape: tuple[int, int] | None = None
    named: bool = False
    preparation: Preparation | None = None
    row_names: np.ndarray | None = None

    def __post_init__(self) -> None:
        if self.data.ndim != 2:
            raise ValueError(f"Dataset.data must be 2-D (n_samples, n_features), got shape {self.data.shape}")
        n_samples, n_features = self.data.shape
        if self.target is not None and self.target.shape != (n_samples,):
            raise ValueError(
                f"Dataset.target must have shape ({n_samples},), one label per sample, got {self.target.shape}; "
                "ravel it, or leave it out"
            )
        if len(self.feature_names) != n_features:
            raise ValueError(f"Dataset.feature_names must hold {n_features} names, got {len(self.feature_names)}")

    def __repr__(self) -> str:
        n_samples, n_features = self.data.shape
        labels = "no labels" if self.target is None else "with labels"
        return f"Dataset({self.name!r}: {n_samples} samples, {n_features} features, {labels})"
