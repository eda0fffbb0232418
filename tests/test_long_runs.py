"""Long runs save on the way, serve SIGTERM and SIGHUP as Ctrl-C, and go on to the same bits."""

import os
import signal
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import tectum
from tectum import streams
from tectum.cli.app import app
from tectum.models.common import checkpoints as module
from tectum.report import Diary
from tectum.streams.cnn import FeatureStream

X = np.random.RandomState(0).uniform(size=(60, 4))


@pytest.fixture(autouse=True)
def signals_of_a_terminal():
    """Signals act as in a terminal, though tests that run in the background are told to ignore some."""
    usual = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL, signal.SIGHUP: signal.SIG_DFL}
    before = {number: signal.signal(number, handler) for number, handler in usual.items()}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def som(**others):
    return tectum.SpikingSOM((3, 3), n_presentations=200, random_state=0, **others)


def arrays_of(model):
    return model._get_state()[0]


def assert_same(model, other):
    for name, array in arrays_of(other).items():
        np.testing.assert_array_equal(arrays_of(model)[name], array, err_msg=name)


def ended_after(monkeypatch, chunks: int, number: int) -> None:
    """The process gets a signal when it has learned so many chunks."""
    learn, calls = tectum.SpikingSOM._learn, []

    def learn_and_end(self, *arguments):
        learn(self, *arguments)
        calls.append(1)
        if len(calls) == chunks:
            os.kill(os.getpid(), number)

    monkeypatch.setattr(tectum.SpikingSOM, "_learn", learn_and_end)


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT"])
def test_a_signal_saves_and_says_how_to_go_on(tmp_path, monkeypatch, name):
    path, number = tmp_path / "model", getattr(signal, name)
    before, whole = signal.getsignal(number), som().fit(X)
    with monkeypatch.context() as patch:
        ended_after(patch, 3, number)
        model = som()
        with pytest.raises(KeyboardInterrupt) as caught, tectum.checkpoints(model, path):
            model.fit(X)
    assert signal.getsignal(number) == before
    assert any("tectum.load(" in note and "warm_start=True" in note for note in caught.value.__notes__)
    loaded = tectum.load(path)
    assert 0 < loaded.n_presentations_seen_ < 200
    assert_same(loaded.set_params(warm_start=True).fit(X), whole)


def test_each_checkpoint_goes_on_to_the_same_bits(tmp_path):
    path, found = tmp_path / "model", []
    model = som()

    def save():
        model.save(path)
        found.append(tectum.load(path))

    with tectum.checkpoints(model, path, every=1e-9, save=save):
        model.fit(X)
    assert len(found) >= 5
    for loaded in found:
        assert_same(loaded.set_params(warm_start=True).fit(X), model)
    assert module._KEEPER.get() is None


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_the_command_ends_with_the_code_of_the_signal(tmp_path, monkeypatch, name, code):
    monkeypatch.chdir(tmp_path)
    np.savetxt("d.csv", X, delimiter=",", header="a,b,c,d", comments="")
    words = ["fit", "spiking-som", "d.csv", "--set", "shape=3,3", "--set", "n_presentations=200", "-q"]
    assert CliRunner().invoke(app, [*words, "-o", "whole"]).exit_code == 0
    with monkeypatch.context() as patch:
        ended_after(patch, 3, getattr(signal, name))
        ended = CliRunner().invoke(app, [*words, "-o", "model"])
    assert ended.exit_code == code
    assert "To go on: tectum fit spiking-som d.csv -o model --resume model" in ended.stderr
    assert CliRunner().invoke(app, ["fit", "spiking-som", "d.csv", "-o", "model", "--resume", "model"]).exit_code == 0
    assert_same(tectum.load("model"), tectum.load("whole"))


class Counting:
    """Stands for a network, and counts the frames that it sees."""

    size, layer, n_features = (4, 4), "all", 48

    def __init__(self):
        self.seen = 0

    def transform(self, frames):
        self.seen += len(frames)
        return frames.reshape(len(frames), -1).astype(np.float32)


class Frames(streams.Stream):
    """Colour frames of noise."""

    names, n_announced, frame_shape, n_features = ("noise",), 160, (4, 4, 3), 48  # type: ignore[assignment]

    def __iter__(self):
        X = np.random.RandomState(0).randint(0, 255, (160, 48)).astype(np.uint8)
        for k in range(0, 160, 16):
            yield streams.Chunk(X[k : k + 16], np.arange(k, k + 16) / 25, np.zeros(16, np.int64), None)


def test_frames_that_were_learned_are_passed_over_before_their_features_are_computed():
    whole = tectum.MapHierarchy(random_state=0)
    Diary(["noise"]).learn(whole, FeatureStream(Frames(), Counting()))
    cut, first, rest = tectum.MapHierarchy(random_state=0), Counting(), Counting()
    Diary(["noise"]).learn(cut, FeatureStream(Frames(), first), limit=88)
    assert cut.n_presentations_seen_ == 88  # five chunks and a half; the fifth is held out
    Diary(["noise"]).learn(cut, FeatureStream(Frames(), rest), skip=88)
    assert rest.seen == 160 - 6 * 16
    assert_same(cut, whole)


def test_leftovers_stay_out(tmp_path):
    model = som()
    with tectum.checkpoints(model, tmp_path / "model", every=1e-9):
        model.fit(X)
    assert [path.name for path in Path(tmp_path).iterdir()] == ["model"]
