"""Faults that were found once, each by the smallest input that showed it, with the value that is right."""

import argparse
import errno
import importlib
import re
import warnings
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_digits, load_iris

from tectum import (
    DiehlCook,
    MapHierarchy,
    Network,
    SensorLayout,
    SpikingDictionary,
    SpikingReadout,
    SpikingSOM,
    analysis,
    checkpoints,
    datasets,
    parts,
    persistence,
    plots,
    report,
    streams,
)
from tectum.cli.images import load_images, read_image
from tectum.encode import encode_shards, in_processes
from tectum.files import DataError
from tectum.image import Convolution, pool

ROOT = Path(__file__).resolve().parents[1]


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


# ---- tables


def test_the_index_that_pandas_writes_is_left_out_and_said(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": [1.5, 2.5, 0.5], "b": [4, 5, 6]})
    frame.to_csv(tmp_path / "a.csv")
    with pytest.warns(UserWarning, match=r"a\.csv: the first column only numbers the rows and is left out"):
        loaded = datasets.load(tmp_path / "a.csv")
    np.testing.assert_array_equal(loaded.data, frame)
    assert loaded.feature_names == ["a", "b"]
    kept = datasets.load(tmp_path / "a.csv", index=False)
    np.testing.assert_array_equal(kept.data[:, 0], [0, 1, 2])
    frame.sample(frac=1, random_state=1).iloc[:3].to_csv(tmp_path / "b.csv")
    with pytest.warns(UserWarning, match="only numbers the rows"):
        assert datasets.load(tmp_path / "b.csv").feature_names == ["a", "b"]
    frame.to_csv(tmp_path / "c.csv", index_label="number")
    named = datasets.load(tmp_path / "c.csv", index="number")
    np.testing.assert_array_equal(named.data, frame)


def test_names_that_pandas_counts_are_a_header(tmp_path: Path) -> None:
    X = np.random.default_rng(0).normal(size=(5, 3))
    pd.DataFrame(X).to_csv(tmp_path / "p.csv", index=False)
    loaded = datasets.load(tmp_path / "p.csv")
    np.testing.assert_array_equal(loaded.data, X)
    assert loaded.feature_names == ["0", "1", "2"]
    path = written(tmp_path / "q.csv", "0,1,2\n4,5,6\n")
    with pytest.raises(datasets.DataError, match="may be names or a sample; pass header=True or False"):
        datasets.load(path)
    assert datasets.load(path, header=False).data.shape == (2, 3)


def test_names_that_are_numbers_which_rise_evenly_are_asked_about(tmp_path: Path) -> None:
    """As the wavelengths of a spectrometer; not where they are values as those below."""
    path = written(tmp_path / "a.csv", "400.5,401,401.5,402\n0.1,0.4,0.2,0.3\n1,5,6,3\n")
    with pytest.raises(datasets.DataError, match=r"row 1 counts 400.5, 401, 401.5, 402, ..., which may be names"):
        datasets.load(path)
    assert datasets.load(path, header=True).feature_names == ["400.5", "401", "401.5", "402"]
    named = written(tmp_path / "b.csv", ",400,410,420,430\n0,0.1,0.4,0.2,0.3\n1,1,5,6,3\n")
    with pytest.warns(UserWarning, match="the first column only numbers the rows"):
        assert datasets.load(named).feature_names == ["400", "410", "420", "430"]
    for text in ("1,2,3,4\n2,4,6,9\n", "8,9,10\n7,1,2\n", "8,9,11,12\n7,1,2,1\n", "9,8,7,6\n5,1,2,1\n"):
        assert datasets.load(written(tmp_path / "c.csv", text)).data.shape[0] == 2


def test_a_line_break_in_a_name_costs_no_sample(tmp_path: Path) -> None:
    loaded = datasets.load(written(tmp_path / "a.csv", '"length\n(cm)",b\n1,2\n3,4\n5,6\n'))
    np.testing.assert_array_equal(loaded.data, [[1, 2], [3, 4], [5, 6]])
    assert loaded.feature_names == ["length\n(cm)", "b"]


def test_rows_of_unequal_length_are_refused_by_row(tmp_path: Path) -> None:
    with pytest.raises(datasets.DataError, match=r"row 2 \(line 3\) has 2 cells, others have 3"):
        datasets.load(written(tmp_path / "a.csv", "a,b,c\n1,2,3\n4,5\n6,7,8\n"))


@pytest.mark.parametrize(("first", "second"), [("1e19", "3e19"), ("9007199254740992", "9007199254740993")])
def test_large_labels_stay_apart(tmp_path: Path, first: str, second: str) -> None:
    loaded = datasets.load(written(tmp_path / "a.csv", f"a,y\n1,{first}\n2,{second}\n"), target="y")
    assert [str(int(label)) for label in loaded.target] == [
        str(int(float(x)) if "e" in x else int(x)) for x in (first, second)
    ]


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (["76561198000000001", "76561198000000002", "12345678901234567892"], 3),
        (["12345678901234567892", "12345678901234567893"], 2),
        (["1e19", "10000000000000000000", "2"], 2),
    ],
)
def test_labels_never_merge(tmp_path: Path, labels: list[str], classes: int) -> None:
    path = written(tmp_path / "a.csv", "a,y\n" + "".join(f"{k},{label}\n" for k, label in enumerate(labels)))
    loaded = datasets.load(path, target="y")
    assert len(np.unique(loaded.target)) == classes
    if classes == len(labels):
        assert [loaded.target_names[k] for k in loaded.target] == labels
    frame = pd.DataFrame({"a": [1.0, 2.0], "y": pd.array([2**60, 2**60 + 1], dtype="Int64")})
    frame.to_parquet(tmp_path / "a.parquet")
    assert datasets.load(tmp_path / "a.parquet", target="y").target.tolist() == [2**60, 2**60 + 1]


def test_labels_that_are_missing_or_infinite_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "a,b,y\n1,1,0\n2,2,\n3,3,1")
    with pytest.raises(datasets.DataError, match=r"a\.csv: data row 2, column 'y': the target must have a label"):
        datasets.load(path, target="y")
    path = written(tmp_path / "b.csv", "a,b,y\n1,1,0\n2,2,1\n3,3,inf")
    with pytest.raises(datasets.DataError, match=r"b\.csv: data row 3, column 'y': the target must hold finite labels"):
        datasets.load(path, target="y")
    np.savez(tmp_path / "c.npz", X=np.ones((2, 1)), y=[np.nan, 1])
    with pytest.raises(datasets.DataError, match=r"c\.npz: data row 1, column 'target'"):
        datasets.load(tmp_path / "c.npz")


@pytest.mark.parametrize(
    ("text", "names", "data"),
    [
        ("my value\n1\n2\n3\n", ["my value"], [[1], [2], [3]]),
        ("my value \n1\nNA\n3\n", ["my value"], [[1], [np.nan], [3]]),
        ("a b\n1 2 \n3 4\n", ["a", "b"], [[1, 2], [3, 4]]),
        ("a b \n1 2\n3 NA  \n", ["a", "b"], [[1, 2], [3, np.nan]]),
    ],
)
def test_blanks_in_a_name_or_at_the_end_of_a_line_separate_nothing(
    tmp_path: Path, text: str, names: list[str], data: list
) -> None:
    loaded = datasets.load(written(tmp_path / "a.csv", text), missing="keep")
    assert loaded.feature_names == names
    np.testing.assert_array_equal(loaded.data, data)
    with pytest.raises(datasets.DataError, match="has 1 cells, others have 2"):
        datasets.load(written(tmp_path / "b.csv", "1 2\n3\n4\n"))


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("a;b\n1,5;2\n-0,25;4\n", {}),
        ("a\tb\n1,5\t2\n-,25\t4\n", {}),
        ("a|b\n1.5|2\n-.25|4\n", {}),
        ("a b\n1.5  2\n-0.25 4\n", {}),
        ('a,b\n"1,5","2"\n"-0,25","4"\n', {"decimal": ",", "delimiter": None}),
        ("a:b\n1.5:2\n-0.25:4\n", {"delimiter": ":"}),
        ("n;a;b\nx;1.5;2\ny;-0.25;4\n", {"drop": ["n"]}),
        ("n;b;a\nx;2;1.5\ny;4;-0.25\n", {"columns": ["a", "b"]}),
    ],
)
def test_delimiter_and_decimal_sign_are_recognised_or_given(tmp_path: Path, text: str, options: dict) -> None:
    if options.get("decimal") == ",":
        text, options = text.replace(",", ";").replace('"1;5"', "1,5").replace('"-0;25"', "-0,25"), {"decimal": ","}
    loaded = datasets.load(written(tmp_path / "a.csv", text), **options)
    np.testing.assert_array_equal(loaded.data, [[1.5, 2], [-0.25, 4]])
    assert loaded.feature_names == ["a", "b"]


def test_missing_values_are_refused_or_filled(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "a,b\n1,2\n?,4\n5,NA\n6,9\n")
    with pytest.raises(datasets.DataError, match=r"row 2, column 'a' must hold numbers, got '\?'; pass na='\?'"):
        datasets.load(path)
    assert np.isnan(datasets.load(path, na="?", missing="keep").data).sum() == 2
    for options in ({}, {"missing": "refuse"}):
        with pytest.raises(datasets.DataError, match="row 2, column 'a' must hold a value, it is missing"):
            datasets.load(path, na="?", **options)
    filled = datasets.load(path, na="?", missing="median")
    np.testing.assert_array_equal(filled.data, [[1, 2], [5, 4], [5, 4], [6, 9]])
    other = written(tmp_path / "b.csv", "b,a\n,\n1,2\n")
    np.testing.assert_array_equal(datasets.load(other, preparation=filled.preparation).data, [[5, 4], [2, 1]])


@pytest.mark.parametrize("cell", ["inf", "-Infinity", "1e400"])
def test_numbers_beyond_all_bounds_are_named(tmp_path: Path, cell: str) -> None:
    path = written(tmp_path / "a.csv", f"a,b\n1,2\n3,{cell}\n")
    with pytest.raises(datasets.DataError, match="row 2, column 'b' must hold finite numbers"):
        datasets.load(path)
    assert np.isinf(datasets.load(path, missing="keep").data).sum() == 1
    assert datasets.load(path, na=cell, missing="mean").data[1, 1] == 2.0


def test_a_number_that_stands_for_a_missing_value_may_be_written_in_any_way(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "a,b\n1,-999\n-999.0,2\n-9.99e2,-998\n")
    np.testing.assert_array_equal(
        datasets.load(path, na="-999", missing="keep").data, [[1, np.nan], [np.nan, 2], [np.nan, -998]]
    )


def test_text_becomes_features_on_request(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "kind,b\noak,2\nash,4\noak,5\n")
    loaded = datasets.load(path, text="one-hot")
    np.testing.assert_array_equal(loaded.data, [[0, 1, 2], [1, 0, 4], [0, 1, 5]])
    assert loaded.feature_names == ["kind=ash", "kind=oak", "b"]
    other = written(tmp_path / "b.csv", "b,kind\n7,ash\n")
    np.testing.assert_array_equal(datasets.load(other, preparation=loaded.preparation).data, [[1, 0, 7]])
    with pytest.raises(datasets.DataError, match=r"row 1, column 'kind' must hold one of ash, oak, .* got 'elm'"):
        datasets.load(written(tmp_path / "b.csv", "b,kind\n7,elm\n"), preparation=loaded.preparation)
    gap = written(tmp_path / "g.csv", "kind,b\noak,2\n,4\noak,5\n")
    with pytest.raises(
        datasets.DataError, match=r"row 2, column 'kind' .* in text with the most frequent value, or leave"
    ):
        datasets.load(gap, text="one-hot", missing="keep")  # which is no way out for text
    mostly = written(tmp_path / "c.csv", "a,b\n1,1\n2,2\nx,3\n")
    with pytest.raises(datasets.DataError, match="row 3, column 'a' must hold numbers, got 'x'"):
        datasets.load(mostly, text="one-hot")


def test_text_that_names_rows_is_told(tmp_path: Path) -> None:
    rows = [f"id-{k},{'ab'[k % 2]},{k}\n" for k in range(30)]
    path = written(tmp_path / "a.csv", "".join(["name,kind,b\n", *rows]))
    with pytest.warns(UserWarning, match=r"a\.csv: text column 'name' has 30 values in 30 rows, .* drop='name'"):
        loaded = datasets.load(path, text="one-hot")
    assert loaded.data.shape == (30, 33)


def test_a_column_that_does_not_exist_is_named_with_one_that_does(tmp_path: Path) -> None:
    with pytest.raises(datasets.DataError, match=r"drop must name exactly one .* did you mean 'width'"):
        datasets.load(written(tmp_path / "a.csv", "width,height\n1,2\n"), drop="widht")


# ---- events


def events_of(t: np.ndarray, x: object = 1) -> np.ndarray:
    events = np.zeros(len(t), [("t", t.dtype), ("x", np.asarray(x).dtype), ("y", "i4"), ("p", "?")])
    events["t"], events["x"] = t, x
    return events


def test_times_of_events_have_a_unit() -> None:
    seconds = np.array([10.0, 10.25, 10.5, 10.99])
    with pytest.raises(streams.StreamError, match="got float64, which has no unit; pass unit='s'"):
        streams.read_events(events_of(seconds))
    np.testing.assert_array_equal(
        streams.read_events(events_of(seconds), unit="s")["t"], [0, 250_000, 500_000, 990_000]
    )
    ms = np.array([0, 3], "m8[ms]")
    np.testing.assert_array_equal(streams.read_events(events_of(ms))["t"], [0, 3000])
    frames = streams.event_frames(events_of(seconds), window_ms=250, unit="s")
    assert [chunk.X.sum() for chunk in frames] == [4.0]
    assert frames.n_announced == 4


@pytest.mark.parametrize("t", [np.array([0.0, np.nan]), np.array([0.0, 1e300])])
def test_times_that_are_no_times_are_refused(t: np.ndarray) -> None:
    with pytest.raises(streams.StreamError, match="finite t below"):
        streams.read_events(events_of(t), unit="s")


@pytest.mark.parametrize("x", [2**33, -1, 0.5, np.nan])
def test_pixels_that_are_no_pixels_are_refused(x: float) -> None:
    with pytest.raises(streams.StreamError, match="must hold x in whole pixels"):
        streams.read_events(events_of(np.arange(2), x))


def test_the_clock_of_nmnist_overflows(tmp_path: Path) -> None:
    def event(t: int, x: int, y: int, p: int) -> bytes:
        return bytes([x, y, p << 7 | t >> 16 & 127, t >> 8 & 255, t & 255])

    (tmp_path / "o.bin").write_bytes(event(8000, 2, 2, 1) + event(8191, 0, 240, 0) + event(50, 3, 3, 1))
    events = streams.read_events(tmp_path / "o.bin")
    np.testing.assert_array_equal(events["t"], [0, 242])  # 8000 and 8242, from the first event
    np.testing.assert_array_equal(events["x"], [2, 3])


def test_absurd_events_do_not_fill_memory() -> None:
    year_us = 365 * 24 * 3600 * 10**6
    far = events_of(np.array([0, year_us]))
    with pytest.raises(ValueError, match="windows of 2 events; check their times and unit"):
        streams.event_frames(far, window_ms=20)
    chunks = list(streams.event_frames(far, window_ms=20, empty=False))
    np.testing.assert_allclose(chunks[0].time_s, [0, year_us / 1e6])
    with pytest.raises(ValueError, match=r"makes chunks of .* GiB, at most 1"):
        streams.event_frames(events_of(np.arange(2), 2**31 - 1), window_ms=20)


# ---- pictures and video


def picture(path: Path, value: int) -> None:
    cv2 = pytest.importorskip("cv2")
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), np.full((4, 4, 3), value, np.uint8))


def test_no_picture_vanishes_and_2_comes_before_10(tmp_path: Path) -> None:
    for name, value in (("1.png", 1), ("2.png", 2), ("10.png", 10), ("run/1.png", 20), (".git/x.png", 99)):
        picture(tmp_path / "run" / name, value)
    picture(tmp_path / "run" / ".hidden.png", 98)
    stream = streams.images(tmp_path / "run", size=(4, 4))
    (chunk,) = stream
    assert stream.names == ["run", "run"]
    np.testing.assert_array_equal(chunk.X[:, 0], [1, 2, 10, 20])
    np.testing.assert_array_equal(chunk.source, [0, 0, 0, 1])


def test_frames_have_the_times_that_the_file_gives_them(tmp_path: Path) -> None:
    cv2 = pytest.importorskip("cv2")
    streams.write_clip(tmp_path / "a.mp4", seconds=1.0, rate=10.0, size=(32, 32), scenes=1)
    given = [0.0, 40.0, 80.0, 500.0, 540.0, 1000.0]

    class Capture:
        def __init__(self, path: str) -> None:
            self.n = -1

        def isOpened(self) -> bool:
            return True

        def get(self, what: int) -> float:
            return {cv2.CAP_PROP_FPS: 5.0, cv2.CAP_PROP_POS_MSEC: given[max(self.n, 0)], cv2.CAP_PROP_FRAME_COUNT: 6}[
                what
            ]

        def grab(self) -> bool:
            self.n += 1
            return self.n < len(given)

        def retrieve(self) -> tuple[bool, np.ndarray]:
            return True, np.zeros((4, 4, 3), np.uint8)

        def release(self) -> None:
            pass

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cv2, "VideoCapture", Capture)
        (chunk,) = streams.video(tmp_path / "a.mp4", size=(4, 4))
        np.testing.assert_allclose(chunk.time_s, np.array(given) / 1e3)
        (chunk,) = streams.video(tmp_path / "a.mp4", size=(4, 4), rate=5.0)
        np.testing.assert_allclose(chunk.time_s, np.arange(6) / 5)
    (chunk,) = streams.video(tmp_path / "a.mp4", size=(32, 32))
    np.testing.assert_allclose(chunk.time_s, np.arange(10) / 10)


# ---- analysis and images


@pytest.mark.parametrize("rate", [300.0, 1000.0, 10_000.0])
def test_spikes_on_the_grid_belong_to_their_sample(rate: float) -> None:
    train = np.random.default_rng(0).random(4096) < 0.1
    coherence = analysis.spike_field_coherence(np.flatnonzero(train) / rate * 1e3, train, rate_hz=rate)
    np.testing.assert_allclose(coherence.value[1:], 1.0)


@pytest.mark.parametrize("how", ["max", "sum", "mean"])
def test_pooling_makes_no_place_that_nothing_feeds(how: str) -> None:
    maps = np.arange(25.0).reshape(1, 5, 5, 1)
    np.testing.assert_array_equal(pool(maps, 1, stride=3, how=how)[0, :, :, 0], [[0, 3], [15, 18]])
    layer = Convolution(Identity(), 1, pool=1, pool_stride=3, how=how).fit(maps[..., 0])
    np.testing.assert_array_equal(layer.transform(maps[..., 0])[0, :, :, 0], [[0, 3], [15, 18]])


@pytest.mark.parametrize(
    ("labels", "strange"), [(["a", None, "b"], "None at 1"), ([1, "a", 2], "'a' at 1"), ([None, 1, 1], "None at 0")]
)
def test_labels_that_are_missing_or_mixed_are_named(labels: list, strange: str) -> None:
    with pytest.raises(ValueError, match=f"must be all numbers or all texts, got {strange}"):
        analysis.label_units([0, 1, 1], labels, (1, 2))
    with pytest.raises(ValueError, match=f"must be all numbers or all texts, got {strange}"):
        analysis.vote_labels(np.eye(3), labels, np.eye(3))


@pytest.mark.parametrize("model", [SpikingReadout(), DiehlCook(4)])
@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (["a", None, "b"], "y must be all numbers or all texts, got None at 1"),
        (np.array(["2020-01-01", "2020-01-02", "2020-01-01"], "M8[D]"), "y must be numbers or texts, .* got dtype"),
        (np.array([b"a", b"b", b"a"]), "y must be numbers or texts, .* got dtype"),
    ],
)
def test_labels_that_no_file_holds_are_refused_by_fit(model: Any, labels: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        clone(model).fit(np.eye(3), labels)


def test_labels_of_text_are_drawn() -> None:
    names = analysis.label_units([0, 1, 1], np.array(["oak", "ash", "ash"], dtype=object), (1, 2))
    assert names.tolist() == ["oak", "ash"]
    ax = plots.plot_label_map(names.reshape(1, 2))
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["ash", "oak"]
    by_number = plots.plot_label_map([[1, 0]], target_names=["ash", "oak"])
    colours = [[collection.get_facecolor() for collection in drawn.collections] for drawn in (ax, by_number)]
    for named, numbered in zip(*colours, strict=True):
        np.testing.assert_array_equal(named, numbered)


@pytest.mark.parametrize("scale", [1e-2, 1e-9, 1e-60])
def test_a_dictionary_of_small_values_learns_the_same(scale: float) -> None:
    X = load_digits().data[:200] / 16
    usual = SpikingDictionary(8, n_presentations=300, random_state=0).fit(X)
    small = SpikingDictionary(8, n_presentations=300, random_state=0).fit(X * scale)
    assert small.input_scale_ == pytest.approx(scale)
    np.testing.assert_allclose(small.components_ / scale, usual.components_, rtol=1e-3, atol=1e-3)
    assert small.sparsity(X * scale).spikes == pytest.approx(usual.sparsity(X).spikes, rel=0.01)


def test_a_scale_far_from_the_values_is_named() -> None:
    X = load_digits().data[:100] / 16
    dictionary = SpikingDictionary(8, n_presentations=100, random_state=0).fit(X)
    assert any("of input_scale" in warning for warning in dictionary.diagnose(X * 0.01).warnings)
    with pytest.raises(ValueError, match=r"SpikingDictionary\.input_scale must be near the values of X"):
        SpikingDictionary(8, input_scale=1.0).fit(X * 1e-60)


@pytest.mark.parametrize("model", [SpikingSOM((4, 4), n_presentations=60), SpikingDictionary(6, n_presentations=60)])
@pytest.mark.usefixtures("undrawn")
@pytest.mark.filterwarnings("error::UserWarning")
def test_tables_with_names_are_diagnosed_and_reported_without_a_warning(model: Any, tmp_path: Path) -> None:
    X = load_iris(as_frame=True).data
    fitted = clone(model).set_params(random_state=0).fit(X)
    assert str(fitted.diagnose(X))
    study = report.examine(fitted, X, baselines=False)
    report.write_report(tmp_path / "r.html", fitted, X, study=study)
    assert fitted.feature_names_in_.tolist() == list(X)
    with pytest.raises(ValueError, match="feature names should match"):
        report.examine(fitted, X[list(X)[::-1]], baselines=False)


def test_single_precision_is_kept() -> None:
    X = load_iris().data[::10]
    som = SpikingSOM((4, 4), n_presentations=60, random_state=0).fit(X)
    wide, single = som.transform(X), som.transform(X.astype(np.float32))
    assert (wide.dtype, single.dtype) == (np.float64, np.float32)
    np.testing.assert_allclose(single, som.transform(X.astype(np.float32).astype(np.float64)), rtol=1e-6)
    table = pd.DataFrame(X.astype(np.float32), columns=list("abcd"))
    framed = SpikingSOM((4, 4), n_presentations=60, random_state=0).set_output(transform="pandas").fit_transform(table)
    assert set(framed.dtypes) == {np.dtype(np.float32)}


def test_every_model_gives_responses_in_the_precision_of_the_samples() -> None:
    """The models that say they keep it do; the others say in which precision they answer."""
    X = np.random.default_rng(0).random((30, 4))
    models = [MapHierarchy(random_state=0), DiehlCook(4, random_state=0), SpikingDictionary(4, n_presentations=30)]
    for model in models:
        fitted = model.fit(X)
        for precision in (np.float32, np.float64):
            kept = precision.__name__ in fitted.__sklearn_tags__().transformer_tags.preserves_dtype
            found = fitted.transform(X.astype(precision)).dtype
            assert found == precision if kept else found in (np.float32, np.float64), type(model).__name__
        assert fitted.transform(X.astype(np.float32)).dtype == np.float32, type(model).__name__


# ---- long measurements


SCRIPTS = [*ROOT.glob("benchmarks/*.py"), *ROOT.glob("benchmarks/peers/*.py"), *ROOT.glob("papers/*/*.py")]


def test_no_figures_are_lost_for_want_of_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    file_to_write = importlib.import_module("destinations").file_to_write
    file_to_write(str(tmp_path / "missing" / "a.json")).write_text("{}")
    with pytest.raises(argparse.ArgumentTypeError, match=r"a\.json/b\.json cannot be written"):
        file_to_write(str(tmp_path / "missing" / "a.json" / "b.json"))
    writers = 0
    for path in SCRIPTS:
        text = path.read_text(encoding="utf-8")
        for option in re.findall(r'add_argument\([^\n]*"(--json|--output)".*', text):
            writers += 1
            assert ("type=file_to_write" if option == "--json" else ".output.mkdir(parents=True") in text, path
    assert writers >= 12


# ---- pictures of the command line


def test_float_tiffs_keep_their_values_and_exif_turns(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    values = rng.random((32, 32)).astype("f4")
    Image.fromarray(values).save(tmp_path / "f.tif")
    np.testing.assert_array_equal(read_image(tmp_path / "f.tif"), values)
    deep = rng.integers(0, 2**16, (8, 9)).astype("u2")
    Image.fromarray(deep).save(tmp_path / "u.png")
    np.testing.assert_allclose(read_image(tmp_path / "u.png"), deep / 65535)
    Image.fromarray(deep // 16).save(tmp_path / "v.tif")
    with pytest.warns(UserWarning, match=r"v.tif has 16 bits a pixel, .* takes 12 at most: it is read as dark"):
        assert read_image(tmp_path / "v.tif").max() < 1 / 16
    grey = rng.integers(0, 256, (8, 9)).astype("u1")
    turned = Image.Exif()
    turned[0x0112] = 6  # to be turned by a quarter
    Image.fromarray(grey).save(tmp_path / "e.png", exif=turned)
    np.testing.assert_allclose(read_image(tmp_path / "e.png"), np.rot90(grey, -1) / 255)


def test_pictures_of_one_stem_do_not_replace_each_other(tmp_path: Path) -> None:
    for name in ("a.png", "a.bmp", "2.png", "10.png", ".b.png"):
        Image.new("L", (4, 4)).save(tmp_path / name)
    assert list(load_images(str(tmp_path))) == ["2", "10", "a.bmp", "a.png"]


def test_no_page_of_a_file_and_no_folder_vanishes(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    pages = [Image.fromarray(rng.integers(0, 256, (6, 7)).astype("u1")) for _ in range(3)]
    for name in ("several.tif", "moving.gif"):
        pages[0].save(tmp_path / name, save_all=True, append_images=pages[1:])
        with pytest.raises(DataError, match=f"{name} must hold one picture, got 3; split it into files"):
            load_images(str(tmp_path / name))
        (tmp_path / name).unlink()
    for folder in ("nest", "nest/a", "nest/a/b"):
        (tmp_path / folder).mkdir()
        pages[0].save(tmp_path / folder / "z.png")
    with pytest.warns(UserWarning, match=r"nest.a.z\.png lies too deep and is left out; name its folder"):
        assert list(load_images(str(tmp_path / "nest"))) == ["z"]
    pytest.importorskip("cv2", reason="needs the extra video")
    with pytest.warns(UserWarning, match=r"nest.a.b.z\.png lies too deep and is left out; name the folder above it"):
        stream = streams.images(tmp_path / "nest", size=(2, 2))
    assert stream.names == ["nest", "a"]
    pages[0].save(tmp_path / "nest" / "s.tif", save_all=True, append_images=pages[1:])
    with (
        pytest.warns(UserWarning, match="too deep"),
        pytest.raises(streams.StreamError, match=r"s\.tif must hold one picture, got 3; split it"),
    ):
        list(streams.images(tmp_path / "nest", size=(2, 2)))


def test_integers_of_32_bits_have_no_white(tmp_path: Path) -> None:
    values = np.random.default_rng(0).random((6, 7))
    Image.fromarray((values * 4095).astype("i4")).save(tmp_path / "i.tif")
    with pytest.raises(DataError, match=r"i\.tif must have 8 or 16 bits .* got 32-bit integers up to .* from 0 to 1"):
        read_image(tmp_path / "i.tif")


class Identity:
    """A transformer that changes nothing."""

    def get_params(self, deep: bool = True) -> dict:
        return {}

    def fit(self, X: np.ndarray) -> "Identity":
        return self

    def transform(self, X: np.ndarray) -> np.ndarray:
        return X


@pytest.mark.parametrize(
    ("estimator", "said"),
    [
        (SpikingSOM(neuron=parts.LIF(tau_m=1e-30)), r"SpikingSOM\.neuron\.tau_m must be at least 0\.001"),
        (DiehlCook(neuron=parts.AdaptiveLIF(tau_m=1e-30)), r"DiehlCook\.neuron\.tau_m must be at least 0\.001"),
        (SpikingSOM(projection=parts.PlasticProjection(drive=-5)), r"SpikingSOM\.projection\.drive must be"),
        (SpikingSOM(input_range=("0", "1")), r"SpikingSOM\.fit: input_range must be \(low, high\), each a number"),
        (DiehlCook(input_range=("0", "1")), r"DiehlCook\.input_range must be \(low, high\), got \('0', '1'\)"),
        (Network(input_range=("0", True)), r"Network\.input_range must be \(low, high\), got \('0', True\)"),
        (SpikingDictionary(4, n_active=5), r"SpikingDictionary\.n_active must be at most n_components = 4, got 5"),
        (
            MapHierarchy(cycles=2**63 - 1),
            r"'cycles' parameter of MapHierarchy must be an int in the range \[1, 1099511627776\]",
        ),
        (SpikingSOM(encoder=parts.CircularGaussian(sigma=1e300)), r"SpikingSOM\.encoder\.sigma must be at most 1000"),
        (SpikingSOM(encoder=parts.CircularGaussian(n_units=10**12)), "must fit into the memory"),
        (SpikingSOM(n_presentations=True), r"SpikingSOM\.n_presentations must be a number, got True; write 1"),
        (SpikingSOM(shape=(True, 3)), r"SpikingSOM\.shape must be \(rows, columns\)"),
        (SpikingDictionary(True), r"SpikingDictionary\.n_components must be a number, got True; write 1"),
        (
            MapHierarchy([parts.Map("a\nb", (parts.Features(),))]),
            r"a name in MapHierarchy\.maps must be a text in one line, got 'a\\nb'",
        ),
        (SpikingSOM(radius=4), r"SpikingSOM\.radius must be a part such as DecayingRadius\(\), got 4; use one of"),
    ],
)
def test_parameters_without_sense_are_refused_before_anything_runs(estimator: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        estimator.fit(np.eye(6))


@pytest.mark.parametrize(
    "model",
    [
        DiehlCook(4, n_passes=1, random_state=0),
        MapHierarchy(random_state=0),
        SensorLayout(),
        SpikingDictionary(4, n_presentations=20, random_state=0),
        SpikingReadout(random_state=0),
    ],
    ids=lambda model: type(model).__name__,
)
def test_what_is_masked_is_missing(model: Any) -> None:
    X = np.random.default_rng(0).random((30, 4))
    masked = np.ma.masked_array(np.where(X > 0.9, 1e6, X), X > 0.9)
    with pytest.raises(ValueError, match="NaN"):
        clone(model).fit(masked, np.arange(30) % 2)
    with pytest.raises(ValueError, match=r"X must hold numbers, got datetime64\[s\]; make numbers of times"):
        clone(model).fit((X * 1e9).astype("datetime64[s]"), np.arange(30) % 2)


def test_a_map_knows_nothing_of_masked_features() -> None:
    X = np.random.default_rng(0).random((30, 3))
    som = SpikingSOM((3, 3), n_presentations=60, random_state=0)
    missing, masked = np.where(X > 0.9, np.nan, X), np.ma.masked_array(np.where(X > 0.9, 1e6, X), X > 0.9)
    assert np.array_equal(clone(som).fit(masked).codebook_, clone(som).fit(missing).codebook_)


@pytest.mark.parametrize("model", [DiehlCook(4, n_passes=1), SpikingReadout()], ids=lambda model: type(model).__name__)
def test_masked_labels_are_missing(model: Any) -> None:
    X, y = np.random.default_rng(0).random((30, 4)), np.arange(30) % 2
    with pytest.raises(ValueError, match="NaN"):
        model.fit(X, np.ma.masked_array(y, y == 0))
    with pytest.raises(ValueError, match=r"must be all numbers or all texts, got None at 1 beside 0"):
        analysis.label_units(y, np.ma.masked_array(y, y == 1), (2, 2))
    with pytest.raises(ValueError, match="None"):
        model.fit(X, np.ma.masked_array(y.astype(str), y == 1))


def test_masked_events_are_not_counted() -> None:
    with pytest.raises(streams.StreamError, match="events without a mask; leave the masked ones out"):
        streams.event_frames(np.ma.masked_array(events_of(np.arange(3)), [True, False, False]), window_ms=1.0)
    with pytest.raises(ValueError, match="no masked values; leave these samples out, or fill them"):
        streams.arrays(np.ma.masked_array(np.eye(3), np.eye(3) > 0))


def test_columns_of_one_name_and_of_dates_are_named() -> None:
    som = SpikingSOM((3, 3), n_presentations=30)
    with pytest.raises(ValueError, match=r"different names, got 'a' 2 times; rename them, or pass X.to_numpy\(\)"):
        som.fit(pd.DataFrame(np.eye(3), columns=["a", "a", "b"]))
    dated = pd.DataFrame({"a": [1.0, 2.0, 3.0], "day": pd.date_range("2020-01-01", periods=3)})
    with pytest.raises(ValueError, match=r"X, column 'day', must hold numbers, got datetime64"):
        som.fit(dated)


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_activity_whose_squares_are_no_numbers_is_refused(scale: float) -> None:
    X = np.cumsum(np.random.default_rng(0).normal(size=(50, 6)), axis=1)
    with pytest.raises(ValueError, match=r"largest value from 1e-100 to 1e\+100.*divide X by it"):
        SensorLayout().fit(X * scale)


def test_commas_that_may_separate_thousands_are_told(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "a;b\n1,234;5\n-12,345;6\n")
    with pytest.warns(UserWarning, match=r"so '1,234' is 1\.234; pass decimal=',' \(--decimal ,\)"):
        assert datasets.load(path).data.tolist() == [[1.234, 5.0], [-12.345, 6.0]]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        datasets.load(path, decimal=",")
        datasets.load(written(tmp_path / "b.csv", "a;b\n1,234;5\n0,345;6\n"))


def test_blanks_after_a_label_make_no_class(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "a,y\n1,cat\n2,cat \n3,dog\n")
    assert datasets.load(path, target="y").target_names == ["cat", "dog"]


def test_the_way_out_of_another_encoding_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("länge,b\n1,2\n".encode("latin-1"))
    with pytest.raises(DataError, match=r"a UTF-8 text table, got bytes of another encoding .* save it as UTF-8"):
        datasets.load(tmp_path / "a.csv")


def test_columns_of_objects_in_parquet_are_numbers_or_text(tmp_path: Path) -> None:
    path, b = tmp_path / "a.parquet", [1, 2]

    def load(values: list, **options: Any) -> Any:
        pd.DataFrame({"a": pd.Series(values, dtype=object), "b": b}).to_parquet(path)
        return datasets.load(path, **options)

    assert load([Decimal("1.5"), Decimal("2.5")]).data[:, 0].tolist() == [1.5, 2.5]
    assert load([True, None], missing="most_frequent").data[:, 0].tolist() == [1.0, 1.0]
    assert load([b"x", b"\xff"], target="a").target_names == ["\\xff", "x"]
    days = load([*pd.date_range("2020-01-01", periods=2)], text="one-hot")
    assert days.feature_names == ["a=2020-01-01 00:00:00", "a=2020-01-02 00:00:00", "b"]
    with pytest.raises(DataError, match="must hold numbers"):
        load([[1, 2], [3]])


def test_a_numpy_file_holds_one_table(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, X=np.eye(2), data=np.eye(3))
    with pytest.raises(DataError, match=r"a\.npz must hold the samples once, got them as 'data' and as 'X'"):
        datasets.load(path)
    np.savez(path, X=np.eye(2), y=np.eye(2))
    with pytest.raises(DataError, match=r"a\.npz must hold one label per sample, shape \(2,\), got \(2, 2\)"):
        datasets.load(path)
    sparse.save_npz(path, sparse.csr_array(np.eye(3)))
    with pytest.raises(DataError, match=r"got a sparse matrix; write it with numpy\.save"):
        datasets.load(path)


@pytest.mark.parametrize("size", [0.5, 0.9])
def test_a_photograph_that_is_cut_off_is_refused(tmp_path: Path, size: float) -> None:
    pytest.importorskip("cv2")
    (tmp_path / "run").mkdir()
    path = tmp_path / "run" / "a.jpg"
    small = Image.Exif()
    small[0x0112] = 1
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (40, 50), np.uint8)).save(path, exif=small)
    whole = path.read_bytes()
    path.write_bytes(whole + b"what some cameras add \xff\xda")
    assert sum(len(chunk.X) for chunk in streams.images(tmp_path / "run", size=(8, 8))) == 1
    path.write_bytes(whole[: int(size * len(whole))])
    with pytest.raises(streams.StreamError, match=r"a\.jpg cannot be read as an image; it is damaged"):
        list(streams.images(tmp_path / "run", size=(8, 8)))


def test_a_full_disk_is_told_and_keeps_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path / "a.tectum", "before")

    def fill(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", fill)
    with pytest.raises(OSError, match=r"cannot write .*a\.tectum: No space left.*is kept; free space"):
        persistence.write_atomically(path, b"after")
    assert path.read_text() == "before"
    assert [file.name for file in tmp_path.iterdir()] == ["a.tectum"]


@pytest.mark.parametrize("text", ["\ufeff\ufeff1,3\n1,5\n", "sep=;\n1;3\n1;5\n", "\ufeffsep=\t\r\n1\t3\r\n1\t5\r\n"])
def test_marks_before_a_table_are_no_names(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode())
    np.testing.assert_array_equal(datasets.load(path).data, [[1, 3], [1, 5]])


def test_what_excel_says_of_the_delimiter_is_no_line_of_its_own_and_counts(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "sep=;\na;b\n1,5;2\n")
    assert datasets.load(path).data.tolist() == [[1.5, 2.0]]
    written(path, "sep=;\na;b\n1;5\n2;x;3\n")
    with pytest.raises(DataError, match=r"row 2 \(line 4\) has 3 cells, others have 2"):
        datasets.load(path)


@pytest.mark.parametrize("names", [("1", "2", "3"), ("x", "y", "z"), ("7", "3", "9")])
def test_row_names_that_r_writes_are_an_index(tmp_path: Path, names: tuple[str, ...]) -> None:
    path = written(tmp_path / "a.csv", '"a","b"\n' + "".join(f'"{name}",{k},2\n' for k, name in enumerate(names)))
    with pytest.warns(UserWarning, match="only numbers the rows and is left out"):
        loaded = datasets.load(path, target="b")
    assert (loaded.feature_names, loaded.data.tolist()) == (["a"], [[0], [1], [2]])
    assert loaded.row_names.astype(str).tolist() == list(names)
    for first in ("1,5,2\n1,6,3\n", "1.5,5,2\n"):  # no row names
        with pytest.raises(DataError, match="its header names 2 columns, its rows have 3: name each column"):
            datasets.load(written(path, "a,b\n" + first))


@pytest.mark.parametrize("header", ["a,b\n", "a,b,\n"])
def test_a_delimiter_at_the_end_of_each_row_makes_no_column(tmp_path: Path, header: str) -> None:
    path = written(tmp_path / "a.csv", header + "1,5,\n2,6,\n")
    loaded = datasets.load(path, target=-1)
    assert (loaded.data.tolist(), loaded.target.tolist(), loaded.feature_names) == ([[1], [2]], [5, 6], ["a"])
    with pytest.raises(DataError, match="a column without a name, empty at first, has values further down: name it"):
        datasets.load(written(path, header + "1,5,\n" * 20_000 + "1,5,3\n"))


def test_arrays_that_are_left_out_are_named(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", X=np.eye(2), labels=[0, 1])
    with pytest.warns(UserWarning, match=r"a\.npz: 'labels' is left out: .* labels from 'target' or 'y'"):
        assert datasets.load(tmp_path / "a.npz").target is None
    np.savez(tmp_path / "a.npz", one=np.zeros((2, 8, 8)), other=np.zeros((2, 8, 8)))
    with pytest.raises(DataError, match=r"under the key 'data' or 'X', got the keys \['one', 'other'\]"):
        load_images(str(tmp_path / "a.npz"))


def test_arrays_that_a_stream_leaves_out_are_named(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", X=np.zeros((4, 3)), time_s=np.arange(4.0), times=np.arange(4.0))
    with pytest.warns(UserWarning, match=r"a\.npz: 'times' is left out: .* read from 'X', besides them time_s, source"):
        assert sum(len(chunk.X) for chunk in streams.arrays(tmp_path / "a.npz")) == 4


@pytest.mark.parametrize("suffix", [".png", ".gif", ".webp", ".tif"])
def test_a_moving_picture_is_no_image(tmp_path: Path, suffix: str) -> None:
    cv2 = pytest.importorskip("cv2")
    first, *others = [Image.fromarray(np.full((20, 30, 3), value, np.uint8)) for value in (0, 100, 200)]
    path = tmp_path / f"a{suffix}"
    first.save(path)
    if suffix == ".gif" and cv2.imread(str(path)) is None:
        pytest.skip("this OpenCV reads no GIF")
    assert sum(len(chunk.X) for chunk in streams.images(tmp_path, size=(4, 4))) == 1
    first.save(path, save_all=True, append_images=others)
    is_read = cv2.imread(str(path)) is not None  # not all versions read a moving WebP
    message = "must hold one picture, got 3" if is_read else "cannot be read as an image"
    with pytest.raises(streams.StreamError, match=message):
        list(streams.images(tmp_path, size=(4, 4)))


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_dates_of_events_have_a_unit(unit: str) -> None:
    events = np.zeros(3, [("t", f"M8[{unit}]"), ("x", "i2"), ("y", "i2"), ("p", "i1")])
    events["t"] = np.array(["2020-01-01T00:00:00", "2020-01-01T00:00:01", "2020-01-01T00:00:03"], f"M8[{unit}]")
    assert streams.read_events(events)["t"].tolist() == [0, 1_000_000, 3_000_000]
    events["t"][1] = np.datetime64("NaT")
    with pytest.raises(streams.StreamError, match="finite t"):
        streams.read_events(events)


def test_a_map_of_another_shape_does_not_learn_on() -> None:
    X = np.random.default_rng(0).random((20, 3))
    som = SpikingSOM((4, 4), n_presentations=20, random_state=0).fit(X)
    for change, said in (({"shape": (7, 7)}, r"\(7, 7\)"), ({"topology": "toroidal"}, "toroidal")):
        other = clone(som).set_params(**change, warm_start=True)
        vars(other).update({k: v for k, v in vars(som).items() if k.endswith("_") or k.startswith("_")} | {"_seen": 9})
        for learn in (other.partial_fit, other.fit):
            with pytest.raises(ValueError, match=rf"shape must stay \(4, 4\) \(rectangular\) .*{said}.*set it to that"):
                learn(X)
    with pytest.raises(ValueError, match=r"\(rows, columns\) with two neurons or more, got \(\)"):
        som.set_params(shape=()).save("never")


@pytest.mark.parametrize("value", ["yes", [], np.nan])
def test_active_components_are_a_number(value: Any) -> None:
    model = SpikingDictionary(4, n_presentations=20, random_state=0).fit(np.random.default_rng(0).random((20, 4)))
    with pytest.raises(ValueError, match="n_active must be a number above 0"):
        model.set_params(n_active=value).chosen_parts()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('sources = [{ winners = "a", share = "x" }]', r"sources\[0\]\.share must be a finite number, got 'x'"),
        ('sources = [{ features = "all", delay = 1e300 }]', r"delay of whole frames, 0 to 1048576, got 1e\+300"),
        (
            'sources = [{ features = "all", delay = 99999999999 }]',
            "delay of whole frames, 0 to 1048576, got 99999999999",
        ),
        ('sources = [{ features = "all", code = "LIF" }]', r"code must be RandomProjection or Ranked"),
        ("level = " + "9" * 400, "level must be at most 2147483647"),
        ("[maps.rule." + ".".join("a" * 2000) + "]\nx = 1", "must be a TOML file, but maximum recursion depth"),
    ],
)
def test_descriptions_of_maps_are_refused_by_name(tmp_path: Path, text: str, said: str) -> None:
    path = written(tmp_path / "a.toml", f'[[maps]]\nname = "a"\nshape = [3, 3]\n{text}\n')
    with pytest.raises(ValueError, match=said):
        MapHierarchy.from_toml(path).fit(np.eye(4))


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(persistence, "_part_of", refuse)
    with pytest.raises(PermissionError, match=r"cannot write .*a\.tectum: Permission denied in the folder .*elsewhere"):
        persistence.write_atomically(tmp_path / "a.tectum", b"after")


def test_learning_survives_a_copy_that_cannot_be_saved() -> None:
    def fail() -> None:
        raise OSError("cannot write a.tectum")

    X = np.random.default_rng(0).random((20, 3))
    som = SpikingSOM((3, 3), n_presentations=1000, random_state=0)
    with (
        pytest.warns(UserWarning, match=r"cannot write a\.tectum; learning goes on"),
        checkpoints(som, "a.tectum", every=1e-9, save=fail),
    ):
        som.fit(X)
    assert som.n_presentations_seen_ == 1000


def test_two_runs_do_not_encode_into_one_folder(tmp_path: Path) -> None:
    X = np.random.default_rng(0).random((20, 3))
    SpikingSOM((3, 3), n_presentations=20, random_state=0).fit(X).save(tmp_path / "m")
    np.save(tmp_path / "x.npy", X)

    def meanwhile(tasks: Any) -> Any:
        with pytest.raises(
            OSError, match=r"another run encodes into .*out; wait for its end, or choose another folder"
        ):
            encode_shards(tmp_path / "m", [tmp_path / "x.npy"], tmp_path / "out", resume=True)
        return in_processes(1)(tasks)

    encode_shards(tmp_path / "m", [tmp_path / "x.npy"], tmp_path / "out", executor=meanwhile)
    assert len(np.load(tmp_path / "out" / "x.npy")) == 20


def test_a_folder_is_no_video(tmp_path: Path) -> None:
    pytest.importorskip("cv2")
    with pytest.raises(ValueError, match=r"must name video files, got the folder .*; name the files in it"):
        streams.video(tmp_path, size=(4, 4))


def test_delays_longer_than_spikes_are_kept_are_refused() -> None:
    far = [parts.Map("a", shape=(3, 3)), parts.Map("b", (parts.Spikes("a", delay=1e15),), shape=(3, 3))]
    wires = [parts.Projection("input", "E", parts.All(0.1), delay=1e15)]
    net = Network([parts.Population("E", 4)], wires, [parts.Rates("input")], presentation=20.0)
    for model in (MapHierarchy(far), net):
        with pytest.raises(ValueError, match=r"delays of projections must be at most .*, got 1e\+15 ms; use a shorter"):
            model.fit(np.eye(4))


@pytest.mark.parametrize(
    ("table", "where"),
    [
        (np.array([["1", "2"], ["3", "red"]]), "'red' in row 1, column 1"),
        ([["red", 1.0], ["green", 2.0]], "'red' in row 0, column 0"),
        (pd.DataFrame({"size": [1.0, 2.0, 3.0], "colour": ["red", "green", "red"]}), "'red' in row 0, column 'colour'"),
        (pd.DataFrame({"colour": pd.Categorical(["red", "green", "red"])}), "'red' in row 0, column 'colour'"),
        (np.array([[None, 1.0], ["red", 2.0]], object), "'red' in row 1, column 0"),  # what is missing is no text
        (pd.DataFrame({"colour": pd.array([None, "red", "red"], dtype="string")}), "'red' in row 1, column 'colour'"),
    ],
)
@pytest.mark.parametrize("model", [SpikingSOM((3, 3), n_presentations=10), SensorLayout()])
def test_text_is_refused_by_its_place(model: Any, table: Any, where: str) -> None:
    name = type(model).__name__
    with pytest.raises(ValueError, match=re.escape(f"{name}: X must hold numbers, got {where}; leave the column out")):
        model.fit(table)


@pytest.mark.parametrize("text", ["flowers.csv", ["a", "b"]])
def test_a_text_is_no_table(text: Any) -> None:
    with pytest.raises(ValueError, match=r"SpikingSOM: X must be a table of numbers, got .*tectum.datasets.load"):
        SpikingSOM((3, 3), n_presentations=10).fit(text)
