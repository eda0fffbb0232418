"""Networks of network.py in Brian2, in the order of operations of tectum.

Started by run.py with a problem (.npz), the file for the result and the device, answers as turns.py says; or, with
``record`` and a precision after the device, runs once and keeps all spikes, for network_spikes.py.

Arrivals are the first phase of a step, so that a delay of d steps is one of d - 1 in Brian2, where spikes of this step
are passed on in the next; input spikes come before. Constants are shared variables, as Brian2 computes with those in
the namespace in float64 whatever the precision of the variables.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import brian2 as b2
import numpy as np
from brian2_turns import choose, compiled
from turns import cpu_seconds, serve

PHASES = ["start", "inputs", "synapses", "groups", "thresholds", "after", "resets", "end"]
NEVER = -1_000_000
CONSTANTS = ("gain", "v_rest", "v_th", "v_reset", "E_exc", "E_inh", "keep_exc", "keep_inh", "drive")

STATE = """
v : 1
g_exc : 1
g_inh : 1
ready : 1
until : integer
pause : integer (shared, constant)
"""
STEP = """
ready = int(t_in_timesteps > until)
v = v + ready * gain * (v_rest - v + drive + g_exc * (E_exc - v) + g_inh * (E_inh - v))
g_exc = g_exc * keep_exc
g_inh = g_inh * keep_inh
"""
RESET = "v = v_reset; until = t_in_timesteps + pause"
LEARNED = """
w : 1
x : 1
arrived : integer
eta : 1 (shared, constant)
beta : 1 (shared, constant)
w_max : 1 (shared, constant)
"""
BIND = """
x = memory((t_in_timesteps - arrived) * step)
w = w + eta * (x * (w_max - w) - beta * w)
used_post = 1
"""
MOST_CPP = """
static double largest(int n)
{
    const auto *excess = brian::_array_NAME_excess;
    double most = -1.0;
    for (int j = 0; j < n; j++)
        if (excess[j] > most)
            most = excess[j];
    return most;
}
"""
MOST_CYTHON = """
cdef double largest(int n):
    cdef double most = -1.0
    cdef int j
    for j in range(n):
        if _namespace_excess[j] > most:
            most = _namespace_excess[j]
    return most
"""


def search(group: b2.NeuronGroup, device: str) -> b2.Function:
    """largest(n): the largest excess of the neurons of a group."""
    excess = None if device == "cpp_standalone" else group.variables["excess"].get_value()

    def largest(n: Any) -> Any:
        return excess.max(keepdims=True)

    function = b2.Function(largest, arg_types=["integer"], return_type="float", arg_units=[1], return_unit=1)
    if device == "cpp_standalone":
        function.implementations.add_implementation("cpp", MOST_CPP.replace("NAME", group.name))
    elif device == "cython":
        function.implementations.add_implementation("cython", MOST_CYTHON, namespace={"_excess": excess})
    else:
        function.implementations.add_implementation("numpy", largest)
    return function


def population(row: dict[str, Any], incoming: dict[int, Any], device: str) -> list[Any]:
    """Neurons, and what inhibits all others when one fires; `incoming` are uniform projections by number."""
    model = STATE + "".join(f"{name} : 1 (shared, constant)\n" for name in CONSTANTS)
    arrivals = ""
    for k, p in incoming.items():
        model += f"n_{k} : 1\nweight_{k} : 1 (shared, constant)\n"
        arrivals += f"{p['channel']} = {p['channel']} + weight_{k} * n_{k}\nn_{k} = 0\n"
    threshold, single = "ready > 0 and v >= v_th", row["strength"] is not None
    if single:
        model += "excess : 1\nmost : 1 (shared)\nstrength : 1 (shared, constant)\nused : 1\nsquare : 1\nscale : 1\n"
        threshold = "excess >= 0 and excess == most"
    namespace: dict[str, Any] = {"size": row["n"]}
    neurons = b2.NeuronGroup(row["n"], model, threshold=threshold, reset=RESET, namespace=namespace, name=row["name"])
    for name in CONSTANTS:
        setattr(neurons, name, row[name])
    for k, p in incoming.items():
        setattr(neurons, f"weight_{k}", p["weight"])
    neurons.v, neurons.until, neurons.pause = row["v_rest"], -1, int(row["refractory"])
    neurons.run_regularly(arrivals + STEP, when="groups", order=0)
    if not single:
        return [neurons]
    namespace["largest"] = search(neurons, device)
    neurons.strength = row["strength"]
    neurons.run_regularly("excess = ready * (v - v_th) - (1 - ready)", when="groups", order=1)
    neurons.run_regularly("most = largest(size)", when="groups", order=2)
    lateral = b2.Synapses(neurons, neurons, on_pre="v_post = v_post - ready_post * strength_post", name="lateral")
    lateral.connect(condition="i != j")
    lateral.pre.when = "after"
    return [neurons, lateral]


def projection(k: int, p: dict[str, Any], source: Any, target: Any, problem: dict[str, Any], dt: Any) -> Any:
    """Synapses of projection k."""
    name = f"projection_{k}"
    delay = (p["delay"] - (0 if p["source"] == "input" else 1)) * dt
    if p["kind"] == "uniform":
        synapses = b2.Synapses(source, target, on_pre=f"n_{k}_post += 1", delay=delay, name=name)
        synapses.connect()
    elif p["kind"] == "sparse":
        synapses = b2.Synapses(source, target, "w : 1", on_pre=f"{p['channel']}_post += w", delay=delay, name=name)
        synapses.connect(i=problem[f"i_{k}"], j=problem[f"j_{k}"])
        synapses.w = problem[f"w_{k}"]
    else:
        memory = b2.TimedArray(np.append(problem["memory"], 0.0), dt=dt, name="memory")
        synapses = b2.Synapses(
            source,
            target,
            LEARNED,
            on_pre={"pre": f"{p['channel']}_post += w; arrived = t_in_timesteps"},
            on_post={"post": BIND},
            delay={"pre": delay},
            namespace={"memory": memory, "step": dt},
            name=name,
        )
        synapses.connect()
        synapses.w = problem["W"].T.ravel()
        synapses.arrived = NEVER
        synapses.eta, synapses.beta, synapses.w_max = p["eta"], p["beta"], p["w_max"]
        synapses.post.when = "after"
    synapses.pre.order = k
    return synapses


def normalise(synapses: Any, target: Any, p: dict[str, Any], each: Any) -> None:
    """At the end of a presentation, weights of neurons that have learned are scaled to a length."""
    target.run_regularly("square = 0", dt=each, when="start", order=0)
    synapses.run_regularly("square_post += w * w", dt=each, when="start", order=1)
    scale = f"scale = used * (1 + {p['pace']:g} * ({p['length']:g} / sqrt(square) - 1)) + (1 - used)"
    target.run_regularly(scale, dt=each, when="start", order=2)
    synapses.run_regularly("w = clip(w * scale_post, 0, w_max)", dt=each, when="start", order=3)
    target.run_regularly("used = 0", dt=each, when="start", order=4)


def build(problem: dict[str, Any], device: str, record: bool) -> tuple[b2.Network, dict[str, Any]]:
    """The network, and its parts by name."""
    about = json.loads(str(problem["network"]))
    dt = about["dt"] * b2.ms
    b2.defaultclock.dt = dt
    times = problem["input_step"] * about["dt"] * b2.ms
    inputs = b2.SpikeGeneratorGroup(about["n_inputs"], problem["input_neuron"], times, when="inputs", name="given")
    groups: dict[str, Any] = {"input": inputs}
    objects: list[Any] = [inputs]
    for row in about["populations"]:
        incoming = {
            k: p for k, p in enumerate(about["projections"]) if p["kind"] == "uniform" and p["target"] == row["name"]
        }
        made = population(row, incoming, device)
        groups[row["name"]] = made[0]
        objects += made
    parts: dict[str, Any] = {"learned": None, "duration": about["n_steps"] * dt, "dt": dt}
    for k, p in enumerate(about["projections"]):
        synapses = projection(k, p, groups[p["source"]], groups[p["target"]], problem, dt)
        objects.append(synapses)
        if p["kind"] == "learned":
            normalise(synapses, groups[p["target"]], p, about["frame"] * dt)
            parts |= {"learned": synapses, "target": groups[p["target"]], "rule": p}
    monitors = {row["name"]: b2.SpikeMonitor(groups[row["name"]], record=record) for row in about["populations"]}
    network = b2.Network(*objects, *monitors.values())
    network.schedule = PHASES
    return network, parts | {"monitors": monitors}


def result_of(parts: dict[str, Any], record: bool) -> dict[str, Any]:
    """Spikes, or their numbers, and weights; those are normalised once more, as no presentation follows the last."""
    found: dict[str, Any] = {}
    for name, monitor in parts["monitors"].items():
        if record:
            step = np.rint(np.asarray(monitor.t / parts["dt"])).astype(int)
            found[f"spikes_{name}"] = np.column_stack([step, np.asarray(monitor.i)])
    found["counts"] = np.array([int(np.sum(monitor.count[:])) for monitor in parts["monitors"].values()])
    if parts["learned"] is not None:
        W = np.array(parts["learned"].w[:]).reshape(len(parts["learned"].source), -1).T
        one = W.dtype.type(1)
        length, pace, w_max = (W.dtype.type(parts["rule"][name]) for name in ("length", "pace", "w_max"))
        square = np.cumsum(W * W, axis=1, dtype=W.dtype)[:, -1:]  # in the order of the inputs
        used = np.array(parts["target"].used[:])[:, None] > 0
        found["W"] = np.where(used, np.minimum(W * (one + pace * (length / np.sqrt(square) - one)), w_max), W)
    return found


def main() -> None:
    """Build, then run from rest once a turn; or run once and keep the spikes."""
    question, result, device, *rest = sys.argv[1:]
    problem = dict(np.load(question))
    record = bool(rest) and rest[0] == "record"
    b2.prefs.core.default_float_dtype = np.dtype(rest[-1] if rest else "float64").type
    choose(device)
    if device == "numpy":
        b2.prefs.codegen.target = "numpy"
    if record:  # no operation may be moved or contracted
        b2.prefs.codegen.loop_invariant_optimisations = False
        b2.prefs.codegen.cpp.extra_compile_args_gcc = ["-w", "-O3", "-ffp-contract=off", "-std=c++11"]
    network, parts = build(problem, device, record)
    if record:
        start = cpu_seconds()
        network.run(parts["duration"])
        if device == "cpp_standalone":
            b2.device.build(compile=True, run=True, directory=None)
        np.savez(result, cpu_seconds=cpu_seconds() - start, **result_of(parts, record))
        return
    turn = compiled(network, parts["duration"], device)

    def work() -> dict[str, Any]:
        spent = turn()
        np.savez(result, **result_of(parts, record))
        return {"cpu_seconds": spent}

    serve(b2.__version__, work)


if __name__ == "__main__":
    main()
