"""The engine for CUDA devices: in the simulator, compiled for a device that need not exist, and on one if there is one.

The simulator runs kernels as plain Python, with a thread of the interpreter for each of a block, and shows whether
indices and barriers are right. That the laws compile for a device is another test.
"""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from test_diehl_cook_loop import SEED, SOURCE, circuit_of, room_for, samples

import tectum
from tectum.core import devices
from tectum.engine.standard import network
from tectum.engine.standard.loop import GROUP, DiehlCookState, advance, draw_input_spikes, gather
from tectum.parts import AdaptiveLIF, LateralInhibition, MoreInput, PoissonSpikes, PostPreSTDP, TargetSTDP
from tectum.parts.steps import discretise

SHORT = PoissonSpikes(rate=250.0, duration=20.0)
TWICE, WEAK = MoreInput(fewest=2, times=2), LateralInhibition(5.0)
N_INPUTS, N_UNITS = 30, 7
CASES: dict[str, dict[str, Any]] = {
    "common": {},
    "target": {"rule": TargetSTDP(x_target=0.2)},
    "soft inhibition, strong depression, no refractory period": {
        "inhibition": LateralInhibition(3.0),
        "rule": PostPreSTDP(eta_minus=0.02),
        "neuron": AdaptiveLIF(refractory=0.0),
    },
    "many spikes at once": {"encoder": PoissonSpikes(rate=700.0, duration=20.0)},
}
NEEDS_PACKAGE = pytest.mark.skipif(
    importlib.util.find_spec("numba_cuda") is None, reason="needs numba-cuda: pip install 'tectum[gpu]'"
)


def agreement(name: str) -> dict[str, Any]:
    """Whether the device and the CPU agree to the bit, and how many spikes there were."""
    parts = {"encoder": SHORT, "retry": TWICE, "inhibition": WEAK} | CASES[name]
    circuit, X = circuit_of(15.0, **parts), samples(3, N_INPUTS)
    frozen = network.initial_state(N_INPUTS, N_UNITS, 0.1, SEED)
    keys = np.array([3, 2**40, 5], np.uint64)
    answers = [network.respond(circuit, frozen, X, keys, 1, engine) for engine in devices.ENGINES]
    learned = DiehlCookState(*(array.copy() for array in frozen))
    response = network.learn(circuit, learned, X, 4)
    [(state, response_of_replica)] = network.learn_replicas(
        circuit, [frozen], np.array([SEED], np.uint64), X, np.arange(3)[None], 4
    )
    pairs = zip((*answers[0], *learned, *response), (*answers[1], *state, *response_of_replica), strict=True)
    moved = bool((learned.weights != frozen.weights).any())
    return {"equal": [np.array_equal(a, b) for a, b in pairs], "spikes": int(answers[0].counts.sum()), "moved": moved}


def estimators() -> list[bool]:
    """Whether replicas are what single fits are, and answer as they do."""
    X, seeds = samples(3, N_INPUTS), [0, 1]
    net = tectum.DiehlCook(N_UNITS, encoder=SHORT, retry=TWICE, gain=15.0, shuffle=True, n_passes=2, engine="cuda")
    found = []
    for seed, replica in zip(seeds, net.fit_replicas(X, seeds), strict=True):
        alone = clone(net).set_params(engine="cpu", random_state=seed).fit(X)
        for name in ("weights_", "thresholds_", "spike_counts_", "n_shown_", "n_presentations_seen_", "gain_"):
            found.append(np.array_equal(getattr(replica, name), getattr(alone, name)))
        found.append(np.array_equal(replica.transform(X[:2]), alone.transform(X[:2])))
    return found


def lists() -> list[bool]:
    """Whether the device lists the inputs of each step in the order of the CPU, which is that of the sum."""
    from tectum.core import device
    from tectum.engine.standard import device as diehl_cook_device

    def draw(circuit, x, key, room):
        diehl_cook_device.draw_input_spikes(circuit, circuit.seed, x, key, 1, room)

    circuit = circuit_of(encoder=PoissonSpikes(rate=400.0, duration=60.0))
    x, scratch = samples(1, N_INPUTS)[0] * np.float32(10.0), room_for(circuit, N_INPUTS)
    draw_input_spikes(circuit, x, np.uint64(3), 1, scratch)
    room = diehl_cook_device.room_for(1, len(scratch.n_fired), N_INPUTS, N_UNITS)
    device.DeviceKernel(draw).launch(1, 1, 0, circuit, x, np.uint64(3), room)
    pairs = zip(scratch.raster, scratch.n_fired, room.raster[0], room.n_fired[0], strict=True)
    return [bool(n == m and (rows[:n] == others[:n]).all()) for rows, n, others, m in pairs]


def simulate() -> None:
    """What the subprocess runs."""
    from tectum.engine.standard import device as diehl_cook_device

    sys.setswitchinterval(1e-5)  # the simulator polls its threads
    diehl_cook_device.LEAST_THREADS = diehl_cook_device.MOST_THREADS = 4
    found = {"cases": {name: agreement(name) for name in CASES}, "estimators": estimators(), "lists": lists()}
    print(json.dumps(found))


@pytest.fixture(scope="module")
def simulated() -> dict[str, Any]:
    paths = os.pathsep.join([str(SOURCE), str(Path(__file__).parent)])
    # Without compilation: plain Python on both sides, and compiled runs on the CPU have the same bits.
    environment = os.environ | {"NUMBA_ENABLE_CUDASIM": "1", "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": paths}
    command = [sys.executable, "-W", "ignore", "-c", "from test_cuda_engine import simulate; simulate()"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@NEEDS_PACKAGE
@pytest.mark.compiled
class TestSimulator:
    @pytest.mark.parametrize("name", CASES)
    def test_device_and_cpu_agree_to_the_bit(self, simulated, name):
        found = simulated["cases"][name]
        assert found["equal"] == [True] * 6
        assert found["spikes"] >= 10
        assert found["moved"]

    def test_inputs_of_a_step_are_listed_in_the_same_order(self, simulated):
        assert simulated["lists"] == [True] * 60

    def test_replicas_are_single_fits(self, simulated):
        assert simulated["estimators"] == [True] * 14


@NEEDS_PACKAGE
def test_sums_have_the_same_bits():
    from tectum.engine.standard import device as diehl_cook_device

    rng, group = np.random.default_rng(0), np.zeros(GROUP, np.uint32)
    table = rng.random((52, 16), dtype=np.float32)
    table[50] = 0.0
    nothing = np.float32(0.0)
    neuron = discretise(AdaptiveLIF(), 1.0)._replace(keep=nothing, pull=nothing)
    limit = np.full(16, np.inf, np.float32)
    for n in (*range(20), 32, 33, 40):
        rows, sums = rng.permutation(50)[:n].astype(np.uint32), np.zeros(16, np.float32)
        gather(table, np.append(rows, np.zeros(GROUP, np.uint32)), n, group)
        advance(neuron, np.float32(1.0), table, group, sums, limit)
        np.testing.assert_array_equal([diehl_cook_device.drive(table, rows, n, j) for j in range(16)], sums)


@NEEDS_PACKAGE
@pytest.mark.compiled
@pytest.mark.parametrize("rule", [PostPreSTDP(), TargetSTDP()], ids=lambda p: type(p).__name__)
def test_laws_compile_for_a_device(rule, monkeypatch):
    """To PTX, which needs no device; products and sums stay two roundings, as on the CPU."""
    from numba import typeof
    from numba.cuda import dispatcher
    from numba.cuda.cudadrv import devices as found, nvvm

    if devices.SIMULATED or not nvvm.is_available():
        pytest.skip("needs NVVM: pip install 'numba-cuda[cu12]'")
    from tectum.core import device
    from tectum.engine.standard import device as diehl_cook_device

    absent = SimpleNamespace(compute_capability=(8, 0))
    monkeypatch.setattr(dispatcher, "get_current_device", lambda: absent)
    monkeypatch.setattr(found, "get_context", lambda: SimpleNamespace(device=absent))
    circuit = circuit_of(rule=rule)._replace(levels=network.exponential_levels().copy())
    f1, f2, f3 = (np.zeros((1,) * n, np.float32) for n in (1, 2, 3))
    i2, i3, order = f2.astype(np.int32), f3.astype(np.int32), f2.astype(np.int64)
    numbers = f1.astype(np.uint64)
    arguments = (
        circuit,
        diehl_cook_device.Replicas(f3, f2, numbers),
        diehl_cook_device.Presentations(f2, order, numbers, i3, i2),
        diehl_cook_device.DeviceRoom(f2, f2, i3, i2, f3.astype(np.uint16), i2, i2, i2),
        np.float32(1.0),
        True,
    )
    run = diehl_cook_device.RUN.compiled
    with device._exactly_rounded():
        try:
            library = dispatcher._Kernel(run.py_func, tuple(map(typeof, arguments)), **run.targetoptions).library
        except RuntimeError as error:  # NVVM came with the package, libnvrtc did not
            if "libnvrtc" not in str(error):
                raise
            pytest.skip("needs libnvrtc: pip install 'numba-cuda[cu12]'")
    code = library.get_asm_str()
    assert "mul.rn.f32" in code
    assert "fma.rn.f32" not in code


@NEEDS_PACKAGE
@pytest.mark.parametrize("name", CASES)
def test_on_a_device(name):
    if devices.SIMULATED or devices.obstacle():
        pytest.skip("needs a CUDA device")
    assert agreement(name)["equal"] == [True] * 6


class TestErrors:
    @pytest.mark.parametrize("method", ["fit", "partial_fit", "fit_replicas"])
    def test_package_is_missing(self, monkeypatch, method):
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
        arguments = ([0],) if method == "fit_replicas" else ()
        with pytest.raises(ValueError, match="engine must be 'cpu', since the package numba-cuda is not installed"):
            getattr(tectum.DiehlCook(engine="cuda"), method)(samples(3, 5), *arguments)

    @NEEDS_PACKAGE
    def test_device_is_missing(self):
        if devices.obstacle() is None:
            pytest.skip("there is a CUDA device")
        with pytest.raises(ValueError, match="engine must be 'cpu', since no CUDA device"):
            tectum.DiehlCook(engine="cuda").fit(samples(3, 5))

    def test_engines(self):
        with pytest.raises(ValueError, match="'engine' parameter of DiehlCook must be"):
            tectum.DiehlCook(engine="gpu").fit(samples(3, 5))

    def test_no_seeds(self):
        with pytest.raises(ValueError, match="seeds must hold one seed at least"):
            tectum.DiehlCook().fit_replicas(samples(3, 5), [])


def test_replicas_on_the_cpu_are_single_fits():
    X = samples(6, N_INPUTS)
    net = tectum.DiehlCook(N_UNITS, encoder=SHORT, gain=9.0, n_jobs=2)
    for seed, replica in enumerate(net.fit_replicas(X, range(2))):
        np.testing.assert_array_equal(replica.weights_, clone(net).set_params(random_state=seed).fit(X).weights_)
    assert not hasattr(net, "weights_")


def test_a_file_remembers_the_engine(tmp_path):
    X = samples(6, N_INPUTS)
    net = tectum.DiehlCook(N_UNITS, encoder=SHORT, gain=9.0, random_state=0).fit(X)
    net.set_params(engine="cuda").save(tmp_path / "net.tectum")
    loaded = tectum.load(tmp_path / "net.tectum")
    assert loaded.engine == "cuda"
    np.testing.assert_array_equal(
        loaded.set_params(engine="cpu").transform(X), net.set_params(engine="cpu").transform(X)
    )
