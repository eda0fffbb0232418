"""Files of event cameras hold the events they should, and become pictures of counts."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from made_files import aedat4, prophesee

from tectum import streams
from tectum.streams.event_files import EVENT

RNG = np.random.default_rng(0)


def events_of(n: int = 500, width: int = 20, height: int = 10) -> np.ndarray:
    """Random events, 1 ms apart on average."""
    events = np.empty(n, EVENT)
    events["t"] = np.sort(RNG.integers(0, 1000 * n, n))
    events["t"] -= events["t"][0]
    events["x"], events["y"] = RNG.integers(0, width, n), RNG.integers(0, height, n)
    events["p"] = RNG.integers(0, 2, n)
    return events


EVENTS = events_of()


def assert_same(found: np.ndarray, expected: np.ndarray) -> None:
    assert found.dtype == EVENT
    for name in "txyp":
        np.testing.assert_array_equal(found[name], expected[name])


@pytest.fixture(scope="module")
def folder(data_folder: Path) -> Path:
    if not (data_folder / "events").is_dir():
        pytest.skip(f"no events/ in {data_folder}")
    return data_folder / "events"


def test_aedat4_equals_its_twin(folder: Path) -> None:
    pytest.importorskip("lz4.frame", reason="needs the extra events")
    events = streams.read_events(folder / "sample.aedat4")
    assert len(events) == 111_954
    twin = np.load(folder / "sample_aedat4_events.npz")
    assert_same(events, {name: twin[name] for name in "txyp"})
    assert_same(streams.read_events(folder / "sample_aedat4_events.npz"), events)


def test_aedat2_of_a_dvs128(folder: Path) -> None:
    events = streams.read_events(folder / "DVS128-2017-03-21-short.aedat")
    assert len(events) == 130_114
    assert events["t"][-1] / 1e6 == pytest.approx(6.18, abs=0.005)
    assert events["x"].min() == events["y"].min() == 0
    assert events["x"].max() == events["y"].max() == 127


def test_nmnist(folder: Path) -> None:
    events = streams.read_events(folder / "sample_nmnist.bin")
    assert len(events) == 4_325
    assert events["t"][-1] / 1e6 == pytest.approx(0.31, abs=0.005)
    assert events["x"].max() < 34
    assert events["y"].max() < 34
    assert 0.4 < events["p"].mean() < 0.6


def test_a_bar_that_moves_has_a_front_of_each_polarity(folder: Path) -> None:
    """ON and OFF events of the moving bar stand on its two sides, which swap with the direction."""
    events = streams.read_events(folder / "DVS128-2017-03-21-short.aedat")
    lead = []
    for start in range(0, len(events) - 2000, 2000):
        part = events[start : start + 2000]
        lead.append(np.median(part["x"][part["p"] == 1]) - np.median(part["x"][part["p"] == 0]))
    assert np.quantile(lead, 0.9) > 3
    assert np.quantile(lead, 0.1) < -3


def test_aedat2_polarity_and_place_are_those_of_jaer(tmp_path: Path) -> None:
    """ON is bit 0 unset, columns count from the right, rows from below; a higher bit is no event."""
    words = np.array([[5 << 8 | 3 << 1 | 0, 100], [1 << 15, 120], [127 << 8 | 127 << 1 | 1, 150]], ">i4")
    file = tmp_path / "a.aedat"
    header = b"#!AER-DAT2.0\r\n# AEChip: a.b.DVS128\r\n"
    file.write_bytes(header + words.tobytes())
    assert streams.read_events(file).tolist() == [(0, 124, 122, 1), (50, 0, 0, 0)]
    file.write_bytes(header + np.array([[0, 2**31 - 5], [0, -(2**31) + 5]], ">i4").tobytes())
    assert streams.read_events(file)["t"].tolist() == [0, 10]  # the clock has 32 bits


@pytest.mark.parametrize("table", [False, True])
@pytest.mark.parametrize("method", [0, 1, 2, 3])
def test_aedat4_compressed_or_not(tmp_path: Path, method: int, table: bool) -> None:
    pack = bytes
    if method in (1, 2):
        pack = pytest.importorskip("lz4.frame", reason="needs the extra events").compress
    elif method == 3:
        pack = pytest.importorskip("zstandard", reason="needs the extra events").ZstdCompressor().compress
    aedat4(tmp_path / "a.aedat4", EVENTS, pack, method, table)
    assert_same(streams.read_events(tmp_path / "a.aedat4"), EVENTS)


def test_arrays_under_the_names_of_tonic(tmp_path: Path) -> None:
    assert_same(streams.read_events(EVENTS), EVENTS)
    tonic = np.zeros(len(EVENTS), [("x", np.int16), ("y", np.int16), ("t", np.int64), ("p", bool)])
    for name in "txyp":
        tonic[name] = EVENTS[name]
    tonic["t"] += 5_000
    assert_same(streams.read_events(tonic[::-1]), streams.read_events(tonic[::-1].copy()))
    assert streams.read_events(tonic[::-1])["t"].tolist() == EVENTS["t"].tolist()
    np.save(tmp_path / "a.npy", tonic)
    np.savez(tmp_path / "one.npz", events=tonic)
    for file in ("a.npy", "one.npz"):
        assert_same(streams.read_events(tmp_path / file), EVENTS)


def test_files_that_cannot_be_read_say_so(tmp_path: Path) -> None:
    pytest.importorskip("zstandard", reason="needs the extra events")
    (tmp_path / "a.bin").write_bytes(b"1234")
    with pytest.raises(streams.StreamError, match="five bytes an event"):
        streams.read_events(tmp_path / "a.bin")
    (tmp_path / "empty.bin").write_bytes(b"")
    with pytest.raises(streams.StreamError, match="no events"):
        streams.read_events(tmp_path / "empty.bin")
    (tmp_path / "a.aedat").write_bytes(b"#!AER-DAT3.1\r\n")
    with pytest.raises(streams.StreamError, match=r"AEDAT 2\.0"):
        streams.read_events(tmp_path / "a.aedat")
    (tmp_path / "b.aedat").write_bytes(b"#!AER-DAT2.0\r\n# AEChip: eu.DAVIS240C\r\n")
    with pytest.raises(streams.StreamError, match="DVS128"):
        streams.read_events(tmp_path / "b.aedat")
    (tmp_path / "a.aedat4").write_bytes(b"nothing")
    with pytest.raises(streams.StreamError, match="AEDAT 4"):
        streams.read_events(tmp_path / "a.aedat4")
    aedat4(tmp_path / "cut.aedat4", EVENTS)
    whole = (tmp_path / "cut.aedat4").read_bytes()
    aedat4(tmp_path / "cut.aedat4", EVENTS, bytes, 3)  # said to be compressed, but is not
    with pytest.raises(streams.StreamError, match="damaged"):
        streams.read_events(tmp_path / "cut.aedat4")
    for kept in (len(whole) - 100, 30):
        (tmp_path / "cut.aedat4").write_bytes(whole[:kept])
        with pytest.raises(streams.StreamError, match="copy it again"):
            streams.read_events(tmp_path / "cut.aedat4")
    with pytest.raises(ValueError, match="must end in"):
        streams.read_events(tmp_path)
    with pytest.raises(FileNotFoundError, match="check the path"):
        streams.read_events(tmp_path / "none.bin")
    with pytest.raises(ValueError, match="fields t, x, y and p"):
        streams.read_events(np.zeros(3))


def test_missing_package_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "lz4.frame", None)
    monkeypatch.setitem(__import__("sys").modules, "lz4", None)
    aedat4(tmp_path / "a.aedat4", EVENTS, bytes, 1)
    with pytest.raises(ImportError, match=r"tectum\[events\]"):
        streams.read_events(tmp_path / "a.aedat4")


@pytest.mark.parametrize("encoding", ["dat", "evt2", "evt3", "evt3v"])
def test_files_of_prophesee(tmp_path: Path, encoding: str) -> None:
    events = EVENTS.copy()
    events["t"] *= 100  # 50 s, in which the clock of EVT 3 begins anew twice
    events["x"] += 10
    file = tmp_path / ("a.dat" if encoding == "dat" else "a.raw")
    prophesee(file, events, encoding)
    assert_same(streams.read_events(file), events)
    assert_same(np.concatenate([c.events for c in streams.events(file, chunk=7)]), events)
    content = file.read_bytes()
    file.write_bytes(content[:-1])
    with pytest.raises(streams.StreamError, match="cut off"):
        streams.read_events(file)
    if encoding != "dat":
        file.write_bytes(content[:-8] + b"\xdd" * 8)
        with pytest.raises(streams.StreamError, match="0xd"):
            streams.read_events(file)
        file.write_bytes(content.replace(b"evt", b"xvt"))
        with pytest.raises(streams.StreamError, match=r"EVT 2\.0 or EVT 3\.0"):
            streams.read_events(file)


def test_hdf5_by_groups_and_structures(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py", reason="needs the extra events")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        for name in "txyp":
            file[f"events/{name}"] = EVENTS[name]
    with h5py.File(tmp_path / "b.hdf5", "w") as file:
        file["CD/events"] = EVENTS
    with h5py.File(tmp_path / "c.h5", "w") as file:
        file["events"] = EVENTS.astype([("t", "f8"), ("x", "i4"), ("y", "i4"), ("p", "i1")])
    for name in ("a.h5", "b.hdf5"):
        assert_same(streams.read_events(tmp_path / name), EVENTS)
    with pytest.raises(streams.StreamError, match="whole microseconds"):
        streams.read_events(tmp_path / "c.h5")


def test_a_stream_gives_what_the_whole_file_does(tmp_path: Path) -> None:
    """In order, though some events come late in the file, and never more than a chunk at a time."""
    late = EVENTS.copy()
    late[[3, 4]], late[[100, 103]] = late[[4, 3]], late[[103, 100]]
    np.save(tmp_path / "a.npy", late)
    stream = streams.events([tmp_path / "a.npy", EVENTS], chunk=50)
    parts = list(stream)
    assert max(len(part.events) for part in parts) == 50
    for source in (0, 1):
        assert_same(np.concatenate([part.events for part in parts if part.source == source]), EVENTS)
    assert stream.extent() == ((10, 20), 1000, 2 * int(EVENTS["t"][-1]))
    (tmp_path / "b.bin").write_bytes(bytes([0, 0, 1, 0, 0] * 30 + [0, 0, 2, 0, 0] * 30 + [0, 0, 0, 0, 0]))
    with pytest.raises(streams.StreamError, match="read it as a whole"):
        list(streams.events(tmp_path / "b.bin", chunk=20))
    with pytest.raises(streams.StreamError, match="pass another shape"):
        list(streams.events(EVENTS, shape=(10, 10)))
    with pytest.raises(ValueError, match="at least one recording"):
        streams.events([])


def chunks_of(stream: streams.Stream) -> Iterator[np.ndarray]:
    return (np.concatenate(arrays) for arrays in zip(*(chunk[:3] for chunk in stream), strict=True))


def test_frames_count_every_event_once() -> None:
    stream = streams.event_frames([EVENTS, EVENTS], window_ms=20.0, chunk=4)
    X, time_s, source = chunks_of(stream)
    assert stream.shape == (10, 20)
    assert stream.n_features == X.shape[1] == 400
    assert stream.n_announced == len(X)
    assert X.dtype == np.float32
    assert source.tolist() == [0] * (len(X) // 2) + [1] * (len(X) // 2)
    np.testing.assert_allclose(time_s, 0.02 * np.arange(len(X)))
    expected = np.zeros((len(X) // 2, 2, 10, 20))
    for t, x, y, p in EVENTS.tolist():
        expected[t // 20_000, 0 if p else 1, y, x] += 1
    np.testing.assert_array_equal(X[source == 0].reshape(expected.shape), expected)
    np.testing.assert_array_equal(X[source == 1], X[source == 0])


def test_empty_windows_can_be_left_out() -> None:
    events = EVENTS[:4].copy()
    events["t"] = [0, 10, 95_000, 95_010]
    X, time_s, _ = chunks_of(streams.event_frames(events, window_ms=10))
    assert X.sum(axis=1).tolist() == [2, 0, 0, 0, 0, 0, 0, 0, 0, 2]
    X, time_s, _ = chunks_of(streams.event_frames(events, window_ms=10, empty=False))
    assert X.sum(axis=1).tolist() == [2, 2]
    np.testing.assert_allclose(time_s, [0.0, 0.09])


def test_frames_check_their_parameters() -> None:
    with pytest.raises(ValueError, match="window_ms must be a positive number"):
        streams.event_frames(EVENTS, window_ms=0)
    with pytest.raises(ValueError, match=r"need at least \(10, 20\)"):
        streams.event_frames(EVENTS, window_ms=20, shape=(10, 19))
    with pytest.raises(ValueError, match="at least one recording"):
        streams.event_frames([], window_ms=20)
