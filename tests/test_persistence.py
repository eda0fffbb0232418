"""Saving and loading: arrays and headers come back bit for bit, files are whole or absent, errors say what to do."""

import json
import os
import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given, settings, strategies as st
from hypothesis.extra import numpy as hnp

from tectum import persistence
from tectum.models.common import families

DTYPES = ["?", "i1", "<i8", ">i4", "u1", "<u8", ">u8", "<f2", "<f4", ">f4", "<f8"]


class Counter:
    """The smallest estimator that can be saved."""

    def __init__(self, step: int = 1) -> None:
        self.step = step

    def _get_state(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        return {"count": np.array(self.count_)}, {"params": {"step": self.step}}

    @classmethod
    def _from_state(cls, arrays: dict[str, np.ndarray], header: dict[str, Any]) -> "Counter":
        counter = cls(**header["params"])
        counter.count_ = int(arrays["count"])
        return counter


class OtherCounter(Counter):
    pass


@pytest.fixture
def registered(monkeypatch):
    """`Counter` is a class that tectum saves."""
    family = families.Family("Counter", "tectum_test_counter", "counter", "none", "none")
    monkeypatch.setattr(families, "SAVED", {"Counter": family})
    monkeypatch.setitem(sys.modules, "tectum_test_counter", SimpleNamespace(Counter=Counter))


def fitted(count: int = 7) -> Counter:
    counter = Counter(step=3)
    counter.count_ = count
    return counter


@pytest.mark.parametrize(
    "array",
    [
        np.array(3.5),
        np.array(True),
        np.array([True, False]),
        np.array([0, 2**64 - 1], dtype=np.uint64),
        np.zeros((0, 3), dtype=np.float32),
        np.arange(24.0).reshape(4, 6).T,
        np.arange(24).reshape(4, 6)[::-2, ::3],
        np.array([1, -2], dtype=">i4"),
        np.array([np.nan, -0.0, np.inf]),
        np.broadcast_to(np.float32(2.0), (3, 2)),
    ],
    ids=["0-d", "0-d bool", "bool", "uint64", "empty", "transposed", "strided", "big-endian", "special", "broadcast"],
)
def test_array_round_trip(tmp_path, array):
    persistence.save_arrays(tmp_path / "a", {"array": array}, {})
    loaded = persistence.load_arrays(tmp_path / "a")[0]["array"]
    np.testing.assert_array_equal(loaded, array)
    assert loaded.shape == array.shape
    assert loaded.dtype == array.dtype.newbyteorder("=")
    assert loaded.flags.writeable
    assert loaded.flags.owndata


@settings(max_examples=50, deadline=None)
@given(array=st.sampled_from(DTYPES).flatmap(lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, min_side=0))))
def test_any_array_round_trips_in_any_layout(tmp_path_factory, array):
    path = tmp_path_factory.getbasetemp() / "any"
    persistence.save_arrays(path, {"a": array, "transposed": array.T}, {})
    arrays, _ = persistence.load_arrays(path)
    native = array.astype(array.dtype.newbyteorder("="))
    assert arrays["a"].tobytes() == native.tobytes()
    assert arrays["transposed"].tobytes() == native.T.tobytes()


def test_header_round_trip(tmp_path):
    header = {"class": "X", "params": {"eta": 0.1, "shape": (2, 3), "name": "Größe", "tau": None, "limit": np.inf}}
    persistence.save_arrays(tmp_path / "a", {}, {**header, "n": np.int64(4), "flag": np.bool_(True)})
    arrays, loaded = persistence.load_arrays(tmp_path / "a")
    assert arrays == {}
    assert loaded["params"] == {**header["params"], "shape": [2, 3]}
    assert loaded["n"] == 4
    assert loaded["flag"] is True
    assert loaded["format_version"] == persistence.FORMAT_VERSION
    assert loaded["versions"]["numpy"] == np.__version__


def test_same_content_gives_same_bytes(tmp_path):
    arrays = {name: np.arange(3) for name in "zab"}
    persistence.save_arrays(tmp_path / "a", arrays, {"n": 1})
    persistence.save_arrays(tmp_path / "b", dict(reversed(arrays.items())), {"n": 1})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize("array", [np.array([object()]), np.array(["a"]), np.zeros(2, dtype=complex)])
def test_unsupported_dtype_is_named(tmp_path, array):
    with pytest.raises(TypeError, match=r"arrays\['w'\] must be boolean, integer or floating"):
        persistence.save_arrays(tmp_path / "a", {"w": array}, {})
    assert list(tmp_path.iterdir()) == []


def test_header_that_json_cannot_hold(tmp_path):
    with pytest.raises(TypeError, match="header must hold what JSON can, got a ndarray"):
        persistence.save_arrays(tmp_path / "a", {}, {"codebook": np.zeros(3)})


def test_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "model"
    path.write_bytes(b"old")

    def no_space(descriptor: int) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(OSError, match="no space left"):
        persistence.write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_write_replaces_and_leaves_nothing_else(tmp_path):
    path = tmp_path / "model"
    persistence.write_atomically(path, b"old")
    persistence.write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_write_into_a_missing_folder_or_onto_a_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match="does not exist; create it first"):
        persistence.save_arrays(tmp_path / "missing" / "model", {}, {})
    with pytest.raises(IsADirectoryError, match="add a file name"):
        persistence.save_arrays(tmp_path, {}, {})
    (tmp_path / "link").symlink_to("missing/model")
    with pytest.raises(FileNotFoundError, match="missing does not exist; create it first"):
        persistence.save_arrays(tmp_path / "link", {}, {})


def test_only_regular_files_are_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", "/dev/null"):
        with pytest.raises(FileExistsError, match="a pipe or a device, not a regular file; name a file"):
            persistence.write_atomically(tmp_path / name, b"new")
    assert (tmp_path / "pipe").is_fifo()


@pytest.mark.parametrize("name", ["x" * 255, "é" * 127, "あ" * 85, "𝄞" * 63])
def test_names_as_long_as_the_file_system_has_them(tmp_path, name):
    stem = persistence.part_stem(name)
    assert len(stem.encode()) <= 102
    (tmp_path / f"{stem}{'0' * 16}{persistence.PART}").write_bytes(b"left by a killed process")
    persistence.write_atomically(tmp_path / name, b"new")
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_missing_file(tmp_path):
    for path in (tmp_path / "missing", tmp_path):
        with pytest.raises(FileNotFoundError, match="no model file at"):
            persistence.load_arrays(path)


def test_every_truncation_is_noticed(tmp_path):
    path = tmp_path / "model"
    persistence.save_arrays(path, {"w": np.arange(5.0)}, {"class": "X"})
    whole = path.read_bytes()
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match="not a complete model file"):
            persistence.load_arrays(path)


def test_foreign_files(tmp_path):
    path = tmp_path / "model"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" * 100)
    with pytest.raises(ValueError, match="it is something else"):
        persistence.load_arrays(path)
    safetensors.numpy.save_file({"w": np.zeros(2)}, path)
    with pytest.raises(ValueError, match="not one that tectum wrote"):
        persistence.load_arrays(path)


@pytest.mark.parametrize("text", ["{", "[1]", "{}", '{"format_version": null}'])
def test_damaged_header(tmp_path, text):
    safetensors.numpy.save_file({}, tmp_path / "model", metadata={"tectum": text})
    with pytest.raises(ValueError, match="damaged header"):
        persistence.load_arrays(tmp_path / "model")


def test_newer_format(tmp_path):
    header = json.dumps({"format_version": persistence.FORMAT_VERSION + 1})
    safetensors.numpy.save_file({}, tmp_path / "model", metadata={"tectum": header})
    with pytest.raises(ValueError, match="update tectum"):
        persistence.load_arrays(tmp_path / "model")


@pytest.mark.usefixtures("registered")
def test_estimator_round_trip(tmp_path):
    persistence.save(fitted(), tmp_path / "model")
    loaded = persistence.load(str(tmp_path / "model"))
    assert type(loaded) is Counter
    assert (loaded.step, loaded.count_) == (3, 7)


@pytest.mark.usefixtures("registered")
def test_only_registered_classes_are_saved(tmp_path):
    other = OtherCounter()
    namesake = type("Counter", (Counter,), {})()
    for estimator in (other, namesake):
        with pytest.raises(TypeError, match="must be an instance of Counter itself"):
            persistence.save(estimator, tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize("header", [{"class": "Widget"}, {}, {"class": ["Counter"]}])
def test_unknown_class_is_not_imported(tmp_path, header):
    persistence.save_arrays(tmp_path / "model", {}, header)
    with pytest.raises(ValueError, match="knows only Counter"):
        persistence.load(tmp_path / "model")


def test_registered_modules_lie_in_the_package():
    assert all(family.module.startswith("tectum.models.") for family in families.FAMILIES)


class TestDoors:
    """A file is whole and unchanged, stays what it was to others, and leaves nothing behind."""

    def test_one_changed_bit_anywhere_is_noticed(self, tmp_path):
        path = tmp_path / "model"
        persistence.save_arrays(path, {"w": np.arange(5.0)}, {"class": "X", "params": {"eta": 0.1}})
        whole = path.read_bytes()
        for place in range(len(whole)):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << place % 8]) + whole[place + 1 :])
            with pytest.raises(ValueError, match=r"changed|complete|damaged|tectum wrote|does not write|update tectum"):
                persistence.load_arrays(path)

    def test_a_file_without_a_checksum_loads(self, tmp_path):
        header = json.dumps({"format_version": 1, "class": "X"})
        safetensors.numpy.save_file({"w": np.arange(3)}, tmp_path / "old", metadata={"tectum": header})
        arrays, loaded = persistence.load_arrays(tmp_path / "old")
        assert arrays["w"].tolist() == [0, 1, 2]
        assert loaded["class"] == "X"

    @pytest.mark.parametrize(
        "text",
        ['{"format_version": 1e400}', '{"format_version": -5}', '{"format_version": true}', "[" * 10**5, "1" * 10**5],
        ids=["infinite", "negative", "true", "deep", "long"],
    )
    def test_absurd_headers(self, tmp_path, text):
        safetensors.numpy.save_file({}, tmp_path / "model", metadata={"tectum": text})
        with pytest.raises(ValueError, match="damaged header"):
            persistence.load_arrays(tmp_path / "model")

    def test_the_mode_of_a_file_is_kept(self, tmp_path):
        path = tmp_path / "model"
        persistence.write_atomically(path, b"old")
        usual = path.stat().st_mode
        path.chmod(0o600)
        persistence.write_atomically(path, b"new")
        assert path.stat().st_mode & 0o777 == 0o600
        persistence.write_atomically(tmp_path / "other", b"new")
        assert (tmp_path / "other").stat().st_mode == usual

    def test_a_link_is_followed(self, tmp_path):
        (tmp_path / "far").mkdir()
        link = tmp_path / "link"
        link.symlink_to(tmp_path / "far" / "model")
        for content in (b"first", b"second"):
            persistence.write_atomically(link, content)
            assert link.is_symlink()
            assert (tmp_path / "far" / "model").read_bytes() == content
        assert sorted(path.name for path in tmp_path.rglob("*")) == ["far", "link", "model"]

    def test_leftovers_of_the_dead_are_swept_and_those_of_the_living_stay(self, tmp_path):
        path = tmp_path / "model"
        own = tmp_path / ".model.notes.part"
        own.write_bytes(b"mine")
        (tmp_path / f".model.{'0' * 16}.part").write_bytes(b"left")
        with persistence.replacing(path) as file:
            file.write(b"slow")
            persistence.write_atomically(path, b"fast")
            assert len(list(tmp_path.glob(".model.*.part"))) == 2
        assert path.read_bytes() == b"slow"
        assert sorted(tmp_path.iterdir()) == sorted([own, path])
