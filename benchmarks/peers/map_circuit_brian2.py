"""The map circuit of a spiking self-organising map in Brian2, step for step in the order of the specification.

Run in the peers' own environment (README.md)::

    python map_circuit_brian2.py PROBLEM.npz RESULT.npz --device cython

The problem file holds ``currents``, ``w0``, ``K``, ``learn`` and one scalar for each name in `PARAMETERS`; the result
file holds what `run` returns.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
from pathlib import Path
from typing import Any

import brian2 as b2
import numpy as np

# Times in ms; each synapse type (e, i: u -> Inh_u; h: Inh_u -> u; a: u -> v; l: v -> v) is two low-pass filters in a
# row, s with tau_r, then y with tau_f.
PARAMETERS = (
    *("dt", "presentation", "tau_u", "theta_u", "reset_u", "tau_h", "theta_h", "reset_h", "tau_v", "theta_v"),
    *("reset_v", "tau_r_e", "tau_f_e", "W_e", "tau_r_i", "tau_f_i", "W_i", "tau_r_h", "tau_f_h", "W_h"),
    *("tau_r_a", "tau_f_a", "g", "tau_r_l", "tau_f_l"),
    *("A_plus", "A_minus", "tau_plus", "tau_minus", "w_max", "pair_window"),
)
DEVICES = ("cython", "cpp_standalone", "numpy")
# Within one step u and Inh_u pass through Brian2's usual phases, then v through its own.
PHASES = [
    *("start", "groups", "thresholds", "synapses", "resets"),
    *("v_groups", "v_thresholds", "v_synapses", "v_resets", "end"),
]

U_EQUATIONS = """
m : 1
y_h : 1 (linked)
last : integer
"""
U_UPDATE = "m += (currents(t, i) - y_h - m) * approach_u"

# Every u neuron receives the same inhibition, so the filters of Inh_u -> u are kept once, in Inh_u itself.
INH_EQUATIONS = """
m : 1
s_e : 1
y_e : 1
s_i : 1
y_i : 1
s_h : 1
y_h : 1
"""
INH_UPDATE = """
y_e += (s_e - y_e) * approach_e
s_e *= keep_e
y_i += (s_i - y_i) * approach_i
s_i *= keep_i
y_h += (s_h - y_h) * approach_h
s_h *= keep_h
m += (y_e - y_i - m) * approach_m_h
"""

V_EQUATIONS = """
m : 1
s_a : 1
y_a : 1
s_l : 1
y_l : 1
last : integer
"""
V_UPDATE = """
y_a += (s_a - y_a) * approach_a
s_a *= keep_a
y_l += (s_l - y_l) * approach_l
s_l *= keep_l
m += (y_a + y_l - m) * approach_v
"""

DRIVE = "s_a_post += g * w"
DEPRESS = """
age = t_in_timesteps - last_post
w = clip(w - A_minus * w * exp(log_decay_minus * age) * int(age <= window_steps), 0, w_max)
"""
POTENTIATE = """
age = t_in_timesteps - last_pre
w = clip(w + A_plus * exp(-w) * exp(log_decay_plus * age) * int(age <= window_steps), 0, w_max)
"""


def cpu_seconds() -> float:
    """CPU seconds, user and system, of this process and its finished children."""
    usage = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(u.ru_utime + u.ru_stime for u in usage)


def constants(params: dict[str, float]) -> dict[str, float]:
    """Per-step factors: ``keep`` = exp(-dt/tau) of each s, ``approach`` = 1 - exp(-dt/tau) of each y and membrane."""
    dt = params["dt"]
    names = ("theta_u", "reset_u", "theta_h", "reset_h", "theta_v", "reset_v", "W_e", "W_i", "W_h", "g")
    values = {name: params[name] for name in (*names, "A_plus", "A_minus", "w_max")}
    for synapse in "eihal":
        values[f"keep_{synapse}"] = np.exp(-dt / params[f"tau_r_{synapse}"])
        values[f"approach_{synapse}"] = -np.expm1(-dt / params[f"tau_f_{synapse}"])
    for population, name in (("u", "approach_u"), ("h", "approach_m_h"), ("v", "approach_v")):
        values[name] = -np.expm1(-dt / params[f"tau_{population}"])
    for sign in ("plus", "minus"):
        values[f"log_decay_{sign}"] = dt * np.log(1 - 1 / params[f"tau_{sign}"])
    values["window_steps"] = round(params["pair_window"] / dt)
    return values


def build_populations(
    n_u: int, n_v: int, namespace: dict[str, Any]
) -> tuple[b2.NeuronGroup, b2.NeuronGroup, b2.NeuronGroup]:
    """The neuron groups u, Inh_u and v with their updates, thresholds and resets in `PHASES`."""
    silent = -namespace["window_steps"] - 1

    def group(n: int, equations: str, threshold: str, reset: str, name: str) -> b2.NeuronGroup:
        return b2.NeuronGroup(n, equations, threshold=threshold, reset=reset, namespace=namespace, name=name)

    u = group(n_u, U_EQUATIONS, "m > theta_u", "m = reset_u; last = t_in_timesteps", "u")
    inh = group(1, INH_EQUATIONS, "m > theta_h", "m = reset_h; s_h += W_h", "inh")
    v = group(n_v, V_EQUATIONS, "m > theta_v", "m = reset_v; last = t_in_timesteps", "v")
    u.y_h = b2.linked_var(inh, "y_h")
    u.last = silent
    v.last = silent
    inh.run_regularly(INH_UPDATE, when="groups", order=0)
    u.run_regularly(U_UPDATE, when="groups", order=1)
    v.run_regularly(V_UPDATE, when="v_groups")
    v.thresholder["spike"].when = "v_thresholds"
    v.resetter["spike"].when = "v_resets"
    return u, inh, v


def build_synapses(
    u: b2.NeuronGroup,
    inh: b2.NeuronGroup,
    v: b2.NeuronGroup,
    w0: np.ndarray,
    K: np.ndarray,
    namespace: dict[str, Any],
    learn: bool,
) -> tuple[b2.Synapses, b2.Synapses, b2.Synapses]:
    """The projections u -> v (plastic if ``learn``), u -> Inh_u and v -> v."""
    on_pre, on_post = (DRIVE + DEPRESS, POTENTIATE) if learn else (DRIVE, None)
    forward = b2.Synapses(u, v, "w : 1", on_pre=on_pre, on_post=on_post, namespace=namespace, name="forward")
    to_inh = b2.Synapses(u, inh, on_pre="s_e_post += W_e; s_i_post += W_i", namespace=namespace, name="to_inh")
    lateral = b2.Synapses(v, v, "w : 1", on_pre="s_l_post += w", namespace=namespace, name="lateral")
    for synapses in (forward, to_inh, lateral):
        synapses.connect()
    forward.w = w0.ravel()
    lateral.w = K.ravel()
    lateral.pre.when = "v_synapses"
    if learn:
        forward.post.when = "v_synapses"
    return forward, to_inh, lateral


def simulate(network: b2.Network, duration: b2.Quantity, device: str) -> tuple[float, float]:
    """Run ``network``; CPU seconds of code generation and compilation, and of the time loop."""
    start = cpu_seconds()
    if device == "cpp_standalone":
        network.run(duration)
        b2.device.build(directory=tempfile.mkdtemp(prefix="map_circuit_"), compile=True, run=False)
        built = cpu_seconds()
        b2.device.run(b2.device.project_dir, with_output=False, run_args=[])
        return built - start, cpu_seconds() - built
    # Brian2 reports once before the loop, when all code is compiled, and once after it.
    stamps: list[float] = []
    day = 86400 * b2.second
    network.run(duration, report=lambda *_: stamps.append(cpu_seconds()), report_period=day)
    return stamps[0] - start, stamps[-1] - stamps[0]


def run(
    currents: np.ndarray,
    w0: np.ndarray,
    K: np.ndarray,
    params: dict[str, float],
    learn: bool,
    device: str = "cython",
    record: bool = True,
) -> dict[str, Any]:
    """Simulate the map circuit in Brian2, float64, from zero state.

    Parameters
    ----------
    currents : ndarray of shape (n_presentations, n_u)
        Input current of each u neuron during each presentation, dimensionless.
    w0 : ndarray of shape (n_u, n_v)
        Initial weights of u -> v.
    K : ndarray of shape (n_v, n_v)
        Fixed lateral weights, row = source, zero diagonal.
    params : dict
        One value for each name in `PARAMETERS`.
    learn : bool
        Whether STDP runs; otherwise the weights are frozen.
    device : {'cython', 'cpp_standalone', 'numpy'}, default='cython'
        Code generation target.
    record : bool, default=True
        Whether spikes are recorded. Without, the spike arrays are empty and the loop is faster.

    Returns
    -------
    dict
        ``u_spikes``, ``inh_spikes``, ``v_spikes``: int arrays of shape (n_spikes, 2) with (step, neuron), sorted;
        ``w``: (n_u, n_v) final weights; ``cpu_seconds`` of the time loop; ``build_seconds``, the CPU time of code
        generation and compilation (small when the code is in Brian2's cache).

    Raises
    ------
    ValueError
        If ``device`` is unknown, a parameter is missing, or the shapes of ``currents``, ``w0`` and ``K`` disagree.
    """
    check(currents, w0, K, params, device)
    b2.set_device("runtime")
    b2.prefs.codegen.target = "numpy" if device == "numpy" else "cython"
    if device == "cpp_standalone":
        b2.set_device(device, build_on_run=False)
        b2.device.reinit()
        b2.device.activate(build_on_run=False)
    b2.defaultclock.dt = params["dt"] * b2.ms
    namespace: dict[str, Any] = constants(params)
    namespace["currents"] = b2.TimedArray(currents, dt=params["presentation"] * b2.ms, name="currents")
    n_u, n_v = w0.shape
    populations = build_populations(n_u, n_v, namespace)
    projections = build_synapses(*populations, w0, K, namespace, learn)
    monitors = [b2.SpikeMonitor(group) for group in populations] if record else []
    network = b2.Network(*populations, *projections, *monitors)
    network.schedule = PHASES
    duration = len(currents) * params["presentation"] * b2.ms
    build_seconds, loop_seconds = simulate(network, duration, device)
    spikes = [events(monitor, params["dt"]) for monitor in monitors] or [np.empty((0, 2), np.int64)] * 3
    w = np.array(projections[0].w[:]).reshape(w0.shape)
    if device == "cpp_standalone":
        b2.device.delete(force=True)
    return {
        **dict(zip(("u_spikes", "inh_spikes", "v_spikes"), spikes, strict=True)),
        "w": w,
        "cpu_seconds": loop_seconds,
        "build_seconds": build_seconds,
    }


def check(currents: np.ndarray, w0: np.ndarray, K: np.ndarray, params: dict[str, float], device: str) -> None:
    """Raise ValueError when the arguments of `run` do not fit together."""
    if device not in DEVICES:
        raise ValueError(f"device must be one of {DEVICES}, got {device!r}")
    if missing := [name for name in PARAMETERS if name not in params]:
        raise ValueError(f"params must hold every name in PARAMETERS, missing: {missing}")
    n_u, n_v = w0.shape
    if currents.ndim != 2 or currents.shape[1] != n_u or K.shape != (n_v, n_v):
        raise ValueError(
            f"currents must be (n_presentations, {n_u}) and K ({n_v}, {n_v}) to fit w0 {w0.shape}, "
            f"got {currents.shape} and {K.shape}"
        )


def events(monitor: b2.SpikeMonitor, dt: float) -> np.ndarray:
    """Spikes of ``monitor`` as sorted rows (step, neuron)."""
    step = np.rint(np.asarray(monitor.t / b2.ms) / dt).astype(np.int64)
    neuron = np.asarray(monitor.i, dtype=np.int64)
    order = np.lexsort((neuron, step))
    return np.column_stack([step, neuron])[order]


def main() -> None:
    """Read a problem, run it, write the result."""
    parser = argparse.ArgumentParser(description="Run the map circuit in Brian2.")
    parser.add_argument("problem", type=Path, help=".npz with currents, w0, K, learn and the parameters")
    parser.add_argument("result", type=Path, help=".npz to write")
    parser.add_argument("--device", choices=DEVICES, default="cython")
    parser.add_argument("--no-record", action="store_true", help="do not record spikes (for timing)")
    arguments = parser.parse_args()
    with np.load(arguments.problem) as problem:
        params = {name: float(problem[name]) for name in PARAMETERS if name in problem}
        currents, w0, K = (problem[name].astype(np.float64) for name in ("currents", "w0", "K"))
        learn = bool(problem["learn"])
    result = run(currents, w0, K, params, learn, arguments.device, record=not arguments.no_record)
    np.savez(arguments.result, **result)
    print(f"cpu_seconds {result['cpu_seconds']:.6f}  build_seconds {result['build_seconds']:.3f}")


if __name__ == "__main__":
    main()
