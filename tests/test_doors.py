"""The doors of the command line: columns by name, outputs that destroy nothing, errors for machines."""

import json
import os
import re
import stat
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris
from typer.testing import CliRunner

import tectum
import tectum.cli
from tectum.cli.app import app
from tectum.cli.output import _refuge

FIT = ["fit", "spiking-som", "--set", "shape=4,5", "--set", "n_presentations=60", "-q"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that is the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def flowers(folder: Path) -> pd.DataFrame:
    """Three features and a class, in ``d.csv``."""
    iris = load_iris()
    frame = pd.DataFrame(iris.data[::5, :3], columns=["len", "wid", "hei"])
    frame["kind"] = np.array(["a", "b", "c"])[iris.target[::5]]
    frame.to_csv("d.csv", index=False)
    return frame


def run(*arguments: str, code: int = 0) -> Any:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    return result


def test_a_model_that_takes_no_events_says_so(flowers: pd.DataFrame) -> None:
    run(*FIT, "d.csv", "--target", "kind", "-o", "m.tectum")
    np.save("events.npy", np.zeros(9, [("t", "i8"), ("x", "i2"), ("y", "i2"), ("p", "i1")]))
    said = run("transform", "m.tectum", "events.npy", "-o", "a.npy", code=1).stderr
    assert "FILE must hold a model that takes events for events.npy, got a SpikingSOM; fit a dictionary" in said
    assert not Path("a.npy").exists()


def test_columns_are_known_by_name(flowers: pd.DataFrame) -> None:
    run(*FIT, "d.csv", "--target", "kind", "-o", "m.tectum")
    assert tectum.load("m.tectum").feature_names_in_.tolist() == ["len", "wid", "hei"]
    run("transform", "m.tectum", "d.csv", "--target", "kind", "-o", "a.npy")
    flowers[["hei", "len", "wid"]].to_csv("p.csv", index=False)
    flowers[["hei", "len", "wid"]].to_parquet("p.parquet")
    for source in ("p.csv", "p.parquet"):
        run("transform", "m.tectum", source, "-o", "b.npy", "--force")
        np.testing.assert_array_equal(np.load("a.npy"), np.load("b.npy"))
        run("encode", "m.tectum", source, "-o", f"encoded-{source}")
        np.testing.assert_allclose(np.load(f"encoded-{source}/p.npy"), np.load("a.npy"), rtol=1e-6)
    flowers.drop(columns="kind").rename(columns={"wid": "width"}).to_csv("r.csv", index=False)
    for command in (["transform", "m.tectum", "r.csv", "-o", "c.npy"], ["report", "m.tectum", "r.csv", "-o", "r.html"]):
        assert "it lacks 'wid' and has besides 'width'" in run(*command, code=1).stderr
    assert "it lacks 'wid'" in run("encode", "m.tectum", "r.csv", "-o", "e", code=1).stderr
    run("transform", "m.tectum", "d.csv", "--drop", "kind", "-o", "d.npy")
    np.testing.assert_array_equal(np.load("a.npy"), np.load("d.npy"))


def test_a_data_frame_is_fitted_without_a_warning_about_its_names(flowers: pd.DataFrame) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        warnings.simplefilter("ignore", tectum.BrokenMapWarning)
        tectum.SpikingSOM((3, 3), n_presentations=2000, random_state=0).fit(flowers[["len", "wid"]])


def test_an_index_column_is_not_learned(flowers: pd.DataFrame) -> None:
    flowers.drop(columns="kind").to_csv("i.csv")
    result = run(*FIT, "i.csv", "-o", "m.tectum")
    assert "note: i.csv: the first column only numbers the rows and is left out" in result.stderr
    assert tectum.load("m.tectum").n_features_in_ == 3
    run(*FIT, "i.csv", "-o", "n.tectum", "--index", "none")
    assert tectum.load("n.tectum").n_features_in_ == 4


def test_text_and_missing_values_are_prepared_as_in_training(flowers: pd.DataFrame) -> None:
    flowers.loc[3, "wid"] = np.nan
    flowers.to_csv("m.csv", index=False)
    refused = run(*FIT, "m.csv", "-o", "m.tectum", "--target", "kind", code=1).stderr
    assert "row 4, column 'wid' must hold a value" in refused
    assert "row 1, column 'kind' must hold numbers, got 'a'" in run(*FIT, "d.csv", "-o", "m.tectum", code=1).stderr
    run(*FIT, "m.csv", "-o", "m.tectum", "--missing", "median", "--text", "one-hot")
    assert tectum.load("m.tectum").feature_names_in_.tolist() == ["len", "wid", "hei", "kind=a", "kind=b", "kind=c"]
    run("transform", "m.tectum", "m.csv", "-o", "a.npy")
    filled = flowers.assign(wid=flowers["wid"].fillna(flowers["wid"].median()))[["kind", "hei", "len", "wid"]]
    filled.to_csv("f.csv", index=False)
    run("transform", "m.tectum", "f.csv", "-o", "b.npy")
    np.testing.assert_array_equal(np.load("a.npy"), np.load("b.npy"))
    run("encode", "m.tectum", "f.csv", "-o", "e")
    np.testing.assert_allclose(np.load("e/f.npy"), np.load("a.npy"), rtol=1e-6)
    run(
        "fit",
        "dictionary",
        "m.csv",
        "-o",
        "d.tectum",
        "--missing",
        "mean",
        "--drop",
        "kind",
        "-q",
        "--set",
        "n_presentations=50",
    )
    assert tectum.load("d.tectum").feature_names_in_.tolist() == ["len", "wid", "hei"]


def test_classes_keep_their_numbers_by_name(flowers: pd.DataFrame) -> None:
    readout = ["fit", "readout", "--set", "n_passes=20", "-q"]
    run(*readout, "d.csv", "--target", "kind", "-o", "ro.tectum")
    before = tectum.load("ro.tectum")
    part = flowers[flowers["kind"] != "a"]
    part.to_csv("bc.csv", index=False)
    part.to_parquet("bc.parquet")
    X, names = part[["len", "wid", "hei"]], np.array(["a", "b", "c"])
    for source in ("bc.csv", "bc.parquet"):
        options = ["--target", "kind", "--resume", "ro.tectum", "-o", "ro3.tectum", "--force", "--json"]
        found = json.loads(run("fit", "readout", source, *options).stdout)
        after = tectum.load("ro3.tectum")
        accuracy = float((names[after.predict(X)] == part["kind"]).mean())
        assert found["quality"]["accuracy"] == pytest.approx(accuracy)
        assert accuracy >= float((names[before.predict(X)] == part["kind"]).mean()) - 0.1 > 0.4
    run("transform", "ro3.tectum", "bc.csv", "--target", "kind", "-o", "t.npz")
    with np.load("t.npz") as arrays:
        assert arrays["target"].tolist() == [int(kind == "c") + 1 for kind in part["kind"]]
        assert arrays["label"].tolist() == part["kind"].tolist()
    np.savez("bc.npz", X=X.to_numpy(), y=part["kind"].to_numpy(dtype=str))
    run("transform", "ro3.tectum", "bc.npz", "-o", "u.npz")
    with np.load("u.npz") as arrays:
        assert set(arrays["target"].tolist()) == {1, 2}
    part.assign(kind="elm").to_csv("e.csv", index=False)
    resumed = ["fit", "readout", "e.csv", "--target", "kind", "--resume", "ro3.tectum", "-o", "x.tectum"]
    assert "of the classes a, b, c, which ro3.tectum knows, got 'elm'" in run(*resumed, code=1).stderr
    before.save("old.tectum")
    resumed[2], resumed[6] = "bc.csv", "old.tectum"
    assert "old.tectum does not know its classes [0, 1, 2] by name" in run(*resumed, code=1).stderr


def test_what_stands_for_a_missing_value_is_remembered(flowers: pd.DataFrame) -> None:
    flowers.loc[3, "wid"] = -999
    flowers.to_csv("n.csv", index=False)
    flowers.assign(wid=flowers["wid"].replace(-999, np.nan)).to_csv("e.csv", index=False)
    run(*FIT, "n.csv", "--na", "-999.0", "--missing", "median", "--drop", "kind", "-o", "n.tectum")
    run("transform", "n.tectum", "n.csv", "-o", "a.npy")
    run("transform", "n.tectum", "e.csv", "-o", "b.npy")
    np.testing.assert_array_equal(np.load("a.npy"), np.load("b.npy"))
    run("encode", "n.tectum", "n.csv", "-o", "e")
    np.testing.assert_allclose(np.load("e/n.npy"), np.load("b.npy"), rtol=1e-6)


def test_how_a_table_is_written_is_remembered(flowers: pd.DataFrame) -> None:
    flowers[["len", "wid", "hei"]].to_csv("s.csv", index=False, header=["400", "410", "420"])
    flowers[["len", "wid", "hei"]].to_csv("c.csv", index=False, header=["400", "410", "420"], sep=":")
    for source, options in (("s.csv", ["--header"]), ("c.csv", ["--header", "--delimiter", ":"])):
        run(*FIT, source, *options, "-o", "s.tectum", "--force")
        for other in {"s.csv", source}:
            run("transform", "s.tectum", other, "-o", "a.npy", "--force")
            run("encode", "s.tectum", other, "-o", "e", "--overwrite")
            assert len(np.load("a.npy")) == len(np.load(f"e/{other[0]}.npy")) == len(flowers)


def test_a_model_takes_its_columns_of_the_table_that_it_was_fitted_to(flowers: pd.DataFrame) -> None:
    flowers.to_csv("h.csv", index=False, header=False)
    flowers.to_parquet("d.parquet")
    for source, target in (("d.csv", "kind"), ("d.parquet", "kind"), ("h.csv", "3")):
        run(*FIT, source, "--target", target, "-o", "m.tectum", "--force")
        run("transform", "m.tectum", source, "--target", target, "-o", "a.npy", "--force")
        run("transform", "m.tectum", source, "-o", "b.npy", "--force")
        np.testing.assert_array_equal(np.load("a.npy"), np.load("b.npy"))
        run("encode", "m.tectum", source, "-o", "e", "--overwrite")
        np.testing.assert_allclose(np.load(f"e/{source[0]}.npy"), np.load("a.npy"), rtol=1e-6)
    tectum.SpikingSOM((4, 5), n_presentations=60, random_state=0).fit(flowers[["hei", "len"]]).save("f.tectum")
    run("transform", "f.tectum", "d.csv", "-o", "f.npy")
    run("encode", "f.tectum", "d.csv", "-o", "e", "--overwrite")
    np.testing.assert_allclose(np.load("e/d.npy"), np.load("f.npy"), rtol=1e-6)


def test_the_columns_of_a_model_decide_what_is_an_index(flowers: pd.DataFrame) -> None:
    flowers.insert(0, "id", range(1, len(flowers) + 1))
    flowers.drop(columns="kind").to_csv("i.csv", index=False)
    run(*FIT, "i.csv", "-o", "m.tectum")
    flowers.iloc[[6, 11, 18]].to_csv("j.csv", index=False)
    run("transform", "m.tectum", "i.csv", "-o", "a.npy")
    run("transform", "m.tectum", "j.csv", "-o", "b.csv")
    assert pd.read_csv("b.csv")["index"].tolist() == [7, 12, 19]
    np.testing.assert_allclose(pd.read_csv("b.csv").iloc[:, 2:], np.load("a.npy")[[6, 11, 18]], rtol=1e-5)
    flowers.rename(columns={"id": "number"}).assign(number=flowers["len"]).to_csv("n.csv", index=False)
    run(*FIT, "n.csv", "--target", "kind", "-o", "n.tectum")
    assert tectum.load("n.tectum").feature_names_in_.tolist() == ["number", "len", "wid", "hei"]
    Path("one.csv").write_text("number,len,wid,hei\n5,5,3,1\n")
    run("transform", "n.tectum", "one.csv", "-o", "one.npy")
    assert tectum.datasets.load("one.csv").feature_names == ["number", "len", "wid", "hei"]


@pytest.mark.usefixtures("flowers")
def test_no_output_destroys_an_input(folder: Path) -> None:
    run(*FIT, "d.csv", "--target", "kind", "-o", "m.tectum")
    (folder / "link.csv").symlink_to("d.csv")
    (folder / "s.toml").write_text("dt = 0.1\n")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    fit = [*FIT, "d.csv", "--target", "kind", "--force"]
    commands = [
        [*fit, "-o", "d.csv"],
        [*fit, "-o", "link.csv"],
        [*fit, "-o", "n.tectum", "--report", "d.csv"],
        [*fit, "-o", "n.tectum", "--report", "n.tectum"],
        [*fit, "-o", "s.toml", "--config", "s.toml"],
        ["transform", "m.tectum", "d.csv", "--target", "kind", "-o", "./d.csv", "--force"],
        ["transform", "m.tectum", "d.csv", "--target", "kind", "-o", str(folder / "d.csv"), "--force"],
        ["report", "m.tectum", "d.csv", "--target", "kind", "-o", "m.tectum", "--force"],
        ["grow", "-o", "s.toml", "--config", "s.toml", "--force"],
    ]
    for command in commands:
        assert "is an input or another output" in run(*command, code=1).stderr, command
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.usefixtures("flowers")
def test_other_files_are_replaced_only_by_force(folder: Path) -> None:
    (folder / "m.tectum").write_text("mine")
    command = [*FIT, "d.csv", "--target", "kind", "-o", "m.tectum"]
    assert "it exists; pass --force to replace it" in run(*command, code=1).stderr
    assert (folder / "m.tectum").read_text() == "mine"
    run(*command, "--force")
    assert tectum.load("m.tectum").n_presentations_seen_ == 60


@pytest.mark.usefixtures("flowers")
def test_what_cannot_be_written_is_said_before_the_fit(folder: Path) -> None:
    os.mkfifo("pipe")
    Path("to_pipe").symlink_to("pipe")
    Path("dangling").symlink_to("missing/x.tectum")
    expected = {
        "pipe": "not a regular file",
        "to_pipe": "not a regular file",
        "/dev/null": "not a regular file",
        "dangling": "missing does not exist; create it first",
    }
    for output, said in expected.items():
        result = run(*FIT[:-1], "--force", "d.csv", "--target", "kind", "-o", output, "--config", "none.toml", code=1)
        assert said in result.stderr, output  # before the configuration is read
    assert stat.S_ISFIFO(os.stat("pipe").st_mode)
    long = "あ" * 80 + ".tectum"  # 247 bytes
    run(*FIT, "d.csv", "--target", "kind", "-o", long)
    assert tectum.load(long).n_presentations_seen_ == 60


@pytest.mark.usefixtures("flowers")
def test_a_fit_goes_on_only_with_the_model_it_names(folder: Path) -> None:
    run(*FIT, "d.csv", "--target", "kind", "-o", "m.tectum")
    for model, said in (
        ("dictionary", "MODEL must be 'spiking-som', since m.tectum (--resume) holds a SpikingSOM, got 'dictionary'"),
        ("diehl-cook", "MODEL must be 'spiking-som', since m.tectum (--resume) holds a SpikingSOM, got 'diehl-cook'"),
        ("hierarchy", "m.tectum must hold a MapHierarchy to go on with, got a SpikingSOM"),
    ):
        result = run("fit", model, "d.csv", "--resume", "m.tectum", "-o", "m3.tectum", code=1)
        assert said in result.stderr
        assert "leave out --resume to begin anew" in result.stderr
    assert not Path("m3.tectum").exists()


@pytest.mark.usefixtures("flowers")
def test_a_setting_too_deep_to_be_read_is_text(folder: Path) -> None:
    for value in ("-" * 20_000 + "1", "[" * 20_000):
        result = run(
            "fit", "spiking-som", "d.csv", "--target", "kind", "--set", f"shape={value}", "-o", "m.tectum", code=1
        )
        assert "shape" in result.stderr


@pytest.mark.usefixtures("flowers")
def test_at_a_terminal_a_person_is_asked(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tectum.cli.output._at_terminal", lambda: True)
    (folder / "m.tectum").write_text("mine")
    command = [*FIT, "d.csv", "--target", "kind", "-o", "m.tectum"]
    for answer, code in (("n\n", 1), ("", 1), ("y\n", 0)):
        assert (folder / "m.tectum").read_bytes() == b"mine"
        result = CliRunner().invoke(app, command, input=answer)
        assert (result.exit_code, "m.tectum exists; replace it?" in result.stderr) == (code, True)
    assert tectum.load("m.tectum").n_presentations_seen_ == 60


def test_errors_for_machines(folder: Path) -> None:
    for arguments, code, said in (
        (["fit", "spiking-som", "iriss", "-o", "m", "--json"], 1, "did you mean 'iris'"),
        (["--json", "fit", "spiking-smo", "iris", "-o", "m"], 2, "did you mean 'spiking-som'?"),
        (["--json", "fit", "spiking-som", "iris"], 2, "--output"),
        (["--json", "nothing"], 2, "No such command"),
        (["--json", "--nothing"], 2, "No such option"),
    ):
        result = run(*arguments, code=code)
        found = json.loads(result.stdout)
        assert said in found["error"]
        assert (found["code"], result.stderr) == (code, "")
    assert list(folder.iterdir()) == []


def test_version_completion_and_near_names(folder: Path) -> None:
    assert run("--version").stdout == f"tectum {tectum.__version__}\n"
    assert "--show-completion" in run("--help").stdout
    assert "did you mean 'iris'?" in " ".join(run("demo", "irsi", code=2).stderr.replace("│", " ").split())


def test_fit_says_how_a_hierarchy_does(folder: Path) -> None:
    np.save(folder / "features.npy", np.random.RandomState(0).uniform(size=(40, 12)))
    found = json.loads(run("--json", "fit", "hierarchy", "features.npy", "-o", "m.tectum").stdout)["quality"]
    shares = {name: value for name, value in found.items() if name.endswith("_neurons_in_use")}
    assert set(shares) == {f"{m.name}_neurons_in_use" for m in tectum.load("m.tectum").maps_}
    assert all(0 < share <= 1 for share in shares.values())
    assert isinstance(found["warnings"], list)


def test_fit_says_how_good_it_is(folder: Path) -> None:
    command = [word for word in FIT if word != "-q"]
    result = run(*command, "iris", "-o", "m.tectum")
    assert re.search(r"quantization error \S+ in units of the data", result.stdout)
    found = json.loads(run(*command, "iris", "-o", "n.tectum", "--json").stdout)
    som = tectum.load("n.tectum")
    assert found["quality"]["quantization_error"] == pytest.approx(
        som.quantization_error(pd.DataFrame(load_iris().data, columns=som.feature_names_in_))
    )


def test_fit_says_how_many_samples_a_classifier_names(folder: Path) -> None:
    found = json.loads(run("fit", "readout", "iris", "--set", "n_passes=2", "-o", "r.tectum", "--json").stdout)
    X, y = load_iris(return_X_y=True)
    assert found["quality"]["accuracy"] == pytest.approx(tectum.load("r.tectum").score(X, y))
    refused = run("report", "r.tectum", "nowhere.csv", "-o", "r.html", code=1).stderr  # before data are read
    assert "a kind that has a page, got a SpikingReadout" in refused


def test_missing_values_that_are_kept_stay_missing_for_the_model(folder: Path) -> None:
    Path("holes.csv").write_text("a,b\n0.1,0.2\n0.4,\n0.9,0.8\n0.3,0.3\n")
    short = ("--set", "shape=3,3", "--set", "n_presentations=50", "-q")
    run("fit", "spiking-som", "holes.csv", "-o", "m", "--missing", "keep", *short)
    run("transform", "m", "holes.csv", "-o", "r.csv", "-q")
    assert len(Path("r.csv").read_text().splitlines()) == 5
    refused = run("fit", "diehl-cook", "holes.csv", "-o", "d", "--missing", "keep", code=1).stderr
    assert "DiehlCook: X must hold a value in each cell" in refused
    assert "--missing median" in refused


def test_a_column_that_counts_is_noticed(folder: Path) -> None:
    rows = [f"{k};{k % 7},5;{'yes' if k % 2 else 'no'}" for k in range(1, 41)]
    (folder / "t.csv").write_text("\n".join(["tree;height;kind", *rows]))
    with pytest.warns(UserWarning, match=r"first column 'tree' counts the rows and is taken as a feature; pass index="):
        assert tectum.datasets.load(folder / "t.csv", target="kind").feature_names == ["tree", "height"]
    assert tectum.datasets.load(folder / "t.csv", target="kind", index="tree").feature_names == ["height"]
    (folder / "n.csv").write_text("\n".join(["Nr;height;kind", *rows]))
    with pytest.warns(UserWarning, match="'Nr' only numbers the rows and is left out"):
        assert tectum.datasets.load(folder / "n.csv", target="kind").feature_names == ["height"]
    rows[29] = "30;much,5;no"
    (folder / "bad.csv").write_text("\n".join(["Nr;height;kind", *rows]))
    with pytest.raises(ValueError, match=r"row 30, column 'height' must hold numbers, got 'much,5'"):
        tectum.datasets.load(folder / "bad.csv", target="kind", index="Nr")


def test_arrays_of_events_are_recordings(folder: Path) -> None:
    from tectum.cli.recordings import is_recording

    events = np.zeros(10, [("t", "i8"), ("x", "i2"), ("y", "i2"), ("p", "i1")])
    np.save(folder / "e.npy", events)
    np.savez(folder / "e.npz", **{name: events[name] for name in "txyp"})
    np.savez(folder / "one.npz", events=events)
    np.savez(folder / "table.npz", X=np.zeros((3, 2)), y=np.arange(3))
    (folder / "bad.npz").write_bytes(b"PK")
    assert [is_recording(str(folder / name)) for name in ("e.npy", "e.npz", "one.npz")] == [True] * 3
    assert not any(is_recording(str(folder / name)) for name in ("table.npz", "bad.npz", "none.npy", "iris"))


def test_an_interrupt_while_modules_are_loaded(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    class Interrupted:
        def __getattr__(self, name: str) -> Any:
            raise KeyboardInterrupt

    monkeypatch.setitem(sys.modules, "tectum.cli.app", Interrupted())
    with pytest.raises(SystemExit) as ended:
        tectum.cli.main()
    assert ended.value.code == 130
    assert capsys.readouterr().err == "interrupted; nothing had been done yet\n"


def test_rows_of_a_written_table_can_be_told(flowers: pd.DataFrame) -> None:
    run(*FIT, "d.csv", "--target", "kind", "-o", "m.tectum")
    flowers.index = pd.Index([f"plant {k}" for k in range(len(flowers))])
    flowers.to_csv("i.csv")
    run("transform", "m.tectum", "i.csv", "--target", "kind", "-o", "a.csv")
    written = pd.read_csv("a.csv")
    assert written.columns[:4].tolist() == ["index", "label", "winner", "spikingsom0"]
    assert written["index"].tolist() == flowers.index.tolist()
    assert written["label"].tolist() == flowers["kind"].tolist()
    run("transform", "m.tectum", "i.csv", "--target", "kind", "-o", "a.npz")
    with np.load("a.npz") as arrays:
        assert arrays["label"].tolist() == flowers["kind"].tolist()
        assert arrays["index"].tolist() == flowers.index.tolist()


def test_a_link_to_itself_is_no_file(folder: Path) -> None:
    (folder / "loop.csv").symlink_to("loop.csv")
    assert "no file at loop.csv" in run("fit", "spiking-som", "loop.csv", "-o", "m.tectum", code=1).stderr


def test_a_model_that_cannot_be_saved_is_kept_elsewhere(
    flowers: pd.DataFrame, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    sync, refuge = os.fsync, tmp_path / "refuge"
    refuge.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(refuge))
    _refuge.cache_clear()

    def fill(descriptor: int) -> None:
        if "refuge" not in os.readlink(f"/proc/self/fd/{descriptor}"):
            raise OSError(28, "No space left on device")
        sync(descriptor)

    monkeypatch.setattr("os.fsync", fill)
    said = run(*FIT, "d.csv", "--drop", "kind", "-o", "m.tectum", code=1).stderr
    monkeypatch.undo()
    found = re.search(r"cannot write m\.tectum: No space left.*; the model is in (\S+): move it", said)
    assert found, said
    assert tectum.load(found[1]).n_presentations_seen_ == 60
    assert not (tmp_path / "m.tectum").exists()


def test_an_interrupt_waits_until_the_model_is_saved(flowers: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    sync, signals = os.fsync, [KeyboardInterrupt]

    def interrupted(descriptor: int) -> None:
        if signals:
            raise signals.pop()
        sync(descriptor)

    monkeypatch.setattr("os.fsync", interrupted)
    assert "the model is in m.tectum" in run(*FIT, "d.csv", "--drop", "kind", "-o", "m.tectum", code=130).stderr
    assert tectum.load("m.tectum").n_presentations_seen_ == 60


@pytest.mark.parametrize("setting", ["verbose=yes", "warm_start=maybe", "n_jobs=many"])
def test_settings_that_a_command_replaces_are_checked(flowers: pd.DataFrame, setting: str) -> None:
    said = run(*FIT, "d.csv", "--drop", "kind", "-o", "m.tectum", "--set", setting, code=1).stderr
    assert f"The '{setting.partition('=')[0]}' parameter of SpikingSOM must be" in said


def test_parameters_of_models_are_no_options(flowers: pd.DataFrame) -> None:
    said = json.loads(run("--json", *FIT, "d.csv", "-o", "m.tectum", "--presentations", "9", code=2).stdout)["error"]
    assert re.match(
        r"No such option\W+--presentations\W*; parameters of a model are given by --set, for instance", said
    )
    assert "--set" not in json.loads(run("--json", "info", "--presentations", "9", code=2).stdout)["error"]


def test_the_package_runs_as_a_module() -> None:
    done = subprocess.run([sys.executable, "-m", "tectum", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["tectum", tectum.__version__]
