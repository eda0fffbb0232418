"""The estimator of maps of maps: graphs, learning, resume, and what its parameters may be."""

import math
from typing import Any, NamedTuple

import joblib
import numpy as np
import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

import tectum
from tectum import MapHierarchy, analysis, parts
from tectum.engine.graph.loop import run_graph
from tectum.models.hierarchy import graph as map_graph
from tectum.parts import (
    LIF,
    Entrainment,
    Features,
    Izhikevich,
    Map,
    MapInhibition,
    PacingClock,
    Ranked,
    Spikes,
    Winners,
)
from tectum.parts.lateral import lateral_weight

SMALL = Ranked(k=6)


def scenes(n_frames: int = 120, n_features: int = 40, n_scenes: int = 4, seed: int = 0) -> tuple[Any, Any]:
    """Frames of a stream with scenes that follow each other, twice, and the scene of each."""
    rng = np.random.default_rng(seed)
    prototypes = np.abs(rng.standard_normal((n_scenes, n_features))) ** 2
    labels = np.tile(np.repeat(np.arange(n_scenes), n_frames // (2 * n_scenes)), 2)
    return np.maximum(prototypes[labels] + 0.15 * rng.standard_normal((len(labels), n_features)), 0.0), labels


def pair() -> list[Map]:
    return [
        Map("left", (Features(0, 20, SMALL),), (4, 4)),
        Map("right", (Features(20, None, SMALL),), (4, 4)),
        Map("top", (Spikes("left"), Spikes("right")), (3, 3)),
    ]


@parametrize_with_checks([MapHierarchy()])
def test_scikit_learn_checks(estimator: Any, check: Any) -> None:
    check(estimator)


def test_maps_are_read_alone_and_the_last_is_the_output() -> None:
    X, _ = scenes()
    hierarchy = MapHierarchy(pair(), random_state=0).fit(X)
    found = hierarchy.scores(X[:5])
    assert {name: table.shape for name, table in found.items()} == {"left": (5, 16), "right": (5, 16), "top": (5, 9)}
    response = hierarchy.transform(X[:5], "left")
    winners = hierarchy.predict(X[:5], "left")
    assert (winners >= 0).all()
    assert np.array_equal(response.argmax(axis=1), winners)
    assert response.max() == 1.0
    assert hierarchy.transform(X[:5]).shape == (5, 9)
    assert list(hierarchy.get_feature_names_out()) == [f"maphierarchy{k}" for k in range(9)]
    assert hierarchy.weights("top", source=1).shape == (9, 16)
    assert hierarchy.weights("left").shape == (16, 20)
    graded = hierarchy.similarities(X, "left")
    assert graded.shape == (len(X), 16)
    assert 0.0 <= graded.min() <= graded.max() <= 1.0 + 1e-6
    assert not graded[:, hierarchy.usage("left") == 0.0].any()
    assert (graded.argmax(axis=1) == hierarchy.predict(X, "left")).mean() > 0.7
    with pytest.raises(ValueError, match=r"codes\.source must be a source"):
        hierarchy.similarities(X, "top")


@pytest.mark.parametrize(("delay", "seed"), [(2.0, 0), (8.0, 1)])
def test_a_clock_that_follows_hears_the_volley_where_most_gets_through(delay: float, seed: int) -> None:
    """Some 19 ms after its own pulses, see `papers/coherence`; volleys of a frozen pass differ by up to 2 ms."""
    X, _ = scenes()
    clock = parts.AdaptiveClock(jitter=0.0)
    left, right, top = pair()
    top = top._replace(sources=tuple(source._replace(delay=delay) for source in top.sources))
    hierarchy = MapHierarchy([left, right, top], clock=clock, random_state=seed).partial_fit(X)
    spikes = hierarchy.record(X[-30:]).spikes["left"]
    lag = analysis.phase_lag(analysis.clock_phases(spikes.time_ms, clock.period))
    below = lag * clock.period / (2.0 * np.pi) % clock.period
    own = hierarchy._state.phase[5] % clock.period
    assert (below + delay - own) % clock.period == pytest.approx(19.0, abs=2.0)


@pytest.mark.science
def test_scenes_find_units_of_their_own() -> None:
    X, labels = scenes(400)
    for seed in range(3):
        hierarchy = MapHierarchy(pair(), random_state=seed).partial_fit(X)
        winners = hierarchy.predict(X[300:], "left")
        assert (winners >= 0).mean() > 0.95
        scene_of = [set(labels[300:][winners == unit]) for unit in np.unique(winners)]
        assert np.mean([len(scene) == 1 for scene in scene_of]) > 0.8
        assert hierarchy.quantization_error(X[300:], "left") < 0.5


def test_neighbours_learn_with_the_winner() -> None:
    """Weights of the neurons around one that fires become like its own, as nearly as their distance says."""
    X, _ = scenes()
    maps = [
        Map("a", (Features(code=SMALL),), (6, 6), spread=parts.PlasticitySpread(), lateral=parts.NearExcitation(W=0.1))
    ]
    learned = MapHierarchy(maps, random_state=0).partial_fit(X[:3])
    alone = MapHierarchy([maps[0]._replace(spread=None)], random_state=0).partial_fit(X[:3])
    (winner,) = np.unique(learned.predict(X[:1]))
    row, column = divmod(int(winner), 6)
    far = np.hypot(*np.ogrid[-row : 6 - row, -column : 6 - column])
    cosines = []
    for hierarchy in (learned, alone):
        weights = hierarchy.weights("a") / np.linalg.norm(hierarchy.weights("a"), axis=1, keepdims=True)
        cosine = (weights @ weights[winner]).reshape(6, 6)
        cosines.append((cosine[far == 1].mean(), cosine[far > 2].mean()))
    (near, away), (near_alone, _) = cosines
    assert near > 0.95
    assert near > max(away, near_alone) + 0.1


def test_chunks_saving_and_interruption_change_nothing(tmp_path: Any) -> None:
    X, _ = scenes()
    maps = [Map("a", (Features(code=parts.RandomProjection(d=16, k=6), delay=1), Winners("a")), (4, 4))]
    whole = MapHierarchy(maps, random_state=0).partial_fit(X)
    parted = MapHierarchy(maps, random_state=0).partial_fit(X[:37])
    parted.save(tmp_path / "half.tectum")
    parted = tectum.load(tmp_path / "half.tectum").partial_fit(X[37:90]).partial_fit(X[90:])
    for name, array in whole._state._asdict().items():
        assert np.array_equal(array, getattr(parted._state, name)), name
    assert whole.n_presentations_seen_ == parted.n_presentations_seen_ == len(X)
    assert np.array_equal(whole.spike_counts_, parted.spike_counts_)


def test_responses_do_not_depend_on_threads_or_on_learned_order() -> None:
    X, _ = scenes()
    hierarchy = MapHierarchy(pair(), random_state=0).fit(X)
    before = [array.copy() for array in hierarchy._state]
    one = hierarchy.transform(X)
    two = hierarchy.set_params(n_jobs=2).transform(X[::-1])[::-1]
    assert np.array_equal(one, two)
    assert all(np.array_equal(a, b) for a, b in zip(before, hierarchy._state, strict=True))


@pytest.mark.compiled
@pytest.mark.parametrize("mmap_mode", [None, "r"])
def test_a_pickled_hierarchy_compiles_nothing(tmp_path: Any, mmap_mode: Any) -> None:
    X, _ = scenes(16)
    hierarchy = MapHierarchy(pair(), random_state=0).fit(X)
    expected, before = hierarchy.transform(X), len(run_graph.cached.signatures)
    joblib.dump(hierarchy, tmp_path / "model")
    np.testing.assert_array_equal(joblib.load(tmp_path / "model", mmap_mode=mmap_mode).transform(X), expected)
    assert len(run_graph.cached.signatures) == before


def test_a_memory_makes_frames_a_sequence() -> None:
    X, _ = scenes()
    maps = [Map("a", (Features(code=SMALL), Winners("a")), (4, 4))]
    hierarchy = MapHierarchy(maps, random_state=0).fit(X)
    assert not np.array_equal(hierarchy.scores(X[:10])["a"][5:], hierarchy.scores(X[5:10])["a"])


def test_levels_together_or_one_after_the_other() -> None:
    X, _ = scenes()
    greedy = MapHierarchy(pair(), greedy=True, random_state=0).fit(X)
    together = MapHierarchy(pair(), random_state=0).fit(X)
    assert greedy.n_presentations_seen_ == 2 * together.n_presentations_seen_
    lower_only = MapHierarchy(pair(), random_state=0)
    lower_only._begin(X, going_on=False, fitting=False)
    fresh = lower_only.weights("top").copy()
    lower_only._learn(X[:20], map_graph.learning_only(lower_only._graph.graph.circuit, [0, 1]))
    assert np.array_equal(fresh, lower_only.weights("top"))


def test_phases_follow_levels() -> None:
    maps = map_graph.resolved([*pair(), Map("apex", (Spikes("top", delay=3.0),), (2, 2))], parts.PacingClock(), 40)
    assert [m.level for m in maps] == [0, 0, 1, 2]
    assert [m.phase for m in maps] == [0.0, 0.0, 3.5, 9.0]


def test_entrainment_replaces_the_clock_by_spikes_of_the_map_below() -> None:
    X, _ = scenes()
    maps = pair()
    maps[2] = maps[2]._replace(clock=Entrainment())
    hierarchy = MapHierarchy(maps, random_state=0).fit(X)
    rows = hierarchy._graph.graph.circuit.projections
    assert ((rows.target == 5) & (rows.source != 4) & (rows.source != 5)).sum() == 2
    assert hierarchy._graph.graph.circuit.clocks.period[5] == 0.0


def test_feedback_runs() -> None:
    X, _ = scenes()
    maps = pair()
    maps[0] = maps[0]._replace(sources=(*maps[0].sources, Spikes("top", share=0.2)))
    hierarchy = MapHierarchy(maps, random_state=0).fit(X)
    assert [m.level for m in hierarchy.maps_] == [0, 0, 1]


def test_recording_has_populations_and_fields() -> None:
    X, _ = scenes()
    hierarchy = MapHierarchy(pair(), random_state=0).fit(X)
    recording = hierarchy.record(X[:3])
    assert set(recording.spikes) == {"left", "left.h", "right", "right.h", "top", "top.h"}
    assert recording.duration_ms == 300.0
    assert len(recording.traces["time_ms"]) == len(recording.traces["left"]) == 300
    clock = recording.spikes["left.h"].time_ms
    assert math.isclose(np.median(np.diff(np.unique(clock // 25.0))), 1.0)
    for train in recording.spikes.values():
        assert (np.diff(train.time_ms) >= 0).all()


@pytest.mark.parametrize(
    ("maps", "said"),
    [
        ([], "must be a list of parts.Map, one or more"),
        ([Map("a"), Map("a")], "different names"),
        ([Map("a", (Spikes("b"),))], "must name a map"),
        ([Map("a", (Features(),), spread=parts.PlasticitySpread(W=2.4))], "a share of the learning rate, from 0 to 1"),
        ([Map("a", (Features(0, 99),))], "within the 40 features"),
        ([Map("a", (Features(share=0.0),))], "share must be above 0"),
        ([Map("a", ())], "one or more of Features, Spikes and Winners"),
        ([Map("a", (Features(delay=-1),))], "delay of whole frames"),
        ([Map("a", shape=(1, 1))], "two neurons or more"),
        ([Map("a", rule=parts.ArrivalSTDP(eta=-1.0))], "rule.eta must be at least 0"),
        ([Map("a", neuron=parts.ConductanceLIF(v_reset=-40.0))], "v_reset must be below v_th"),
    ],
)
def test_wrong_graphs_are_named(maps: list[Map], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        MapHierarchy(maps).fit(scenes()[0])


def test_wrong_names_and_widths() -> None:
    X, _ = scenes()
    hierarchy = MapHierarchy(pair(), random_state=0).fit(X)
    with pytest.raises(ValueError, match="must be the name of a map, got 'middle'; there are: left, right, top"):
        hierarchy.predict(X, "middle")
    with pytest.raises(ValueError, match="that is Features"):
        hierarchy.codes(X, "top")
    with pytest.raises(ValueError, match="39 features"):
        hierarchy.partial_fit(X[:, 1:])


class Eleven(NamedTuple):
    """As many numbers as `ConductanceLIF` has for a step, and another meaning."""

    a: float = 0.02
    b: float = 0.2
    c: float = -65.0
    d: float = 8.0
    e: float = 30.0
    f: float = 0.0
    g: float = -75.0
    h: float = 0.9
    i: float = 0.9
    j: float = 0.5
    k: float = 2.0


class Three(NamedTuple):
    """As many numbers as `ArrivalSTDP` has for a step."""

    a: float = 0.2
    b: float = 8.0
    c: float = 1.0


class Sagging(NamedTuple):
    """A profile that inhibits."""

    radius: float = 1.0


@lateral_weight.of(Sagging)
def _(p, d, X):
    return 0.5 - d


@pytest.mark.parametrize(
    ("part", "message"),
    [
        (
            {"neuron": Eleven()},
            r"neuron of 'a'.*got Eleven: it lacks the law membrane\(p, v, I\).*its default.*v_th.*v_rest",
        ),
        ({"inhibition": MapInhibition(neuron=Eleven())}, "neuron of 'inhibition of a'.*got Eleven"),
        ({"neuron": Izhikevich(), "inhibition": MapInhibition(neuron=LIF())}, None),
        ({"rule": Three()}, r"rule of 'a'.*got Three: it lacks the law potentiate\(p, w, x\)"),
        ({"lateral": Three()}, r"maps\['a'\].lateral.*got Three: it lacks the law lateral_weight"),
        ({"lateral": Sagging()}, "Sagging must not be below 0 at any distance, got -"),
    ],
)
def test_parts_are_known_by_their_laws_and_never_by_their_place(part: dict, message: str | None) -> None:
    maps = [Map("a", (Features(),), shape=(3, 3), **part)]
    if message is None:  # two types of neurons have room
        map_graph.build(map_graph.resolved(maps, PacingClock(), 4), 4, np.uint64(0), dt=0.2, cycles=4)
        return
    with pytest.raises((TypeError, ValueError), match=message):
        MapHierarchy(maps).fit(np.eye(4))


def test_neurons_that_are_free_for_what_is_new_are_nothing_amiss() -> None:
    X = np.repeat(np.eye(2, 8), 30, axis=0)  # two patterns for 36 neurons
    hierarchy = MapHierarchy([Map("a", (Features(),), shape=(6, 6))], random_state=0).fit(X)
    found = hierarchy.diagnose(X)
    assert len(found.unused_neurons["a"]) > 20
    assert found.warnings == []
