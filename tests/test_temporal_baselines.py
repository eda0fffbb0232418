"""Rate models of maps: rules for streams, and memories, against plain loops and on a bump that moves on a ring."""

import numpy as np
import pytest

from tectum import analysis
from tectum.analysis import temporal_baselines as temporal

RNG = np.random.default_rng(0)
STREAM = RNG.random((60, 3))
SHAPE = (3, 4)
RULES = {
    "constant": analysis.constant_rule(),
    "annealed": analysis.annealed_rule(),
    "metaplastic": analysis.metaplastic_rule(),
    "conscience": analysis.conscience_rule(),
    "dynamic": analysis.dynamic_rule(),
}


def grid_squares() -> np.ndarray:
    """Squared distances on the grid, by a plain loop."""
    places = [(row, col) for row in range(3) for col in range(4)]
    return np.array([[(a - c) ** 2 + (b - d) ** 2 for c, d in places] for a, b in places], dtype=float)


def plain_stream(W: np.ndarray, name: str) -> np.ndarray:
    """Codebook after one pass over STREAM with two updates a sample, from the equations, neuron by neuron."""
    W, D2 = W.copy(), grid_squares()
    used, wins = np.zeros(12), np.full(12, 1 / 12)
    for k in range(120):
        x, share = STREAM[k // 2], k / 120
        errors = np.array([np.sum((x - w) ** 2) for w in W])
        winner = int(np.argmin(errors - 3.0 * (1 / 12 - wins))) if name == "conscience" else int(np.argmin(errors))
        radius, rate = 1.2, 0.05
        if name == "annealed":
            rate, radius = 0.3 * (0.02 / 0.3) ** share, 3.0 * (0.5 / 3.0) ** share
        for i in range(12):
            h = np.exp(-D2[i, winner] / (2 * radius**2))
            move = rate * h
            if name == "metaplastic":
                move = 0.2 / (1 + used[i] / 20) * h
                used[i] = used[i] * (1 - 1e-4) + h
            if name == "dynamic" and errors[winner] == 0:
                move = 0.0  # the codebook starts from samples
            elif name == "dynamic":
                move = 0.1 * np.sqrt(errors[i]) * np.exp(-D2[i, winner] / 13.0 / errors[winner])
            W[i] += move * (x - W[i])
        wins = wins * (1 - 1 / 200) + (np.arange(12) == winner) / 200
    return W


class TestRules:
    @pytest.mark.parametrize("name", RULES)
    def test_against_a_plain_loop(self, name):
        first, last = analysis.online_codebooks(STREAM, SHAPE, RULES[name], times=[0, 60], random_state=1)
        assert all((first[j] == STREAM).all(axis=1).any() for j in range(12))
        np.testing.assert_allclose(last, plain_stream(first, name), rtol=1e-10, atol=1e-12)

    @pytest.mark.parametrize("name", RULES)
    def test_looking_on_changes_nothing(self, name):
        """Codebooks on the way, and a rule that was used before, leave the end as it is."""
        kept = analysis.online_codebooks(STREAM, SHAPE, RULES[name], times=[10, 20, 60], random_state=1)
        (end,) = analysis.online_codebooks(STREAM, SHAPE, RULES[name], random_state=1)
        assert kept.shape == (3, 12, 3)
        np.testing.assert_array_equal(kept[-1], end)

    def test_metaplastic_neurons_forget_less(self):
        """One scene, then another for long: what the map knew of the first."""
        rng = np.random.default_rng(0)
        old, new = rng.normal(0.0, 1.0, (150, 20)), rng.normal(0.0, 1.0, (600, 20)) + 3.0
        risen = {}
        rules = {name: RULES[name] for name in ("constant", "metaplastic")}
        rules["conscience"] = analysis.conscience_rule(strength=100.0)  # squared distances are about 40 here
        for name, rule in rules.items():
            at_end_of_old, at_end = analysis.online_codebooks(
                np.concatenate([old, new]), (6, 6), rule, times=[150, 750], random_state=0
            )
            risen[name] = analysis.quantization_error(old, at_end) - analysis.quantization_error(old, at_end_of_old)
        assert risen["metaplastic"] < risen["constant"] < risen["conscience"]

    def test_bad_input(self):
        with pytest.raises(ValueError, match="times must lie"):
            analysis.online_codebooks(STREAM, SHAPE, RULES["constant"], times=[61])
        with pytest.raises(ValueError, match="n_updates must"):
            analysis.online_codebooks(STREAM, SHAPE, RULES["constant"], n_updates=0)


def plain_winners(codebook: np.ndarray, contexts: np.ndarray, kind: str) -> list[int]:
    """Winners over STREAM of a given map, from the equations, with a 0.3 and b 0.5."""
    winners, V, y, C = [], np.zeros(12), np.zeros((12, 3)), contexts.mean(axis=0)
    for x in STREAM:
        squares = np.array([np.sum((x - w) ** 2) for w in codebook])
        if kind == "TKM":
            V = 0.3 * V - 0.5 * squares
            winner = int(np.argmax(V))
        elif kind == "RSOM":
            y = 0.7 * y + 0.3 * (x - codebook)
            winner = int(np.argmin([np.linalg.norm(v) for v in y]))
        else:
            winner = int(np.argmin(0.7 * squares + 0.3 * np.sum((contexts - C) ** 2, axis=1)))
            C = 0.5 * codebook[winner] + 0.5 * contexts[winner]
        winners.append(winner)
    return winners


def ring(n_steps: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A bump that moves one of 16 places a step and turns now and then: input, place, direction (0 or 1)."""
    rng = np.random.default_rng(seed)
    direction = np.cumprod(np.where(rng.random(n_steps) < 0.06, -1, 1))
    place = np.cumsum(direction) % 16
    apart = np.abs(np.arange(16) - place[:, None])
    return np.exp(-(np.minimum(apart, 16 - apart) ** 2) / 2), place, (direction > 0).astype(int)


class TestMemories:
    @pytest.mark.parametrize(
        ("kind", "model"),
        [
            ("TKM", analysis.TemporalKohonenMap(0.3)),
            ("RSOM", analysis.RecurrentMap(0.3)),
            ("MSOM", analysis.MergeMap(0.3, 0.5)),
        ],
    )
    def test_winners_against_a_plain_loop(self, kind, model):
        codebook, contexts = RNG.random((12, 3)), RNG.random((12, 3))
        learned = analysis.TemporalMap(model, codebook.copy(), contexts.copy())
        assert analysis.temporal_winners(learned, STREAM).tolist() == plain_winners(codebook, contexts, kind)
        np.testing.assert_array_equal(learned.codebook, codebook)
        np.testing.assert_array_equal(learned.context, contexts)

    def test_memories_of_the_input(self):
        leaky = temporal._remember(STREAM, analysis.LeakyInput(0.4))
        np.testing.assert_allclose(leaky[5], 0.4 * STREAM[5] + 0.24 * STREAM[4] + 0.144 * STREAM[3] + 0.216 * leaky[2])
        taps = temporal._remember(STREAM, analysis.DelayTaps((0, 2)))
        np.testing.assert_array_equal(taps[7], np.concatenate([STREAM[7], STREAM[5]]))
        np.testing.assert_array_equal(taps[1], np.concatenate([STREAM[1], STREAM[0]]))

    def test_a_map_without_memory(self):
        """Plain maps are the annealed rule; a share of 0 or 1 takes the memory away from the others."""
        plain = analysis.fit_temporal_map(STREAM, SHAPE, analysis.PlainMap(), random_state=3)
        (annealed,) = analysis.online_codebooks(STREAM, SHAPE, analysis.annealed_rule(), n_updates=1, random_state=3)
        np.testing.assert_allclose(plain.codebook, annealed)
        np.testing.assert_array_equal(
            analysis.temporal_winners(plain, STREAM), analysis.best_matching_units(STREAM, annealed, k=1)[:, 0]
        )
        without = (
            analysis.LeakyInput(1.0),
            analysis.DelayTaps((0,)),
            analysis.TemporalKohonenMap(0.0),
            analysis.RecurrentMap(1.0),
            analysis.MergeMap(0.0),
        )
        for model in without:
            learned = analysis.fit_temporal_map(STREAM, SHAPE, model, random_state=3)
            np.testing.assert_allclose(learned.codebook, annealed, err_msg=str(model))

    def test_direction_needs_a_memory(self):
        """10,000 steps: chance for the plain map, near certainty for the merge map."""
        right = {}
        for model in (analysis.PlainMap(), analysis.MergeMap()):
            learned = analysis.fit_temporal_map(ring(10_000, 0)[0], (8, 8), model, random_state=0)
            (known, _, direction), (asked, place, expected) = ring(1500, 1), ring(1500, 2)
            units = analysis.label_units(analysis.temporal_winners(learned, known), direction, (8, 8))
            winners = analysis.temporal_winners(learned, asked)
            settled = np.convolve(np.diff(expected) != 0, [1, 1, 1])[: len(expected) - 1] == 0
            right[type(model).__name__] = analysis.label_accuracy(winners[1:][settled], expected[1:][settled], units)
            spread = analysis.temporal_quantization(winners, place, 16)
            assert spread[0] < 0.1
            right[type(model).__name__ + " 2"] = spread[2]
        assert right["PlainMap"] < 0.65
        assert right["MergeMap"] > 0.9
        assert right["MergeMap 2"] < 0.5 * right["PlainMap 2"]


class TestTemporalQuantization:
    def test_by_hand(self):
        """The place is the winner; one step before it was one place up or down, at even odds."""
        rng = np.random.default_rng(0)
        place = np.cumsum(rng.choice([-1, 1], 20_000)) % 16
        found = analysis.temporal_quantization(place, place, 16, lags=[0, 1])
        expected = np.sqrt(-2.0 * np.log(np.cos(2.0 * np.pi / 16))) * 16 / (2.0 * np.pi)
        np.testing.assert_allclose(found, [0.0, expected], atol=0.01)

    def test_silence_is_left_out(self):
        place = np.arange(160) % 16
        winners = np.where(place % 2, place, -1)
        np.testing.assert_allclose(analysis.temporal_quantization(winners, place, 16), 0.0, atol=1e-6)
        assert np.isnan(analysis.temporal_quantization(np.full(160, -1), place, 16)).all()

    def test_bad_input(self):
        with pytest.raises(ValueError, match="same length"):
            analysis.temporal_quantization([0, 1], [0], 16)
        with pytest.raises(ValueError, match="lags must lie"):
            analysis.temporal_quantization([0, 1], [0, 1], 16, lags=[-1])
