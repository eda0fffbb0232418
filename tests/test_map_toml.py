"""Hierarchies written in TOML: what they become, and messages that name map and key."""

from pathlib import Path

import numpy as np
import pytest

from tectum import MapHierarchy, load, parts

GRAPH = """
cycles = 3
random_state = 7

[clock]
period = 30.0

[[maps]]
name = "left"
shape = [3, 4]
sources = [{ features = [0, 6], code = { part = "RandomProjection", d = 16, k = 6 }, delay = 1 }]
[maps.rule]
eta = 0.1
[maps.inhibition.neuron]
tau_m = 9.0

[[maps]]
name = "right"
sources = [{ features = "all", code = "Ranked", share = 2.0 }, { winners = "top", k = 3 }]
shape = [2, 2]
phase = 4.0
clock = "AdaptiveClock"

[[maps]]
name = "top"
sources = [{ spikes = "left" }, { spikes = "right", delay = 3.0 }, { winners = "top", share = 0.3 }]
shape = [2, 3]
[maps.use]
n_0 = 5.0
"""


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    path = tmp_path / "graph.toml"
    path.write_text(GRAPH, encoding="utf-8")
    return path


def test_a_file_becomes_maps(graph: Path) -> None:
    hierarchy = MapHierarchy.from_toml(graph)
    left, right, top = hierarchy.maps
    code = parts.RandomProjection(d=16, k=6)
    assert (hierarchy.cycles, hierarchy.random_state, hierarchy.dt) == (3, 7, 0.2)
    assert hierarchy.clock == parts.PacingClock(period=30.0)
    assert left.sources == (parts.Features(0, 6, code=code, delay=1),)
    assert left.shape == (3, 4)
    assert right.sources == (parts.Features(code=parts.Ranked(), share=2.0), parts.Winners("top", k=3))
    assert (right.phase, right.clock) == (4.0, parts.AdaptiveClock())
    assert top.sources == (parts.Spikes("left"), parts.Spikes("right", delay=3.0), parts.Winners("top", share=0.3))
    assert MapHierarchy.from_toml(graph, random_state=1).random_state == 1


def test_fields_stand_over_those_that_the_kind_of_map_has(graph: Path) -> None:
    from tectum.models.hierarchy.graph import LOWER, UPPER

    left, _, top = MapHierarchy.from_toml(graph).maps
    assert left.rule == LOWER["rule"]._replace(eta=0.1)
    assert left.inhibition == parts.MapInhibition()._replace(neuron=parts.MapInhibition().neuron._replace(tau_m=9.0))
    assert left.norm is None
    assert top.use == UPPER["use"]._replace(n_0=5.0)


@pytest.mark.compiled
def test_it_learns_and_comes_back_from_a_file(graph: Path, tmp_path: Path) -> None:
    X = np.random.RandomState(0).uniform(size=(12, 10))
    text = graph.read_text(encoding="utf-8").replace('clock = "AdaptiveClock"', "").replace('code = "Ranked", ', "")
    graph.write_text(text, encoding="utf-8")
    hierarchy = MapHierarchy.from_toml(graph).fit(X)
    hierarchy.save(tmp_path / "h")
    np.testing.assert_array_equal(load(tmp_path / "h").predict(X, "top"), hierarchy.predict(X, "top"))
    assert hierarchy.usage("left").shape == (12,)


def test_without_maps_the_default_graph(tmp_path: Path) -> None:
    path = tmp_path / "plain.toml"
    path.write_text("cycles = 2\n", encoding="utf-8")
    assert MapHierarchy.from_toml(path).get_params()["maps"] is None
    assert MapHierarchy.from_toml(path).cycles == 2


def test_a_constant_of_a_map_leaves_the_others_to_the_clock_of_the_hierarchy(tmp_path: Path) -> None:
    path = tmp_path / "lead.toml"
    path.write_text("[clock]\nperiod = 30.0\n" + MAP + "clock.lead = 3.0\n", encoding="utf-8")
    (found,) = MapHierarchy.from_toml(path, random_state=0).fit(np.zeros((2, 4))).maps_
    assert (found.clock.period, found.clock.lead) == (30.0, 3.0)


MAP = '[[maps]]\nname = "scene"\n'
ERRORS = [
    ("cycels = 3", "MapHierarchy has no parameter 'cycels'; did you mean 'cycles'?"),
    ("[clock]\nperoid = 30.0", "has no field 'peroid'; did you mean 'period'?"),
    ("maps = 3", "maps must be tables, got 3"),
    ("[[maps]]\nshape = [2, 2]", "map number 1 must have a name"),
    (MAP + "shap = [2, 2]", "map 'scene' has no key 'shap'; did you mean 'shape'?"),
    (MAP + "shape = 4", "map 'scene': shape must be \\[rows, columns\\], got 4"),
    (MAP + "[maps.rule]\neta0 = 1.0", "map 'scene', rule .* has no field 'eta0'; did you mean 'eta'?"),
    (MAP + "[maps.rule]\neta = -1.0", "map 'scene', rule.eta must be at least 0"),
    (MAP + 'clock = "PacingClok"', "map 'scene', clock: there is no part 'PacingClok'; did you mean 'PacingClock'?"),
    (MAP + "rule = 3", "map 'scene', rule must be the name of a part or a table"),
    (MAP + "sources = 3", "map 'scene': sources must be a list of tables"),
    (MAP + "sources = [{ feature = [0, 3] }]", "source 1 has no key 'feature'; did you mean 'features'?"),
    (MAP + "sources = [{ share = 2.0 }]", "source 1 must hold one of features, spikes, winners"),
    (MAP + 'sources = [{ features = "all", spikes = "scene" }]', "source 1 must hold one of features, spikes, winners"),
    (MAP + "sources = [{ features = [0, 1.5] }]", 'features must be "all" or \\[first, behind the last\\]'),
    (MAP + 'sources = [{ spikes = "scen" }]', "spikes must name a map, there is no 'scen'; did you mean 'scene'?"),
    (MAP + 'sources = [{ spikes = "scene", delai = 1.0 }]', "\\(Spikes\\) has no key 'delai'; did you mean 'delay'?"),
    (MAP + 'sources = [{ features = "all", code = { kk = 1 } }]', "source 1, code .* has no field 'kk'"),
    (MAP + "name = ", "must be a TOML file"),
]


@pytest.mark.parametrize(("text", "message"), ERRORS)
def test_messages_name_map_and_key(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "graph.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        MapHierarchy.from_toml(path)
    with pytest.raises(FileNotFoundError, match=r"no configuration file at .*none\.toml"):
        MapHierarchy.from_toml(tmp_path / "none.toml")
