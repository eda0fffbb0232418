"""What notebooks show: objects as HTML, and pictures of models in a line."""

from typing import Any

import matplotlib
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import tectum
from tectum import parts
from tectum.plots import plot_measures
from tectum.report import Measure, Report, examine, write_report
from tectum.report.verdict import verdict_on


@pytest.fixture(scope="module")
def som() -> Any:
    X = np.random.RandomState(0).uniform(size=(60, 4))
    return tectum.SpikingSOM((4, 3), n_presentations=100, random_state=0).fit(X), X


def axes() -> Axes:
    return Figure().subplots()


def is_html(text: str, *parts: str) -> bool:
    return text.startswith("<") and "http" not in text.split("<img")[0] and all(part in text for part in parts)


def test_recording(som: Any) -> None:
    recording = som[0].record(som[1][:3])
    assert is_html(recording._repr_html_(), "<table", "inhibitory" if "inhibitory" in recording.spikes else "v", "<img")
    drawn = recording.plot(["u", "v"], ax=Figure().subplots(2))
    assert [ax.get_ylabel() for ax in drawn] == ["u", "v"]
    assert drawn[0].get_xlim() == (0.0, recording.duration_ms)
    with pytest.raises(ValueError, match="populations must be of u, h, v, got 'w'"):
        recording.plot(["w"])


@pytest.mark.usefixtures("undrawn")
def test_diagnosis_study_and_report(som: Any, tmp_path: Any) -> None:
    model, X = som
    y = (X[:, 0] > 0.5).astype(int)
    assert is_html(model.diagnose(X)._repr_html_(), "<svg", "<table")
    study = examine(model, X, y)
    assert is_html(study._repr_html_(), "spiking map", "untrained", study.verdict.grade, "<img")
    assert len(study.plot(figure=Figure())) == len(study.measures)
    page = write_report(tmp_path / "a&b.html", model, X, y, study=study)
    assert isinstance(page, Report)
    assert is_html(page._repr_html_(), "a&amp;b.html", "spiking map")
    assert Report("other.html")._repr_html_().count("other.html") == 2
    with pytest.raises(ValueError, match="at least one"):
        plot_measures([])


def measured(better: str, **values: float) -> Measure:
    return Measure("key", "Error", "", better, values)


VERDICTS = [
    ([measured("lower", own=1.0, before=2.0, rival=1.01)], [], "good", "Learning pays"),
    ([measured("lower", own=1.0, before=2.0, rival=0.5)], [], "poor", "behind in error (rival)"),
    ([measured("higher", own=1.0, before=1.0)], [], "poor", "Learning does not pay"),
    ([measured("higher", own=1.0, before=1.0)], [], "poor", "not better than before on the only number compared"),
    (
        [measured("lower", own=1.0, rival=0.5)],
        [],
        "poor",
        "Never level with the best baseline: behind in error (rival).",
    ),
    ([measured("higher", own=2.0, before=1.0, rival=np.nan)], ["silent"], "mixed", "1 warning, below"),
    ([measured("higher", own=np.nan, rival=1.0)], [], "good", "The diagnosis has no warnings"),
]


@pytest.mark.parametrize(("measures", "warnings", "grade", "reason"), VERDICTS)
def test_verdict(measures: list[Measure], warnings: list[str], grade: str, reason: str) -> None:
    found = verdict_on(measures, "own", "before", warnings)
    assert found.grade == grade
    assert reason in found.text


def test_maps_are_drawn_by_what_is_given(som: Any) -> None:
    model, X = som
    assert model.plot(ax=axes()).images or model.plot(ax=axes()).collections
    hits = model.plot(X, ax=axes())
    assert sum(int(text.get_text()) for text in hits.texts) == (model.predict(X) >= 0).sum()
    assert model.plot(X, np.arange(60) % 2, ax=axes()).get_legend() is not None
    assert model.plot(image_shape=(2, 2), ax=axes()).images


def test_each_family_draws_itself() -> None:
    X = np.random.RandomState(0).uniform(size=(40, 16))
    dictionary = tectum.SpikingDictionary(6, n_presentations=60, random_state=0).fit(X)
    assert dictionary.plot(ax=axes()).images
    sheets = [parts.Sheet((8, 8)), parts.Sheet(12)]
    fields = tectum.WaveNetwork(sheets, random_state=0).grow(20.0).plot(ax=axes())
    assert fields.images or fields.collections or fields.patches
    hierarchy = tectum.MapHierarchy(random_state=0).fit(X)
    assert hierarchy.plot(ax=axes()).images or hierarchy.plot(ax=axes()).collections
    assert hierarchy.plot(X, np.arange(40) // 20, ax=axes()).get_xlabel() == "frame"
    network = tectum.Network(presentation=20.0, random_state=0).fit(X)
    assert network.plot(X, ax=axes()).get_xlabel() == "time (ms)"
    with pytest.raises(ValueError, match=r"Network\.plot\.X must be samples"):
        network.plot()
    with pytest.raises(ValueError, match=r"SpikingDictionary\.plot\.X must be left out"):
        dictionary.plot(X)
    odd = tectum.SpikingDictionary(4, n_presentations=20, random_state=0).fit(X[:, :6])
    with pytest.raises(ValueError, match=r"image_shape must be \(height, width\)"):
        odd.plot()
    assert odd.plot(image_shape=(2, 3), ax=axes()).images


def test_names_of_scikit_learn(som: Any) -> None:
    model, X = som
    assert np.array_equal(model.cluster_centers_, model.codebook_)
    places = model.positions(X)
    assert places.shape == (60, 2)
    assert np.array_equal(places @ (3, 1), model.predict(X))
    again = tectum.SpikingSOM((4, 3), n_presentations=100, random_state=0)
    assert np.array_equal(again.fit_predict(X), model.predict(X))
    assert not hasattr(tectum.SpikingDictionary(), "fit_predict")


def test_no_window_opens(som: Any) -> None:
    before = matplotlib.pyplot.get_fignums()
    som[0].record(som[1][:1])._repr_html_()
    assert matplotlib.pyplot.get_fignums() == before
