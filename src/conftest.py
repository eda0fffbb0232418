"""Names that examples of methods share: small models that are fitted once, and the samples they learned.

``python -m pytest src/tectum`` runs the examples of all docstrings, each in an empty folder.
"""

import copy
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest

import tectum
from tectum.parts import LIF, Features, Learned, Map, Population, Projection, Rates, Sheet, TargetSTDP


@cache
def som() -> dict[str, Any]:
    X = tectum.datasets.load("iris").data
    return {"X": X, "som": tectum.SpikingSOM((4, 4), n_presentations=300, random_state=0).fit(X)}


@cache
def dictionary() -> dict[str, Any]:
    X = tectum.datasets.load("digits").data[:200] / 16
    return {"X": X, "dictionary": tectum.SpikingDictionary(16, n_presentations=600, random_state=0).fit(X)}


@cache
def hierarchy() -> dict[str, Any]:
    X = np.repeat(np.random.default_rng(0).random((3, 20)), 10, axis=0)
    maps = [Map("scenes", (Features(),), (3, 3))]
    return {"X": X, "hierarchy": tectum.MapHierarchy(maps, random_state=0).fit(X)}


@cache
def diehl_cook() -> dict[str, Any]:
    digits = tectum.datasets.load("digits")
    X, y = digits.data[:200] / 16, digits.target[:200]
    return {"X": X, "y": y, "net": tectum.DiehlCook(16, random_state=0).fit(X, y)}


@cache
def readout() -> dict[str, Any]:
    digits = tectum.datasets.load("digits")
    X, y = digits.data[:200] / 16, digits.target[:200]
    return {"X": X, "y": y, "net": tectum.SpikingReadout(random_state=0).fit(X, y)}


@cache
def network() -> dict[str, Any]:
    X = np.random.default_rng(0).random((10, 20))
    units = Population("units", 5, LIF(v_th=1.0, v_reset=0.0), rule=TargetSTDP())
    wires = [Projection("input", "units", Learned(gain=5.0))]
    return {"X": X, "net": tectum.Network([units], wires, [Rates()], random_state=0).fit(X)}


@cache
def waves() -> dict[str, Any]:
    return {"network": tectum.WaveNetwork([Sheet((16, 16)), Sheet(20)], random_state=0).grow(50.0)}


FITTED = {
    "tectum.models.spiking_som": som,
    "tectum.models.spiking_dictionary": dictionary,
    "tectum.models.dictionary_learned": dictionary,
    "tectum.models.map_hierarchy": hierarchy,
    "tectum.models.diehl_cook": diehl_cook,
    "tectum.models.spiking_readout": readout,
    "tectum.models.network": network,
    "tectum.models.wave_network": waves,
}


@pytest.fixture(autouse=True)
def _example_names(
    request: pytest.FixtureRequest,
    doctest_namespace: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """Give an example of a model's method the model; each gets a copy, and a folder for what it writes."""
    monkeypatch.chdir(tmp_path)
    mpl.rcParams["figure.max_open_warning"] = 0
    fitted = FITTED.get(".".join(request.node.name.split(".")[:3]))
    if fitted is not None and request.node.name.count(".") > 3:
        doctest_namespace.update(copy.deepcopy(fitted()))
    if request.node.name.startswith("tectum.plots."):
        doctest_namespace.update({name: getattr(tectum.plots, name) for name in tectum.plots.__all__})
