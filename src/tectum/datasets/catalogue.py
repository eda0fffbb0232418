"""The named data sets, and the one function that loads any of them or a file."""

import inspect
import os
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple

from tectum.datasets.bundled import load_cube, load_from_sklearn, load_square
from tectum.datasets.dataset import Dataset
from tectum.datasets.files import READERS, load_file
from tectum.datasets.mnist import load_mnist
from tectum.datasets.wisconsin import load_wisconsin


class Summary(NamedTuple):
    """One named data set, as `load` returns it by default.

    Examples
    --------
    >>> describe()[0].name
    'square'
    """

    name: str
    samples: int
    features: int
    classes: int | None  # None: no labels
    source: str
    licence: str


UCI = "UCI machine learning repository"
UCI_BY_SKLEARN = f"{UCI}, as distributed with scikit-learn"
UCI_LICENCE = "CC BY 4.0"
MNIST_LICENCE = "none stated by the authors; later distributors state CC BY-SA 3.0"

CATALOGUE: list[tuple[Summary, Callable[..., Dataset]]] = [
    (Summary("square", 1000, 2, None, "generated: uniform in the unit square", "no restriction"), load_square),
    (Summary("cube", 1000, 3, None, "generated: uniform in the unit cube", "no restriction"), load_cube),
    (Summary("iris", 150, 4, 3, f"Fisher 1936; {UCI_BY_SKLEARN}", UCI_LICENCE), load_from_sklearn),
    (Summary("wine", 178, 13, 3, f"Aeberhard & Forina 1991; {UCI_BY_SKLEARN}", UCI_LICENCE), load_from_sklearn),
    (
        Summary("breast_cancer", 569, 30, 2, f"Wolberg et al. 1993 (diagnostic); {UCI_BY_SKLEARN}", UCI_LICENCE),
        load_from_sklearn,
    ),
    (Summary("digits", 1797, 64, 10, f"Alpaydin & Kaynak 1998; {UCI_BY_SKLEARN}", UCI_LICENCE), load_from_sklearn),
    (Summary("wisconsin", 683, 9, 2, f"Wolberg & Mangasarian 1990 (original); {UCI}", UCI_LICENCE), load_wisconsin),
    (Summary("mnist", 60000, 784, 10, "LeCun, Cortes & Burges; NIST databases 1 and 3", MNIST_LICENCE), load_mnist),
]


def load(name_or_path: str | os.PathLike[str], *, random_state: Any = 0, **options: Any) -> Dataset:
    """Load a named data set, or samples from a file.

    Parameters
    ----------
    name_or_path : str or path
        One of `names()`, or a file ending in ``.npy``, ``.npz``, ``.csv`` or ``.parquet``.
        A name wins over a file of the same name.
    random_state : int, RandomState instance or None
        Seed of the generated data sets; the others do not use it.
    **options
        ``n_samples`` for "square" and "cube"; ``subset`` ("train", "test" or "all") for "mnist".

        For ``.csv`` and ``.parquet``: ``target`` (name or index of the column of labels), ``columns`` and ``drop``
        (those to take and to leave out), ``index`` (the column that only numbers the rows; None recognises and leaves
        it out, False keeps it), ``missing`` ("refuse" missing values, "keep" them as NaN, or "mean", "median" or
        "most_frequent" to fill them), ``text`` ("refuse", or "one-hot" for a feature for each value), ``preparation``
        (of a data set loaded before, to treat this one the same).

        For ``.csv`` also ``delimiter``, ``decimal`` and ``header`` (None recognises them) and ``na`` (what stands for
        a missing value besides an empty cell, NA, NaN, null and none).

    Returns
    -------
    dataset : Dataset
        Samples as float64 (MNIST: float32), labels where there are any.

    Raises
    ------
    DataError
        If the suffix is unknown, or the content is not a table of numbers; a ValueError. It names the file, where it
        can row and column, and the way out.
    ValueError
        If the name is unknown, or an option has no such value.
    TypeError
        If an option does not exist for this data set.
    FileNotFoundError
        If there is no such file.
    ConnectionError
        If a download fails.
    ImportError
        If reading the file needs a package that is not installed.

    Examples
    --------
    >>> load("iris").data.shape
    (150, 4)
    """
    entry = next((entry for entry in CATALOGUE if entry[0].name == name_or_path), None)
    if entry is not None:
        summary, loader = entry
        _check_options(f"load({summary.name!r})", loader, options)
        if "random_state" in inspect.signature(loader).parameters:
            options["random_state"] = random_state
        return loader(summary.name, f"Source: {summary.source}. Licence: {summary.licence}.", **options)
    if not _looks_like_path(name_or_path):
        raise ValueError(_unknown_name(str(name_or_path)))
    path = Path(name_or_path).expanduser()
    reader = READERS.get(path.suffix.lower())
    if reader is not None:
        _check_options(f"load of a {path.suffix.lower()} file", reader, options)
    return load_file(path, **options)


def names() -> list[str]:
    """The names that `load` knows.

    Examples
    --------
    >>> "iris" in names()
    True
    """
    return [summary.name for summary, _ in CATALOGUE]


def describe() -> list[Summary]:
    """One row per named data set: name, samples, features, classes, source, licence. Loads nothing.

    Examples
    --------
    >>> [summary.samples for summary in describe() if summary.name == "iris"]
    [150]
    """
    return [summary for summary, _ in CATALOGUE]


def _check_options(what: str, loader: Callable[..., object], options: dict[str, Any]) -> None:
    """Raise TypeError for an option that `loader` does not take."""
    parameters = inspect.signature(loader).parameters.values()
    known = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY and p.name != "random_state"]
    for option in options:
        if option not in known:
            raise TypeError(f"{what} has no option {option!r}; its options are: {', '.join(known) or 'none'}")


def _looks_like_path(name_or_path: str | os.PathLike[str]) -> bool:
    """Whether the user means a file rather than a name."""
    if not isinstance(name_or_path, str):
        return True
    path = Path(name_or_path).expanduser()
    return path.suffix.lower() in READERS or len(path.parts) > 1 or path.exists()


def _unknown_name(name: str) -> str:
    """What to say about a name that is neither a data set nor a path."""
    near = get_close_matches(name.lower(), names(), n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(repr(match) for match in near)}? " if near else ""
    return (
        f"load: name_or_path must be a data set or a file, got {name!r}; {hint}"
        f"Data sets: {', '.join(names())}. Files: {', '.join(READERS)}"
    )
