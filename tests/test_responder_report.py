"""The report on a network of Diehl & Cook: numbers beside untrained and k-means, figures, the command line."""

import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits
from typer.testing import CliRunner

import tectum
from tectum.cli.app import app
from tectum.report import ResponderStudy, examine, write_report

pytestmark = pytest.mark.compiled


@pytest.fixture(scope="module")
def digits() -> tuple[np.ndarray, np.ndarray]:
    found = load_digits()
    keep = found.target < 3
    return found.data[keep][:240], found.target[keep][:240]


@pytest.fixture(scope="module")
def network(digits: tuple[np.ndarray, np.ndarray]) -> tectum.DiehlCook:
    return tectum.DiehlCook(20, n_passes=2, random_state=0).fit(*digits)


@pytest.fixture(scope="module")
def study(network: tectum.DiehlCook, digits: tuple[np.ndarray, np.ndarray]) -> ResponderStudy:
    return examine(network, *digits, target_names=["zero", "one", "two"])


def test_numbers_stand_beside_untrained_and_k_means(study: ResponderStudy) -> None:
    measures = {measure.key: measure.values for measure in study.measures}
    assert list(measures) == ["accuracy", "match", "usage", "spikes"]
    assert list(measures["accuracy"]) == ["network", "untrained", "k-means"]
    assert measures["accuracy"]["network"] > 0.7
    assert measures["match"]["network"] > measures["match"]["untrained"]
    assert all(0.0 <= value <= 1.0 for key in ("accuracy", "match", "usage") for value in measures[key].values())


def test_the_page(study: ResponderStudy, network: tectum.DiehlCook, digits: tuple, tmp_path: Path) -> None:
    text = write_report(tmp_path / "d.html", network, digits[0], image_shape=(8, 8), study=study).read_text("utf-8")
    for stated in (
        "Accuracy",
        "before learning",
        "k-means",
        "Which classes it takes for which",
        "Neurons that never win",
    ):
        assert stated in text
    assert "theta_plus" in text  # the constants of all parts
    with pytest.raises(ValueError, match=r"image_shape must be \(height, width\) with 64 pixels"):
        write_report(tmp_path / "d.html", network, digits[0], image_shape=(9, 9), study=study)


def test_without_labels_and_baselines(network: tectum.DiehlCook, digits: tuple, tmp_path: Path) -> None:
    bare = examine(network, digits[0][:30], baselines=False)
    assert [measure.key for measure in bare.measures] == ["match", "usage", "spikes"]
    text = write_report(tmp_path / "bare.html", network, digits[0][:30], study=bare).read_text("utf-8")
    assert "Which classes" not in text
    with pytest.raises(ValueError, match=r"examine.growth must be left out for a DiehlCook"):
        examine(network, digits[0], growth=[])
    learned = examine(network, digits[0][:30], train=digits[0][30:60])
    assert learned.held_out
    assert len(learned.methods["k-means"].patterns) == len(network.weights_)


def test_fit_and_report_on_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["--set", "n_neurons=8", "--set", "neuron.theta_plus=0.2"]
    fitted = CliRunner().invoke(app, ["fit", "diehl-cook", "iris", "-o", "iris.tectum", *words, "--json"])
    assert fitted.exit_code == 0, fitted.output
    assert json.loads(fitted.stdout)["presentations"] == 150
    net = tectum.load("iris.tectum")
    assert net.neuron == tectum.recommended("DiehlCook").neuron._replace(theta_plus=0.2)
    assert net.predict(tectum.datasets.load("iris").data).shape == (150,)
    result = CliRunner().invoke(app, ["report", "iris.tectum", "iris", "-o", "iris.html", "--json"])
    assert result.exit_code == 0, result.output
    assert set(json.loads(result.stdout)["measures"]["match"]) == {"network", "untrained", "k-means"}
