"""Dictionaries on the command line: images of every form, patches, reconstructions, errors."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread, imsave
from typer.testing import CliRunner

import tectum
from tectum import parts
from tectum.cli import images as cli_images
from tectum.cli.app import app
from tectum.models.common.settings import constructor_arguments

SMALL = ["--set", "n_components=8", "--set", "n_presentations=300", "--patches", "400"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that is the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def pictures(folder: Path) -> Path:
    """A folder with a grey and a colour image of different shapes."""
    rng = np.random.RandomState(0)
    (folder / "pictures").mkdir()
    imsave(folder / "pictures" / "grey.png", rng.uniform(size=(40, 30)).cumsum(axis=0), cmap="gray")
    imsave(folder / "pictures" / "colour.png", rng.uniform(size=(25, 50, 3)))
    return folder / "pictures"


def run(*arguments: str, code: int = 0):
    """Result of the command, after checking its exit code and that no traceback was printed."""
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    return result


@pytest.fixture
def model(pictures: Path, folder: Path) -> Path:
    run("fit", "dictionary", "pictures", "-o", "d.tectum", "--patch", "6", "--whiten", *SMALL, "-q")
    return folder / "d.tectum"


@pytest.mark.usefixtures("undrawn", "quick_baselines")
def test_demo(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = cli_images.photograph_patches()
    assert whole.data.shape[1] == whole.test.shape[1] == 144
    assert [image.shape for image in whole.images] == [(427, 160)] * 2
    few = cli_images.Patches(
        "photographs", whole.cut, whole.data[:500], [image[:60, :60] for image in whole.images], [], whole.test[:300]
    )
    monkeypatch.setattr(cli_images, "photograph_patches", lambda: few)
    monkeypatch.setattr("tectum.report.dictionary.figures.MOST_FITTED", 3)
    found = json.loads(run("--json", "demo", "dictionary", "--presentations", "400").stdout)
    assert os.listdir(folder) == ["tectum-dictionary.html"]
    assert set(found["measures"]["error_1"]) >= {"dictionary", "k-means", "sparse coding", "PCA", "ICA"}
    text = Path("tectum-dictionary.html").read_text(encoding="utf-8")
    assert "tectum demo dictionary --presentations 400" in text


def test_fit_remembers_its_patches(model: Path) -> None:
    dictionary = tectum.load(model)
    assert dictionary.components_.shape == (8, 36)
    assert dictionary.on_off_
    note = cli_images.read_note(model, 36)
    assert (note.patch, note.whiten, note.patches) == (6, True, 400)


def test_interrupted_fit_resumes_to_the_same_dictionary(
    pictures: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = ["--set", "n_components=6", "--set", "n_presentations=1200", "--patch", "5", "-q"]
    run("fit", "dictionary", "pictures", "-o", "whole.tectum", *options)
    learn, calls = tectum.SpikingDictionary._learn, []

    def interrupted(self, X):
        calls.append(len(X))
        if len(calls) > 1:
            raise KeyboardInterrupt
        learn(self, X)

    with monkeypatch.context() as patch:
        patch.setattr(tectum.SpikingDictionary, "_learn", interrupted)
        result = run("fit", "dictionary", "pictures", "-o", "part.tectum", *options, code=130)
    assert "--resume part.tectum" in result.stderr
    assert 0 < tectum.load("part.tectum").n_presentations_seen_ < 1200
    run("fit", "dictionary", "pictures", "-o", "part.tectum", "--resume", "part.tectum", "-q")
    np.testing.assert_array_equal(tectum.load("whole.tectum").weights_, tectum.load("part.tectum").weights_)
    assert cli_images.read_note(folder / "part.tectum", 25).patch == 5


@pytest.mark.usefixtures("undrawn")
def test_arrays_of_images_and_of_patches(folder: Path) -> None:
    images = np.random.RandomState(0).uniform(size=(5, 12, 10))
    np.save("images.npy", images)
    np.savez("images.npz", images=images)
    np.save("patches.npy", images.reshape(5, -1)[:, :16])
    for source in ("images.npy", "images.npz"):
        loaded = cli_images.load_images(source)
        np.testing.assert_array_equal(np.stack(list(loaded.values())), images)
    run("fit", "dictionary", "patches.npy", "-o", "p.tectum", *SMALL[:4], "--report", "p.html", "-q")
    assert tectum.load("p.tectum").n_features_in_ == 16
    assert cli_images.read_note(folder / "p.tectum", 16).patch is None
    run("fit", "dictionary", "iris", "-o", "i.tectum", *SMALL[:4], "-q")
    assert tectum.load("i.tectum").n_features_in_ == 4


def test_a_data_set_of_images(folder: Path) -> None:
    run("fit", "dictionary", "digits", "-o", "d.tectum", "--patch", "4", *SMALL, "-q")
    assert tectum.load("d.tectum").n_features_in_ == 16


def test_transform_of_every_patch(model: Path) -> None:
    found = json.loads(run("transform", "d.tectum", "pictures", "-o", "out.npz", "--json").stdout)
    tiles = (25 // 6) * (50 // 6) + (40 // 6) * (30 // 6)
    assert found["shape"] == [tiles, 8]
    arrays = np.load("out.npz")
    assert set(arrays) == {"data", "winners", "image", "row", "column"}
    assert set(arrays["image"]) == {0, 1}
    assert arrays["row"][arrays["image"] == 1].max() == 30
    run("transform", "d.tectum", "pictures", "-o", "more.npy", "--stride", "3", "-q")
    assert len(np.load("more.npy")) > 3 * tiles


@pytest.mark.usefixtures("undrawn")
def test_report_of_a_saved_dictionary(model: Path) -> None:
    result = run("report", "d.tectum", "pictures", "-o", "r.html")
    assert "Error" in result.stdout
    text = Path("r.html").read_text(encoding="utf-8")
    assert "tectum report d.tectum pictures -o r.html" in text
    assert "6 × 6 pixels" in text


def test_reconstruct(model: Path, folder: Path) -> None:
    found = json.loads(run("reconstruct", "d.tectum", "pictures", "-o", "told", "--json").stdout)["images"]
    assert sorted(os.listdir("told")) == ["colour.png", "grey.png"]
    assert imread("told/grey.png").shape[:2] == (40, 30 + 4 + 30)
    assert all(row["error"] < row["trivial"] for row in found)
    one = ["reconstruct", "d.tectum", "pictures/grey.png", "-o", "one.png", "--json", "--force"]
    few = json.loads(run(*one, "--active", "1").stdout)["images"][0]
    assert few["active"] <= 1
    assert few["error"] > found[1]["error"]
    short = json.loads(run(*one, "--steps", "5").stdout)["images"][0]
    assert short["error"] < short["trivial"]


def test_without_a_note_patches_are_square(folder: Path) -> None:
    X = np.random.RandomState(0).uniform(size=(50, 16))
    tectum.SpikingDictionary(4, n_presentations=100, random_state=0).fit(X).save("bare.tectum")
    np.save("images.npy", np.random.RandomState(1).uniform(size=(2, 9, 9)))
    run("reconstruct", "bare.tectum", "images.npy", "-o", "told", "-q")
    assert sorted(os.listdir("told")) == ["images-0.png", "images-1.png"]


def test_settings_of_variants() -> None:
    dictionary = tectum.SpikingDictionary
    arguments = constructor_arguments(dictionary, {"variant": "literal", "rule.eta": 0.01, "n_components": 5})
    assert arguments["rule"] == dictionary.literal().rule._replace(eta=0.01)
    assert arguments["neuron"] == dictionary.literal().neuron
    softmax = constructor_arguments(dictionary, {"competition": "SoftmaxInhibition", "rule.eta": 0.01})
    assert softmax["rule"] == parts.EventSTDP(eta=0.01)
    moving = constructor_arguments(tectum.SpikingSOM, {"growth.surplus": 2.0, "growth": "MovingGrid"})
    assert moving == {"growth": parts.MovingGrid(surplus=2.0)}
    assert constructor_arguments(tectum.SpikingSOM, {"variant": "continuous"})["radius"] == parts.ConstantRadius(1.35)


FIT = ["fit", "dictionary", "pictures", "-o", "m"]
ERRORS = [
    (["fit", "dictionary", "missing.png", "-o", "m"], 1, "no image at missing.png"),
    (["fit", "dictionary", "empty", "-o", "m"], 1, "must hold images"),
    (["fit", "dictionary", "broken.png", "-o", "m"], 1, "cannot be read as an image"),
    (["fit", "dictionary", "iris", "-o", "m", "--whiten"], 1, "--whiten and --drop are for images"),
    ([*FIT, "--patch", "0"], 1, "--patch must be 1 or more"),
    ([*FIT, "--drop", "1"], 1, "--drop must be a share"),
    ([*FIT, "--patch", "60"], 1, "must be at most the"),
    ([*FIT, "--set", "variant=refrence"], 1, "did you mean 'reference'"),
    ([*FIT, "--set", "rule.etaa=1"], 1, "did you mean 'eta'"),
    ([*FIT, "--target", "kind"], 2, "--target is for tables"),
    ([*FIT, "--resume", "x", "--patch", "4"], 2, "--resume goes on"),
    (["fit", "spiking-som", "iris", "-o", "m", "--patch", "4"], 2, "--patch belongs to patches of images"),
    (["reconstruct", "none.tectum", "pictures", "-o", "out"], 1, "no model file"),
]


@pytest.mark.parametrize(("arguments", "code", "message"), ERRORS)
def test_errors(pictures: Path, folder: Path, arguments: list[str], code: int, message: str) -> None:
    (folder / "empty").mkdir()
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n nothing")
    result = run(*arguments, code=code)
    assert message in " ".join(result.stderr.replace("│", " ").split())
    assert sorted(path.name for path in folder.iterdir()) == ["broken.png", "empty", "pictures"]


def test_errors_of_reconstruct(model: Path, folder: Path) -> None:
    reconstruct = ["reconstruct", "d.tectum", "pictures"]
    assert "must name a folder" in run(*reconstruct, "-o", "one.png", code=1).stderr
    assert "change the suffix" in run(*reconstruct, "-o", "one.jpg", code=1).stderr
    assert "--active must be 1 or more" in run(*reconstruct, "-o", "x", "--active", "0", code=1).stderr
    assert "--patch must give the 36 features" in run(*reconstruct, "-o", "x", "--patch", "5", code=1).stderr
    run("fit", "dictionary", "pictures", "-o", "q", "--patch", "4", "--set", "variant=quantiser", *SMALL, "-q")
    assert "use --steps" in run("reconstruct", "q", "pictures", "-o", "x", "--active", "1", code=1).stderr
    run("fit", "spiking-som", "iris", "-o", "s", "--set", "shape=2,2", "--set", "n_presentations=20", "-q")
    assert "must hold a dictionary" in run("reconstruct", "s", "pictures", "-o", "x", code=1).stderr
    assert not (folder / "x").exists()
