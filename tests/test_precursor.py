"""Neurons of Izhikevich (2003): their equations, a sheet of them beside the naive model, the precursor network."""

import os
import subprocess
import sys
from copy import deepcopy
from typing import Any

import numba
import numpy as np
import pytest
from scipy.spatial.distance import cdist

from tectum import WaveNetwork
from tectum.core.normals import normal_array
from tectum.core.random import uniform_array
from tectum.engine.sheets import network, wires
from tectum.parts import Izhikevich, RingKernel, Sheet, WavePhase
from tectum.parts.neurons import adapt, fresh, jump, membrane, opposed, reset, rest, threshold
from tectum.parts.steps import discretise

f32 = np.float32
SEED = np.uint64(5)
N_STEPS = 300
interpreted = pytest.mark.skipif(
    not numba.config.DISABLE_JIT, reason="compiling takes longer than plain Python; `test_loops_in_plain_python`"
)


class TestNeuron:
    def test_resting_points(self):
        """0.04 v^2 + 5 v + 140 - b v = 0 at v = -70 and -50 mV with u = b v and b = 0.2: nothing moves there."""
        p = discretise(Izhikevich(), 1.0)
        for v in (-70.0, -50.0):
            u = f32(0.2 * v)
            assert membrane(p, f32(v), -opposed(p, u)) == pytest.approx(v, abs=1e-4)
            assert adapt(p, u, f32(v), False) == pytest.approx(u, abs=1e-5)

    def test_two_euler_steps(self):
        """dv/dt = 0.04 v^2 + 5 v + 140 - u + I by hand: -65 -> -63.5 -> -60.43 mV for I - u = 19 and dt = 1 ms."""
        p = discretise(Izhikevich(), 1.0)
        first = -65.0 + 0.5 * (0.04 * 65.0**2 - 5.0 * 65.0 + 140.0 + 19.0)
        second = first + 0.5 * (0.04 * first**2 + 5.0 * first + 140.0 + 19.0)
        assert (first, round(second, 3)) == (-63.5, -62.105)
        assert membrane(p, f32(-65.0), f32(19.0)) == pytest.approx(second, rel=1e-6)

    def test_path_of_the_potential_as_steps_are_halved(self):
        """The error of v against a path of much finer steps is of first order."""
        paths = []
        for dt in (0.1, 0.05, 0.025, 0.001):
            p, v = discretise(Izhikevich(), dt), f32(-65.0)
            for _ in range(round(2.0 / dt)):
                v = membrane(p, v, f32(0.0))
            paths.append(float(v))
        errors = np.abs(np.array(paths[:3]) - paths[3])
        assert errors[0] / errors[1] == pytest.approx(2.0, rel=0.1)
        assert errors[1] / errors[2] == pytest.approx(2.0, rel=0.1)

    def test_recovery(self):
        """du/dt = a (b v - u): to b v with the time constant 1 / a, whether or not the neuron has just fired."""
        p, u = discretise(Izhikevich(a=0.02), 0.1), f32(-5.0)
        for _ in range(500):
            u = adapt(p, u, f32(-60.0), False)
        assert u == pytest.approx(-12.0 + 7.0 / np.e, abs=2e-2)
        assert adapt(p, f32(-5.0), f32(-60.0), True) == adapt(p, f32(-5.0), f32(-60.0), False)

    def test_spike(self):
        """At 30 mV, whatever the recovery; it takes u from the input."""
        p = discretise(Izhikevich(), 1.0)
        assert threshold(p, f32(-13.0)) == threshold(p, f32(40.0)) == 30.0
        assert opposed(p, f32(-13.0)) == -13.0

    def test_neurons_differ_by_the_square_of_a_random_number(self):
        """c = -65 + 15 r^2 and d = 8 - 6 r^2: from regular spiking (r = 0) to chattering (r = 1)."""
        r = np.array([0.0, 0.5, 1.0])
        p = discretise(Izhikevich(), 1.0)
        assert reset(p, np.full(3, np.nan), r).tolist() == [-65.0, -61.25, -50.0]
        assert jump(p, r).tolist() == [8.0, 6.5, 2.0]

    def test_rest(self):
        p = discretise(Izhikevich(), 1.0)
        assert (rest(p), fresh(p)) == (-65.0, -13.0)


def naive_sheet(S: Any, noise: Any, reset: Any, jump: Any) -> Any:
    """Spikes (n_steps, n) in steps of 1 ms, as in the program that Izhikevich (2003) prints."""
    v, u, H = np.full(len(S), -65.0), np.full(len(S), -13.0), np.zeros(len(S))
    raster = []
    for xi in noise:
        I = S @ H + xi
        for _ in range(2):
            v = v + 0.5 * (0.04 * v**2 + 5.0 * v + 140.0 - u + I)
        u = u + 0.02 * (0.2 * v - u)
        H = v >= 30.0
        v, u = np.where(H, reset, v), np.where(H, u + jump, u)
        raster.append(H)
    return np.array(raster)


@interpreted
def test_spikes_of_a_sheet_are_those_of_the_naive_model():
    neuron, profile = Izhikevich(noise=10.0), RingKernel(r_i=1.5, r_o=3.0, a_i=2.0, a_o=1.0)
    geometry = wires.lay_out(Sheet((6, 7), 7.0, jitter=0.5), 7.0, SEED, 0)
    n = len(geometry.positions)
    stack = network.build_stack([geometry], [network.LayerParts(neuron, profile)], 1.0, SEED)
    state = network.StackState((network.at_rest(neuron, 0, n),), ())
    found = np.zeros((N_STEPS, n), bool)

    def keep(_: int, start: int, spikes: Any) -> None:
        steps = np.repeat(np.arange(len(spikes.first) - 1), np.diff(spikes.first)) + start
        found[steps, spikes.neuron[: spikes.first[-1]]] = True

    network.run(stack, state, 0, N_STEPS, keep=keep)
    D = cdist(geometry.positions, geometry.positions)
    S = 2.0 * ((D < 1.5) & (D > 0.0)) - 1.0 * (D > 3.0) * np.exp(-D / 10.0)
    noise = [10.0 * normal_array(SEED, network.NOISE_STREAM, step, n) for step in range(N_STEPS)]
    r = uniform_array(int(SEED), network.RESET_STREAM, 1, n).astype(float)
    expected = naive_sheet(S, noise, -65.0 + 15.0 * r**2, 8.0 - 6.0 * r**2)
    assert found.sum() > n * N_STEPS / 200
    np.testing.assert_array_equal(found, expected)


@interpreted
def test_precursor_network():
    """One unit wins in a step, and fires; after 1,000 steps those with few wins get a fifth of their largest input."""
    phases = (WavePhase(1000.0),)
    model = WaveNetwork.precursor((Sheet((8, 8), 4.0), Sheet(6, 4.0)), phases=phases, random_state=0)
    assert (type(model.first_neuron), type(model.neuron)) == (Izhikevich, Izhikevich)
    weights = model.grow(duration=999.0)._state.weights[0]
    c, highest = weights.c.copy(), weights.highest.copy()
    for fewest, rescued in ((8.0, 4), (10.0, 5), (200.0, 6)):
        other = deepcopy(model).set_params(rule=model.rule._replace(fewest=fewest)).grow(duration=1.0)
        weights = other._state.weights[0]
        assert (weights.wins < fewest).sum() == rescued
        np.testing.assert_array_equal(weights.c, np.where(weights.wins < fewest, f32(0.2) * highest, c))
        np.testing.assert_array_equal(weights.highest, 0.0)
    steps = other.record(1000.0).spikes["layer_1"].time_ms
    assert len(np.unique(steps)) == len(steps) > 10


@pytest.mark.compiled
def test_loops_in_plain_python():
    """A compiled loop of these neurons differs from those of the other neurons by the equations above alone."""
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-m", "not compiled", __file__]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout
