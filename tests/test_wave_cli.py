"""Networks of sheets on the command line: growth, its report, errors."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import tectum
from tectum import parts
from tectum.cli import waves as cli_waves
from tectum.cli.app import app

SMALL = ["--layers", "400@10,40", "--duration", "60"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that is the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str, code: int = 0):
    """Result of the command, after checking its exit code and that no traceback was printed."""
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    return result


@pytest.mark.usefixtures("undrawn")
def test_demo(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = cli_waves.new_network("topographic", "300@9,30,12", None, ["phases=none"], 0)
    assert len(cli_waves.demonstration().layers) == 3
    short = (parts.WavePhase(duration=150.0, first_r_i=3.0, first_r_o=7.0, r_i=3.0, r_o=4.0, k=0.1),)
    monkeypatch.setattr(cli_waves, "demonstration", lambda: small.set_params(phases=short))
    found = json.loads(run("--json", "demo", "waves").stdout)
    assert os.listdir(folder) == ["tectum-waves.html"]
    assert found["sheets"] == [300, 30, 12]
    assert set(found["measures"]["compactness"]) == {"sheet 0 → 1", "sheet 1 → 2", "before growth"}
    assert len(found["waves"]) == 3
    text = Path("tectum-waves.html").read_text(encoding="utf-8")
    assert "Three sheets wired by waves" in text
    assert "tectum demo waves" in text


def test_grow_saves_what_grow_in_python_gives(folder: Path) -> None:
    found = json.loads(run("--json", "grow", "-o", "w.tectum", *SMALL, "--seed", "3").stdout)
    assert found["steps"] == 600
    network = tectum.load("w.tectum")
    same = tectum.WaveNetwork.topographic([parts.Sheet(400, 10.0), parts.Sheet(40, 10.0)], random_state=3).grow(60.0)
    np.testing.assert_array_equal(network.weights_[0], same.weights_[0])
    assert os.listdir(folder) == ["w.tectum"]


def test_growth_goes_on(folder: Path) -> None:
    run("grow", "-o", "w.tectum", *SMALL, "-q")
    run("grow", "-o", "w.tectum", "--resume", "w.tectum", "--duration", "40", "-q")
    whole = tectum.WaveNetwork.topographic([parts.Sheet(400, 10.0), parts.Sheet(40, 10.0)], random_state=0).grow(100.0)
    np.testing.assert_array_equal(tectum.load("w.tectum").weights_[0], whole.weights_[0])


def test_an_interrupt_saves_what_has_grown(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    advance, calls = tectum.WaveNetwork._advance, []

    def interrupted(self, *arguments, **options):
        calls.append(1)
        if len(calls) > 1:
            raise KeyboardInterrupt
        advance(self, *arguments, **options)

    monkeypatch.setattr(tectum.WaveNetwork, "_advance", interrupted)
    run("grow", "-o", "w.tectum", "--layers", "400@10,40", "--duration", "300", code=130)
    assert tectum.load("w.tectum").n_steps_grown_ == 2000


@pytest.mark.usefixtures("undrawn")
def test_configuration_settings_and_report(folder: Path) -> None:
    Path("own.toml").write_text("[first_neuron]\nnoise = 4.0\n", encoding="utf-8")
    options = ["--configuration", "authors", "--set", "rule.eta=0.2", "--config", "own.toml", "--report", "w.html"]
    run("grow", "-o", "w.tectum", "--layers", "18x18@9,6x5", "--duration", "60", *options)
    network = tectum.load("w.tectum")
    assert network.rule == parts.WaveHebb(eta=0.2)
    assert network.first_neuron == parts.DynamicThresholdLIF(noise=4.0)
    assert network.sheet_positions_[1].max() < 6.0  # the side of the authors' second sheet
    text = Path("w.html").read_text(encoding="utf-8")
    assert "tectum grow --layers 18x18@9,6x5 --duration 60.0 --config own.toml --configuration authors" in text
    assert 'id="figure-growth"' in text
    said = run("report", "w.tectum", "-o", "again.html").stdout
    assert "Compactness" in said
    assert "tectum report w.tectum -o again.html" in Path("again.html").read_text(encoding="utf-8")


def test_transform_of_a_grown_network(folder: Path) -> None:
    run("grow", "-o", "w.tectum", "--layers", "8x8,20", "--duration", "20", "-q")
    found = json.loads(run("transform", "w.tectum", "digits", "-o", "out.npy", "--json").stdout)
    assert found["shape"] == [1797, 20]
    message = run("transform", "w.tectum", "iris", "-o", "iris.npy", code=1).stderr
    assert "64" in message


def test_layers() -> None:
    usual = tectum.WaveNetwork.authors().layers
    assert cli_waves.parse_layers("30, 4x5, 7@2.5", usual) == [
        parts.Sheet(30, 20.0),
        parts.Sheet((4, 5), 6.0),
        parts.Sheet(7, 2.5),
    ]


GROW = ["grow", "-o", "w", "--duration", "1", "--layers"]
ERRORS = [
    ([*GROW, "300"], 1, "must be two sheets or more"),
    ([*GROW, "300,0"], 1, "two nodes or more, got 0"),
    ([*GROW, "300,1"], 1, "two nodes or more, got 1"),
    ([*GROW, "300,many"], 1, "--layers must be sheets with commas between"),
    ([*GROW, "300,3x4x5"], 1, "--layers must be sheets with commas between"),
    ([*GROW, "300,40@0"], 1, "side must be above 0"),
    (["grow", "-o", "w", "--duration", "-5"], 1, "duration must be 0.1 ms or more"),
    (
        ["grow", "-o", "w", "--configuration", "autors"],
        2,
        "--configuration must be one of topographic, continuous, scheduled, authors",
    ),
    (["grow", "-o", "w", "--set", "rule.etaa=1"], 1, "did you mean 'eta'"),
    (["grow", "-o", "w", "--set", "layers=3"], 1, "layers must be given by --layers"),
    (["grow", "-o", "no/w"], 1, "the folder no does not exist"),
    (["grow", "-o", "w", "--resume", "x", "--seed", "1"], 2, "--resume goes on with the network"),
    (["grow", "-o", "w", "--resume", "som"], 1, "som must hold a WaveNetwork"),
    (["demo", "waves", "--presentations", "5"], 2, "--presentations is for samples"),
    (["report", "som", "-o", "r.html"], 2, "name the DATA to report on"),
]


@pytest.mark.parametrize(("arguments", "code", "message"), ERRORS)
def test_errors(folder: Path, arguments: list[str], code: int, message: str) -> None:
    tectum.SpikingSOM(shape=(2, 2), n_presentations=5, random_state=0).fit(np.eye(3)).save("som")
    result = run(*arguments, code=code)
    assert message in " ".join(result.stderr.replace("│", " ").split())
    assert os.listdir(folder) == ["som"]
