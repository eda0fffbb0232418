"""Maps that hear their own last winners, or delayed features, tell the direction of what moves."""

from typing import Any

import numpy as np
import pytest

from tectum import MapHierarchy, analysis, parts

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
    (X, heading, settled), (Y, truth, asked) = bump(1500, 1), bump(1500, 2)
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
