"""The labels that a classifier learns, and that its file holds."""

from typing import Any

from numpy.typing import ArrayLike, NDArray

from tectum.analysis._checks import check_labels


def class_labels(name: str, labels: ArrayLike) -> NDArray[Any]:
    """Labels as an array (n_samples,) of numbers or of texts; ValueError for others, which a file cannot hold."""
    found = check_labels(name, labels)
    if found.dtype.kind not in "biufUT":
        raise ValueError(
            f"{name} must be numbers or texts, which a file can hold, got dtype {found.dtype}; use numpy.astype(str), "
            "or number the classes"
        )
    return found
