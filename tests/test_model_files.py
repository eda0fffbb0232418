"""Model files of any content load, or are refused by the documented error; none harms the process."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import tectum
from tectum import parts, persistence

sys.path.insert(0, str(Path(__file__).parent))
import file_fuzz


@pytest.fixture(scope="module")
def som(tmp_path_factory):
    """Arrays and header of a small map."""
    path = tmp_path_factory.mktemp("som") / "model"
    X = np.random.RandomState(0).uniform(size=(40, 2))
    tectum.SpikingSOM((3, 3), n_presentations=40, random_state=0).fit(X).save(path)
    return path


def changed(path, tmp_path, change):
    arrays, header = persistence.load_arrays(path)
    change(arrays, header)
    persistence.save_arrays(tmp_path / "changed", arrays, header)
    return tmp_path / "changed"


def name_module(arrays, header):
    header["params"]["encoder"] = {"part": "__init__", "name": "evil"}


SMALLEST = {
    "a spike in the future": (lambda a, h: a["state.last_v"].fill(2**31 - 1), "'state.last_v' must lie from"),
    "one element left": (lambda a, h: a.update({"state.m_v": a["state.m_v"][:1]}), "'state.m_v' must be of type"),
    "gone": (lambda a, h: a.pop("state.m_v"), "'state.m_v' must be there"),
    "NaN": (lambda a, h: a["state.weights"].fill(np.nan), "'state.weights' must be finite"),
    "another type": (lambda a, h: a.update({"state.m_v": a["state.m_v"].astype("f8")}), "must be of type float32"),
    "a part that is a module": (name_module, "'__init__' must be one of"),
    "a part that is a function": (
        lambda a, h: h["params"].update(encoder={"part": "discretise"}),
        "'discretise' must be one of",
    ),
    "a huge grid": (lambda a, h: h.update(grid=[10**5, 10**5]), "must fit into the memory|must be of type"),
    "a parameter of another kind": (lambda a, h: h["params"].update(dt="fast"), "dt"),
    "an unknown parameter": (lambda a, h: h["params"].update(colour="red"), "colour"),
    "a part in the place of another": (lambda a, h: h["params"].update(rule={"part": "LIF"}), "contract"),
    "no parameters": (lambda a, h: h.pop("params"), "params"),
}


@pytest.mark.parametrize("case", SMALLEST)
def test_smallest_changes(som, tmp_path, case):
    change, message = SMALLEST[case]
    path = changed(som, tmp_path, change)
    with pytest.raises(ValueError, match=message):
        tectum.load(path)
    assert tectum.parts.__name__ == "tectum.parts"


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (tectum.SpikingSOM((10**6, 10**6)), r"SpikingSOM\.shape must fit into the memory .* would fit"),
        (tectum.SpikingDictionary(10**12), r"SpikingDictionary\.n_components must fit into the memory"),
        (tectum.DiehlCook(10**12), r"DiehlCook\.n_neurons must fit into the memory"),
        (tectum.MapHierarchy([parts.Map("m", shape=(10**6, 10**6))]), r"maps\['m'\]\.shape must fit into the memory"),
        (
            tectum.WaveNetwork([parts.Sheet((1, 2)), parts.Sheet((10**6, 10**6))]),
            r"WaveNetwork\.layers\[1\]\.shape must fit into the memory",
        ),
    ],
    ids=lambda value: type(value).__name__ if hasattr(value, "fit") else "",
)
def test_a_size_beyond_the_memory_is_refused_by_arithmetic(model, message):
    with pytest.raises(ValueError, match=message):
        model.fit(np.random.RandomState(0).uniform(size=(5, 2)))


@pytest.mark.parametrize(
    ("kind", "change", "message"),
    [
        ("hierarchy", lambda h: h["maps"][0]["sources"][0].update(stop=0.4), "must lie within the 3 features"),
        ("waves", lambda h: h["params"].update(normaliser={"part": "LIF"}), "must fulfil the contract of a norm"),
        ("dictionary", lambda h: h["params"]["threshold"].update(rate={"part": "LIF"}), "rate must be a number"),
    ],
)
def test_parts_of_other_models(tmp_path, kind, change, message):
    X = np.random.RandomState(0).uniform(size=(20, 3))
    model = {
        "hierarchy": tectum.MapHierarchy([parts.Map("a", (parts.Features(),), shape=(3, 3))], random_state=0),
        "waves": tectum.WaveNetwork([parts.Sheet((4, 4)), parts.Sheet(8)], random_state=0),
        "dictionary": tectum.SpikingDictionary(4, threshold=parts.AdaptiveThreshold(), n_presentations=20),
    }[kind]
    (model.grow(10.0) if kind == "waves" else model.fit(X)).save(tmp_path / "model")
    with pytest.raises(ValueError, match=message):
        tectum.load(changed(tmp_path / "model", tmp_path, lambda arrays, header: change(header)))


def test_changed_files_never_harm_the_process(tmp_path):
    """In a child process, so that a signal is seen; `python tests/file_fuzz.py --cases 10000` goes further."""
    file_fuzz.save_models(tmp_path)
    command = [sys.executable, file_fuzz.__file__, "--cases", "150", "--seed", "0", "--folder", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
