"""The doors of the command line: columns by name, outputs that destroy nothing, errors for machines."""

import json
import os
import re
import stat
import sys
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
