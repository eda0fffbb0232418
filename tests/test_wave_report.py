"""The report about a network of sheets: numbers, figures, moving pictures that a browser plays without complaint."""

import base64
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from tectum import SpikingSOM, WaveNetwork, analysis
from tectum.parts import Sheet
from tectum.report import Snapshot, WaveStudy, examine, follow_growth, write_report
from tectum.report.waves.film import growth_film, spread_units, wave_film
from tectum.report.waves.study import excitation_radius

FIGURES = [
    *("waves", "growth", "unfolding", "curves", "stages", "fields", "sizes"),
    *("snapshots", "streaks", "order", "composed"),
]
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"),
    *("--disable-sync", "--no-first-run", "--enable-logging=stderr", "--v=0", "--virtual-time-budget=10000"),
]
# Put before everything else on the page: counts errors, plays with the films, and writes down what there is to see.
WITNESS = """<script>
const errors = [];
addEventListener("error", (event) => errors.push(String(event.message || event.target.tagName)), true);
addEventListener("securitypolicyviolation", (event) => errors.push(event.blockedURI));
addEventListener("load", () => {
  const print = (canvas) => canvas.toDataURL().slice(-400) + canvas.toDataURL().length;
  const films = [...document.querySelectorAll(".film")].map((film) => {
    const canvases = [...film.querySelectorAll("canvas")], slider = film.querySelector("input");
    const button = film.querySelector(".sheets ~ .controls > button"), first = button.textContent;
    const move = (to) => { slider.value = to; slider.dispatchEvent(new Event("input")); return canvases.map(print); };
    const begun = move(0), later = [0.6, 0.65, 0.7, 0.75].map((share) => move(share * slider.max)); // not all are quiet
    const clock = film.querySelector("output").textContent;
    film.querySelector(".choice button").click();
    button.click();
    return {
      kind: film.dataset.kind, canvases: canvases.map((canvas) => canvas.width), clock, first,
      changed: canvases.filter((_, k) => later.some((look) => begun[k] !== look[k])).length, then: button.textContent,
    };
  });
  const page = document.documentElement, seen = {errors, films, overflow: page.scrollWidth - page.clientWidth};
  const before = print(document.querySelector(".film canvas"));
  document.getElementById("theme").click();
  setTimeout(() => {
    seen.recoloured = print(document.querySelector(".film canvas")) !== before;
    page.dataset.seen = JSON.stringify(seen);
  }, 50);
});
</script>"""


@pytest.fixture(scope="module")
def network() -> WaveNetwork:
    return WaveNetwork.topographic([Sheet(500, 11.0), Sheet(60, 10.0), Sheet((5, 5), 10.0)], random_state=1)


@pytest.fixture(scope="module")
def growth(network: WaveNetwork) -> list[Snapshot]:
    return follow_growth(network, 400.0, n_snapshots=6)


@pytest.fixture(scope="module")
def study(network: WaveNetwork, growth: list[Snapshot]) -> WaveStudy:
    return examine(network, growth=growth)


@pytest.fixture(scope="module")
def page(network: WaveNetwork, study: WaveStudy, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("waves") / "waves.html"
    return write_report(path, network, study=study, title="<Waves>", command="tectum grow", seconds=2.5)


def test_following_growth_does_not_change_it(network: WaveNetwork, growth: list[Snapshot]) -> None:
    whole = WaveNetwork.topographic(network.layers, random_state=1).grow(400.0)
    for followed, alone in zip(network.weights_, whole.weights_, strict=True):
        np.testing.assert_array_equal(followed, alone)
    times = [snapshot.time_ms for snapshot in growth]
    assert times[0] == pytest.approx(0.1)
    assert times[-1] == pytest.approx(400.0)
    assert (np.diff(times) > 0).all()
    assert [snapshot.activity is not None for snapshot in growth].count(True) == 5
    np.testing.assert_array_equal(growth[-1].weights[0], network.weights_[0])


def test_numbers(study: WaveStudy, network: WaveNetwork) -> None:
    X, Y = network.sheet_positions_[:2]
    first = study.direct[0]
    assert [(found.below, found.above) for found in study.projections] == [(0, 1), (1, 2), (0, 2)]
    assert first.order.compactness == analysis.compactness(network.weights_[0], X).mean()
    assert first.order.topography == analysis.sheet_topography(first.centres, Y)
    assert study.orders[-1][0].compactness == first.order.compactness
    assert abs(study.orders[0][0].compactness) < 0.01
    measures = {measure.key: measure.values for measure in study.measures}
    order = ["compactness", "compact", "coverage", "topography", "affine"]
    assert list(measures) == [*order, "empty", "loss", "rank", "tracking"]
    assert measures["compactness"]["before growth"] < 0.01 < measures["compactness"][first.name]
    assert len(study.statistics) == 3
    assert study.statistics[0].active > 0.1
    assert (study.configuration, study.complete) == ("topographic", False)
    assert "Growth stopped after 0.4 s of a schedule of 30 s" in study.warnings[0]


@pytest.mark.usefixtures("undrawn")
def test_without_history_the_beginning_is_repeated(network: WaveNetwork, study: WaveStudy, tmp_path: Path) -> None:
    found = examine(network)
    assert [snapshot.time_ms for snapshot in found.snapshots] == pytest.approx([0.1, 400.0])
    np.testing.assert_array_equal(found.snapshots[0].weights[0], study.snapshots[0].weights[0])
    text = write_report(tmp_path / "w.html", network, study=found).read_text("utf-8")
    assert re.findall(r'<figure id="figure-([^"]+)"', text) == [key for key in FIGURES if key not in
                                                                ("growth", "unfolding", "curves")]  # fmt: skip
    chance = WaveNetwork.authors([Sheet(200, 7.0), Sheet(20, 6.0)], random_state=np.random.RandomState(0)).grow(20.0)
    alone = examine(chance)
    assert len(alone.snapshots) == 1
    assert alone.configuration == "authors"
    text = write_report(tmp_path / "a.html", chance, study=alone).read_text("utf-8")
    assert "before growth" not in text.lower().split("<script>")[0].split('id="numbers"')[1].split("</section>")[0]


def test_page(page: Path) -> None:
    text = page.read_text("utf-8")
    assert re.findall(r'<figure id="figure-([^"]+)"', text) == FIGURES
    for stated in (
        "&lt;Waves&gt;",
        "500 – 60 – 25",
        "tectum grow",
        "2.5 s",
        "2 WavePhase",
        "Raghavan",
        "Growth stopped",
    ):
        assert stated in text
    assert text.index('id="waves"') < text.index('id="numbers"') < text.index('id="growth"')
    assert not re.search(r"(src|href)=\"https?:", text)
    assert page.stat().st_size < 3_000_000


def test_expected_figures_stand_beside_what_they_are_for(study: WaveStudy) -> None:
    from tectum.report.waves.page import _as_expected

    assert not _as_expected(study, [1600, 300])  # not grown to the end
    grown = type(study)(**{**vars(study), "complete": True})
    assert _as_expected(grown, [1600, 300, 100])
    assert not _as_expected(grown, [1600, 300, 50])
    assert not _as_expected(grown, [1600, 300, 100, 50])
    assert not _as_expected(type(study)(**{**vars(grown), "configuration": "own"}), [1600, 300])


def unpack(text: str, kind: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), dtype=kind)


def test_the_film_holds_the_spikes(study: WaveStudy) -> None:
    data = wave_film(study).data
    json.dumps(data, allow_nan=False)
    assert [scene["name"] for scene in data["scenes"]][:: len(data["scenes"]) - 1] == ["Before growth", "Grown"]
    scene, n = data["scenes"][-1], len(study.positions[0])
    bits = np.unpackbits(unpack(scene["frames"][0], "u1").reshape(scene["n"], -1), axis=1, bitorder="little")[:, :n]
    time_ms, neuron = study.spikes(study.recording)[0]
    for frame in (3, 50, scene["n"] - 1):
        within = (time_ms > frame * 0.5 - 1e-6) & (time_ms < (frame + 1) * 0.5 - 1e-6)
        np.testing.assert_array_equal(np.flatnonzero(bits[frame]), np.unique(neuron[within]))
    lower = study.positions[0]
    centres = unpack(scene["centres"][1], "<u2").reshape(-1, 2) / 65535 * np.ptp(lower, axis=0).max() + lower.min(
        axis=0
    )
    np.testing.assert_allclose(centres, study.projections[2].centres, atol=1e-3)


def test_the_film_of_growth_holds_fields_and_nets(study: WaveStudy) -> None:
    data = growth_film(study).data
    json.dumps(data, allow_nan=False)
    first = data["projections"][0]
    packed = unpack(first["fields"][-1], "u1").reshape(len(first["shown"]), -1)
    levels = np.stack([packed & 15, packed >> 4], axis=2).reshape(len(packed), -1)[:, :500]
    fields = study.snapshots[-1].weights[0][first["shown"]]
    np.testing.assert_allclose(levels / 15, fields / fields.max(axis=1, keepdims=True), atol=0.034)
    assert data["stages"][-1] == len(data["times"]) - 1
    assert len(first["centres"]) == len(first["measures"]) == len(data["times"])
    assert len(unpack(first["edges"], "<u2")) % 2 == 0


def test_units_spread_over_their_sheet_in_reading_order() -> None:
    grid = np.array([[x, y] for y in range(4) for x in range(4)], dtype=float)
    assert spread_units(grid, 2).tolist() == [12, 14, 4, 6] or len(set(spread_units(grid, 2))) == 4
    assert spread_units(grid, 4).tolist() == [12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3]


def test_radius_of_the_phase_that_has_been_reached(network: WaveNetwork) -> None:
    assert (excitation_radius(network, 0), excitation_radius(network, 1)) == (4.0, 1.5)  # large waves
    scheduled = WaveNetwork.scheduled([Sheet(50), Sheet(10)], random_state=0).grow(1.0)
    assert (excitation_radius(scheduled, 0), excitation_radius(scheduled, 1)) == (4.0, 4.0)
    assert excitation_radius(WaveNetwork.authors([Sheet(50), Sheet(10)], random_state=0).grow(1.0), 0) == 2.0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"X": np.zeros((3, 500))}, "X must be left out for a WaveNetwork"),
        ({"y": np.zeros(3)}, "examine.y must be left out for a WaveNetwork"),
        ({"train": np.zeros((3, 500))}, "train must be left out for a WaveNetwork"),
    ],
)
def test_bad_input(network: WaveNetwork, growth: list[Snapshot], tmp_path: Path, arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        write_report(tmp_path / "bad.html", network, **arguments)
    assert list(tmp_path.iterdir()) == []


def test_other_models_need_samples_and_have_no_growth(growth: list[Snapshot]) -> None:
    X = np.random.RandomState(0).uniform(size=(20, 2))
    som = SpikingSOM(shape=(2, 2), n_presentations=20, n_snapshots=0, random_state=0).fit(X)
    with pytest.raises(ValueError, match=r"examine.X must be samples for a SpikingSOM, got None"):
        examine(som)
    with pytest.raises(ValueError, match="growth must be left out for a SpikingSOM"):
        examine(som, X, growth=growth)


@pytest.mark.browser
@pytest.mark.parametrize(("dark", "width", "calm"), [(False, 1280, False), (True, 1280, True), (False, 600, False)])
def test_films_in_a_browser(page: Path, tmp_path: Path, dark: bool, width: int, calm: bool) -> None:
    if CHROMIUM is None:
        reason = "no chromium on the path; install it (on Debian and Ubuntu: apt install chromium)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    watched = tmp_path / "watched.html"
    watched.write_text(page.read_text("utf-8").replace("<head>", f"<head>{WITNESS}", 1), encoding="utf-8")
    options = [f"--blink-settings=preferredColorScheme={0 if dark else 1}", f"--window-size={width},900"]
    options += ["--force-prefers-reduced-motion"] * calm
    command = [CHROMIUM, *FLAGS, *options, f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", watched.as_uri()]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr
    assert [line for line in ran.stderr.splitlines() if "CONSOLE" in line] == []
    found = re.search(r'data-seen="([^"]*)"', ran.stdout)
    assert found is not None, "the page did not load"
    seen = json.loads(found[1].replace("&quot;", '"').replace("&amp;", "&"))
    assert seen["errors"] == []
    assert seen["overflow"] <= 0
    assert seen["recoloured"]
    waving, growing = seen["films"]
    assert (waving["kind"], growing["kind"]) == ("waves", "growth")
    assert len(waving["canvases"]) == 4
    assert len(growing["canvases"]) == 2
    assert min(*waving["canvases"], *growing["canvases"]) > 100
    assert waving["changed"] == 4
    assert growing["changed"] == 2
    assert "of 220 ms" in waving["clock"]
    assert "compactness" in growing["clock"]
    for film in (waving, growing):  # the slider has stopped what played, the button starts it
        assert film["first"] == ("▶ Play" if calm else "❚❚ Pause")
        assert film["then"] == "❚❚ Pause"
