"""Frozen passes in threads: all samples, in order, the same bits on any number of them and any backend of joblib."""

import threading
from typing import Any

import joblib
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import tectum
from tectum.core.threads import in_threads
from tectum.parts import FieldHebb, Sheet, SpikeCounts


@settings(deadline=None, max_examples=30)
@given(n=st.integers(0, 20), n_jobs=st.sampled_from([None, 1, 2, 3, -1]), most=st.sampled_from([None, 1, 4, 50]))
def test_parts_cover_all_samples_in_order(n, n_jobs, most):
    parts = list(in_threads(lambda part: list(range(*part.indices(n))), n, n_jobs, most))
    assert [m for _, found in parts for m in found] == list(range(n))
    assert all(found == list(range(part.start, part.stop)) for part, found in parts)
    assert most is None or all(len(found) <= most for _, found in parts)
    if n and n_jobs == 3:
        assert len(parts) >= min(n, 3)


def test_other_backends_do_not_take_over():
    """Work that writes to an array would be lost in another process."""
    out = np.zeros(8)

    def write(part: slice) -> int:
        out[part] += 1.0
        return threading.get_ident()

    with joblib.parallel_config("loky", n_jobs=2):
        owners = {found for _, found in in_threads(write, 8, None)}
    assert (out == 1.0).all()
    assert threading.get_ident() not in owners


def test_errors_come_out():
    def fail(part: slice) -> None:
        raise KeyError("lost")

    with pytest.raises(KeyError, match="lost"):
        list(in_threads(fail, 8, 2))


def models() -> tuple[dict[str, Any], np.ndarray]:
    """A small fitted model of each kind, and samples."""
    X = np.random.default_rng(0).uniform(size=(41, 64)).astype(np.float32)
    dictionary, few = tectum.SpikingDictionary, {"n_presentations": 100, "random_state": 0}
    found: dict[str, Any] = {
        "map": tectum.SpikingSOM((4, 4), n_presentations=20, random_state=0),
        "dictionary": dictionary(6, **few),
        "published": dictionary.reference(6, **few),
        "latency": dictionary.fois2023(6, **few),
    }
    waves = {
        "fields": {"response": "excess", "image_rule": FieldHebb()},
        "counts": {"response": SpikeCounts()},
        "pooling": {"response": "pooling"},
    }
    for name, options in waves.items():
        sheets = [Sheet((8, 8), 8.0), Sheet(16, 8.0)]
        found[name] = tectum.WaveNetwork.topographic(sheets, random_state=0, **options)
    return {name: model.fit(X) for name, model in found.items()}, X


def test_every_estimator_gives_the_same_bits_on_any_number_of_threads():
    fitted, X = models()
    for name, model in fitted.items():
        one = model.set_params(n_jobs=1).transform(X)
        for n_jobs in (2, 3, -1):
            np.testing.assert_array_equal(model.set_params(n_jobs=n_jobs).transform(X), one, err_msg=name)
        with joblib.parallel_config("loky", n_jobs=2):
            np.testing.assert_array_equal(model.set_params(n_jobs=None).transform(X), one, err_msg=name)
