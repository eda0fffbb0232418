"""The report: numbers, figures, escaping, one self-contained file that a browser shows without complaint."""

import json
import os
import re
import shutil
import subprocess
from html import escape
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.model_selection import train_test_split

from tectum import SpikingSOM, WaveNetwork, analysis, report
from tectum.analysis import kohonen_codebook
from tectum.report import Study, examine, write_report

FIGURES = [
    *("unfolding", "quality", "lattice", "u-matrix", "hits", "labels", "clusters", "planes"),
    *("oscillation", "latency", "first-spikes", "bubble", "lateral", "inputs", "responses"),
]
EVIL = '<script>alert("1")</script>&'
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"),
    *("--disable-sync", "--no-first-run", "--enable-logging=stderr", "--v=0", "--virtual-time-budget=10000"),
]
# Put before everything else on the page: counts errors, then writes into the document what the reader would see.
WITNESS = """<script>
const errors = [];
addEventListener("error", (event) => errors.push(String(event.message || event.target.tagName)), true);
addEventListener("securitypolicyviolation", (event) => errors.push(event.blockedURI));
addEventListener("load", () => {
  const images = [...document.images].map((image) => ({
    key: image.closest("figure").id, theme: image.className, width: image.naturalWidth,
    shown: image.getBoundingClientRect().width,
  }));
  const page = document.documentElement;
  const seen = {errors, images, overflow: page.scrollWidth - page.clientWidth};
  seen.theme = getComputedStyle(page).colorScheme;
  document.getElementById("theme").click();
  seen.toggled = getComputedStyle(page).colorScheme;
  page.dataset.seen = JSON.stringify(seen);
});
</script>"""


@pytest.fixture(scope="module")
def iris() -> tuple[np.ndarray, np.ndarray]:
    return load_iris(return_X_y=True)


@pytest.fixture(scope="module")
def som(iris: tuple[np.ndarray, np.ndarray]) -> SpikingSOM:
    return SpikingSOM(shape=(5, 6), n_presentations=200, n_snapshots=4, random_state=0).fit(iris[0])


@pytest.fixture(scope="module")
def study(som: SpikingSOM, iris: tuple[np.ndarray, np.ndarray]) -> Study:
    return examine(som, *iris, target_names=["setosa", "versicolor", EVIL], feature_names=["a", "b", "c", EVIL])


@pytest.fixture(scope="module")
def page(som: SpikingSOM, study: Study, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "iris.html"
    given = {"title": f"Iris {EVIL}", "command": f"tectum demo {EVIL}", "seconds": 1.25}
    assert write_report(path, som, study.samples, study=study, **given) == path
    return path


def test_kohonen_map_unfolds_over_the_square() -> None:
    X = np.random.RandomState(0).uniform(size=(1000, 2))
    codebook = kohonen_codebook(X, (10, 10), 10_000, 0)
    assert analysis.quantization_error(X, codebook) < 0.045
    assert analysis.topographic_error(analysis.best_matching_units(X, codebook), (10, 10)) < 0.03
    np.testing.assert_array_equal(codebook, kohonen_codebook(X, (10, 10), 10_000, 0))
    with pytest.raises(ValueError, match="n_steps must be a positive integer, got 0"):
        kohonen_codebook(X, (10, 10), 0)


def test_numbers_stand_beside_baselines(som: SpikingSOM, study: Study, iris: tuple[np.ndarray, np.ndarray]) -> None:
    values = {measure.key: measure.values for measure in study.measures}
    assert set(values["quantization_error"]) == {"spiking map", "untrained", "Kohonen map", "k-means"}
    assert set(values["topographic_error"]) == {"spiking map", "untrained", "Kohonen map"}
    assert values["topographic_error"]["spiking map"] == som.topographic_error(iris[0])
    assert values["topographic_error_spikes"]["spiking map"] == som.topographic_error(iris[0], winners="spikes")
    assert values["quantization_error"]["k-means"] < values["quantization_error"]["Kohonen map"]
    units = analysis.cluster_scores(iris[1], som.predict(iris[0]))
    assert values["purity"]["spiking map"] == units["purity"]
    assert f"{units['n_units']} (spiking map)" in {m.key: m for m in study.measures}["purity"].meaning
    assert {"ari", "ami", "unit_ami"} <= set(values)


@pytest.mark.usefixtures("undrawn")
def test_without_labels_or_baselines(som: SpikingSOM, iris: tuple[np.ndarray, np.ndarray], tmp_path: Path) -> None:
    bare = examine(som, iris[0][:20], baselines=False)
    assert bare.labels is None
    assert all(set(measure.values) == {"spiking map"} for measure in bare.measures)
    text = write_report(tmp_path / "bare.html", som, iris[0][:20], study=bare).read_text(encoding="utf-8")
    assert "figure-labels" not in text
    assert "Kohonen map of the same shape" not in text
    assert "tectum.SpikingSOM(" in text


def test_a_target_of_many_values_is_no_class(som: SpikingSOM, iris: tuple[np.ndarray, np.ndarray]) -> None:
    assert examine(som, iris[0], np.arange(150.0), baselines=False).labels is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"y": [0, 1]}, r"y must have shape \(150,\)"),
        ({"y": np.full(150, np.nan)}, "y must have a label for every sample, got NaN"),
        ({"y": np.arange(150) % 3, "target_names": ["one"]}, "target_names must name the classes 0 to 2, got 1 names"),
        ({"feature_names": ["one"]}, "feature_names must hold 4 names, got 1"),
    ],
)
def test_bad_input(som: SpikingSOM, iris: tuple[np.ndarray, np.ndarray], arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        examine(som, iris[0], baselines=False, **arguments)


def test_large_data_are_examined_by_a_subset(
    som: SpikingSOM, iris: tuple[np.ndarray, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tectum.report.maps.study.MOST_SAMPLES", 40)
    some = examine(som, *iris, baselines=False)
    assert some.n_given == 150
    assert len(some.X) == len(some.winners) == len(some.labels) == 40


def test_page_is_self_contained_and_escaped(page: Path, som: SpikingSOM) -> None:
    text = page.read_text(encoding="utf-8")
    without_images = re.sub(r"data:image/[^\"]*", "", text)
    assert re.findall(r"(?:src|href)=\"(?!#)([^\"]+)\"", without_images) == []
    assert "http" not in without_images.replace("http-equiv", "")
    assert EVIL not in text
    assert str(escape(f"tectum demo {EVIL}")).replace("&quot;", "&#34;") in text
    assert re.findall(r'<figure id="figure-([^"]+)"', text) == FIGURES
    assert text.count("<figcaption>") == len(FIGURES)
    for stated in ("numba", "scikit-learn", "1.2 s", ">tau_plus<", ">neuron.tau_m<", f">{som.n_presentations_seen_}<"):
        assert stated in text


def test_figures_differ_between_themes(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for key in FIGURES:
        figure = text.split(f'id="figure-{key}"')[1].split("</figure>")[0]
        light, dark = re.findall(r'class="for-(?:light|dark)"[^>]*src="([^"]+)"', figure)
        assert min(len(light), len(dark)) > 3000
        assert light != dark


@pytest.mark.usefixtures("undrawn")
def test_codebook_images(tmp_path: Path) -> None:
    X = np.random.RandomState(0).uniform(size=(30, 6))
    som = SpikingSOM(shape=(3, 3), n_presentations=30, n_snapshots=0, random_state=0).fit(X)
    text = write_report(tmp_path / "images.html", som, X, image_shape=(2, 3), baselines=False).read_text("utf-8")
    assert 'id="figure-images"' in text
    assert 'id="figure-planes"' not in text
    assert 'id="figure-unfolding"' not in text  # no snapshots
    with pytest.raises(ValueError, match="image_shape"):
        write_report(tmp_path / "wrong.html", som, X, image_shape=(4, 4), baselines=False)
    assert [path.name for path in tmp_path.iterdir()] == ["images.html"]


def open_in_browser(page: Path, folder: Path, *, dark: bool, width: int) -> dict:
    """What a reader of the page would see; see `WITNESS`."""
    if CHROMIUM is None:
        reason = "no chromium on the path; install it (on Debian and Ubuntu: apt install chromium)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    text = page.read_text(encoding="utf-8")
    watched = folder / "watched.html"
    watched.write_text(text.replace("<head>", f"<head>{WITNESS}", 1), encoding="utf-8")
    scheme = f"--blink-settings=preferredColorScheme={0 if dark else 1}"
    command = [CHROMIUM, *FLAGS, scheme, f"--window-size={width},900", f"--user-data-dir={folder / 'profile'}"]
    ran = subprocess.run([*command, "--dump-dom", watched.as_uri()], capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr
    assert [line for line in ran.stderr.splitlines() if "CONSOLE" in line] == []
    seen = re.search(r'data-seen="([^"]*)"', ran.stdout)
    assert seen is not None, "the page did not load"
    return json.loads(seen[1].replace("&quot;", '"').replace("&amp;", "&"))


@pytest.mark.browser
@pytest.mark.parametrize(("dark", "width"), [(False, 1280), (True, 1280), (False, 600)])
def test_page_in_a_browser(page: Path, tmp_path: Path, dark: bool, width: int) -> None:
    seen = open_in_browser(page, tmp_path, dark=dark, width=width)
    assert seen["errors"] == []
    assert seen["theme"] == ("dark" if dark else "light")
    assert seen["toggled"] == ("light" if dark else "dark")
    assert seen["overflow"] <= 0
    assert [image["key"] for image in seen["images"][::2]] == [f"figure-{key}" for key in FIGURES]
    assert all(image["width"] > 100 for image in seen["images"])
    shown = {image["theme"] for image in seen["images"] if image["shown"] > 100}
    assert shown == {"for-dark" if dark else "for-light"}


def test_held_out_samples_teach_nobody(iris) -> None:
    X, y = iris
    names = np.array(["a", "b", "c"])[y]
    model = SpikingSOM((3, 4), n_presentations=150)
    found = report.repeat(model, X, names, n_seeds=2, held_out=0.2)
    assert (found.n_train, found.n_test, list(found.seeds)) == (120, 30, [0, 1])
    assert not hasattr(model, "codebook_")
    study = found.studies[1]
    train, test = train_test_split(np.arange(150), test_size=0.2, random_state=1, stratify=y)
    som = SpikingSOM((3, 4), n_presentations=150, random_state=1).fit(X[train])
    np.testing.assert_array_equal(study.winners, som.predict(X[test]))
    units = analysis.label_units(som.predict(X[train]), y[train], (3, 4))
    mean = {measure.key: measure for measure in found.measures}["accuracy"]
    own = [next(m for m in s.measures if m.key == "accuracy").values["spiking map"] for s in found.studies]
    assert own[1] == analysis.label_accuracy(som.predict(X[test]), y[test], units)
    assert mean.values["spiking map"] == pytest.approx(np.mean(own))
    assert set(mean.values) == {"spiking map", "untrained", "Kohonen map", "k-means"}
    spread = {measure.key: measure for measure in found.spread}["accuracy"]
    assert spread.values["spiking map"] == pytest.approx(np.std(own, ddof=1))


@pytest.mark.usefixtures("undrawn")
def test_the_page_says_what_other_seeds_do(som, iris, study, tmp_path) -> None:
    repeats = report.Repeats([study, study], [0, 1], 120, 30)
    text = write_report(tmp_path / "r.html", som, iris[0], study=study, repeats=repeats).read_text()
    assert "On samples held out, over seeds" in text
    assert "120 samples and were measured on 30 others, 2 times, from seeds 0 to 1" in text
    assert "±" in text


def test_what_cannot_be_repeated() -> None:
    with pytest.raises(ValueError, match=r"repeat.model must learn from samples, got a WaveNetwork; fit it from"):
        report.repeat(WaveNetwork(), np.zeros((4, 2)))
    with pytest.raises(ValueError, match="held_out"):
        report.repeat(SpikingSOM(), np.zeros((4, 2)), held_out=1.0)


def test_pointing_at_a_neuron_or_a_sample(page: Path, study: Study) -> None:
    tips = [json.loads(found) for found in re.findall(r'class="tips">(.*?)</script>', page.read_text())]
    cells, dots = tips[0], tips[-1]
    assert len(cells) == 30
    assert len(dots) == 2 * len(study.X)  # in two views
    assert all(0 < x < 1 and 0 < y < 1 for x, y, _ in cells + dots)
    neuron = int(np.bincount(study.winners).argmax())
    won = np.flatnonzero(study.winners == neuron)
    row, column = divmod(neuron, 6)
    assert cells[neuron][2].startswith(f"neuron {neuron} (row {row}, column {column}): {len(won)} samples")
    assert f"no. {won[0]}, {won[1]}" in cells[neuron][2]
    assert cells[6][1] > cells[0][1]  # the next row lies below
    assert cells[6][0] == cells[0][0]
    assert dots[3][2].startswith("sample 3")
    assert f"neuron {study.winners[3]} wins at" in dots[3][2]
