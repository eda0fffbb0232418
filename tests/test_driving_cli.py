"""Hierarchies on the command line: the demo on a clip, features from files, interrupts, damaged videos, errors."""

import json
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pytest
from typer.testing import CliRunner

import tectum
from tectum import streams
from tectum.cli import sources as cli_sources
from tectum.cli.app import app
from tectum.models.hierarchy.driving import driving_maps

GRAPH = """
cycles = 2
[[maps]]
name = "scene"
shape = [3, 3]
sources = [{ features = "all", code = { part = "RandomProjection", d = 32, k = 10 } }]
[[maps]]
name = "top"
shape = [2, 2]
sources = [{ spikes = "scene" }]
"""


def run(*arguments: str, code: int = 0):
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TECTUM_DATA", raising=False)
    Path("graph.toml").write_text(GRAPH, encoding="utf-8")
    return tmp_path


@pytest.fixture
def features(folder: Path) -> np.ndarray:
    """Features of 96 frames of two clips in ``f.npz``."""
    generator = np.random.default_rng(0)
    X = np.abs(generator.normal(size=(96, 24))).astype(np.float32)
    X[:48, :12] += 3.0
    X[48:, 12:] += 3.0
    np.savez("f.npz", X=X, source=np.repeat([0, 1], 48), names=np.array(["a.mp4", "b.mp4"]))
    return X


@pytest.mark.usefixtures("undrawn")
def test_fit_saves_a_hierarchy_that_saw_each_frame_once(features: np.ndarray) -> None:
    found = json.loads(run("fit", "hierarchy", "f.npz", "-o", "h", "--config", "graph.toml", "--json").stdout)
    hierarchy = tectum.load("h")
    assert [m.name for m in hierarchy.maps_] == ["scene", "top"]
    # chunks of 16 frames, of which the fifth is held out
    assert found["frames"] == hierarchy.n_presentations_seen_ == 80
    again = tectum.MapHierarchy.from_toml("graph.toml", random_state=0)
    again.partial_fit(np.delete(features, np.s_[64:80], axis=0))
    np.testing.assert_array_equal(again.weights("scene"), hierarchy.weights("scene"))
    found = json.loads(run("report", "h", "f.npz", "-o", "r.html", "--json").stdout)
    assert set(found["measures"]) >= {"ami", "quantization_error"}
    assert "tectum report h f.npz -o r.html" in Path("r.html").read_text(encoding="utf-8")


def test_settings_and_seed_stand_over_the_file(features: np.ndarray) -> None:
    given = ("--config", "graph.toml", "--set", "cycles=1", "--set", "clock.period=30", "--seed", "5", "-q")
    run("fit", "hierarchy", "f.npz", "-o", "h", *given)
    hierarchy = tectum.load("h")
    assert (hierarchy.cycles, hierarchy.clock.period, hierarchy.random_state) == (1, 30, 5)


def test_an_interrupt_saves_and_resuming_gives_the_same(features: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    run("fit", "hierarchy", "f.npz", "-o", "whole", "--config", "graph.toml", "-q")
    learn, calls = tectum.MapHierarchy._learn, []

    def interrupted(self, *arguments):
        calls.append(1)
        if len(calls) > 2:
            raise KeyboardInterrupt
        learn(self, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(tectum.MapHierarchy, "_learn", interrupted)
        said = run("fit", "hierarchy", "f.npz", "-o", "h", "--config", "graph.toml", code=130).stderr
    assert "interrupted; the state so far is in h." in said
    assert "tectum fit hierarchy f.npz -o h --resume h" in said
    assert tectum.load("h").n_presentations_seen_ == 32
    run("fit", "hierarchy", "f.npz", "-o", "h", "--resume", "h", "-q")
    np.testing.assert_array_equal(tectum.load("h").weights("top"), tectum.load("whole").weights("top"))


def test_learning_on_from_other_files_learns_them_from_their_start(features: np.ndarray) -> None:
    run("fit", "hierarchy", "f.npz", "-o", "h", "--config", "graph.toml", "-q")
    learned = tectum.load("h").n_presentations_seen_
    np.save("other.npy", features[::-1])
    said = run("fit", "hierarchy", "other.npy", "-o", "i", "--resume", "h").stdout
    assert f"after {learned} frames; this stream is new" in said
    assert tectum.load("i").n_presentations_seen_ == 2 * learned
    again = run("fit", "hierarchy", "other.npy", "-o", "j", "--resume", "i", "--report", "page.html").stdout
    assert f"the first {learned} of this stream" in again
    assert "nothing was left to learn; name another video" in again
    assert tectum.load("j").n_presentations_seen_ == 2 * learned
    tectum.load("h").partial_fit(features).save("python")  # not from a file: all of it is new
    run("fit", "hierarchy", "f.npz", "-o", "k", "--resume", "python", "-q")
    assert tectum.load("k").n_presentations_seen_ == 2 * learned + 96


def test_a_file_that_ends_early_keeps_what_was_learned(features: np.ndarray) -> None:
    np.save("whole.npy", features)
    whole = Path("whole.npy").read_bytes()
    np.save("first.npy", features[:64])
    Path("second.npy").write_bytes(whole[: len(whole) // 2])
    Path("shards").mkdir()
    for name in ("first.npy", "second.npy"):
        Path(name).rename(Path("shards", name))
    said = run("fit", "hierarchy", "shards", "-o", "h", "--config", "graph.toml", code=1).stderr
    assert "second.npy" in said
    assert "--resume h" in said
    assert tectum.load("h").n_presentations_seen_ == 80  # the fifth chunk is held out, and the sixth is whole


REMEMBERS = GRAPH.replace('{ spikes = "scene" }', '{ spikes = "scene" }, { winners = "top" }')


@pytest.mark.parametrize("graph", [GRAPH, REMEMBERS], ids=["each frame by itself", "memory of the frames before"])
def test_transform_writes_frames_with_their_times(features: np.ndarray, graph: str) -> None:
    """The responses are those to all frames at once, whatever the chunks."""
    Path("graph.toml").write_text(graph, encoding="utf-8")
    run("fit", "hierarchy", "f.npz", "-o", "h", "--config", "graph.toml", "-q")
    expected = tectum.load("h").transform(features, source=np.repeat([0, 1], 48))
    assert len(np.unique(expected.argmax(axis=1))) > 1
    found = json.loads(run("transform", "h", "f.npz", "-o", "out.npz", "--json").stdout)
    assert found["shape"] == [96, 4]
    with np.load("out.npz") as out:
        np.testing.assert_array_equal(out["data"], expected)
        np.testing.assert_array_equal(out["winners"], np.where(expected.any(axis=1), expected.argmax(axis=1), -1))
        np.testing.assert_allclose(out["time_s"], np.arange(96) / 25.0)
        assert out["source"].tolist() == [0] * 48 + [1] * 48
        assert out["names"].tolist() == ["a.mp4", "b.mp4"]
    run("transform", "h", "f.npz", "-o", "out.npy", "-q")
    np.testing.assert_array_equal(np.load("out.npy"), expected)
    run("transform", "h", "f.npz", "-o", "out.csv", "-q")
    assert Path("out.csv").read_text(encoding="utf-8").startswith("time_s,source,winner,maphierarchy0,")
    table = np.loadtxt("out.csv", delimiter=",", skiprows=1)
    np.testing.assert_allclose(table[:, 0], np.arange(96) / 25.0)
    np.testing.assert_allclose(table[:, 3:], expected, rtol=1e-5)


def test_transform_keeps_the_labels_of_an_archive(features: np.ndarray) -> None:
    run("fit", "hierarchy", "f.npz", "-o", "h", "--config", "graph.toml", "-q")
    np.savez("labelled.npz", data=features, target=np.arange(96) // 48)
    run("transform", "h", "labelled.npz", "-o", "out.npz", "-q")
    with np.load("out.npz") as out:
        assert out["target"].tolist() == [0] * 48 + [1] * 48
        # archives with labels are data sets, which are read in double precision
        np.testing.assert_array_equal(out["data"], tectum.load("h").transform(features.astype(np.float64)))


def test_what_is_said_of_frames_adds_up_and_names_the_map(features: np.ndarray) -> None:
    said = run("fit", "hierarchy", "f.npz", "-o", "h", "--config", "graph.toml").stdout
    learned = tectum.load("h").n_presentations_seen_
    assert 0 < learned < 96
    assert f"after {learned} frames; {96 - learned} more were held out to score it" in said
    assert "responses of the map 'top' to 96 frames in" in run("transform", "h", "f.npz", "-o", "out.npy").stdout


def test_transform_takes_the_video_that_fit_took(folder: Path) -> None:
    streams.write_clip("clip.mp4", seconds=1.2, size=(48, 80))
    run("fit", "hierarchy", "clip.mp4", "-o", "h", "--config", "graph.toml", "--every", "2", "-q")
    found = json.loads(run("transform", "h", "clip.mp4", "-o", "out.csv", "--every", "2", "--json").stdout)
    table = np.loadtxt("out.csv", delimiter=",", skiprows=1)
    assert table.shape == (15, 3 + 4)
    assert found["shape"] == [15, 4]
    np.testing.assert_allclose(table[:, 0], np.arange(15) * 2.0 / 25.0, atol=1e-6)


def test_a_damaged_video_leaves_no_responses(features: np.ndarray) -> None:
    run("fit", "hierarchy", "f.npz", "-o", "h", "--config", "graph.toml", "-q")
    np.save("whole.npy", features)
    Path("half.npy").write_bytes(Path("whole.npy").read_bytes()[:6000])
    assert "half.npy" in run("transform", "h", "half.npy", "-o", "out.csv", code=1).stderr
    assert not Path("out.csv").exists()
    for arguments, code, message in (
        (["f.npz", "--every", "2"], 2, "--every is for pictures"),
        (["f.npz", "--target", "1"], 2, "--target is for tables"),
        (["f.npz", "--patch", "2"], 2, "--patch belongs to patches of images"),
        (["graph.toml"], 1, "DATA must be videos"),
        (["none.mp4"], 1, "no file at none.mp4"),
        (["iris", "--every", "2"], 2, "--every belongs to hierarchies of maps"),
        (["iris"], 1, "24 features"),
    ):
        result = run("transform", "h", *arguments, "-o", "out.csv", code=code)
        assert message in " ".join(result.stderr.replace("│", " ").split())
    assert not Path("out.csv").exists()


def test_the_features_are_chosen(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = streams.write_clip("clip.mp4", seconds=0.4, size=(48, 80))
    source = cli_sources.open_source([clip], cli_sources.FrameOptions())
    assert source.features == "pooled gradients and colours; optical flow; opponent colours"
    assert source.shape == (12, 20, 14)
    chunk = next(iter(source.stream))
    assert chunk.X.shape == (10, 12 * 20 * 14 + source.n_motion + source.n_colours)
    assert source.reading.seconds > 0
    maps = driving_maps(source.shape, source.n_motion, source.n_colours)
    assert [m.name for m in maps] == ["scene", "far", "near", "motion", "colours"]
    seen = [maps[k].sources[0] for k in (2, 3, 4)]
    borders = np.cumsum([6 * 20 * 14, 6 * 20 * 14, source.n_motion, source.n_colours])
    assert [(s.start, s.stop) for s in seen] == list(pairwise(borders))
    moving = cli_sources.open_source([clip], cli_sources.FrameOptions(colours=False))
    assert [m.name for m in driving_maps(moving.shape, moving.n_motion)] == ["scene", "far", "near", "motion"]
    learned = SimpleNamespace(n_features_in_=moving.stream.n_features)  # of the time before there were colours
    assert cli_sources.open_source([clip], cli_sources.FrameOptions(), learned).n_colours == 0
    still = cli_sources.open_source([clip], cli_sources.FrameOptions(motion=False, colours=False))
    np.testing.assert_array_equal(next(iter(still.stream)).X, chunk.X[:, : 12 * 20 * 14])
    maps = driving_maps(source.shape)
    assert [m.name for m in maps] == ["scene", "far", "near"]
    assert maps[1].sources[0].stop == maps[2].sources[0].start == 6 * 20 * 14
    assert [m.name for m in driving_maps((1, 4, 2))] == ["scene"]


ERRORS = [
    (["demo", "driving", "none.mp4"], 1, "no file at none.mp4"),
    (["demo", "driving", "--presentations", "3"], 2, "--presentations is for samples"),
    (["demo", "driving", "graph.toml"], 1, "DATA must be videos"),
    (["demo", "driving", "--layer", "x"], 2, "--layer and --pixels belong to a network"),
    (["demo", "driving", "--pixels", "tf"], 2, "--pixels must be one of caffe, pytorch, got 'tf'"),
    (["demo", "driving", "--report", "no/p.html"], 1, "the folder no does not exist"),
    (["demo", "iris", "clip.mp4"], 2, "VIDEO belongs to hierarchies of maps"),
    (["demo", "iris", "--cnn", "x.onnx"], 2, "--cnn belongs to hierarchies of maps"),
    (["fit", "spiking-som", "iris", "-o", "m", "--every", "2"], 2, "--every belongs to hierarchies of maps"),
    (["fit", "hierarchy", "f.npz", "-o", "m", "--every", "2"], 2, "--every is for pictures"),
    (["fit", "hierarchy", "f.npz", "-o", "m", "--patch", "2"], 2, "--patch belongs to patches of images"),
    (
        ["fit", "hierarchy", "f.npz", "-o", "m", "--resume", "m", "--seed", "1"],
        2,
        "--resume goes on with the",
    ),
    (["fit", "hierarchy", "f.npz", "-o", "m", "--set", "maps=3"], 1, "maps must be given in the file of --config"),
    (["fit", "hierarchy", "f.npz", "-o", "m", "--config", "none.toml"], 1, "no configuration file at none.toml"),
    (["fit", "hierarchy", "none", "-o", "m"], 1, "no file at none"),
]


@pytest.mark.parametrize(("arguments", "code", "message"), ERRORS)
def test_errors(features: np.ndarray, arguments: list[str], code: int, message: str) -> None:
    result = run(*arguments, code=code)
    assert message in " ".join(result.stderr.replace("│", " ").split())
    assert sorted(path.name for path in Path().iterdir()) == ["f.npz", "graph.toml"]


@pytest.mark.usefixtures("undrawn")
def test_a_report_scores_inside_clips(features: np.ndarray) -> None:
    run("fit", "hierarchy", "f.npz", "-o", "h", "--config", "graph.toml", "-q")
    said = "a.mp4,0,23,start,lorry\na.mp4,24,47,end,lorry\nb,0,47,start,car\n"
    Path("seen.csv").write_text("clip,first,last,place,happening\n" + said, encoding="utf-8")
    run("report", "h", "f.npz", "-o", "r.html", "--segments", "seen.csv", "-q")
    text = Path("r.html").read_text(encoding="utf-8")
    assert "place: map scene" in text
    assert "place: equal stretches of time" in text
    assert "happening: map scene" not in text  # one label in each clip says nothing
    Path("seen.csv").write_text("clip,first,last,place\na.mp4,5,2,start\n", encoding="utf-8")
    output = run("report", "h", "f.npz", "-o", "r2.html", "--segments", "seen.csv", code=1).output
    assert "line 2: first and last must be frame numbers" in " ".join(output.split())
    output = run("transform", "h", "f.npz", "-o", "o.npy", "--segments", "seen.csv", code=2).output
    assert "is for reports" in output


class Fake:
    """A camera, or what is behind a URL: 24 frames, of another size after 12, and gone once in between."""

    opened: ClassVar[list] = []
    lasts = 24

    def __init__(self, index, *_):
        Fake.opened.append(index)
        self.n = 12 * (len(Fake.opened) - 1) if isinstance(index, str) else 0
        self.last = min(self.n + 12, Fake.lasts) if isinstance(index, str) else Fake.lasts

    def isOpened(self):
        return Fake.opened[-1] != 7

    def get(self, _):
        return 0.0

    def read(self):
        self.n += 1
        side = 48 if self.n <= 12 else 64
        return (True, np.full((side, 2 * side, 3), 10 * self.n, np.uint8)) if self.n <= self.last else (False, None)

    def release(self):
        pass


@pytest.fixture
def fake(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cv2 = pytest.importorskip("cv2")
    monkeypatch.setattr(cv2, "VideoCapture", Fake)
    monkeypatch.setattr(streams.live, "WAIT", 0.0)
    monkeypatch.setattr(Fake, "opened", [])


@pytest.mark.usefixtures("fake")
def test_a_url_that_goes_and_comes_back_and_changes_its_size() -> None:
    said: list[str] = []
    stream = streams.camera("rtsp://door/1", size=(9, 9), tell=said.append)
    seen = []
    with pytest.raises(streams.StreamError, match=r"rtsp://door/1 stopped after 24 frames and did not come back \(3"):
        seen += [len(chunk.X) for chunk in stream]
    assert said[:2] == [
        "rtsp://door/1 stopped after 12 frames; connecting again (1 of 3)",
        "rtsp://door/1 changed from 96 x 48 to 128 x 64 pixels; frames are resized as before",
    ]
    assert said[2:] == [f"rtsp://door/1 stopped after 24 frames; connecting again ({k} of 3)" for k in (1, 2, 3)]
    with pytest.raises(ValueError, match="or a URL, got 'door'"):
        streams.camera("door", size=(9, 9))


@pytest.mark.usefixtures("fake")
def test_a_camera_is_learned_until_it_stops_and_learning_goes_on_without_skipping() -> None:
    given = ("--config", "graph.toml", "-q")
    said = run("fit", "hierarchy", "0", "-o", "h", *given, code=1).stderr
    assert "camera 0 stopped after 24 frames" in said
    assert tectum.load("h").n_presentations_seen_ == 24
    run("fit", "hierarchy", "0", "-o", "h", "--resume", "h", "-q", code=1)
    assert tectum.load("h").n_presentations_seen_ == 48
    said = run("fit", "hierarchy", "7", "-o", "i", *given, code=1).stderr
    assert "camera 7 cannot be opened" in said
    assert "give --seconds with a camera" in run("transform", "h", "0", "-o", "r.csv", code=2).stderr
    assert (
        "--seconds is for cameras" in run("fit", "hierarchy", "graph.toml", "-o", "i", "--seconds", "3", code=2).stderr
    )


def test_recordings_of_events_are_learned_as_counts(folder: Path) -> None:
    n = 4000
    generator = np.random.default_rng(0)
    events = np.zeros(n, [("t", "<i8"), ("x", "<i2"), ("y", "<i2"), ("p", "i1")])
    events["t"] = np.sort(generator.integers(0, 1_000_000, n))
    events["x"], events["y"], events["p"] = (generator.integers(0, m, n) for m in (12, 8, 2))
    record = np.zeros(n, [("x", "u1"), ("y", "u1"), ("t", "u1", 3)])  # N-MNIST
    record["x"], record["y"] = events["x"], events["y"]
    t = events["t"]
    record["t"] = np.stack([(events["p"] << 7) | (t >> 16), (t >> 8) & 255, t & 255], axis=1)
    record.tofile("e.bin")
    found = json.loads(run("fit", "hierarchy", "e.bin", "-o", "h", "--config", "graph.toml", "--json").stdout)
    assert found["features"] == "events of each pixel in 40 ms"
    assert tectum.load("h").n_features_in_ == 2 * 12 * 8
