"""Motion of frames: which way, how fast, nothing over the border of two clips, the same for any chunks."""

from collections.abc import Iterator

import cv2
import numpy as np
import pytest

from tectum import streams
from tectum.streams.colours import Adaptation

RNG = np.random.default_rng(0)
TEXTURE = cv2.GaussianBlur(RNG.integers(0, 256, (150, 220)).astype(np.float32), (0, 0), 2.0)
TEXTURE = np.clip(4.0 * (TEXTURE - TEXTURE.mean()) + 128.0, 0, 255)
DT = 0.04


class Pictures(streams.Stream):
    """Grey frames (n, height, width) in chunks."""

    def __init__(self, frames, source=None, chunk=8, time_s=None):
        self.names, self._chunk = ["a", "b"], chunk
        self.frame_shape = (*frames.shape[1:], 1)
        self.n_features = frames[0].size
        self._X = frames.reshape(len(frames), -1).astype(np.float32)
        self._source = np.zeros(len(frames), np.int64) if source is None else np.asarray(source)
        self._time = DT * np.arange(len(frames)) if time_s is None else time_s

    def __iter__(self) -> Iterator[streams.Chunk]:
        for first in range(0, len(self._X), self._chunk):
            part = slice(first, first + self._chunk)
            yield streams.Chunk(self._X[part], self._time[part], self._source[part])


def seen(zoom=1.0, right=0.0, down=0.0, n=12):
    """The texture through a window of 90 x 160, n frames: growing by a factor and moving by pixels a frame."""
    found = []
    for k in range(n):
        M = np.array([[1, 0, 80], [0, 1, 45]]) @ np.array(
            [[zoom**k, 0, right * k - zoom**k * 110], [0, zoom**k, down * k - zoom**k * 75], [0, 0, 1]]
        )
        found.append(cv2.warpAffine(TEXTURE, M, (160, 90), flags=cv2.INTER_LINEAR))
    return np.stack(found)


def motion(frames, kind=streams.OpticalFlow, **others):
    detector = kind()
    stream = streams.motion(Pictures(frames, **others), detector)
    return np.concatenate([chunk.X for chunk in stream]), detector


def sides(x, detector):
    """Mean of right, down, left, up over the left and the right half of the grid (2, 4)."""
    cells = x[detector.blocks["directions"]].reshape(*detector.grid, 4)
    return np.stack([cells[:, :4].mean(axis=(0, 1)), cells[:, 4:].mean(axis=(0, 1))])


@pytest.mark.parametrize("zoom", [1.02, 1 / 1.02], ids=["forward", "backward"])
def test_what_comes_near_spreads(zoom: float) -> None:
    X, detector = motion(seen(zoom))
    left, right = sides(X[-1], detector)
    out = (left[2] - left[0], right[0] - right[2])
    assert np.all(np.sign(out) == np.sign(zoom - 1.0)), (left, right)
    assert np.abs(X[-1][detector.blocks["turns"]]).max() < 0.05


def test_a_turn_is_of_the_whole_frame_and_not_of_its_parts() -> None:
    X, detector = motion(seen(right=1.0))
    # one pixel of 160 in 40 ms is 0.156 widths a second
    np.testing.assert_allclose(X[-1][detector.blocks["turns"]], [0.5 * np.tanh(1.5625), 0, 0, 0], atol=0.04)
    slow = detector.preferred[X[-1][detector.blocks["speeds"]].argmax()]
    assert slow < 0.02  # what is left when the turn is taken away


def test_the_speed_is_that_per_second() -> None:
    """Half the zoom in half the time has the same channel, in the whole time a slower one."""
    fast, detector = motion(seen(1.02))
    same, _ = motion(seen(1.01), time_s=DT / 2 * np.arange(12))
    slow, _ = motion(seen(1.01))
    channel = [x[-1][detector.blocks["speeds"]].argmax() for x in (fast, same, slow)]
    assert abs(channel[0] - channel[1]) <= 1
    assert channel[2] < channel[0]


@pytest.mark.parametrize("right", [-3.0, 0.4])
def test_coincidences_tell_which_way_the_frame_moves(right: float) -> None:
    X, detector = motion(seen(right=right, n=20), streams.SpikingMotion)
    turns = X[-1][detector.blocks["turns"]]
    assert turns.argmax() == (0 if right > 0 else 2)
    assert turns.max() > 1.5 * np.sort(turns)[-2]


@pytest.mark.parametrize("zoom", [1.02, 1 / 1.02], ids=["forward", "backward"])
def test_coincidences_tell_forward_from_backward(zoom: float) -> None:
    X, detector = motion(seen(zoom, n=20), streams.SpikingMotion)
    left, right = sides(X[-1], detector)
    out = (left[2] - left[0], right[0] - right[2])
    assert np.all(np.sign(out) == np.sign(zoom - 1.0)), (left, right)


def test_coincidences_need_what_changes_and_keep_to_their_clip() -> None:
    X, _ = motion(np.repeat(seen(n=1), 12, axis=0), streams.SpikingMotion)
    assert X[-1].argmax() == streams.SpikingMotion().blocks["speeds"].start  # the slowest
    frames = np.concatenate([seen(1.02), seen(1 / 1.02)])
    X, _ = motion(frames, streams.SpikingMotion, source=np.repeat([0, 1], 12), chunk=7)
    alone, _ = motion(frames[12:], streams.SpikingMotion)
    np.testing.assert_array_equal(X[12:], alone)
    assert not X[[0, 12]].any()


def test_what_stands_is_slowest() -> None:
    X, detector = motion(np.repeat(seen(n=1), 12, axis=0))
    assert X[-1][detector.blocks["speeds"]].argmax() == 0
    assert X[-1][detector.blocks["directions"]].max() < 1e-3


def test_nothing_leaks_over_the_border_of_two_clips() -> None:
    frames = np.concatenate([seen(1.02), seen(1 / 1.02)])
    X, _ = motion(frames, source=np.repeat([0, 1], 12), chunk=7)
    again, _ = motion(frames[12:])
    np.testing.assert_array_equal(X[12:], again)
    assert not X[[0, 12]].any()
    after, _ = motion(frames[:12], time_s=np.concatenate([DT * np.arange(6), 5.0 + DT * np.arange(6)]))
    assert not after[6].any()  # a gap of time is a border too


def test_features_beside_those_of_frames() -> None:
    frames = seen(1.02)
    colour = np.repeat(frames[..., None], 3, axis=3).round()
    extract = streams.OrientedGradients(size=(96, 160), rows_first=True)
    large = np.stack([cv2.resize(frame.astype(np.uint8), (160, 96)) for frame in colour])

    class Colour(Pictures):
        def __init__(self):
            super().__init__(large.reshape(12, 96, -1))
            self.frame_shape = (96, 160, 3)

    both = streams.features(Colour(), extract, motion=streams.OpticalFlow())
    three = streams.features(Colour(), extract, motion=streams.OpticalFlow(), colours=streams.OpponentColours())
    alone = streams.features(Colour(), extract)
    moved = streams.motion(Colour())
    X, left, right = (np.concatenate([chunk.X for chunk in s]) for s in (both, alone, moved))
    np.testing.assert_array_equal(X, np.concatenate([left, right], axis=1))
    assert X.shape[1] == both.n_features
    more = np.concatenate([chunk.X for chunk in three])
    np.testing.assert_array_equal(more[:, : both.n_features], X)
    assert more.shape[1] == three.n_features == both.n_features + 433


def adapted(frames, time_s, source=None):
    adaptation = Adaptation(streams.OpponentColours())
    sources = np.zeros(len(frames), int) if source is None else source
    return np.stack([adaptation.features(*frame) for frame in zip(frames, time_s, sources, strict=True)])


def test_colours_are_opponent_and_their_contrast_is_one() -> None:
    red = np.zeros((90, 160, 3), np.uint8)
    red[:, :80, 0] = 200  # red on the left, black on the right
    light, red_green, blue_yellow = streams.OpponentColours().planes(red)
    assert light[:, :8].min() > 0 > light[:, 8:].max()
    assert red_green[:, :8].min() > 0 == red_green[:, 8:].max()
    assert blue_yellow[:, :8].max() < 0
    np.testing.assert_allclose([np.sqrt((x**2).mean()) for x in (light, red_green, blue_yellow)], 1.0, rtol=1e-5)
    brighter = streams.OpponentColours().planes(red // 2)[0]
    np.testing.assert_allclose(brighter, light, rtol=1e-5)


def test_pictures_are_told_by_what_they_add_to_the_usual() -> None:
    frames = np.repeat(seen()[..., None], 3, axis=3)
    usual, novel = frames[0], frames[0].copy()
    novel[:40, :40] = 255.0
    shown = np.stack([usual] * 40 + [novel] * 3)
    X = adapted(shown, 0.1 * np.arange(43))
    assert not X[0].any()
    np.testing.assert_allclose(X[39, :-1], 0.0, atol=1e-4)  # and the feature that is always there
    assert X[39, -1] == 1.0
    light = X[42, :144].reshape(9, 16)
    assert light[:4, :4].mean() > 2.0 > 1.0 > np.abs(light[5:, 5:]).mean()
    again = adapted(shown[40:], 0.1 * np.arange(3))
    both = adapted(shown, 0.1 * np.arange(43), np.repeat([0, 1], [40, 3]))
    np.testing.assert_allclose(both[40:], again)  # nothing goes over the border of two clips


ERRORS = [
    ({"grid": (0, 8)}, "OpticalFlow.grid must be"),
    ({"grid": (100, 8)}, "must not be finer than size"),
    ({"size": (8, 8), "grid": (2, 2)}, "at least 32 pixels a side"),
    ({"tau": 0}, "OpticalFlow.tau must be a positive number of ms, got 0"),
    ({"n_speeds": 1}, "n_speeds must be at least 2"),
]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"threshold": 0.0}, r"SpikingMotion\.threshold must be a number above 0, got 0.0"),
        ({"reach": 0}, "SpikingMotion.reach"),
        ({"longest": 1.5}, "SpikingMotion.longest"),
        ({"size": (12, 12), "grid": (2, 2)}, "at least 16 pixels a side"),
    ],
)
def test_errors_of_coincidences(given: dict, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        streams.SpikingMotion(**given)


@pytest.mark.parametrize(("given", "said"), ERRORS)
def test_errors(given: dict, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        streams.OpticalFlow(**given)
    with pytest.raises(ValueError, match="colour or grey frames"):
        streams.motion(streams.arrays(np.ones((3, 4), np.float32)))
    with pytest.raises(ValueError, match=r"OpponentColours\.tau must be a positive number of ms, got -1"):
        streams.OpponentColours(tau=-1)
