"""Maps that hear their own last winners, or delayed features, tell the direction of what moves."""

import pickle
from typing import Any

import numpy as np
import pytest

import tectum
from tectum import MapHierarchy, analysis, parts, streams

PLACES = 16
CODE = parts.Ranked(k=3, t_enc=6.0)
NOW = parts.Features(code=CODE)
LAST = parts.Winners("map", k=4, share=0.56, t_enc=6.0)
RECURRING: dict[str, Any] = {  # all states come back for ever: see papers/coherence/moving_bar.py
    "lateral": parts.NearExcitation(W=0.3),
    "rule": parts.ArrivalSTDP(eta=0.1, w_max=5.0, beta=3.0, tau_pre=25.0),
    "use": parts.UseDependentRate(n_0=100.0),
    "threshold": parts.SpikeThreshold(rise=0.15, rest=-2.0, tau=30_000.0),
    "gate": parts.NoveltyGate(factor=1.01, recruited=0.02, drop=6.0),
}


def bump(n_steps: int, seed: int) -> tuple[Any, Any, Any]:
    """A bump on a ring, its direction, and whether it has not turned for three steps."""
    rng = np.random.default_rng(seed)
    turns = rng.random(n_steps) < 0.06
    heading = np.cumprod(np.where(turns, -1, 1))
    apart = np.abs(np.arange(PLACES) - np.cumsum(heading)[:, None] % PLACES)
    X = np.exp(-(np.minimum(apart, PLACES - apart) ** 2) / 2.0) + 0.05 * rng.normal(size=apart.shape)
    steps = np.arange(n_steps)
    return X, heading, steps - np.maximum.accumulate(np.where(turns, steps, 0)) >= 3


def direction(sources: tuple[Any, ...], drive: float, n_frames: int) -> float:
    """Share of steps whose direction the winner tells."""
    shape = (8, 8)
    one = parts.Map("map", sources, shape, norm=parts.SourceNorm(drive=drive), **RECURRING)
    learned = MapHierarchy([one], random_state=0).fit(bump(n_frames, 0)[0])
    (X, heading, settled), (Y, truth, asked) = bump(1000, 1), bump(1000, 2)
    named = analysis.label_units(learned.predict(X)[settled], heading[settled], shape)
    return analysis.label_accuracy(learned.predict(Y)[asked], truth[asked], named)


@pytest.mark.science
def test_only_with_a_memory_the_winner_tells_the_direction() -> None:
    assert 0.4 < direction((NOW,), 2.5, 3000) < 0.6
    assert direction((NOW, LAST), 3.9, 8000) > 0.85
    assert direction((NOW, NOW._replace(delay=2)), 3.5, 3000) > 0.9


def test_the_context_of_the_first_frame_is_empty_and_later_ones_depend_on_the_past() -> None:
    X, _, _ = bump(300, 0)
    one = parts.Map("map", (NOW, LAST), (4, 4), norm=parts.SourceNorm(drive=3.9), **RECURRING)
    learned = MapHierarchy([one], random_state=0).fit(X)
    whole = learned.predict(X[:40])
    assert np.array_equal(learned.predict(X[:20]), whole[:20])
    assert not np.array_equal(learned.predict(X[20:40]), whole[20:])


def paired(delay: dict[str, Any]) -> MapHierarchy:
    one = parts.Map("map", (NOW, NOW._replace(**delay)), (4, 4), norm=parts.SourceNorm(drive=3.5), **RECURRING)
    return MapHierarchy([one], random_state=0)


def test_a_delay_in_ms_follows_the_time_stamps() -> None:
    """At an even rate it is a delay in frames; where every second frame is left out, half as many."""
    X, _, _ = bump(96, 0)
    at = 0.04 * np.arange(len(X))
    frames, ms = paired({"delay": 2}).partial_fit(X), paired({"delay_ms": 80.0}).partial_fit(X, time_s=at)
    np.testing.assert_array_equal(frames.weights(), ms.weights())
    np.testing.assert_array_equal(frames.predict(X), ms.predict(X, time_s=at))
    half = paired({"delay": 1}).partial_fit(X[::2])
    other = paired({"delay_ms": 80.0}).partial_fit(X[:31:2], time_s=at[:31:2])
    again = pickle.loads(pickle.dumps(other))
    again.partial_fit(X[32::2], time_s=at[32::2])
    np.testing.assert_array_equal(half.weights(), again.weights())
    with pytest.raises(ValueError, match=r"delays in ms .* pass time_s"):
        other.predict(X)


@pytest.mark.parametrize("source", [LAST, NOW._replace(delay=3), NOW._replace(delay_ms=100.0)], ids=str)
def test_no_memory_goes_over_the_border_of_two_clips(source: Any, tmp_path: Any) -> None:
    X, _, _ = bump(60, 0)
    at, clip = 0.04 * np.arange(60), np.repeat([0, 1], [20, 40])
    one = parts.Map("map", (NOW, source), (4, 4), norm=parts.SourceNorm(drive=3.9), **RECURRING)
    learned = MapHierarchy([one], random_state=0).partial_fit(X, time_s=at, source=clip)
    whole = learned.predict(X, time_s=at, source=clip)
    np.testing.assert_array_equal(whole[20:], learned.predict(X[20:], time_s=at[20:]))
    back = np.concatenate([at[:20], at[:40]])  # time that goes back is a border, too
    np.testing.assert_array_equal(whole, learned.predict(X, time_s=back))
    chunks = [streams.Chunk(X[k : k + 7], at[k : k + 7], clip[k : k + 7]) for k in range(0, 60, 7)]
    np.testing.assert_array_equal(
        np.concatenate([*learned.transform_chunks(chunks)]).argmax(axis=1)[whole >= 0], whole[whole >= 0]
    )
    # in parts, through a file, at the border and elsewhere
    for cut in (20, 27):
        begun = MapHierarchy([one], random_state=0).partial_fit(X[:cut], time_s=at[:cut], source=clip[:cut])
        begun.save(tmp_path / f"{cut}")
        rest = tectum.load(tmp_path / f"{cut}").partial_fit(X[cut:], time_s=at[cut:], source=clip[cut:])
        np.testing.assert_array_equal(rest.weights(), learned.weights())


def test_times_and_clips_are_one_for_each_frame() -> None:
    with pytest.raises(ValueError, match="source must have a number of its clip for each of the 9 frames"):
        paired({}).partial_fit(bump(9, 0)[0], source=[0, 1])
