"""The command line: results, errors without tracebacks, exit codes, no half-written files."""

import csv
import json
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

import tectum
from tectum import parts
from tectum.cli import support
from tectum.cli.app import app
from tectum.models.common.settings import constructor_arguments, parse_assignments, read_toml
from tectum.report import Measure

SMALL = ["--set", "shape=4,5", "--set", "n_presentations=60"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that is the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


MODELS = ["spiking-som", "dictionary", "hierarchy", "diehl-cook", "readout", "network", "waves"]


def run(*arguments: str, code: int = 0):
    """Result of the command, after checking its exit code and that no traceback was printed."""
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    return result


@pytest.fixture
def model(folder: Path) -> Path:
    run("fit", "spiking-som", "iris", "-o", "model.tectum", *SMALL, "--quiet")
    return folder / "model.tectum"


@pytest.mark.usefixtures("undrawn")
def test_demo_writes_a_report(folder: Path) -> None:
    result = run("--json", "demo", "iris", "--presentations", "60")
    found = json.loads(result.stdout)
    assert Path(found["report"]) == folder / "tectum-iris.html"
    assert set(found["measures"]["quantization_error"]) == {"spiking map", "untrained", "Kohonen map", "k-means"}
    text = (folder / "tectum-iris.html").read_text(encoding="utf-8")
    assert "tectum demo iris --presentations 60" in text
    assert os.listdir(folder) == ["tectum-iris.html"]


@pytest.mark.usefixtures("undrawn")
def test_demo_prints_a_table(folder: Path) -> None:
    result = run("demo", "--presentations", "40", "--report", "r.html")
    for stated in ("Quantization error", "Kohonen", "k-means", str(folder / "r.html")):  # titles stand a word a line
        assert stated in result.stdout.replace("\n", "")


def test_fit_takes_settings(folder: Path) -> None:
    Path("map.toml").write_text('dt = 0.05\n[radius]\npart = "ConstantRadius"\nradius = 2.5\n[rule]\nshift = 0.4\n')
    options = ["--config", "map.toml", *SMALL, "--set", "rule.shift=0.6", "--set", "inhibition.neuron.tau_m=0.6"]
    result = run("fit", "spiking-som", "iris", "-o", "m.tectum", "--seed", "7", "--json", *options)
    assert json.loads(result.stdout)["presentations"] == 60
    som = tectum.load("m.tectum")
    assert (som.shape, som.dt, som.random_state, som.verbose) == ((4, 5), 0.05, 7, False)
    assert som.radius == parts.ConstantRadius(2.5)
    assert som.rule.shift == 0.6
    assert som.inhibition.neuron.tau_m == 0.6


@pytest.mark.usefixtures("undrawn")
def test_fit_of_a_table_with_a_report(folder: Path) -> None:
    rows = [["a", "b", "kind"], *([k / 9, k % 4, "even" if k % 2 == 0 else "odd"] for k in range(30))]
    with open("table.csv", "w", newline="") as file:
        csv.writer(file).writerows(rows)
    command = ["fit", "spiking-som", "table.csv", "-o", "m.tectum", "--target", "kind", "--report", "r.html", *SMALL]
    result = run(*command)
    assert "model in" in result.stdout
    text = Path("r.html").read_text(encoding="utf-8")
    assert "--target kind" in text
    assert "--set shape=4,5" in text


def test_labels_are_found_again_by_the_name_of_their_column(folder: Path) -> None:
    rows = [[k / 9, k % 4, "even" if k % 2 == 0 else "odd"] for k in range(30)]
    gap = [*rows[:-1], [*rows[-1][:2], ""]]
    for name, columns, cells in [("all", 3, rows), ("gap", 3, gap), ("none", 2, [row[:2] for row in rows])]:
        with open(f"{name}.csv", "w", newline="") as file:
            csv.writer(file).writerows([["a", "b", "kind"][:columns], *cells])
    run("fit", "spiking-som", "all.csv", "-o", "m.tectum", "--target", "kind", *SMALL)
    for name, labelled in [("all", True), ("gap", False), ("none", False)]:
        run("transform", "m.tectum", f"{name}.csv", "-o", f"{name}-out.csv")
        with open(f"{name}-out.csv", newline="") as file:
            found = list(csv.DictReader(file))
        assert [row.get("label") for row in found] == [row[2] if labelled else None for row in rows]


def test_no_word_of_a_table_of_results_is_cut(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    methods = ["dictionary", "sparse coding", "LCA", "PCA", "ICA", "mean sample", "k-means"]
    titles = ["Error at 1 active", "Active components", "Evenness of use"]
    support.print_measures([Measure("key", title, "", "lower", dict.fromkeys(methods, 0.5)) for title in titles])
    said = capsys.readouterr().out.split()
    assert {word for text in [*methods, *titles, "better", "lower"] for word in text.split()} <= set(said)


def test_interrupted_fit_resumes_to_the_same_map(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("fit", "spiking-som", "iris", "-o", "whole.tectum", *SMALL, "-q")
    learn, calls = tectum.SpikingSOM._learn, []

    def interrupted(self, X):
        calls.append(len(X))
        if len(calls) > 5:
            raise KeyboardInterrupt
        learn(self, X)

    with monkeypatch.context() as patch:
        patch.setattr(tectum.SpikingSOM, "_learn", interrupted)
        result = run("fit", "spiking-som", "iris", "-o", "part.tectum", *SMALL, "-q", code=130)
    assert "tectum fit spiking-som iris -o part.tectum --resume part.tectum" in result.stderr
    seen = tectum.load("part.tectum").n_presentations_seen_
    assert 0 < seen < 60
    run("fit", "spiking-som", "iris", "-o", "part.tectum", "--resume", "part.tectum", "-q")
    whole, resumed = tectum.load("whole.tectum"), tectum.load("part.tectum")
    assert resumed.n_presentations_seen_ == 60
    np.testing.assert_array_equal(whole.weights_, resumed.weights_)


@pytest.mark.parametrize("suffix", [".npy", ".npz", ".csv"])
def test_transform(model: Path, folder: Path, suffix: str) -> None:
    result = run("transform", "model.tectum", "iris", "-o", f"out{suffix}", "--json")
    assert json.loads(result.stdout)["shape"] == [150, 20]
    som, X = tectum.load(model), tectum.datasets.load("iris").data
    expected, winners = som.transform(X), som.predict(X)
    if suffix == ".npy":
        np.testing.assert_array_equal(np.load("out.npy"), expected)
    elif suffix == ".npz":
        arrays = np.load("out.npz")
        np.testing.assert_array_equal(arrays["data"], expected)
        np.testing.assert_array_equal(arrays["winners"], winners)
        assert len(arrays["target"]) == 150
    else:
        table = np.genfromtxt("out.csv", delimiter=",", names=True)
        assert table.dtype.names[:2] == ("winner", "spikingsom0")
        np.testing.assert_array_equal(table["winner"], winners)
        np.testing.assert_allclose(table["spikingsom7"], expected[:, 7], rtol=1e-5)


@pytest.mark.usefixtures("undrawn")
def test_report_of_a_saved_model(model: Path, folder: Path) -> None:
    result = run("report", "model.tectum", "iris", "-o", "r.html")
    assert "Topographic error" in result.stdout
    assert "tectum report model.tectum iris -o r.html" in Path("r.html").read_text(encoding="utf-8")


def test_info(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TECTUM_CACHE", str(tmp_path / "cache"))
    facts = json.loads(run("info", "--json").stdout)
    assert facts["versions"]["tectum"] == tectum.__version__
    assert facts["cache"] == str(tmp_path / "cache")
    assert facts["models"] == MODELS
    assert [row["name"] for row in facts["datasets"]] == tectum.datasets.names()
    assert facts["threads"] >= 1
    assert "breast_cancer" in run("info").stdout
    assert run("--quiet", "info").stdout == ""


ERRORS = [
    (["fit", "spiking-som", "missing.csv", "-o", "m"], 1, "no file at missing.csv"),
    (["fit", "spiking-som", "iriss", "-o", "m"], 1, "did you mean 'iris'"),
    (["fit", "spiking-som", "iris", "-o", "no/m"], 1, "the folder no does not exist"),
    (["fit", "spiking-som", "iris", "-o", "."], 1, "it is a folder"),
    (["fit", "spiking-som", "iris", "-o", "m", "--set", "radus.end=1"], 1, "did you mean 'radius'"),
    (["fit", "spiking-som", "iris", "-o", "m", "--set", "radius.edn=1"], 1, "did you mean 'end'"),
    (["fit", "spiking-som", "iris", "-o", "m", "--set", "radius.end=wide"], 1, "SpikingSOM.radius.end must be"),
    (["fit", "spiking-som", "iris", "-o", "m", "--set", "radius=Sqare"], 1, "there is no part 'Sqare'"),
    (["fit", "spiking-som", "iris", "-o", "m", "--set", "dt.x=1"], 1, "dt is not a part"),
    (["fit", "spiking-som", "iris", "-o", "m", "--set", "dt"], 1, "must have the form key=value"),
    (["fit", "spiking-som", "iris", "-o", "m", "--config", "no.toml"], 1, "no configuration file"),
    (["fit", "spiking-som", "iris", "-o", "m", "--target", "kind"], 1, "has no option 'target'"),
    (["fit", "spiking-som", "iris", "-o", "m", "--resume", "no.tectum"], 1, "no model file"),
    (["fit", "spiking-som", "iris", "-o", "m", "--resume", "x", "--seed", "1"], 2, "--resume goes on"),
    (["fit", "kohonen", "iris", "-o", "m"], 2, "MODEL must be one of"),
    (["fit", "spiking-som", "iris"], 2, "--output"),
    (["demo", "irish"], 2, "NAME must be one of"),
    (["transform", "m.tectum", "iris", "-o", "out.txt"], 2, "OUT must end in"),
    (["report", "m.tectum", "iris", "-o", "r.html"], 1, "no model file"),
    (["nothing"], 2, "No such command"),
    (["fit", "spiking-som", "iris", "-o", "m", "--seeds", "3"], 2, "leave it out for a fit without --report"),
    (["demo", "waves", "--seeds", "3"], 2, "leave it out for waves"),
]


@pytest.mark.parametrize(("arguments", "code", "message"), ERRORS)
def test_errors(folder: Path, arguments: list[str], code: int, message: str) -> None:
    result = run(*arguments, code=code)
    plain = " ".join(result.stderr.replace("│", " ").split())
    assert message in plain
    assert list(folder.iterdir()) == []


def test_data_that_do_not_fit_the_model(model: Path, folder: Path) -> None:
    assert "4 features" in run("transform", "model.tectum", "wine", "-o", "out.npy", code=1).stderr
    (folder / "cut.tectum").write_bytes(model.read_bytes()[:-100])
    assert "not a complete model file" in run("report", "cut.tectum", "iris", "-o", "r.html", code=1).stderr
    assert sorted(path.name for path in folder.iterdir()) == ["cut.tectum", "model.tectum"]


def test_values_of_settings() -> None:
    values = parse_assignments(["shape=8,9", "dt=0.05", "lateral.b=inf", "warm_start=true", "encoder.n_units=none"])
    assert values == {"shape": (8, 9), "dt": 0.05, "lateral.b": math.inf, "warm_start": True, "encoder.n_units": None}
    arguments = constructor_arguments(tectum.SpikingSOM, {"radius.radius": 3, "radius": "ConstantRadius"})
    assert arguments == {"radius": parts.ConstantRadius(3)}


def test_damaged_toml(tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text("dt = = 1")
    with pytest.raises(ValueError, match=r"bad\.toml must be a TOML file"):
        read_toml(path)


def test_as_a_process(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tectum.cli"]
    environment = os.environ | {"PYTHONPATH": str(Path(tectum.__file__).parents[1])}
    where = {"cwd": tmp_path, "capture_output": True, "text": True, "timeout": 300, "env": environment}
    facts = subprocess.run([*command, "info", "--json"], **where)
    assert facts.returncode == 0
    assert json.loads(facts.stdout)["models"] == MODELS
    failed = subprocess.run([*command, "report", "none.tectum", "iris", "-o", "r.html"], **where)
    assert (failed.returncode, failed.stdout) == (1, "")
    assert failed.stderr.startswith("error: no model file")


def test_names_that_are_nearly_right(folder: Path) -> None:
    Path("measured.csv").write_text("a,b\n1,2\n")
    assert "did you mean 'measured.csv'?" in run("fit", "spiking-som", "mesured.csv", "-o", "m", code=1).stderr
    Path("map.tectum").write_text("")
    assert "did you mean 'map.tectum'?" in run("report", "mapp.tectum", "iris", "-o", "r.html", code=1).stderr
    assert "did you mean 'transform'?" in " ".join(run("tranform", "m", code=2).stderr.replace("│", " ").split())
    assert "did you mean 'hierarchy'?" in " ".join(run("warmup", "hierachy", code=2).stderr.replace("│", " ").split())


def test_doctor(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TECTUM_DATA", str(tmp_path / "none"))
    findings = {found["name"]: found for found in json.loads(run("doctor", "--json", code=1).stdout)["findings"]}
    assert findings["TECTUM_DATA"]["state"] == "wrong"
    assert "create it, or unset" in findings["TECTUM_DATA"]["detail"]
    monkeypatch.delenv("TECTUM_DATA")
    said = run("doctor").stdout
    assert tectum.__version__ in said
    assert "a small map learned" in said


def test_help_of_each_command_has_an_example() -> None:
    for command in typer.main.get_command(app).commands.values():
        assert f"tectum {command.name}" in command.epilog
