"""The page of a dictionary of events: what spikes tell beside rivals, the film, the command line."""

import base64
import io
import json
from pathlib import Path

import numpy as np
import pytest
from made_files import prophesee
from PIL import Image
from test_cli import run

import tectum
from tectum import datasets, parts
from tectum.report import EventStudy, examine_events, write_events_report
from tectum.report.events.film import event_film

pytestmark = pytest.mark.compiled


@pytest.fixture(scope="module")
def seen() -> datasets.SimulatedEvents:
    bar = np.zeros((3, 12, 12))
    bar[:, 3:9, 5:7] = 1.0
    return datasets.moving(bar, direction=[0, 2, 4], radius=3.0, margin=4, random_state=0)


@pytest.fixture(scope="module")
def dictionary(seen: datasets.SimulatedEvents) -> tectum.SpikingDictionary:
    made = tectum.SpikingDictionary.for_events(
        12, encoder=parts.EventPatches(size=4), n_presentations=30_000, random_state=0
    )
    return made.fit_events(seen.recordings, shape=seen.shape)


@pytest.fixture(scope="module")
def study(dictionary: tectum.SpikingDictionary, seen: datasets.SimulatedEvents) -> EventStudy:
    return examine_events(dictionary, seen.recordings, shape=seen.shape)


def test_numbers_stand_beside_rivals(study: EventStudy) -> None:
    error, spikes, usage = (measure.values for measure in study.measures)
    assert list(error) == ["dictionary", "untrained", "mean of each pixel", "k-means", "LCA"]
    assert 0.1 < error["dictionary"] < min(0.8, error["mean of each pixel"])
    rates = [study.methods[name].per_event for name in ("dictionary", "untrained")]
    assert rates[0] == pytest.approx(rates[1], rel=0.15)  # the control fires as often
    assert 0.0 < spikes["dictionary"] < 1.0
    assert 0.0 < usage["dictionary"] <= 1.0
    assert len(study.clips) == 1


def test_operations_count_what_spikes_pass(dictionary: tectum.SpikingDictionary, study: EventStudy) -> None:
    events, own = study.clips[0].events, study.methods["dictionary"]
    size, stride = dictionary.encoder.size, dictionary.encoder.stride
    rows, columns = ((side - size) // stride + 1 for side in study.shape)
    passed = 0
    for y, x in zip(events["y"].tolist(), events["x"].tolist(), strict=True):
        passed += sum(
            0 <= y - stride * r < size and 0 <= x - stride * c < size for r in range(rows) for c in range(columns)
        )
    assert own.operations == pytest.approx(12 * (passed + len(study.spikes[0])) / len(events))


@pytest.mark.usefixtures("undrawn")
def test_the_page_and_its_film(
    dictionary: tectum.SpikingDictionary, study: EventStudy, seen: datasets.SimulatedEvents, tmp_path: Path
) -> None:
    written = write_events_report(tmp_path / "e.html", dictionary, seen.recordings, study=study, title="A bar")
    text = written.read_text("utf-8")
    assert written.study is study
    for stated in (
        'data-kind="events"',
        "Coefficients per event",
        "mean of each pixel",
        "What it costs",
        "1 of 3 recordings",
    ):
        assert stated in text
    film = event_film(dictionary, study).data
    frames = film["n_frames"]
    assert len(film["times_ms"]) == frames
    assert len(film["counts"][0]) == frames
    shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(film["seen"]))))
    assert shown.shape == (frames * film["rows"], film["cols"])
    assert (shown > 128).any()
    assert (shown < 128).any()


@pytest.mark.usefixtures("undrawn")
def test_commands_on_a_recording(seen: datasets.SimulatedEvents, tmp_path: Path) -> None:
    file = tmp_path / "bar.dat"
    prophesee(file, seen.recordings[0], "dat")
    model, page, spikes = (str(tmp_path / name) for name in ("m.tectum", "p.html", "s.npz"))
    run(
        "fit",
        "dictionary",
        str(file),
        "-o",
        model,
        "--set",
        "n_components=8",
        "--set",
        "n_presentations=3000",
        "--quiet",
    )
    result = run("--json", "report", model, str(file), "-o", page)
    assert json.loads(result.output)["measures"]["error"]["dictionary"] > 0.0
    assert "tectum report" in Path(page).read_text("utf-8")
    run("transform", model, str(file), "-o", spikes, "--quiet")
    assert sorted(np.load(spikes)) == ["recording", "t", "unit", "x", "y"]
