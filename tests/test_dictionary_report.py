"""The report about a dictionary: numbers, figures of every kind of model, what is refused."""

import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.datasets import load_digits

from tectum import SpikingDictionary, SpikingSOM, analysis, parts
from tectum.analysis.dictionary_baselines import BASELINES
from tectum.parts import EventSTDP, ResidualSTDP
from tectum.parts.steps import discretise
from tectum.report import DictionaryStudy, examine, write_report
from tectum.report.dictionary.figures import code_image
from tectum.report.dictionary.spikes import followed_change, total_change
from tectum.report.dictionary.study import list_budgets

FIGURES = [
    *("components", "usage", "training", "gabors", "orientations", "images", "samples", "comparison", "sparsity"),
    *("raster", "steps", "window"),
]


@pytest.fixture(scope="module")
def digits() -> np.ndarray:
    return load_digits().data / 16.0


@pytest.fixture(scope="module")
def dictionary(digits: np.ndarray) -> SpikingDictionary:
    return SpikingDictionary(16, n_active=3, n_presentations=3000, random_state=0).fit(digits[:1200])


@pytest.fixture(scope="module")
def study(dictionary: SpikingDictionary, digits: np.ndarray) -> DictionaryStudy:
    return examine(dictionary, digits[1200:], train=digits[:1200])


def figures_of(path: Path) -> list[str]:
    return re.findall(r'<figure id="figure-([^"]+)"', path.read_text(encoding="utf-8"))


def test_every_method_at_every_code_length(study: DictionaryStudy, dictionary: SpikingDictionary) -> None:
    lengths = {method: {s.length for s in study.scores if s.method == method} for method in ("dictionary", "ICA")}
    assert lengths["dictionary"] == {1, 2, 4, 8, None}
    assert {1, 2, 4, 8} <= lengths["ICA"]
    measures = {measure.key: measure.values for measure in study.measures}
    others = {"k-means", "sparse coding", "LCA", "PCA", "ICA", "mean sample"}
    assert set(measures["error_1"]) == {"dictionary", "untrained", *others}
    assert measures["error"]["dictionary"] == dictionary.reconstruction_error(study.X)
    assert measures["error_1"]["k-means"] < measures["error_1"]["mean sample"]
    trivial = {score.method: score.rms for score in study.scores if score.length == 0}
    assert trivial["nothing"] == analysis.trivial_errors(study.X, reference=study.X)["all_zero"]


def test_the_untrained_dictionary_is_as_sparse_and_worse(study: DictionaryStudy) -> None:
    """Its as-trained row stands beside the dictionary as trained, not beside another number of active neurons."""
    own, before = ([s for s in study.scores if s.method == name] for name in ("dictionary", "untrained"))
    assert [s.length for s in before] == [s.length for s in own]
    assert before[-1].active_units == pytest.approx(3.0, rel=0.15)
    errors = {measure.key: measure.values for measure in study.measures}
    assert errors["error"]["untrained"] == before[-1].rms > own[-1].rms
    assert errors["error_4"]["untrained"] == before[2].rms > own[2].rms
    assert "better than untrained on 3 of 3 numbers" in study.verdict.text


def test_more_components_tell_more(study: DictionaryStudy) -> None:
    errors = [score.rms for score in study.scores if score.method == "dictionary"]
    active = [score.active_units for score in study.scores if score.method == "dictionary"]
    assert errors == sorted(errors, reverse=True)
    assert active == sorted(active)
    assert active[0] <= 1


def test_budgets_leave_the_dictionary_alone(dictionary: SpikingDictionary, digits: np.ndarray) -> None:
    before = dictionary.transform(digits[:20])
    budget = list_budgets(dictionary)[0]
    assert (np.count_nonzero(budget.reconstruct(digits[:20])[0], axis=1) <= 1).all()
    np.testing.assert_array_equal(dictionary.transform(digits[:20]), before)


def test_error_over_training_falls(study: DictionaryStudy) -> None:
    seen, errors = study.curve
    assert seen[-1] == 3000
    assert errors[-1] < errors[0]


@pytest.mark.usefixtures("quick_baselines")
def test_without_training_samples_half_of_the_samples_are_learned_from(
    dictionary: SpikingDictionary, digits: np.ndarray
) -> None:
    found = examine(dictionary, digits[:101])
    assert (found.n_given, found.n_train, len(found.X)) == (101, 50, 51)
    assert found.curve is None
    alone = examine(dictionary, digits[:101], baselines=False)
    assert len(alone.X) == 101
    assert {score.method for score in alone.scores} == {"dictionary", "mean sample", "nothing"}


def test_page(dictionary: SpikingDictionary, study: DictionaryStudy, tmp_path: Path) -> None:
    images = [np.tile(study.X[k].reshape(8, 8), (2, 3)) for k in range(3)]
    given = {"study": study, "image_shape": (8, 8), "images": images, "title": "<Digits>", "seconds": 1.5}
    path = write_report(tmp_path / "d.html", dictionary, study.X, **given)
    text = path.read_text(encoding="utf-8")
    drawn = figures_of(path)
    assert drawn == [key for key in FIGURES if key != "orientations" or "orientations" in drawn]
    for stated in ("&lt;Digits&gt;", "scikit-learn: PCA", "tectum.SpikingDictionary(", "ExplainingAway", "1.5 s"):
        assert stated in text
    assert "spiking map" not in text
    figure = text.split('id="figure-components"')[1].split("</figure>")[0]
    light, dark = re.findall(r'class="for-(?:light|dark)"[^>]*src="([^"]+)"', figure)
    assert light != dark


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("variant", [SpikingDictionary.reference, SpikingDictionary.quantiser])
def test_page_of_a_quantiser(variant, digits: np.ndarray, tmp_path: Path) -> None:
    model = variant(6, n_presentations=300, random_state=0).fit(digits[:200])
    path = write_report(tmp_path / "q.html", model, digits[:150], baselines=False)
    assert figures_of(path) == ["components", "usage", "comparison", "sparsity", "raster", "steps", "window"]
    assert "softmax" in path.read_text(encoding="utf-8")
    first = list_budgets(model)[0]
    assert (first.name, first.length) == ("winner", 1)


@pytest.mark.usefixtures("one_theme")
def test_signed_samples_and_a_silent_dictionary(tmp_path: Path) -> None:
    X = np.random.RandomState(0).normal(size=(60, 16))
    model = SpikingDictionary(5, n_presentations=100, random_state=0).fit(X)
    assert "window" in figures_of(write_report(tmp_path / "s.html", model, X, image_shape=(4, 4), baselines=False))
    weak = 1e-3 * X
    assert examine(model, weak, baselines=False).counts.sum() == 0
    assert write_report(tmp_path / "w.html", model, weak, image_shape=(4, 4), baselines=False).stat().st_size > 10_000


@pytest.mark.usefixtures("undrawn", "quick_baselines")
def test_a_baseline_that_fails_is_left_out(
    dictionary: SpikingDictionary, digits: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pixels at the border of 80 digits never change, so that FastICA once divided by 0 and took the page down."""
    found = examine(dictionary, digits[:80])
    assert not found.left_out
    assert {"PCA", "ICA", "k-means", "sparse coding"} < {score.method for score in found.scores}

    def fails(*args: object, **kwargs: object) -> None:
        raise np.linalg.LinAlgError("SVD did not converge")

    monkeypatch.setitem(BASELINES, "ICA", fails)
    found = examine(dictionary, digits[:80])
    assert found.left_out == {"ICA": "SVD did not converge"}
    methods = {score.method for score in found.scores}
    assert "ICA" not in methods
    assert "PCA" in methods
    text = write_report(tmp_path / "d.html", dictionary, digits[:80], study=found).read_text(encoding="utf-8")
    assert "ICA is left out: SVD did not converge." in text


def test_images_are_put_together_to_the_border(dictionary: SpikingDictionary) -> None:
    image = np.random.RandomState(0).uniform(size=(21, 18))
    restored, active = code_image(list_budgets(dictionary)[-1], image, (8, 8))
    assert restored.shape == (21, 18)
    assert active > 0
    assert restored[-1].any()


def test_windows_come_from_the_laws() -> None:
    rule = EventSTDP(eta=0.1, decay=0.0)
    assert total_change(rule, 0.5, 0) == pytest.approx(0.05)
    assert total_change(rule, 0.5, 3) == pytest.approx(-0.05)
    assert total_change(rule, 0.5, -2) == pytest.approx(-0.05)
    step = discretise(ResidualSTDP(w_min=0.0), 1.0)
    assert followed_change(step, 0.0, -1.0, 0.1) == 0.0
    assert followed_change(step, 0.6, 1.0, 0.1) == pytest.approx(0.7 / np.sqrt(0.64 + 0.49) - 0.6, rel=1e-5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"image_shape": (4, 4)}, "image_shape must be .* with 64 pixels"),
        ({"images": [np.zeros((9, 9))]}, "images must come with image_shape"),
        ({"images": [np.zeros((5, 9))], "image_shape": (8, 8)}, "images must be grey images"),
        ({"y": np.zeros(100)}, "examine.y must be left out for a SpikingDictionary"),
    ],
)
def test_bad_input(
    dictionary: SpikingDictionary, digits: np.ndarray, tmp_path: Path, arguments: dict, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        write_report(tmp_path / "bad.html", dictionary, digits[:100], baselines=False, **arguments)
    assert list(tmp_path.iterdir()) == []


def test_a_map_refuses_what_belongs_to_a_dictionary(digits: np.ndarray, tmp_path: Path) -> None:
    som = SpikingSOM(shape=(2, 2), n_presentations=20, n_snapshots=0, random_state=0).fit(digits[:20])
    with pytest.raises(ValueError, match="growth must be left out for a SpikingSOM"):
        examine(som, digits[:20], growth=[])
    with pytest.raises(ValueError, match="images must be left out for a SpikingSOM"):
        write_report(tmp_path / "m.html", som, digits[:20], images=[], baselines=False)


def test_a_rule_of_ones_own_has_no_window(digits: np.ndarray) -> None:
    from tectum.report.dictionary.spikes import _window

    model = SpikingDictionary(4, competition=parts.SoftmaxInhibition(), rule=parts.TraceSTDP(), n_presentations=50)
    assert [drawing.key for drawing in _window(model.fit(digits[:50]))] == ["window"]
    own = type("Own", (tuple,), {})
    model.set_params(rule=None)
    model.chosen_parts = lambda: SimpleNamespace(rule=own(), encoder=parts.RegularSpikes())
    assert _window(model) == []
