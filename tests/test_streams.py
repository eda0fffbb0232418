"""Streams yield what their sources hold, at bounded memory, and fail with one clear error that loses nothing."""

import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import made_files
import numpy as np
import pytest

from tectum import SpikingSOM, load, streams
from tectum.streams import onnx_graph
from tectum.streams.cnn import max_pool

RNG = np.random.default_rng(0)
X = RNG.random((50, 6), dtype=np.float32)


class Learner:
    """Keeps what it is given."""

    def __init__(self) -> None:
        self.seen: list[np.ndarray] = []

    def partial_fit(self, X: np.ndarray) -> "Learner":
        self.seen.append(X.copy())
        return self

    @property
    def X(self) -> np.ndarray:
        return np.concatenate(self.seen)


def joined(stream: streams.Stream) -> streams.Chunk:
    """The whole stream as one chunk."""
    chunks = list(stream)
    pictures = None if chunks[0].thumbnails is None else np.concatenate([chunk.thumbnails for chunk in chunks])
    return streams.Chunk(*(np.concatenate([chunk[k] for chunk in chunks]) for k in range(3)), pictures)


# arrays


@pytest.mark.parametrize("chunk", [1, 7, 50, 64])
def test_array_in_memory(chunk: int) -> None:
    stream = streams.arrays(X, rate=10, chunk=chunk)
    for _ in range(2):  # each iteration begins anew
        whole = joined(stream)
        np.testing.assert_array_equal(whole.X, X)
        np.testing.assert_allclose(whole.time_s, np.arange(50) / 10)
        assert (whole.source == 0).all()
        assert whole.thumbnails is None
    assert (stream.n_features, stream.n_announced, stream.names) == (6, 50, ["array"])
    assert [len(part.X) for part in stream] == [chunk] * (50 // chunk) + [50 % chunk] * (50 % chunk > 0)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_npz_keeps_times_sources_and_pictures(tmp_path: Path, save: Callable[..., None]) -> None:
    time_s, source = np.cumsum(RNG.random(50)), np.repeat([0, 1], 25)
    pictures = RNG.integers(0, 256, (50, 4, 5, 3), dtype=np.uint8)
    save(
        tmp_path / "a.npz", X=X.astype(np.float16), time_s=time_s, source=source, names=["p", "q"], thumbnails=pictures
    )
    stream = streams.arrays(tmp_path / "a.npz", chunk=8)
    whole = joined(stream)
    assert stream.names == ["p", "q"]
    assert whole.X.dtype == np.float32
    np.testing.assert_array_equal(whole.X, X.astype(np.float16))
    np.testing.assert_array_equal(whole.time_s, time_s)
    np.testing.assert_array_equal(whole.source, source)
    np.testing.assert_array_equal(whole.thumbnails, pictures)


def test_folder_of_shards_is_one_stream(tmp_path: Path) -> None:
    np.save(tmp_path / "b.npy", X[20:].reshape(30, 2, 3).astype(np.float64))
    np.savez(tmp_path / "a.npz", data=X[:20])
    stream = streams.arrays(tmp_path, rate=5, chunk=16)
    whole = joined(stream)
    np.testing.assert_array_equal(whole.X, X)
    np.testing.assert_allclose(whole.time_s, np.arange(50) / 5)
    assert whole.source.tolist() == [0] * 20 + [1] * 30
    assert (stream.names, stream.n_announced) == (["a.npz", "b.npy"], 50)
    np.testing.assert_array_equal(joined(streams.arrays([tmp_path / "b.npy", tmp_path / "a.npz"])).X[:30], X[20:])


def test_arrays_stored_column_by_column(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.asfortranarray(X))
    np.testing.assert_array_equal(joined(streams.arrays(tmp_path / "a.npy")).X, X)
    np.savez(tmp_path / "a.npz", X=np.asfortranarray(X))
    with pytest.raises(ValueError, match="holds X column by column"):
        streams.arrays(tmp_path / "a.npz")


def test_memory_does_not_grow_with_the_stream(tmp_path: Path) -> None:
    """20,000 frames of 2 kB, 40 MB, of which less than 2 MB are in memory at a time."""
    path = tmp_path / "long.npy"
    frames = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=(20_000, 512))
    frames[::100] = 1.0
    frames.flush()
    del frames
    n, total = 0, 0.0
    tracemalloc.start()
    for chunk in streams.arrays(path):
        n += len(chunk.X)
        total += chunk.X.sum()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (n, total) == (20_000, 200 * 512)
    assert peak < 2e6


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads the memory of the process from /proc")
def test_process_does_not_grow_with_the_stream(tmp_path: Path) -> None:
    path = tmp_path / "long.npy"
    frames = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=(20_000, 512))
    frames.flush()
    del frames
    sizes = []
    for chunk in streams.arrays(path):
        if chunk.time_s[0] * 25 % 3200 == 0:
            sizes.append(int(Path("/proc/self/statm").read_text().split()[1]))
    assert len(sizes) > 5
    assert (max(sizes) - sizes[0]) * 4096 < 10e6


def test_arrays_that_cannot_be_read_say_so(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="check the path"):
        streams.arrays(tmp_path / "none.npy")
    with pytest.raises(ValueError, match="folder of such files"):
        streams.arrays(tmp_path)
    with pytest.raises(ValueError, match="array of numbers"):
        streams.arrays([1.0, 2.0])
    with pytest.raises(ValueError, match=r"arrays\.rate must be a positive number"):
        streams.arrays(X, rate=0)
    with pytest.raises(ValueError, match=r"arrays\.chunk must be a whole number"):
        streams.arrays(X, chunk=0)
    (tmp_path / "bad.npy").write_bytes(b"not an array")
    with pytest.raises(ValueError, match="cannot be read as a NumPy file"):
        streams.arrays(tmp_path / "bad.npy")
    np.savez(tmp_path / "odd.npz", a=X, b=X)
    with pytest.raises(ValueError, match="under the name 'X' or 'data'"):
        streams.arrays(tmp_path / "odd.npz")
    np.savez(tmp_path / "short.npz", X=X, time_s=np.arange(3))
    with pytest.raises(ValueError, match="one number in time_s per sample"):
        streams.arrays(tmp_path / "short.npz")
    np.save(tmp_path / "objects.npy", np.array([[None, 1]]), allow_pickle=True)
    with pytest.raises(ValueError, match="Python objects"):
        streams.arrays(tmp_path / "objects.npy")


# learning


def test_learn_feeds_every_sample_once() -> None:
    model, done, kept = Learner(), [], []
    n = streams.learn(streams.arrays(X, chunk=8), model, progress=done.append, on_chunk=kept.append)
    np.testing.assert_array_equal(model.X, X)
    assert n == sum(done) == 50
    np.testing.assert_array_equal(np.concatenate([chunk.X for chunk in kept]), X)


@pytest.mark.parametrize(("skip", "limit"), [(0, 20), (13, 10), (16, None), (45, 100), (60, None)])
def test_learn_a_part(skip: int, limit: int | None) -> None:
    model = Learner()
    expected = X[skip:][:limit]
    assert streams.learn(streams.arrays(X, chunk=8), model, skip=skip, limit=limit) == len(expected)
    if len(expected):
        np.testing.assert_array_equal(model.X, expected)


def test_learn_checks_its_arguments() -> None:
    with pytest.raises(TypeError, match="must have a method partial_fit"):
        streams.learn(streams.arrays(X), object())
    with pytest.raises(ValueError, match=r"learn\.limit must be a whole number"):
        streams.learn(streams.arrays(X), Learner(), limit=0)


@pytest.mark.parametrize(
    ("beside", "message"),
    [
        ({"time_s": [0, 2, 1, np.nan, 3]}, "finite times in time_s that do not fall within a source, got 1 in row 2"),
        ({"time_s": [0, 1, 2, np.nan, 3]}, "finite times .* got nan in row 3"),
        ({"time_s": [0, 1, 2, 3, np.inf]}, "finite times .* got inf in row 4"),
        ({"source": [0, 7, -1, 1, 1]}, "numbers from 0 to 1 in source, as there are names, got 7 in row 1"),
        ({"source": [0, 0, -1, 1, 1]}, "got -1 in row 2"),
        ({"source": [0, 0.5, 1, 1, 1]}, "got 0.5 in row 1"),
        (
            {"X": np.where(np.eye(5, 3, k=-3), 1e300, 1.0)},
            r"float32 can, up to 3.4e\+38, got 1e\+300 in row 3, column 0",
        ),
    ],
)
def test_values_that_are_none_are_refused_by_row(tmp_path: Path, beside: dict[str, Any], message: str) -> None:
    right = {"X": np.zeros((5, 3)), "time_s": [0, 1, 0, 2, 1], "source": [0, 0, 1, 0, 1], "names": ["p", "q"]}
    np.savez(tmp_path / "a.npz", **right)
    assert len(joined(streams.arrays(tmp_path / "a.npz")).X) == 5  # sources may take turns
    np.savez(tmp_path / "a.npz", **(right | {"time_s": range(5), "source": [0] * 5} | beside))
    with pytest.raises(streams.StreamError, match=rf"a\.npz must hold .*{message}"):
        joined(streams.arrays(tmp_path / "a.npz", chunk=2))


def cut_file(path: Path) -> None:
    """An array of which the second half is missing."""
    np.save(path, X)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) - X.nbytes // 2])


def other_width(path: Path) -> None:
    np.save(path, X[:, :5])


def not_finite(path: Path) -> None:
    np.save(path, np.where(np.arange(50)[:, None] == 30, np.nan, X))


def no_array(path: Path) -> None:
    path.write_bytes(b"nothing")


@pytest.mark.parametrize(
    ("spoil", "message", "n_learned"),
    [
        (cut_file, "ended early or is damaged after 20 of 50", 70),
        (other_width, "has 5 features, those before it 6", 50),
        (not_finite, r"the sample at 3\.20 s holds NaN", 80),
        (no_array, "cannot be read as a NumPy file", 50),
    ],
)
def test_what_was_learned_before_an_error_stays(
    tmp_path: Path, spoil: Callable[[Path], None], message: str, n_learned: int
) -> None:
    np.save(tmp_path / "a.npy", X)
    spoil(tmp_path / "b.npy")
    model = Learner()
    with pytest.raises(streams.StreamError, match=f"{message}.*{n_learned} samples were learned before") as error:
        streams.learn(streams.arrays(tmp_path, chunk=10), model)
    assert error.value.n_learned == len(model.X) == n_learned


def test_wrong_width_of_a_handmade_stream() -> None:
    def chunks() -> Any:
        for width in (6, 5):
            yield streams.Chunk(X[:4, :width], np.arange(4.0), np.zeros(4, np.int64))

    with pytest.raises(streams.StreamError, match=r"5 features .* those before it 6.*4 samples"):
        streams.learn(chunks(), Learner())


def test_learning_goes_on_after_an_error_to_the_last_bit(tmp_path: Path) -> None:
    """Saved after a file that was cut off, resumed with the repaired one: the model of a pass without the fault."""
    np.save(tmp_path / "a.npy", X)
    cut_file(tmp_path / "b.npy")
    model = SpikingSOM(shape=(3, 3), random_state=0)
    with pytest.raises(streams.StreamError) as error:
        streams.learn(streams.arrays(tmp_path, chunk=25), model)
    assert error.value.n_learned == 75
    model.save(tmp_path / "model.tectum")
    resumed = load(tmp_path / "model.tectum")
    np.save(tmp_path / "b.npy", X)
    streams.learn(streams.arrays(tmp_path, chunk=25), resumed, skip=error.value.n_learned)
    whole = SpikingSOM(shape=(3, 3), random_state=0)
    streams.learn(streams.arrays(tmp_path, chunk=25), whole)
    np.testing.assert_array_equal(resumed.weights_, whole.weights_)


# video


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("cv2", reason="needs the extra video")
    return streams.write_clip(tmp_path_factory.mktemp("clip") / "road.mp4", seconds=4, size=(90, 160))


def test_clip_shows_different_scenes(clip: Path) -> None:
    stream = streams.video(clip, size=(18, 32), area=True)
    whole = joined(stream)
    assert stream.n_announced == len(whole.X) == 100
    assert stream.frame_shape == (18, 32, 3)
    assert whole.thumbnails is not None
    assert whole.thumbnails.shape == (100, 64, 112, 3)
    np.testing.assert_allclose(whole.time_s, np.arange(100) / 25)
    scene = np.repeat(np.arange(4), 25)
    centres = np.array([whole.X[scene == k].mean(axis=0) for k in range(4)])
    distance = np.linalg.norm(whole.X[:, None] - centres, axis=2)
    assert (distance.argmin(axis=1) == scene).all()
    marks = np.abs(np.diff(whole.X[:25], axis=0)).mean(axis=0)
    assert marks.max() > 5 * np.median(marks)  # something moves
    assert whole.X[80].mean() > whole.X[60].mean() + 50  # the night is dark


def test_every_nth_frame_of_several_files(clip: Path) -> None:
    whole = joined(streams.video(clip, size=(9, 16)))
    stream = streams.video([clip, clip], size=(9, 16), every=3, chunk=10, thumbnails=(8, 8))
    some = joined(stream)
    np.testing.assert_array_equal(some.X[:34], whole.X[::3])
    np.testing.assert_array_equal(some.X[34:], some.X[:34])
    np.testing.assert_allclose(some.time_s, np.concatenate([np.arange(0, 100, 3), np.arange(100, 200, 3)]) / 25)
    assert some.source.tolist() == [0] * 34 + [1] * 34
    assert stream.names == ["road.mp4", "road.mp4"]
    assert [len(chunk.X) for chunk in stream] == [10] * 6 + [8]


def test_colours_are_red_green_blue_or_grey(tmp_path: Path) -> None:
    cv2 = pytest.importorskip("cv2", reason="needs the extra video")
    for name, colour in (("a/red.png", (255, 0, 0)), ("a/x.png", (0, 0, 255)), ("b/green.png", (0, 255, 0))):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        cv2.imwrite(str(tmp_path / name), np.full((8, 8, 3), colour[::-1], np.uint8))
    (tmp_path / "a" / "notes.txt").write_text("no image")
    stream = streams.images(tmp_path, size=(2, 2), thumbnails=(1, 1), rate=10)
    whole = joined(stream)
    assert whole.X[:, :3].tolist() == [[255, 0, 0], [0, 0, 255], [0, 255, 0]]
    assert whole.thumbnails.reshape(3, 3).tolist() == whole.X[:, :3].tolist()
    assert (stream.names, whole.source.tolist(), stream.n_announced) == (["a", "b"], [0, 0, 1], 3)
    np.testing.assert_allclose(whole.time_s, [0.0, 0.1, 0.2])
    grey = streams.images(tmp_path / "a", size=(2, 2), grey=True)
    assert (grey.n_features, joined(grey).X[:, 0].tolist()) == (4, [76, 29])
    (tmp_path / "b" / "broken.png").write_bytes(b"nothing")
    with pytest.raises(streams.StreamError, match="cannot be read as an image"):
        joined(stream := streams.images(tmp_path, size=(2, 2)))
    with pytest.raises(ValueError, match="folder with images"):
        streams.images(tmp_path / "b" / "broken.png", size=(2, 2))


def test_a_truncated_video_is_one_error(clip: Path, tmp_path: Path) -> None:
    (tmp_path / "cut.mp4").write_bytes(clip.read_bytes()[:2000])
    (tmp_path / "text.mp4").write_text("no video")
    for name in ("cut.mp4", "text.mp4"):
        model = Learner()
        with pytest.raises(streams.StreamError, match=rf"{name} cannot be read as a video.*100 samples were learned"):
            streams.learn(streams.video([clip, tmp_path / name], size=(9, 16)), model)
        assert len(model.X) == 100


@pytest.mark.parametrize(("decoded", "fails"), [(0, True), (60, True), (95, False)])
def test_fewer_frames_than_announced(clip: Path, monkeypatch: pytest.MonkeyPatch, decoded: int, fails: bool) -> None:
    """A few frames less than the container announces are usual; far fewer are an error, after what there was."""
    cv2 = pytest.importorskip("cv2")

    class Short:
        """A video that ends early; OpenCV's class cannot be inherited from without corrupting memory."""

        def __init__(self, path: str, made=cv2.VideoCapture) -> None:
            self.video, self.n = made(path), 0

        def __getattr__(self, name: str) -> Any:
            return getattr(self.video, name)

        def grab(self) -> bool:
            self.n += 1
            return self.n <= decoded and self.video.grab()

    monkeypatch.setattr(cv2, "VideoCapture", Short)
    model = Learner()
    if fails:
        with pytest.raises(streams.StreamError, match=f"{decoded} of 100 frames" if decoded else "holds no frames"):
            streams.learn(streams.video(clip, size=(9, 16)), model)
    else:
        assert streams.learn(streams.video(clip, size=(9, 16)), model) == decoded
    assert sum(len(part) for part in model.seen) == decoded


def test_a_camera_that_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    cv2 = pytest.importorskip("cv2", reason="needs the extra video")

    class Camera:
        def __init__(self, index: int) -> None:
            self.index, self.n = index, 0

        def isOpened(self) -> bool:
            return self.index == 1

        def read(self) -> tuple[bool, Any]:
            self.n += 1
            return (True, np.full((4, 4, 3), self.n, np.uint8)) if self.n <= 21 else (False, None)

        def release(self) -> None:
            pass

    monkeypatch.setattr(cv2, "VideoCapture", Camera)
    model = Learner()
    stream = streams.camera(1, size=(2, 2), every=2)
    with pytest.raises(streams.StreamError, match=r"camera 1 stopped after 21 frames.*11 samples were learned"):
        streams.learn(stream, model)
    assert model.X[:, 0].tolist() == list(range(1, 22, 2))
    assert streams.learn(stream, Learner(), limit=5) == 5
    times = np.concatenate([chunk.time_s for chunk, _ in zip(stream, range(1), strict=False)])
    assert (np.diff(times) >= 0).all()
    with pytest.raises(streams.StreamError, match="camera 0 cannot be opened"):
        joined(streams.camera(size=(2, 2)))


def test_pictures_check_their_parameters(clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match=r"video\.size must be \(height, width\)"):
        streams.video(clip, size=9)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"video\.every must be a whole number"):
        streams.video(clip, size=(9, 9), every=0)
    with pytest.raises(FileNotFoundError, match="check the path"):
        streams.video(tmp_path / "none.mp4", size=(9, 9))
    with pytest.raises(ValueError, match=r"camera\.index must be"):
        streams.camera(-1, size=(9, 9))
    with pytest.raises(ValueError, match=r"must end in \.mp4 or \.avi"):
        streams.write_clip(tmp_path / "a.gif")
    with pytest.raises(ValueError, match="scenes must be at most 4"):
        streams.write_clip(tmp_path / "a.mp4", scenes=5)
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(ImportError, match=r"tectum\[video\]"):
        streams.video(clip, size=(9, 9))


# networks


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An ONNX file written by hand: relu = Relu(data), minus = Neg(relu), then out = Abs(minus)."""
    pytest.importorskip("onnxruntime", reason="needs the extra video")
    path = tmp_path_factory.mktemp("onnx") / "net.onnx"
    path.write_bytes(made_files.onnx_network())
    return path


def test_any_layer_without_the_package_onnx(network: Path) -> None:
    frames = RNG.integers(0, 256, (5, 4, 6, 3)).astype(np.float32)
    expected = np.maximum(frames[..., ::-1] - [104.0, 117.0, 123.0], 0).transpose(0, 3, 1, 2)
    for layer, sign in (("relu", 1), ("minus", -1), ("out", 1), (None, 1)):
        cnn = streams.CNN(network, layer=layer, size=(4, 6), batch=2)
        assert cnn.layers == ["relu", "minus", "out"]
        assert (cnn.layer, cnn.shape, cnn.n_features) == (layer or "out", (3, 4, 6), 72)
        np.testing.assert_array_equal(cnn.transform(frames), sign * expected.reshape(5, -1))
    kept = onnx_graph.with_output(network.read_bytes(), "relu")
    assert onnx_graph.layers(kept) == ["relu"]


def test_preprocessing_can_be_set(network: Path) -> None:
    frames = RNG.integers(0, 256, (2, 3, 5, 3)).astype(np.float32)
    settings = {"channel_order": "RGB", "mean": (1.0, 2.0, 3.0), "scale": (0.5, 0.25, 0.125)}
    cnn = streams.CNN(network, layer="minus", size=(3, 5), pool=True, **settings)
    planes = -np.maximum((frames - [1, 2, 3]) * [0.5, 0.25, 0.125], 0).transpose(0, 3, 1, 2)
    assert cnn.shape == (3, 2, 3)
    np.testing.assert_array_equal(cnn.transform(frames), max_pool(planes.astype(np.float32)).reshape(2, -1))


def test_pooling_is_by_two_with_ceil() -> None:
    planes = RNG.normal(size=(2, 3, 5, 4)).astype(np.float32)
    padded = np.pad(planes, ((0, 0), (0, 0), (0, 1), (0, 0)), constant_values=-np.inf)
    np.testing.assert_array_equal(max_pool(planes), padded.reshape(2, 3, 3, 2, 2, 2).max(axis=(3, 5)))


def test_features_of_a_video(network: Path, clip: Path) -> None:
    cnn = streams.CNN(network, layer="relu", size=(9, 16))
    frames = streams.video(clip, size=cnn.size, every=10)
    stream = streams.features(frames, cnn)
    pictures, whole = joined(frames), joined(stream)
    np.testing.assert_array_equal(whole.X, cnn.transform(pictures.X.reshape(-1, 9, 16, 3)))
    np.testing.assert_array_equal(whole.time_s, pictures.time_s)
    np.testing.assert_array_equal(whole.thumbnails, pictures.thumbnails)
    assert (stream.names, stream.n_features, stream.n_announced) == (["road.mp4"], 432, 10)
    with pytest.raises(ValueError, match=r"shape \(9, 16, 3\), got \(8, 16, 3\)"):
        streams.features(streams.video(clip, size=(8, 16)), cnn)
    with pytest.raises(ValueError, match=r"\(n_frames, 9, 16, 3\)"):
        cnn.transform(np.zeros((2, 8, 16, 3)))


def test_networks_that_do_not_fit_say_so(network: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="got 'none'; its last ones are relu, minus, out"):
        streams.CNN(network, layer="none")
    with pytest.raises(ValueError, match='must be "BGR" or "RGB"'):
        streams.CNN(network, channel_order="GBR")
    with pytest.raises(ValueError, match=r"CNN\.mean must be a number or three"):
        streams.CNN(network, mean=(1.0, 2.0))
    content = network.read_bytes()
    for bad in (b"nothing at all", content[: len(content) // 2], b""):
        (tmp_path / "bad.onnx").write_bytes(bad)
        with pytest.raises(ValueError, match="ONNX file"):
            streams.CNN(tmp_path / "bad.onnx")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ImportError, match=r"tectum\[video\]"):
        streams.CNN(network)


def test_layers_of_squeezenet(data_folder: Path) -> None:
    """The same features from the whole file, cut at the layer, as from the file that ends there."""
    pytest.importorskip("onnxruntime", reason="needs the extra video")
    folder = data_folder / "cnn"
    if not folder.is_dir():
        pytest.skip(f"no cnn/ in {data_folder}")
    frames = RNG.integers(0, 256, (2, 227, 227, 3), dtype=np.uint8)
    part = streams.CNN(folder / "squeezenet_v1.0_deepcomp_to_fire6.onnx")
    whole = streams.CNN(folder / "squeezenet_v1.0_deepcomp.onnx", layer="fire6/conv1x1_1")
    assert (part.size, part.shape, part.n_features) == ((227, 227), (48, 27, 27), 34_992)
    np.testing.assert_array_equal(part.transform(frames), whole.transform(frames))
    pooled = streams.CNN(folder / "squeezenet_v1.0_deepcomp.onnx", layer="fire9/concat", pool=True)
    assert (pooled.shape, pooled.n_features) == ((512, 7, 7), 25_088)
