"""The examples of independent fits: the same results wherever they run."""

import runpy
import sys
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
BACKENDS = ("sequential", "threading")


def example(name: str) -> dict[str, Any]:
    return runpy.run_path(str(EXAMPLES / f"{name}.py"))


def test_grid_search_finds_the_finest_map() -> None:
    search = example("grid_search")["search"]
    found = []
    for backend in BACKENDS:
        with joblib.parallel_config(backend, n_jobs=2):
            found.append(search(n_presentations=150))
    scores = found[0].cv_results_["mean_test_score"]
    np.testing.assert_array_equal(scores, found[1].cv_results_["mean_test_score"])
    assert (scores < 0.0).all()
    assert found[0].best_score_ == scores.max()
    held = found[0].best_estimator_
    assert held.radius.end == found[0].best_params_["radius__end"]
    assert held.radius.start == 1.25  # as recommended for the shape


def test_optuna_searches_constants_of_parts() -> None:
    pytest.importorskip("optuna")
    study = example("optuna_search")["search"](n_trials=2, n_presentations=40)
    assert set(study.best_params) == {"radius__end", "rule__tau_plus"}


def test_without_optuna_the_example_says_what_to_install(monkeypatch, capsys) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    monkeypatch.setattr(sys, "argv", ["optuna_search.py"])
    example("optuna_search")["main"]()
    assert "pip install optuna" in capsys.readouterr().out


def test_ensemble_members_are_single_fits() -> None:
    content = example("seed_ensemble")
    with joblib.parallel_config("threading", n_jobs=2):
        maps = content["ensemble"](3, n_presentations=40)
    assert [som.random_state for som in maps] == [0, 1, 2]
    X = content["tectum"].datasets.load("square").data
    alone = content["fitted"](maps[0], X, 2)
    np.testing.assert_array_equal(maps[2].weights_, alone.weights_)
    assert not np.array_equal(maps[0].weights_, maps[1].weights_)
