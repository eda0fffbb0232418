"""Data sets by name and from files: shapes, lookup order, verification, and what is said about bad input."""

import gzip
import hashlib
import io
import sys
import urllib.error
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sklearn.datasets

from tectum import datasets
from tectum.datasets import cache, mnist, tables, wisconsin

OFFLINE_NAMES = ["square", "cube", "iris", "wine", "breast_cancer", "digits"]


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """Any attempt to download fails the test."""

    def refuse(*args: object, **kwargs: object) -> None:
        pytest.fail(f"a test reached for the network: {args} {kwargs}")

    monkeypatch.setattr("urllib.request.urlopen", refuse)
    monkeypatch.setattr(sklearn.datasets, "fetch_openml", refuse)


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """An empty data folder and an empty cache, both known to the loaders."""
    own, cached = tmp_path / "own", tmp_path / "cached"
    own.mkdir()
    monkeypatch.setenv("TECTUM_DATA", str(own))
    monkeypatch.setenv("TECTUM_CACHE", str(cached))
    return own, cached


@pytest.fixture(params=["plain", "cells"])
def csv_engine(request, monkeypatch):
    """Run the test with NumPy's reader for tables of numbers and without it."""
    if request.param == "cells":
        monkeypatch.setattr(tables, "_read_plain", lambda *args: None)
    return request.param


def put(folder: Path, relative: str, payload: bytes) -> Path:
    path = folder / relative
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(payload)
    return path


# ---- named data sets


@pytest.mark.parametrize("name", OFFLINE_NAMES)
def test_bundled_sets_are_as_described(name):
    loaded = datasets.load(name)
    summary = next(row for row in datasets.describe() if row.name == name)
    assert loaded.data.shape == (summary.samples, summary.features)
    assert loaded.data.dtype == np.float64
    assert loaded.name == name
    assert summary.source in loaded.description
    assert summary.licence in loaded.description
    assert (None if loaded.target is None else len(np.unique(loaded.target))) == summary.classes
    assert (None if loaded.target_names is None else len(loaded.target_names)) == summary.classes
    assert all(type(text) is str for text in loaded.feature_names)


def test_names_and_rows_agree():
    assert datasets.names() == [row.name for row in datasets.describe()] == [*OFFLINE_NAMES, "wisconsin", "mnist"]


def test_image_shape_fits_the_features():
    digits = datasets.load("digits")
    assert digits.image_shape == (8, 8)
    np.testing.assert_array_equal(digits.data[0].reshape(8, 8), sklearn.datasets.load_digits().images[0])
    assert datasets.load("iris").image_shape is None


@pytest.mark.parametrize("name", ["square", "cube"])
def test_generated_sets_are_uniform_and_seeded(name):
    points = datasets.load(name, n_samples=20000, random_state=3).data
    assert points.min() >= 0
    assert points.max() < 1
    np.testing.assert_allclose(points.mean(axis=0), 1 / 2, atol=0.01)
    np.testing.assert_allclose(points.var(axis=0), 1 / 12, atol=0.005)
    np.testing.assert_allclose(np.corrcoef(points.T), np.eye(points.shape[1]), atol=0.03)
    np.testing.assert_array_equal(points, datasets.load(name, n_samples=20000, random_state=3).data)
    assert not np.array_equal(points, datasets.load(name, n_samples=20000, random_state=4).data)


@pytest.mark.parametrize("n_samples", [0, -1, 2.5, "10", True])
def test_bad_n_samples(n_samples):
    with pytest.raises(ValueError, match="n_samples must be an integer of at least 1"):
        datasets.load("square", n_samples=n_samples)


@pytest.mark.parametrize(
    ("name", "near"), [("irsi", "'iris'"), ("Iris", "'iris'"), ("breast-cancer", "'breast_cancer'")]
)
def test_unknown_name_shows_names_and_near_matches(name, near):
    with pytest.raises(ValueError, match=f"did you mean .*{near}") as caught:
        datasets.load(name)
    assert all(known in str(caught.value) for known in [*datasets.names(), ".parquet"])


def test_unknown_name_without_near_match():
    with pytest.raises(ValueError, match="must be a data set or a file, got 'qqqq'; Data sets: square"):
        datasets.load("qqqq")


def test_unknown_option_is_named(tmp_path):
    with pytest.raises(TypeError, match=r"load\('cube'\) has no option 'n'; its options are: n_samples"):
        datasets.load("cube", n=3)
    with pytest.raises(TypeError, match=r"load\('iris'\) has no option 'name'; its options are: none"):
        datasets.load("iris", name="x")
    with pytest.raises(TypeError, match=r"\.npy file has no option 'target'"):
        datasets.load(tmp_path / "a.npy", target=0)


def test_dataset_is_frozen_consistent_and_prints_short():
    loaded = datasets.load("iris")
    with pytest.raises(AttributeError):
        loaded.name = "other"
    assert repr(loaded) == "Dataset('iris': 150 samples, 4 features, with labels)"
    with pytest.raises(ValueError, match="one label per sample"):
        datasets.Dataset(np.zeros((3, 1)), np.zeros(2), ["x"], None, "a", "")
    with pytest.raises(ValueError, match="must hold 1 names, got 2"):
        datasets.Dataset(np.zeros((3, 1)), None, ["x", "y"], None, "a", "")
    with pytest.raises(ValueError, match="must be 2-D"):
        datasets.Dataset(np.zeros(3), None, ["x"], None, "a", "")


# ---- lookup and download


def test_cache_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("TECTUM_CACHE", str(tmp_path / "own"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    assert cache.cache_folder() == tmp_path / "own"
    monkeypatch.delenv("TECTUM_CACHE")
    assert cache.cache_folder() == tmp_path / "user" / "tectum"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert cache.cache_folder() == Path.home() / ".cache" / "tectum"


def test_own_folder_comes_before_the_cache(folders):
    own, cached = folders
    assert cache.find("a/b") is None
    in_cache = put(cached, "a/b", b"")
    assert cache.find("a/b") == in_cache
    in_own = put(own, "a/b", b"")
    assert cache.find("a/b") == in_own


def test_download_keeps_only_verified_content(folders, monkeypatch):
    _, cached = folders
    monkeypatch.setattr("urllib.request.urlopen", lambda url, timeout: io.BytesIO(b"content"))
    with pytest.raises(ValueError, match="nothing was kept"):
        cache.download("https://example.org/a", "folder/a", lambda payload: False)
    assert not cached.exists()
    path = cache.download("https://example.org/a", "folder/a", lambda payload: payload == b"content")
    assert path == cached / "folder" / "a"
    assert path.read_bytes() == b"content"
    assert list(path.parent.iterdir()) == [path]


def raise_unreachable(*args: object, **kwargs: object) -> None:
    raise urllib.error.URLError("no route to host")


@pytest.mark.parametrize("name", ["wisconsin", "mnist"])
def test_offline_error_says_where_to_put_the_files(name, folders, monkeypatch):
    own, cached = folders
    monkeypatch.setattr("urllib.request.urlopen", raise_unreachable)
    monkeypatch.setattr(sklearn.datasets, "fetch_openml", raise_unreachable)
    with pytest.raises(ConnectionError, match="no route to host") as caught:
        datasets.load(name)
    relative = {"wisconsin": wisconsin.RELATIVE_PATH, "mnist": "mnist/train-labels-idx1-ubyte.gz"}[name]
    assert all(text in str(caught.value) for text in (relative, str(own), str(cached), "TECTUM_DATA"))


# ---- wisconsin


@pytest.fixture
def wisconsin_bytes(data_folder):
    return (data_folder / wisconsin.RELATIVE_PATH).read_bytes()


def test_wisconsin(wisconsin_bytes, folders):
    put(folders[0], wisconsin.RELATIVE_PATH, wisconsin_bytes)
    loaded = datasets.load("wisconsin")
    assert loaded.data.shape == (683, 9)
    assert loaded.data.dtype == np.float64
    assert (loaded.data.min(), loaded.data.max()) == (1, 10)
    np.testing.assert_array_equal(np.bincount(loaded.target), [444, 239])
    np.testing.assert_array_equal(loaded.data[0], [5, 1, 1, 1, 2, 1, 3, 1, 1])
    assert loaded.target_names == ["benign", "malignant"]


def test_wisconsin_accepts_copies_with_the_same_values(wisconsin_bytes):
    frame = pd.read_csv(io.BytesIO(wisconsin_bytes), header=None, na_values="?")
    windows = wisconsin_bytes.replace(b"\n", b"\r\n") + b"\r\n"
    header = b"id," + b",".join(b"f%d" % k for k in range(9)) + b",class\n" + wisconsin_bytes
    for copy in (windows, header, frame.to_csv(index=False, header=False).encode()):
        np.testing.assert_array_equal(wisconsin.read_table(copy), wisconsin.read_table(wisconsin_bytes))


def test_wisconsin_refuses_other_content(wisconsin_bytes, folders):
    swapped = b"\n".join(reversed(wisconsin_bytes.split(b"\n")))
    changed = wisconsin_bytes.replace(b"1000025,5,", b"1000025,6,")
    fraction = wisconsin_bytes.replace(b"1000025,5,", b"1000025,5.5,")
    for other in (swapped, changed, fraction, wisconsin_bytes[:-30], b"", b"\xff\xfe", b"<html></html>"):
        assert wisconsin.read_table(other) is None
    path = put(folders[0], wisconsin.RELATIVE_PATH, changed)
    with pytest.raises(ValueError, match="its checksum differs; it is left as it is"):
        datasets.load("wisconsin")
    assert path.read_bytes() == changed


def test_wisconsin_is_downloaded_once(wisconsin_bytes, folders, monkeypatch):
    calls = []
    monkeypatch.setattr("urllib.request.urlopen", lambda url, timeout: calls.append(url) or io.BytesIO(wisconsin_bytes))
    first, second = datasets.load("wisconsin"), datasets.load("wisconsin")
    np.testing.assert_array_equal(first.data, second.data)
    assert calls == [wisconsin.URL]


# ---- mnist


@pytest.fixture
def small_mnist(monkeypatch):
    """Three training and two test images in the original format; the compressed files by relative path."""
    rng = np.random.default_rng(0)
    payloads, files = {}, {}
    for part, n in (("train", 3), ("test", 2)):
        images = bytes(16) + rng.integers(0, 256, size=(n, 28, 28), dtype=np.uint8).tobytes()
        labels = bytes(8) + bytes(range(n))
        files[part] = tuple(
            file._replace(sha256=hashlib.sha256(gzip.compress(payload, mtime=0)).hexdigest())
            for file, payload in zip(mnist.FILES[part], (images, labels), strict=True)
        )
        payloads |= {
            file.relative_path: gzip.compress(payload, mtime=0)
            for file, payload in zip(files[part], (images, labels), strict=True)
        }
    monkeypatch.setattr(mnist, "FILES", files)
    return payloads


def test_mnist_subsets_from_files(small_mnist, folders):
    own, cached = folders
    for k, (relative, payload) in enumerate(small_mnist.items()):
        put((own, cached)[k % 2], relative, payload)
    parts = {subset: datasets.load("mnist", subset=subset) for subset in ("train", "test", "all")}
    assert [len(part.data) for part in parts.values()] == [3, 2, 5]
    assert parts["all"].data.dtype == np.float32
    np.testing.assert_array_equal(parts["all"].target, [0, 1, 2, 0, 1])
    np.testing.assert_array_equal(parts["all"].data, np.vstack([parts["train"].data, parts["test"].data]))
    first = gzip.decompress(small_mnist["mnist/train-images-idx3-ubyte.gz"])[16 : 16 + 784]
    np.testing.assert_array_equal(parts["train"].data[0], np.frombuffer(first, dtype=np.uint8))
    assert parts["train"].image_shape == (28, 28)
    assert parts["train"].feature_names[28] == "pixel_1_0"


def test_mnist_refuses_changed_files(small_mnist, folders):
    for relative, payload in small_mnist.items():
        put(folders[0], relative, payload)
    changed = put(folders[0], "mnist/train-labels-idx1-ubyte.gz", b"changed")
    with pytest.raises(ValueError, match="its checksum differs; it is left as it is"):
        datasets.load("mnist")
    assert changed.read_bytes() == b"changed"


def test_mnist_from_openml(small_mnist, folders, monkeypatch):
    put(folders[0], *next(iter(small_mnist.items())))
    images, labels = np.arange(5 * 784.0).reshape(5, 784) % 256, np.array(list("50412"))
    asked = {}
    monkeypatch.setattr(
        sklearn.datasets, "fetch_openml", lambda name, **options: asked.update(options, name=name) or (images, labels)
    )
    monkeypatch.setattr(mnist, "OPENML_ROWS", {"train": slice(3), "test": slice(3, None), "all": slice(None)})
    loaded = datasets.load("mnist", subset="test")
    np.testing.assert_array_equal(loaded.target, [1, 2])
    np.testing.assert_array_equal(loaded.data, images[3:])
    assert loaded.data.dtype == np.float32
    assert (asked["name"], asked["version"]) == ("mnist_784", 1)
    assert asked["data_home"] == str(folders[1] / "openml")


def test_mnist_unknown_subset():
    with pytest.raises(ValueError, match="subset must be one of train, test, all, got 'valid'"):
        datasets.load("mnist", subset="valid")


@pytest.mark.usefixtures("data_folder")
def test_original_mnist():
    test = datasets.load("mnist", subset="test")
    assert test.data.shape == (10000, 784)
    assert (test.data.min(), test.data.max()) == (0, 255)
    np.testing.assert_array_equal(test.target[:10], [7, 2, 1, 0, 4, 1, 4, 9, 5, 9])
    np.testing.assert_array_equal(np.bincount(test.target), [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009])


# ---- numpy files


def test_npy(tmp_path):
    array = np.asfortranarray(np.arange(6, dtype=">i2").reshape(3, 2))
    np.save(tmp_path / "samples.npy", array)
    for path in (tmp_path / "samples.npy", str(tmp_path / "samples.npy")):
        loaded = datasets.load(path)
        np.testing.assert_array_equal(loaded.data, array)
        assert loaded.data.dtype == np.float64
        assert loaded.data.dtype.isnative
        assert loaded.data.flags.c_contiguous
        assert (loaded.name, loaded.target, loaded.feature_names) == ("samples", None, ["x0", "x1"])


@pytest.mark.parametrize(
    ("keys", "has_target"),
    [(["data", "target"], True), (["X", "y"], True), (["X"], False), (["anything"], False), (["y"], False)],
)
def test_npz(tmp_path, keys, has_target):
    arrays = dict(zip(keys, (np.ones((3, 2)), np.array([0.0, 2.0, 1.0])), strict=False))
    np.savez(tmp_path / "a.npz", **arrays)
    loaded = datasets.load(tmp_path / "a.npz")
    assert loaded.data.shape == (3, 2)
    assert (loaded.target is not None) == has_target
    if has_target:
        np.testing.assert_array_equal(loaded.target, [0, 2, 1])
        assert loaded.target.dtype == np.int64


def test_npz_text_labels(tmp_path):
    np.savez(tmp_path / "a.npz", X=np.ones((3, 2)), y=np.array(["b", "a", "b"]))
    loaded = datasets.load(tmp_path / "a.npz")
    np.testing.assert_array_equal(loaded.target, [1, 0, 1])
    assert loaded.target_names == ["a", "b"]


def test_npz_without_samples_shows_the_keys(tmp_path):
    np.savez(tmp_path / "a.npz", first=np.ones((3, 2)), second=np.ones(3))
    with pytest.raises(ValueError, match=r"got the keys \['first', 'second'\]"):
        datasets.load(tmp_path / "a.npz")


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.ones(3), r"got 1-D \(3,\); reshape\(-1, 1\)"),
        (np.ones((2, 3, 4)), r"got 3-D \(2, 3, 4\); reshape\(len\(X\), -1\)"),
        (np.ones((0, 3)), "at least one sample"),
        (np.ones((3, 0)), "at least one sample and one feature"),
        (np.ones((3, 2), dtype=complex), "must hold numbers, got dtype complex128"),
        (np.array([["a"]]), "must hold numbers, got dtype <U1"),
    ],
)
def test_unusable_arrays(tmp_path, array, message):
    np.save(tmp_path / "a.npy", array)
    with pytest.raises(ValueError, match=message):
        datasets.load(tmp_path / "a.npy")


class Trap:
    """Unpickling this would be noticed."""

    def __reduce__(self):
        return pytest.fail, ("a file was unpickled",)


@pytest.mark.parametrize("name", ["a.npy", "a.npz"])
def test_object_arrays_are_never_unpickled(tmp_path, name):
    array = np.array([[Trap()]], dtype=object)
    (np.save if name == "a.npy" else np.savez)(tmp_path / name, array)
    with pytest.raises(ValueError, match="never loaded; save it again"):
        datasets.load(tmp_path / name)


@pytest.mark.parametrize("suffix", [".npy", ".npz", ".parquet"])
def test_damaged_files(tmp_path, suffix):
    path = put(tmp_path, f"a{suffix}", b"PK\x03\x04 this is not what the suffix says")
    with pytest.raises(ValueError, match=r"a\.(npy|npz|parquet)"):
        datasets.load(path)


@pytest.mark.parametrize("suffix", [".npy", ".npz", ".csv", ".parquet"])
def test_empty_and_missing_files(tmp_path, suffix):
    with pytest.raises(FileNotFoundError, match="check the path"):
        datasets.load(str(tmp_path / f"a{suffix}"))
    with pytest.raises(ValueError, match=r"is empty \(0 bytes\)"):
        datasets.load(put(tmp_path, f"a{suffix}", b""))


def test_unsupported_suffix_and_folder(tmp_path):
    with pytest.raises(ValueError, match=r"ending in \.npy, \.npz, \.csv, \.parquet, got suffix '\.xlsx'"):
        datasets.load(put(tmp_path, "a.xlsx", b"1"))
    with pytest.raises(ValueError, match="got a folder"):
        datasets.load(tmp_path)


# ---- tables


def write_csv(tmp_path: Path, text: str) -> Path:
    return put(tmp_path, "a.csv", text.encode())


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("width,height\n1,2\n3,4\n", ["width", "height"]),
        ("\ufeffwidth,height\r\n1,2\r\n3,4\r\n", ["width", "height"]),
        ('"width, mm", height\n1,2\n\n3,4', ["width, mm", "height"]),
        ("\n\nwidth,height\n1,2\n3,4\n", ["width", "height"]),
        ("id,2019\n1,2\n3,4\n", ["id", "2019"]),
        (",height\n1,2\n3,4\n", ["x0", "height"]),
        ("1,2\n3,4\n", ["x0", "x1"]),
        (" 1, 2.0\n3e0, 4\n", ["x0", "x1"]),
    ],
)
@pytest.mark.usefixtures("csv_engine")
def test_csv_header_detection(tmp_path, text, names):
    loaded = datasets.load(write_csv(tmp_path, text))
    np.testing.assert_array_equal(loaded.data, [[1, 2], [3, 4]])
    assert loaded.feature_names == names
    assert loaded.data.dtype == np.float64


@pytest.mark.usefixtures("csv_engine")
def test_csv_header_can_be_stated(tmp_path):
    path = write_csv(tmp_path, "1,2\n3,4\n")
    loaded = datasets.load(path, header=True)
    np.testing.assert_array_equal(loaded.data, [[3, 4]])
    assert loaded.feature_names == ["1", "2"]
    with pytest.raises(ValueError, match="column 'x0' must hold numbers, got 'a'"):
        datasets.load(write_csv(tmp_path, "a,b\n1,2\n"), header=False)


@pytest.mark.parametrize("target", ["kind", 1, -2, np.int64(1)])
@pytest.mark.usefixtures("csv_engine")
def test_csv_text_target(tmp_path, target):
    path = write_csv(tmp_path, "a,kind,b\n1,oak,2\n3,ash,4\n5,oak,6\n")
    loaded = datasets.load(path, target=target)
    np.testing.assert_array_equal(loaded.data, [[1, 2], [3, 4], [5, 6]])
    np.testing.assert_array_equal(loaded.target, [1, 0, 1])
    assert loaded.target_names == ["ash", "oak"]
    assert loaded.feature_names == ["a", "b"]


@pytest.mark.usefixtures("csv_engine")
def test_csv_number_target_without_header(tmp_path):
    loaded = datasets.load(write_csv(tmp_path, "1;7\n3;9\n"), target="x1", delimiter=";")
    np.testing.assert_array_equal(loaded.target, [7, 9])
    assert loaded.target.dtype == np.int64
    assert loaded.target_names is None
    real = datasets.load(write_csv(tmp_path, "1,0.5\n3,9\n"), target=-1)
    np.testing.assert_array_equal(real.target, [0.5, 9])


@pytest.mark.usefixtures("csv_engine")
def test_csv_missing_values(tmp_path):
    with pytest.raises(datasets.DataError, match="row 2, column 'a' must hold a value, it is missing"):
        datasets.load(write_csv(tmp_path, "a,b\n1,\nNA,4\nnan,5\n"))
    loaded = datasets.load(write_csv(tmp_path, "a,b\n1,\nNA,4\nnan,5\n"), missing="keep")
    np.testing.assert_array_equal(loaded.data, [[1, np.nan], [np.nan, 4], [np.nan, 5]])
    with pytest.raises(ValueError, match="must have a label in every row, 1 are missing"):
        datasets.load(write_csv(tmp_path, "a,kind\n1,oak\n2,\n"), target="kind")


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("a,b\n1,oak\n", {}, "column 'b' must hold numbers, got 'oak'"),
        ("a,b\n1,2\n3,?\n", {}, r"column 'b' must hold numbers, got '\?'"),
        ("1;2\n3;4\n", {"delimiter": ","}, "delimiter= if columns were not separated"),
        ("a,b\n1,2\n", {"target": "c"}, "target must name exactly one of the columns 'a', 'b', or be an index"),
        ("a,b\n1,2\n", {"target": 2}, "from -2 to 1, got 2"),
        ("a,a\n1,2\n", {"target": "a"}, "exactly one of the columns 'a', 'a'"),
        ("a,b\n1,2\n", {"target": True}, "got True"),
        ("a\n1\n", {"target": "a"}, "at least one sample and one feature besides the target"),
        ("a,b\n", {}, "no rows of data"),
        ("\n\n", {}, "no rows of data"),
        ("a,b\n1,2,3\n", {}, "header names 2 columns, its rows have 3"),
        ("a,b\n1,2\n1,2,3\n", {}, "must be a UTF-8 text table"),
        ("1,2\n", {"delimiter": ", "}, "delimiter must be one character"),
    ],
)
@pytest.mark.usefixtures("csv_engine")
def test_unusable_csv(tmp_path, text, options, message):
    with pytest.raises(ValueError, match=message):
        datasets.load(write_csv(tmp_path, text), **options)


@pytest.mark.usefixtures("csv_engine")
def test_csv_in_another_encoding(tmp_path):
    with pytest.raises(ValueError, match="must be a UTF-8 text table"):
        datasets.load(put(tmp_path, "a.csv", "größe\n1\n".encode("latin-1")))


def test_csv_engines_agree(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(50, 4)) * 10.0 ** rng.integers(-8, 8, size=(50, 4)), columns=list("abcd"))
    frame.iloc[3, 1] = np.nan
    frame["kind"] = rng.choice(["left, far", 'the "right"', "up"], size=50)
    frame.to_csv(tmp_path / "a.csv", index=False)
    by_cells = datasets.load(tmp_path / "a.csv", target="kind", missing="keep")
    np.testing.assert_array_equal(by_cells.data, frame.iloc[:, :4])
    assert by_cells.target_names == sorted(set(frame["kind"]))
    frame.iloc[:, :4].dropna().to_csv(tmp_path / "b.csv", index=False)
    plain = datasets.load(tmp_path / "b.csv")
    monkeypatch.setattr(tables, "_read_plain", lambda *args: None)
    np.testing.assert_array_equal(plain.data, datasets.load(tmp_path / "b.csv").data)
    np.testing.assert_array_equal(plain.data, frame.iloc[:, :4].dropna())


def test_parquet(tmp_path):
    frame = pd.DataFrame({"a": [1, 2, 3], "b": [0.5, None, 2.0], "c": [True, False, True]})
    frame["d"] = pd.array([1, None, 3], dtype="Int64")
    frame["kind"] = pd.Series(["x", "y", "x"], dtype="category")
    frame.to_parquet(tmp_path / "a.parquet")
    loaded = datasets.load(tmp_path / "a.parquet", target="kind", missing="keep")
    np.testing.assert_array_equal(loaded.data, [[1, 0.5, 1, 1], [2, np.nan, 0, np.nan], [3, 2, 1, 3]])
    np.testing.assert_array_equal(loaded.target, [0, 1, 0])
    assert (loaded.feature_names, loaded.target_names) == (["a", "b", "c", "d"], ["x", "y"])
    with pytest.raises(ValueError, match="column 'kind' must hold numbers, got 'x'"):
        datasets.load(tmp_path / "a.parquet", missing="keep")
    with pytest.raises(ValueError, match="target must name exactly one"):
        datasets.load(tmp_path / "a.parquet", target="missing")


@pytest.mark.parametrize("missing", ["pandas", "pyarrow"])
def test_parquet_names_the_extra(tmp_path, monkeypatch, missing):
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ImportError, match=r'pip install "tectum\[parquet\]"'):
        datasets.load(put(tmp_path, "a.parquet", b"PAR1"))
