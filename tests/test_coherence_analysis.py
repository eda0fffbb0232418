"""Phases, coherence, causality and information: closed forms, invariances, other implementations, and bad input."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from tectum import analysis

RATE = 1000.0


def rhythm(n: int, hz: float, lag_ms: float = 0.0) -> np.ndarray:
    """A cosine of ``n`` samples at 1 kHz that has its maxima ``lag_ms`` after multiples of the period."""
    return np.cos(2.0 * np.pi * hz * (np.arange(n) - lag_ms) / 1000.0)


def driven(n: int, seed: int) -> np.ndarray:
    """Two signals (n, 2): an oscillating x that drives y two samples later, and no way back."""
    x, y = np.zeros(n), np.zeros(n)
    noise = np.random.default_rng(seed).normal(size=(n, 2))
    for t in range(2, n):
        x[t] = 1.2 * x[t - 1] - 0.7 * x[t - 2] + noise[t, 0]
        y[t] = 0.5 * y[t - 1] + 0.4 * x[t - 2] + noise[t, 1]
    return np.stack([x, y], axis=1)


def rhythmic_spikes(rate: float, n: int, seed: int):
    """Spikes of a rhythm at 40 Hz in noise, as times in ms."""
    rng = np.random.default_rng(seed)
    chance = rate / 1000.0 * (1.0 + rhythm(n, 40.0, 6.0))
    return np.flatnonzero(rng.random(n) < chance) + rng.random() * 0.9


class TestPhases:
    def test_cosine(self):
        found = analysis.field_phases(rhythm(2000, 40.0) + 3.0)
        expected = np.angle(np.exp(2j * np.pi * 40.0 * np.arange(2000) / 1000.0))
        wrong = np.angle(np.exp(1j * (found - expected)))
        assert np.abs(wrong[300:-300]).max() < 0.01

    def test_spikes_at_a_place_in_the_cycle(self):
        """Spikes between two samples, a quarter of a cycle after the maximum."""
        times = 500.0 + 25.0 * np.arange(40) + 6.25
        found = analysis.spike_phases(times, rhythm(2000, 40.0))
        np.testing.assert_allclose(found, np.pi / 2, atol=0.01)
        later = analysis.spike_phases(times + 1000.0, rhythm(2000, 40.0), start_ms=1000.0)
        np.testing.assert_allclose(later, found, atol=1e-9)

    def test_clock(self):
        found = analysis.clock_phases([3.0, 28.0, 9.25, -3.25], 25.0, start_ms=3.0)
        np.testing.assert_allclose(found, [0.0, 0.0, np.pi / 2, 1.5 * np.pi], atol=1e-12)

    def test_lag_of_fields(self):
        """The field that comes 4 ms later has the smaller phase."""
        early, late = (analysis.field_phases(rhythm(2000, 40.0, lag))[200:-200] for lag in (0.0, 4.0))
        assert analysis.phase_lag(late, early) == pytest.approx(-2.0 * np.pi * 4.0 / 25.0, abs=1e-3)
        assert analysis.phase_locking_value(late, early) == pytest.approx(1.0, abs=1e-3)

    @settings(max_examples=30, deadline=None)
    @given(st.lists(st.floats(-10.0, 10.0), min_size=2, max_size=40), st.floats(-10.0, 10.0))
    def test_consistency_is_the_mean_over_pairs(self, phases, turn):
        phases = np.asarray(phases)
        i, j = np.triu_indices(len(phases), 1)
        expected = np.cos(phases[i] - phases[j]).mean()
        assert analysis.pairwise_phase_consistency(phases) == pytest.approx(expected, abs=1e-9)
        assert analysis.pairwise_phase_consistency(phases + turn) == pytest.approx(expected, abs=1e-9)

    def test_bias(self):
        """Ten spikes: the locking value is biased by their number, the consistency is not."""
        rng = np.random.default_rng(0)
        phases = rng.vonmises(0.0, 1.0, (4000, 10))
        length = 0.44637  # I1(1) / I0(1)
        consistency = np.mean([analysis.pairwise_phase_consistency(p) for p in phases])
        locking = np.mean([analysis.phase_locking_value(p) for p in phases])
        assert consistency == pytest.approx(length**2, abs=0.01)
        assert locking > length + 0.03

    def test_order_of_maps(self):
        turning = 2.0 * np.pi * np.arange(1000) / 25.0
        same = analysis.kuramoto_order(np.stack([turning, turning, turning]))
        assert same.mean == pytest.approx(1.0)
        assert same.sd == pytest.approx(0.0, abs=1e-9)
        opposed = analysis.kuramoto_order(np.stack([turning, turning + np.pi]))
        assert opposed.mean == pytest.approx(0.0, abs=1e-9)
        drifting = analysis.kuramoto_order(np.stack([turning, 2.0 * turning]))
        assert drifting.mean == pytest.approx(2.0 / np.pi, abs=0.01)  # of |cos|
        assert drifting.sd == pytest.approx(np.sqrt(0.5 - 4.0 / np.pi**2), abs=0.01)
        assert drifting.over_time.shape == (1000,)

    def test_nothing(self):
        assert np.isnan(analysis.phase_locking_value([]))
        assert np.isnan(analysis.phase_lag([]))
        assert np.isnan(analysis.pairwise_phase_consistency([1.0]))
        assert analysis.spike_phases([], rhythm(100, 40.0)).shape == (0,)

    @pytest.mark.parametrize(
        ("call", "message"),
        [
            (lambda: analysis.field_phases(rhythm(20, 40.0)), "field"),
            (lambda: analysis.field_phases(rhythm(200, 40.0), band_hz=(58.0, 28.0)), "band_hz"),
            (lambda: analysis.field_phases(rhythm(200, 40.0), band_hz=(28.0, 600.0)), "band_hz"),
            (lambda: analysis.spike_phases([250.0], rhythm(200, 40.0)), "time_ms"),
            (lambda: analysis.clock_phases([1.0], 0.0), "period_ms"),
            (lambda: analysis.phase_locking_value([0.0, np.nan]), "phases"),
            (lambda: analysis.phase_lag([0.0, 1.0], [0.0]), "reference"),
        ],
    )
    def test_bad_input(self, call, message):
        with pytest.raises(ValueError, match=f"^{message} must .*; "):
            call()


class TestCoherence:
    def test_common_rhythm(self):
        rng = np.random.default_rng(0)
        x = rhythm(20_000, 40.0) + rng.normal(size=20_000)
        y = rhythm(20_000, 40.0, 7.0) + rng.normal(size=20_000)
        found = analysis.field_coherence(x, y, segment=250)
        at_40 = np.flatnonzero(found.frequency_hz == 40.0)[0]
        assert found.value.argmax() == at_40
        assert found.value[at_40] > 0.95
        assert np.median(found.value) < 0.03

    def test_spikes(self):
        times = rhythmic_spikes(60.0, 20_000, seed=1)
        found = analysis.spike_field_coherence(times + 500.0, rhythm(20_000, 40.0), start_ms=500.0, segment=500)
        assert found.frequency_hz[found.value.argmax()] == pytest.approx(40.0, abs=2.0)

    def test_bad_input(self):
        with pytest.raises(ValueError, match="two segments"):
            analysis.field_coherence(np.arange(300.0), np.arange(300.0))
        with pytest.raises(ValueError, match="same length"):
            analysis.field_coherence(np.arange(600.0), np.arange(601.0))


class TestGranger:
    def test_direction(self):
        found = analysis.granger_causality(*driven(20_000, seed=0).T, order=5)
        assert found.x_to_y > 0.3
        assert 0.0 <= found.y_to_x < 0.001
        assert found.instantaneous < 0.001

    def test_closed_form(self):
        """y_t = a x_(t-1) + noise, x white: without x, the variance of y is 1 + a^2."""
        rng = np.random.default_rng(3)
        x = rng.normal(size=50_001)
        y = 1.5 * x[:-1] + rng.normal(size=50_000)
        found = analysis.granger_causality(x[1:], y, order=2)
        assert found.x_to_y == pytest.approx(np.log(1.0 + 1.5**2), abs=0.02)

    def test_spectrum_has_the_mean_of_the_time_domain(self):
        x, y = driven(20_000, seed=1).T
        in_time = analysis.granger_causality(x, y, order=10)
        spectrum = analysis.spectral_granger(x, y, order=10, n_frequencies=513)
        assert np.trapezoid(spectrum.x_to_y, spectrum.frequency_hz) / 500.0 == pytest.approx(in_time.x_to_y, abs=0.005)
        assert np.trapezoid(spectrum.y_to_x, spectrum.frequency_hz) / 500.0 == pytest.approx(in_time.y_to_x, abs=0.005)
        peak = spectrum.frequency_hz[spectrum.x_to_y.argmax()]
        assert peak == pytest.approx(np.arccos(1.2 / (2 * np.sqrt(0.7))) / (2 * np.pi) * 1000.0, rel=0.1)

    @pytest.mark.parametrize(
        ("x", "order", "message"),
        [(np.arange(30.0), 30, "samples"), (np.zeros(300), 5, "constant"), (np.arange(300.0), 0, "order")],
    )
    def test_bad_input(self, x, order, message):
        with pytest.raises(ValueError, match=message):
            analysis.granger_causality(x, x, order=order)


class TestInformation:
    @staticmethod
    def tuned(rate: float, n_frames: int = 480, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """Counts (n_frames, 64) of neurons tuned to one of 16 classes, and the classes."""
        rng = np.random.default_rng(seed)
        classes = rng.integers(0, 16, n_frames)
        return rng.poisson(rate * (np.arange(64) // 4 == classes[:, None])), classes

    def test_all_of_it(self):
        """The shuffles take off the bias of the table of 16 x 16, which a perfect decoder does not have."""
        found = analysis.transmitted_information(*self.tuned(5.0), random_state=0)
        assert found.accuracy == 1.0
        assert found.uncorrected_bits == pytest.approx(4.0, abs=0.05)
        assert found.bits == pytest.approx(found.uncorrected_bits - found.shuffled_bits)
        assert found.shuffled_bits == pytest.approx(15 * 15 / (2 * 480 * np.log(2.0)), abs=0.1)

    def test_none_of_it(self):
        counts, classes = self.tuned(5.0)
        found = [
            analysis.transmitted_information(
                counts, np.random.default_rng(seed).permutation(classes), random_state=seed
            )
            for seed in range(5)
        ]
        assert np.mean([f.bits for f in found]) == pytest.approx(0.0, abs=0.05)
        assert np.mean([f.accuracy for f in found]) == pytest.approx(1 / 16, abs=0.03)

    def test_half_of_it(self):
        """Neurons that tell pairs of classes apart, but not the two of a pair: 3 of 4 bits."""
        counts, classes = self.tuned(8.0, n_frames=3200)
        merged = counts.reshape(-1, 8, 8).sum(axis=2)
        found = analysis.transmitted_information(merged, classes, random_state=0)
        assert found.bits == pytest.approx(3.0, abs=0.06)
        assert found.accuracy == pytest.approx(0.5, abs=0.03)

    def test_silence(self):
        found = analysis.transmitted_information(np.zeros((480, 64)), self.tuned(1.0)[1], random_state=0)
        assert found.bits == pytest.approx(0.0, abs=0.1)

    def test_against_a_plain_decoder(self):
        """Frame by frame, with the probability of each count."""
        counts, classes = self.tuned(0.5, n_frames=100)
        fold = np.arange(100) % 5
        decoded = analysis.information._decode(counts.astype(float), classes, fold)
        prior = analysis.information.PRIOR_SPIKES
        for frame in range(100):
            known = fold != fold[frame]
            mean = np.maximum(counts[known].mean(axis=0), analysis.information.SILENT)
            score = np.full(16, -np.inf)
            for c in np.unique(classes[known]):
                own = counts[known & (classes == c)]
                rate = (own.sum(axis=0) + prior) / (len(own) + prior / mean)
                score[c] = np.log(len(own)) + np.sum(counts[frame] * np.log(rate) - rate)
            assert decoded[frame] == score.argmax()

    def test_order_of_neurons_and_names_of_classes_do_not_matter(self):
        counts, classes = self.tuned(1.0)
        found = analysis.transmitted_information(counts, classes, random_state=0)
        names = np.array([f"class {c:02d}" for c in classes])
        assert analysis.transmitted_information(counts[:, ::-1], names, random_state=0) == pytest.approx(found)

    @pytest.mark.parametrize(
        ("counts", "stimulus", "message"),
        [
            (np.zeros((5, 2)), np.zeros(4), "same length"),
            (-np.ones((5, 2)), np.zeros(5), "negative"),
            (np.zeros((3, 2)), np.zeros(3), "folds"),
        ],
    )
    def test_bad_input(self, counts, stimulus, message):
        with pytest.raises(ValueError, match=message):
            analysis.transmitted_information(counts, stimulus)


class TestElephant:
    """The same numbers as Elephant, where it is installed."""

    @pytest.fixture(autouse=True)
    def elephant(self):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of its dependencies
            pytest.importorskip("elephant")
            yield

    @staticmethod
    def as_neo(field: np.ndarray, times: np.ndarray):
        """The field at 1 kHz and the spikes as Elephant takes them."""
        neo, units = pytest.importorskip("neo"), pytest.importorskip("quantities")
        signal = neo.AnalogSignal(field[:, None] * units.mV, sampling_rate=1.0 * units.kHz)
        return signal, neo.SpikeTrain(times * units.ms, t_stop=len(field) * units.ms)

    def test_phases_and_locking(self):
        from elephant import phase_analysis, signal_processing

        rng = np.random.default_rng(0)
        field = rhythm(4000, 40.0) + rng.normal(size=4000)
        times = np.sort(rng.uniform(0.0, 3999.0, 200))
        signal, train = self.as_neo(field, times)
        filtered = signal_processing.butter(signal, 28.0, 58.0, order=3)
        phases, _, _ = phase_analysis.spike_triggered_phase(
            signal_processing.hilbert(filtered, padding="none"), train, interpolate=True
        )
        expected = np.concatenate([np.ravel(p) for p in phases])
        found = analysis.spike_phases(times, field)
        np.testing.assert_allclose(np.exp(1j * found), np.exp(1j * expected), atol=1e-6)
        _, length = phase_analysis.mean_phase_vector(expected)
        assert analysis.phase_locking_value(found) == pytest.approx(float(length), abs=1e-6)

    def test_locking_of_two_signals(self):
        from elephant.phase_analysis import phase_locking_value

        i, j = np.random.default_rng(1).uniform(-np.pi, np.pi, (2, 50, 30))
        found = [analysis.phase_locking_value(a, b) for a, b in zip(i.T, j.T, strict=True)]
        np.testing.assert_allclose(found, phase_locking_value(i, j), atol=1e-6)

    def test_granger(self):
        from elephant.causality.granger import pairwise_granger

        signals = driven(100_000, seed=2)
        expected = pairwise_granger(signals, max_order=6)
        found = analysis.granger_causality(*signals.T, order=6)
        assert found.x_to_y == pytest.approx(expected.directional_causality_x_y, abs=0.006)  # it rounds to two digits
        assert found.y_to_x == pytest.approx(expected.directional_causality_y_x, abs=0.006)
        assert found.instantaneous == pytest.approx(expected.instantaneous_causality, abs=0.006)

    def test_spike_field_coherence(self):
        from elephant.sta import spike_field_coherence

        times = rhythmic_spikes(60.0, 8000, seed=0)
        field = rhythm(8000, 40.0) + np.random.default_rng(1).normal(size=8000)
        found = analysis.spike_field_coherence(times, field)
        expected, frequency = spike_field_coherence(*self.as_neo(field, times), nperseg=256)
        np.testing.assert_allclose(found.value, expected.magnitude[:, 0], atol=1e-9)
        np.testing.assert_allclose(found.frequency_hz, frequency.magnitude)
