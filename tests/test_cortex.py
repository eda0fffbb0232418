"""A piece of cortex: the race against a naive model, what learning must and must not do, and its demonstration."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from tectum import plots
from tectum.cli import cortex
from tectum.cli.app import app
from tectum.models.cortex import rearing, views
from tectum.models.cortex.sheet import CorticalSheet
from tectum.parts import AdaptiveThreshold, PlasticitySpread


def small(**options):
    given = {"retina": 6, "field": 2.0, "inhibition": 4.0, "share": 0.4, "random_state": 0}
    return CorticalSheet((9, 9), **(given | options))


def noise(n, side=6, eyes=1, seed=0):
    return np.random.default_rng(seed).standard_normal((n, eyes, side, side))


def naive(sheet, shown, eta=0.05, beta=0.35, tau=200.0):
    """The race from its description: dense weights, all pairs of neurons, one view after another."""
    W = sheet.fields().reshape(81, -1).astype(np.float64)
    wired, theta, fired = W > 0.0, np.full(81, 2.2), []
    place = np.stack(np.divmod(np.arange(81), 9), axis=1)
    apart = np.abs(place[:, np.newaxis] - place)
    apart = np.hypot(*np.moveaxis(np.minimum(apart, 9 - apart), -1, 0))
    for view in shown.reshape(len(shown), -1):
        strength = np.concatenate([np.maximum(view, 0.0), np.maximum(-view, 0.0)]).astype(np.float32)
        order = np.argsort(-strength, kind="stable")[: round(0.4 * len(strength))]
        times = np.arange(len(order)) * 20.0 / len(order)
        v, free, now = np.zeros(81), np.ones(81, bool), np.full(81, -1.0)
        for k, i in enumerate(order):
            v += W[:, i]
            while (able := free & (v >= theta) & wired[:, i]).any():
                winner = np.flatnonzero(able)[np.argmax((v - theta)[able])]
                now[winner] = times[k]
                free[apart[winner] <= 4.0] = False
                x = np.zeros(len(strength))
                x[order[: k + 1]] = np.exp(-np.floor((times[k] - times[: k + 1]) / 0.1 + 1e-4) * 0.1 / tau)
                for j in np.flatnonzero(apart[winner] <= 2.5):
                    rate = eta * np.exp(-(apart[winner, j] ** 2) / 2.0)
                    W[j] += wired[j] * rate * (x * (1.0 - W[j]) - beta * W[j])
                    W[j] /= np.linalg.norm(W[j])
        theta = np.maximum(0.2, theta + 0.2 * ((now >= 0.0) - 0.0008))
        fired.append(now)
    return W, theta, np.array(fired)


def test_the_race_is_that_of_the_description():
    shown = noise(12)
    sheet = small(spread=PlasticitySpread(radius=1.0))
    W, theta, fired = naive(sheet, shown)
    assert (fired >= 0.0).sum() > 15
    sheet.learn(shown)
    np.testing.assert_allclose(sheet.fields().reshape(81, -1), W, atol=2e-4)
    np.testing.assert_allclose(sheet._state.theta, theta, atol=1e-4)


def test_learning_in_parts_is_learning_at_once_and_answers_change_nothing():
    shown = noise(20, eyes=2)
    at_once, in_parts = small(eyes=2).learn(shown), small(eyes=2).learn(shown[:7])
    before = in_parts.fields()
    answers = in_parts.respond(shown)
    np.testing.assert_array_equal(in_parts.fields(), before)
    assert answers.shape == (20, 81)
    assert (answers >= 0.0).all()
    assert (in_parts.respond(shown, excitability=1.5) >= answers).all()
    np.testing.assert_array_equal(in_parts.learn(shown[7:]).fields(), at_once.fields())
    np.testing.assert_allclose((at_once.fields() ** 2).sum(axis=(1, 2, 3, 4)), 1.0, rtol=1e-5)
    assert at_once.n_presentations_seen_ == 20


def test_a_sheet_has_no_borders():
    """Shifted views make a shifted answer if all neurons weigh their inputs alike."""
    sheet, shown = small(), noise(10)
    sheet._state.weights[:] = 0.2
    sheet._state.theta[:] = 1.1
    answers = sheet.respond(shown).reshape(-1, 9, 9)
    assert (answers > 0.0).mean() > 0.2
    moved = sheet.respond(np.roll(shown, (2, 4), (2, 3))).reshape(-1, 9, 9)
    np.testing.assert_array_equal(moved, np.roll(answers, (3, 6), (1, 2)))


def test_one_eye_takes_what_the_other_leaves():
    sheet = small(eyes=2, share=0.3, threshold=AdaptiveThreshold(start=1.2, rate=0.2, target=0.02))
    rearing.learn(sheet, rearing.with_closed_eye(noise(300, eyes=2)), (0.05, 0.05), (1.0, 1.0))
    assert rearing.dominance_of(sheet).mean() > 0.5


def test_views_are_contrast_on_a_torus():
    shown, orientation = views.gratings(12, cycles=(2,), n_orientations=4, n_phases=2)
    level = shown[orientation == 0.0]
    assert np.ptp(level, axis=2).max() < 1e-5  # bars of orientation 0 lie along rows
    picture = np.random.default_rng(0).random((12, 12))
    moved = views.contrast(np.roll(picture, 5, axis=1))
    np.testing.assert_allclose(moved, np.roll(views.contrast(picture), 5, axis=1), atol=1e-6)
    waves = views.wave_views(12, 16, 0)
    assert waves.shape == (12, 16, 16)
    assert (np.abs(waves).max(axis=(1, 2)) > 0.05).all()
    np.testing.assert_array_equal(waves, views.wave_views(12, 16, 0))


@pytest.mark.parametrize("shown", [np.zeros((2, 6, 6)), np.full((1, 1, 6, 6), np.nan), np.zeros((1, 2, 6, 6))])
def test_bad_views(shown):
    with pytest.raises(ValueError, match="views must be finite, of shape"):
        small().learn(shown)


def test_plots_say_what_they_expect():
    for draw, wrong in (
        (plots.plot_orientation_map, (np.ones(3),)),
        (plots.plot_ocular_dominance, (np.ones(3),)),
        (plots.plot_orientation_tuning, (np.ones(3), np.ones((2, 2)))),
        (plots.plot_map_spectrum, (np.ones(3), np.ones(2), 1.0)),
    ):
        with pytest.raises(ValueError, match=draw.__name__):
            draw(*wrong)


@pytest.mark.usefixtures("undrawn")
def test_demonstration(tmp_path, monkeypatch):
    monkeypatch.setattr(cortex, "SIDE", 24)
    monkeypatch.setattr(cortex, "N_WAVES", 40)
    monkeypatch.setattr(cortex, "N_SIGHTS", 20)
    page = tmp_path / "cortex.html"
    result = CliRunner().invoke(app, ["--json", "demo", "cortex", "--report", str(page), "--seed", "1"])
    assert result.exit_code == 0, result.output
    text = page.read_text()
    for word in ("Orientation maps", "Ocular dominance", "Then the left eye closed", "tectum demo cortex --seed 1"):
        assert word in text
    assert json.loads(result.stdout)["report"] == str(page)
