"""A fitted model is measured beside its baselines, whatever kind of model it is."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from numpy.typing import ArrayLike

from tectum.models.common.families import family_of
from tectum.models.common.progress import without_progress
from tectum.report.content import Content
from tectum.report.dictionary.page import dictionary_content
from tectum.report.dictionary.study import DictionaryStudy, examine_dictionary
from tectum.report.events.study import EventStudy
from tectum.report.maps.page import map_content
from tectum.report.maps.study import Study, examine_map
from tectum.report.standard.page import responder_content
from tectum.report.standard.study import ResponderStudy, examine_responders
from tectum.report.streams.diary import Diary
from tectum.report.streams.page import stream_content
from tectum.report.streams.study import StreamStudy, examine_stream
from tectum.report.waves.page import wave_content
from tectum.report.waves.study import Snapshot, WaveStudy, examine_waves

AnyStudy = Study | DictionaryStudy | ResponderStudy | WaveStudy | StreamStudy | EventStudy


class Page(NamedTuple):
    """How a family is examined and described: functions, and their arguments of `examine` and `write_report`."""

    examine: Callable[..., Any]
    examined: tuple[str, ...]
    content: Callable[..., Content]
    drawn: tuple[str, ...] = ()


ALWAYS = ("baselines", "random_state")  # arguments that every page may be given
PAGES = {  # by `page` of the family
    "maps": Page(
        examine_map,
        ("X", "y", "target_names", "feature_names", "train", "train_y", *ALWAYS),
        map_content,
        ("image_shape", "random_state"),
    ),
    "dictionary": Page(examine_dictionary, ("X", "train", *ALWAYS), dictionary_content, ("image_shape", "images")),
    "standard": Page(
        examine_responders, ("X", "y", "target_names", "train", *ALWAYS), responder_content, ("image_shape",)
    ),
    "waves": Page(examine_waves, ("growth",), wave_content),
    "streams": Page(examine_stream, ("diary", *ALWAYS), stream_content),
}


def examine(
    model: Any,
    X: ArrayLike | None = None,
    y: ArrayLike | None = None,
    *,
    target_names: Sequence[str] | None = None,
    feature_names: Sequence[str] | None = None,
    train: ArrayLike | None = None,
    train_y: ArrayLike | None = None,
    growth: list[Snapshot] | None = None,
    diary: Diary | None = None,
    baselines: bool = True,
    random_state: int | None = 0,
) -> AnyStudy:
    """Measure a fitted model and baselines of equal size on the same samples.

    A map, and the largest one of a hierarchy, is measured beside a Kohonen map and k-means, a dictionary beside
    k-means, sparse coding, principal and independent components, a network of Diehl & Cook beside itself before
    learning and k-means, a network of sheets beside itself before growth.

    Parameters
    ----------
    model : SpikingSOM, SpikingDictionary, DiehlCook, WaveNetwork or MapHierarchy
        Fitted or grown.
    X : array-like or sparse matrix of shape (n_samples, n_features)
        Samples, none for a network of sheets or with a diary; of more than 5,000 a random subset is examined.
    y : array-like of shape (n_samples,), optional
        Class of each sample, for a map or a network of Diehl & Cook. A target with more than 32 distinct values is not
        a class and is left out.
    target_names : sequence of str, optional
        Name of class `k` at index `k`, for a y of integers.
    feature_names : sequence of str, optional
        Names of the features of a map; those seen in `fit`, or numbers, by default.
    train : array-like of shape (n_train, n_features), optional
        What the model has learned from, if X was held out: the baselines learn from it too. Without it the baselines of
        a map or a network learn from X; those of a dictionary from a random half of X, and all is measured on the
        other. The training of a dictionary is repeated on it for the error over time.
    train_y : array-like of shape (n_train,), optional
        Classes of `train`, for the accuracy of a map on X.
    growth : list of Snapshot, optional
        What `follow_growth` gave for a network of sheets; only its beginning and its end are shown without.
    diary : Diary, optional
        What was kept of the stream that a hierarchy of maps learned; needed for one.
    baselines : bool, default=True
        Whether to fit the baselines.
    random_state : int or None, default=0
        Subset and baselines.

    Returns
    -------
    Study, DictionaryStudy, ResponderStudy, WaveStudy or StreamStudy

    Raises
    ------
    ValueError
        If an argument does not suit the model, y or a list of names has another length, or a class has no name.

    Examples
    --------
    >>> import tectum
    >>> iris = tectum.datasets.load("iris")
    >>> som = tectum.SpikingSOM((4, 4), n_presentations=300, random_state=0).fit(iris.data)
    >>> study = examine(som, iris.data, iris.target, baselines=False)
    >>> study.n_given
    150
    """
    given: dict[str, Any] = {
        "X": X,
        "y": y,
        "target_names": target_names,
        "feature_names": feature_names,
        "train": train,
        "train_y": train_y,
    }
    given |= {"growth": growth, "diary": diary, "baselines": baselines, "random_state": random_state}
    page = page_of(model)
    leave_out("examine", model, given, page.examined)
    name = type(model).__name__
    if "X" in page.examined and X is None:
        raise ValueError(f"examine.X must be samples for a {name}, got None; pass those it learned from")
    if "diary" in page.examined and diary is None:
        raise ValueError(f"examine.diary must be a Diary for a {name}, got None; learn with Diary.learn")
    with without_progress():
        return page.examine(model, **{key: given[key] for key in page.examined})


def page_of(model: Any) -> Page:
    """How a page is made of a model."""
    name = family_of(model).page
    if name not in PAGES:
        raise ValueError(
            f"model must be of a kind that has a page, got a {type(model).__name__}; call its diagnose(X), and draw "
            "what record(X) gives with tectum.plots"
        )
    return PAGES[name]


def leave_out(function: str, model: Any, given: Mapping[str, Any], taken: Sequence[str]) -> None:
    """Raise ValueError for arguments that mean nothing for this kind of model."""
    for name, value in given.items():
        if value is not None and name not in (*taken, *ALWAYS):
            raise ValueError(
                f"{function}.{name} must be left out for a {type(model).__name__}, got {type(value).__name__}; it "
                "belongs to the other kind of model"
            )
