"""Learning on synapses of few states."""

import numpy as np
import pytest

from tectum import SpikingDictionary
from tectum.parts import CoarseResidualSTDP
from tectum.parts.device_weights import CoarseResidualStep, written
from tectum.parts.steps import discretise

pytestmark = pytest.mark.compiled


def patches(n: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    patterns = rng.random((5, 9)) * (rng.random((5, 9)) < 0.5)
    return patterns[rng.integers(5, size=n)] * rng.uniform(0.3, 1.0, (n, 1))


def test_rounding_keeps_the_mean_and_meets_the_states():
    p = discretise(CoarseResidualSTDP(w_min=-1.0, w_max=0.5, bits=3), 1.0)
    assert isinstance(p, CoarseResidualStep)
    u = ((np.arange(1000) + 0.5) / 1000).astype(np.float32)
    for w in (-0.5, -0.2, 0.03, 0.49):
        found = np.array([written(p, np.float32(w), each) for each in u])
        assert found.mean() == pytest.approx(w, abs=1e-3)
        states = (found + 0.5) / p.step
        np.testing.assert_allclose(states, np.round(states), atol=1e-5)


@pytest.mark.parametrize(("bits", "most"), [(4, 3.0), (8, 1.2)])
def test_learns_in_few_states(bits, most):
    X = patches(300)
    given = {"n_active": 1.5, "n_presentations": 3000, "random_state": 0}
    model = SpikingDictionary(6, rule=CoarseResidualSTDP(bits=bits), **given).fit(X)
    states = model.weights_ * (2**bits - 1)
    np.testing.assert_allclose(states, np.round(states), atol=1e-4)
    assert 0.0 <= model.weights_.min() <= model.weights_.max() <= 1.0
    full = SpikingDictionary(6, **given).fit(X)
    assert model.reconstruction_error(X) < most * full.reconstruction_error(X)


def test_not_with_events():
    events = np.zeros(100, [("t", np.int64), ("x", np.int16), ("y", np.int16), ("p", np.int8)])
    events["t"] = np.arange(100) * 100
    events["x"], events["y"] = np.arange(100) % 8, np.arange(100) % 7
    with pytest.raises(ValueError, match=r"rule must be ResidualSTDP\(\) with events"):
        SpikingDictionary.for_events(4, rule=CoarseResidualSTDP()).fit_events(events)
