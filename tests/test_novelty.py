"""What hierarchies notice while they learn: new classes, returns, maps that fill and grow; and clocks moved by hand."""

from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from numpy.typing import NDArray

import tectum
from tectum import MapFullWarning, MapHierarchy, NoveltyEvent, parts, persistence
from tectum.models.hierarchy import novelty as news

N, K = 120, 20  # inputs, of which so many fire
SOURCE = parts.Features(code=parts.Ranked(k=K))


def scenes(order: str, n: int = 12, drift: float = 0.03) -> NDArray[np.float32]:
    """Frames of scenes named by letters, each with inputs of its own, of which some change from frame to frame."""
    found = []
    for place, letter in enumerate(order):
        level = np.random.default_rng(ord(letter)).random(N)
        rng = np.random.default_rng(1000 + place)
        for _ in range(n):
            found.append(np.clip(level + drift * rng.standard_normal(N), 0.0, None))
    return np.array(found, np.float32)


def learned(X: NDArray[np.float32], shape: tuple[int, int] = (5, 5), **others: object) -> MapHierarchy:
    maps = [parts.Map("scene", (SOURCE,), shape), parts.Map("top", (parts.Spikes("scene"),), (4, 4))]
    return MapHierarchy(maps, random_state=0, **others).partial_fit(X)


def test_new_scenes_begin_classes_and_old_ones_return() -> None:
    X = scenes("ABACB")
    heard: list[NoveltyEvent] = []
    hierarchy = MapHierarchy([parts.Map("scene", (SOURCE,), (5, 5))], random_state=0)
    end = hierarchy.subscribe(heard.append)
    hierarchy.partial_fit(X[:40], time_s=np.arange(40) / 10)
    end()
    hierarchy.partial_fit(X[40:])
    found = [(event.why, event.label, event.frame // 12) for event in hierarchy.events_ if event.why != "growth"]
    assert found == [("new class", 0, 0), ("new class", 1, 1), ("return", 0, 2), ("new class", 2, 3), ("return", 1, 4)]
    assert heard == [event for event in hierarchy.events_ if event.frame < 40]
    assert [event.time_s == event.frame / 10 for event in heard] == [True] * len(heard)
    novelty = hierarchy.novelty_["scene"]
    assert novelty.shape == (60,)
    assert novelty[[0, 12, 36]].min() > 0.4 > novelty[[24, 48]].max()
    winners = hierarchy.predict(X[np.arange(60) % 12 == 11])
    assert hierarchy.classes_["scene"][winners].tolist() == [0, 1, 0, 2, 1]
    assert hierarchy.novelty(scenes("D", 3))["scene"].min() > 0.4 > hierarchy.novelty(X[55:])["scene"].max()


@pytest.mark.parametrize("n", [8, 12, 20])
def test_a_varied_scene_that_returns_after_a_steady_one_is_not_new(n: int) -> None:
    varied = scenes("AA", n, drift=0.18)
    X = np.concatenate([varied[:n], scenes("B", 30, drift=0.01), varied[n:], scenes("C", 6)])
    hierarchy = MapHierarchy([parts.Map("scene", (SOURCE,), (8, 8))], random_state=0).partial_fit(X)
    told = [(event.why, event.label) for event in hierarchy.events_ if event.why != "growth"]
    assert told == [("new class", 0), ("new class", 1), ("return", 0), ("new class", 2)]
    back = hierarchy.novelty_["scene"][n + 30 : 2 * n + 30]
    assert back[:3].max() > hierarchy.novelty_["scene"][n + 10 : n + 30].max() + 0.1  # more than before the cut
    # what is recruited then joins what it is like
    assert {event.label for event in hierarchy.events_ if n + 30 <= event.frame < 2 * n + 30} == {0}


@pytest.mark.parametrize("mismatch", [0.1, 0.15, 0.25])
def test_what_fires_beside_a_vigilant_winner_belongs_to_no_class_until_it_learns(mismatch: float) -> None:
    X = scenes("ABCDE", n=30, drift=0.05)
    strict = {"gate": parts.NoveltyGate(mismatch=mismatch)}
    hierarchy = MapHierarchy([parts.Map("scene", (SOURCE,), (10, 10), **strict)], random_state=0).partial_fit(X)
    used, classes = hierarchy.usage("scene") > 0.5, hierarchy.classes_["scene"]
    assert_array_equal(classes >= 0, used)
    assert_array_equal(classes[hierarchy.predict(X)], np.repeat(np.arange(5), 30))
    told = [(event.why, event.frame // 30) for event in hierarchy.events_ if event.why != "growth"]
    assert told == [("new class", k) for k in range(5)]


def test_novelty_of_unseen_frames_knows_their_times() -> None:
    X, time_s = scenes("AB"), 0.04 * np.arange(24)
    late = parts.Map("late", (SOURCE, SOURCE._replace(delay_ms=80.0)), (4, 4))
    hierarchy = MapHierarchy([late], random_state=0).partial_fit(X, time_s=time_s)
    with pytest.raises(ValueError, match="which need the times of frames"):
        hierarchy.novelty(X)
    novelty = hierarchy.novelty(X, time_s=time_s, source=np.repeat([0, 1], 12))["late"]
    assert novelty[[0, 12]].min() > novelty[4:12].max()  # nothing comes over the border of two clips
    assert_array_equal(novelty[12:], hierarchy.novelty(X[12:], time_s=time_s[12:])["late"])


def test_what_drifts_is_no_new_class() -> None:
    ends = scenes("AB", 1)
    share = np.linspace(0.0, 1.0, 80, dtype=np.float32)[:, None]
    events = learned((1.0 - share) * ends[0] + share * ends[1]).events_
    assert [event.why for event in events if event.map == "scene"].count("new class") == 1
    assert any(event.why == "growth" for event in events)


def test_cutting_and_files_change_nothing(tmp_path: Path) -> None:
    X = scenes("ABACBD")
    whole = learned(X, (3, 3), reserve=0.3)
    parted = learned(X[:7], (3, 3), reserve=0.3).partial_fit(X[7:50])
    parted.name_neuron(3, "bridge", "scene").name_neuron(4, "x", "scene").name_neuron(4, "", "scene")
    parted.save(tmp_path / "half.tectum")
    parted = tectum.load(tmp_path / "half.tectum").partial_fit(X[50:])
    assert parted.names_ == {"scene": {3: "bridge"}}
    with pytest.raises(ValueError, match="whole number below"):
        parted.name_neuron(1000, "y", "scene")
    assert [event[2:] for event in parted.events_] == [event[2:] for event in whole.events_]
    assert_array_equal(parted.novelty_["scene"], whole.novelty_["scene"])
    assert_array_equal(parted.weights("scene"), whole.weights("scene"))


def test_older_files_know_that_a_map_is_full(tmp_path: Path) -> None:
    with pytest.warns(MapFullWarning):
        learned(scenes("ABCDE", 12, 0.2), (2, 2)).save(tmp_path / "new")
    arrays, header = persistence.load_arrays(tmp_path / "new")
    arrays["noticed.told"] = arrays.pop("noticed.warned")
    del arrays["noticed.typical_of"]
    persistence.save_arrays(tmp_path / "old", arrays, header)
    one, other = (tectum.load(tmp_path / name).partial_fit(scenes("AF", 3)) for name in ("new", "old"))
    assert "full" in [event.why for event in one.events_]
    assert [event[2:] for event in one.events_] == [event[2:] for event in other.events_]


@pytest.mark.parametrize(("name", "value"), [("labels", 25), ("current", 25), ("typical_of", 2.0)])
def test_files_name_no_class_that_cannot_be(name: str, value: float, tmp_path: Path) -> None:
    learned(scenes("AB", 4)).save(tmp_path / "good")
    arrays, header = persistence.load_arrays(tmp_path / "good")
    arrays[f"noticed.{name}"].flat[0] = value
    persistence.save_arrays(tmp_path / "bad", arrays, header)
    with pytest.raises(ValueError, match=f"'noticed.{name}' must lie from"):
        tectum.load(tmp_path / "bad")


def test_a_map_that_fills_says_so_or_grows() -> None:
    X = scenes("ABCDEFGH")
    with pytest.warns(MapFullWarning, match="map 'scene' has 0 of 2 neurons left for what is new"):
        full = learned(X, (1, 2))
    whys = [event.why for event in full.events_ if event.map == "scene"]
    assert whys.count("unplaced") >= 3
    assert whys.index("unplaced") > whys.index("full")
    grown = learned(X, (3, 3), reserve=0.3)
    assert grown.maps_[0].shape[0] > 3
    assert grown.maps_[1].shape == (4, 4)
    new = [event for event in grown.events_ if event.map == "scene" and event.why == "new class"]
    assert len(new) == 8
    before = learned(X[:31], (3, 3))
    kept = grown.classes_["scene"][before.predict(X[:12], "scene")]
    assert kept.tolist() == [0] * 12  # what was learned before it grew


def test_clocks_are_moved_without_a_weight() -> None:
    X = scenes("ABAB")
    top = {"gate": parts.NoveltyGate(drop=0.0), "inhibition": parts.MapInhibition(inhibition=0.6)}
    maps = [parts.Map("scene", (SOURCE,), (5, 5)), parts.Map("top", (parts.Spikes("scene"),), (4, 4), **top)]
    hierarchy = MapHierarchy(maps, random_state=0).partial_fit(X)
    closed, weights = hierarchy.scores(X), hierarchy.weights("top").copy()
    phase = hierarchy.maps_[1].phase
    opened = hierarchy.set_phases({"top": phase + 18.0}).scores(X)
    assert (closed["top"] > 0).sum() == 0
    assert (opened["top"] > 0).sum() > 48
    assert_array_equal(hierarchy.weights("top"), weights)
    again = hierarchy.set_phases({"top": phase}).scores(X)
    assert_array_equal(again["top"], closed["top"])
    assert_array_equal(again["scene"], opened["scene"])
    for phases, message in (({"no": 1.0}, "name of a map"), ({"top": np.nan}, "finite")):
        with pytest.raises(ValueError, match=message):
            hierarchy.set_phases(phases)


def test_cut_is_the_share_of_input_that_was_not_there() -> None:
    past = np.array([[0, 1, 2, 3], [4, 5, 6, 7], [0, 1, 8, 9]], np.int32)
    ranked = np.array([[4, 5, 6, 9], [9, 10, 11, -1]], np.int32)
    assert_array_equal(news.cuts_of(ranked, past, [slice(0, 4)])[:, 0], [1 - 3 / 4, 1 - 1 / 3])
