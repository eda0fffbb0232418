"""What a model file must hold, family by family: each array with its type, its shape and the range of its values.

A file is checked against its schema before anything is built from it, so that no kernel meets an array that is too
short, an index that leads out of one, or a number that is not finite. An estimator names its schema in `_schema`.
"""

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from tectum.core.ranges import Range, check_range
from tectum.engine.graph.records import GraphState
from tectum.engine.maps.loop import MapState
from tectum.engine.sheets.loop import SheetState
from tectum.engine.sheets.projection import ProjectionState
from tectum.models.common import parameters
from tectum.parts.encoding import CircularGaussian
from tectum.parts.event_input import EventPatches
from tectum.parts.latency import LatencyPopulation
from tectum.parts.local_inhibition import LocalInhibition
from tectum.parts.representation import SoftmaxInhibition
from tectum.parts.sailnet import DecorrelatingInhibition
from tectum.parts.wiring import DirectWiring

LONGEST = 2**53  # steps or presentations that a model can have seen
EVER = -(2**53)  # before the first step; where no spike has been it is far in the past
COUNT, LENGTH = Range(least=0, most=LONGEST, whole=True), Range(least=1, most=2**31, whole=True)


class Array(NamedTuple):
    """An array of a file; None in its shape is any length."""

    dtype: str
    shape: tuple[int | None, ...] = ()
    least: Any = -math.inf  # numbers, or an array of them that fits; values are finite in any case
    most: Any = math.inf
    optional: bool = False


ANY = -math.inf, math.inf
Schema = Mapping[str, Array | Range]  # arrays by their names, and numbers of the header by theirs


def check(arrays: Mapping[str, np.ndarray], header: Mapping[str, Any], schema: Schema) -> None:
    """Check what a file holds; ValueError if an array or a number is missing, or is not what the schema says."""
    for name, wanted in schema.items():
        if isinstance(wanted, Range):
            check_range(name, header[name], wanted)
        elif name in arrays:
            _check_array(name, arrays[name], wanted)
        elif not wanted.optional:
            raise ValueError(f"array {name!r} must be there, got none")


def _check_array(name: str, array: np.ndarray, wanted: Array) -> None:
    fits = array.ndim == len(wanted.shape) and all(
        n in (None, m) for n, m in zip(wanted.shape, array.shape, strict=True)
    )
    if array.dtype != wanted.dtype or not fits:
        shape = tuple("any" if n is None else n for n in wanted.shape)
        raise ValueError(
            f"array {name!r} must be of type {wanted.dtype} and shape {shape}, got {array.dtype} {array.shape}"
        )
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ValueError(f"array {name!r} must be finite, got NaN or infinity")
    if not ((wanted.least <= array) & (array <= wanted.most)).all():
        least, most = np.min(wanted.least), np.max(wanted.most)
        raise ValueError(
            f"array {name!r} must lie from {least} to {most}, got values from {array.min()} to {array.max()}"
        )


def learner(header: Mapping[str, Any], *also: str) -> dict[str, Array | Range]:
    """What all estimators keep: the seed, the presentations seen and planned, and numbers above 0 of these names."""
    numbers = {name: COUNT for name in ("seen", "planned") if name != "planned" or name in header}  # not all of 0.1
    return {"seed": Array("uint64"), **numbers, **{name: Range(above=0) for name in also}}


def check_input_range(header: Mapping[str, Any]) -> None:
    """Raise ValueError unless the values that become 0 and 1 are finite and differ."""
    low, high = header["input_range"]
    if not -math.inf < low < high < math.inf:
        raise ValueError(f"input_range must be (low, high), both finite, got {header['input_range']!r}")


def spiking_som(model: Any, arrays: Mapping[str, np.ndarray], header: Mapping[str, Any]) -> Schema:
    """The map, its snapshots, and the range of its features."""
    rows, columns = header["grid"]
    encoder = parameters.from_json(header["encoder"])
    if not isinstance(encoder, CircularGaussian):
        raise ValueError(f"encoder must be a CircularGaussian, got {encoder!r}")
    parameters.check_part("encoder", encoder)
    topology = header.get("topology", "rectangular")
    parameters.check_topology("topology", topology)
    parameters.check_shape((rows, columns), "grid", topology)
    n, n_v = model.n_features_in_, rows * columns
    scaling = {f"scaling.{end}": Array("float64", (n,)) for end in ("lowest", "highest")}
    check(arrays, header, scaling)
    n_used = int((arrays["scaling.highest"] > arrays["scaling.lowest"]).sum())
    mixing, rings = _mixing(arrays, header, n_used)
    wiring, n_mixtures = model.chosen_parts().wiring, len(arrays["mixing.mean"])
    if isinstance(wiring, DirectWiring) == (n_mixtures > 0):
        raise ValueError(f"wiring must be of the kind that has drawn {n_mixtures} mixtures, got {wiring!r}")
    n_u = rings * len(encoder.centres())
    now = arrays["state.clock"].max(initial=0)
    lengths = {"m_u": n_u, "last_u": n_u, "inhibition": 7, "gain": 1, "clock": 1}
    state = {f"state.{name}": Array("float32", (lengths.get(name, n_v),)) for name in MapState._fields}
    state |= {f"state.last_{layer}": Array("int64", (m,), EVER, now) for layer, m in (("u", n_u), ("v", n_v))}
    state |= {"state.weights": Array("float32", (n_u, n_v)), "state.clock": Array("int64", (1,), 0, LONGEST)}
    snapshots = len(arrays["snapshot_presentations_"])
    return {
        **learner(header),
        **state,
        **scaling,
        **mixing,
        "planned": LENGTH,
        **({"offered": COUNT} if "offered" in header else {}),  # not of 0.1
        "spike_counts_": Array("int64", (3,), 0),
        "recent_wins_": Array("int64", (n_v,), 0, LONGEST, optional=True),  # not in all of 0.1 and 0.2
        "snapshots_": Array("float32", (snapshots, n_v, n)),
        "snapshot_presentations_": Array("int64", (snapshots,), 0, LONGEST),
    }


def _mixing(arrays: Mapping[str, np.ndarray], header: Mapping[str, Any], n_used: int) -> tuple[Schema, int]:
    """The wiring of a map with so many features that vary, and the number of its rings."""
    for name in ("place", "entries", "mean", "low"):  # whose sizes the others follow
        check(arrays, header, {f"mixing.{name}": Array(MIXING[name], (None,))})
    n, n_entries = len(arrays["mixing.mean"]), len(arrays["mixing.entries"])
    place, sparse = arrays["mixing.place"], len(arrays["mixing.place"]) > 0
    if sparse and (len(place) != n_used + 1 or place[0] != 0 or place[-1] != n_entries or (np.diff(place) < 0).any()):
        raise ValueError("array 'mixing.place' must rise from 0 to the number of entries, one step per feature")
    if not sparse and n_entries != n * n_used:
        raise ValueError(f"array 'mixing.entries' must hold {n} x {n_used} numbers, got {n_entries}")
    return {
        "mixing.mixture": Array("int32", (n_entries if sparse else 0,), 0, n - 1),
        "mixing.centre": Array("float64", (n_used if n else 0,)),
        "mixing.low": Array("float64", (n,)),
        "mixing.high": Array("float64", (n,), np.nextafter(arrays["mixing.low"], np.inf) if n else -math.inf),
        "mixing.decoder": Array("float32", (n, n_used if n else 0)),
    }, n or n_used


MIXING = {"place": "int64", "entries": "float32", "mean": "float64", "low": "float64"}


def spiking_dictionary(model: Any, arrays: Mapping[str, np.ndarray], header: Mapping[str, Any]) -> Schema:
    """Weights and thresholds of the units, and the scale of the input."""
    chosen, n, n_inputs = model.chosen_parts(), model.n_components, model.n_features_in_
    if type(header["on_off"]) is not bool:
        raise ValueError(f"on_off must be true or false, got {header['on_off']!r}")
    if isinstance(chosen["encoder"], EventPatches) and n_inputs != 2 * chosen["encoder"].size ** 2:
        raise ValueError(f"encoder.size must be the side of patches with {n_inputs} inputs, got {chosen['encoder']!r}")
    if isinstance(chosen["encoder"], LatencyPopulation):
        n_inputs *= len(chosen["encoder"].code.centres())
    elif header["on_off"] and isinstance(chosen["competition"], SoftmaxInhibition):
        n_inputs *= 2
    synapses = {}
    if isinstance(chosen["competition"], LocalInhibition | DecorrelatingInhibition):
        synapses["state.recurrent"] = Array("float32", (n, n))
    if isinstance(chosen["competition"], LocalInhibition):
        synapses["state.feedback"] = Array("float32", (n, n_inputs))
    return {
        **synapses,
        **learner(header, "input_scale", *(["quantum"] if header["quantum"] is not None else [])),
        "planned": LENGTH,
        "state.weights": Array("float32", (n, n_inputs)),
        "state.theta": Array("float32", (n,)),
        "state.silence": Array("float32", (n,)),
        "spike_counts_": Array("int64", (n,), 0),
    }


def diehl_cook(model: Any, arrays: Mapping[str, np.ndarray], header: Mapping[str, Any]) -> Schema:
    """Weights and thresholds of the neurons, their labels, and the range of the input."""
    n = model.n_neurons
    check_input_range(header)
    return {
        **learner(header, "gain"),
        "n_shown": COUNT,
        "state.weights": Array("float32", (model.n_features_in_, n)),
        "state.theta": Array("float32", (n,)),
        "spike_counts_": Array("int64", (n,), 0),
        "unit_classes_": Array("int64", (n,), -1, len(header.get("classes", [])) - 1, optional=True),
    }


def spiking_readout(model: Any, arrays: Mapping[str, np.ndarray], header: Mapping[str, Any]) -> Schema:
    """Weights of the neurons, their classes, and the range of the features."""
    classes, n = header["classes"], model.n_features_in_
    if not isinstance(classes, list) or not classes or len({type(label) for label in classes}) > 1:
        raise ValueError(f"classes must be labels of one type, got {classes!r}")
    if not isinstance(classes[0], str | int | float) or np.unique(classes).tolist() != classes:
        raise ValueError(f"classes must be different labels in sorted order, got {classes!r}")
    scaling = {f"scaling.{end}": Array("float64", (n,)) for end in ("lowest", "highest")}
    check(arrays, header, scaling)
    n_used = int((arrays["scaling.highest"] > arrays["scaling.lowest"]).sum())
    return {
        **learner(header, "gain"),
        **scaling,
        "state.weights": Array("float32", (n_used + 1, len(classes))),
        "spike_counts_": Array("int64", (len(classes),), 0),
    }


def map_hierarchy(model: Any, arrays: Mapping[str, np.ndarray], header: Mapping[str, Any]) -> Schema:
    """The state of the graph that the maps describe, which is built for it, and of the codes of its inputs."""
    check(arrays, header, learner(header))
    first, views = model._rebuild(arrays, header), model._graph.views
    circuit = model._graph.graph.circuit
    lengths = np.diff(circuit.input_first).tolist()
    fires = [n if view is None else view.coder.n_inputs for view, n in zip(views, _of_winners(circuit), strict=True)]
    found = {**learner(header), **_graph_state(circuit, first, fires, arrays["state.clock"])}
    for s, view in enumerate(views):
        found[f"mean.{s}"] = Array("float64", view.coder.start().shape if view else (0,))
        n_past = None if view and view.delay_ms else view.delay if view else 0
        found[f"past.{s}"] = Array("int32", (n_past, lengths[s]), -1, fires[s] - 1)
        found[f"past_ms.{s}"] = Array("float64", (None,), optional=True)
    found["moment"] = Array("float64", (4,), optional=True)
    found |= _noticed(np.array([math.prod(m.shape) for m in model.maps_]), int(sum(lengths)))
    return found | {"spike_counts": Array("int64", (len(model.maps_),), 0)}


def _noticed(sizes: np.ndarray, n_ranked: int) -> dict[str, Array | Range]:
    """What maps of so many neurons, and as many classes at most, have noticed, of files after version 0.1."""
    n_maps, n_neurons = len(sizes), int(sizes.sum())
    numbers = {name: Array("float64", (n_maps, 2), 0, 1) for name in ("mean", "deviation")}
    numbers |= {
        "since": Array("int64", (n_maps, 3), 0, LONGEST),
        "current": Array("int64", (n_maps, 2), -1, sizes[:, None] - 1),
        "classes": Array("int64", (n_maps,), 0, sizes),
        "typical": Array("float64", (n_maps,), 0, 1),
        "warned": Array("int64", (n_maps,), 0, 2),
        "told": Array("int64", (n_maps,), 0, 2),  # the same in older files
        "labels": Array("int64", (n_neurons,), -1, np.repeat(sizes, sizes) - 1),
        "typical_of": Array("float64", (n_neurons, 3), 0, np.array([1, 1, LONGEST])),
        "past": Array("int32", (None, n_ranked), -1),
        "novelty": Array("float32", (None, n_maps), -1, 1),
    }
    events = {
        "events": Array("int64", (None, 5), -1, np.array([LONGEST, n_maps - 1, n_neurons, 6, LONGEST])),
        "event_values": Array("float64", (None, 2), -1),
    }
    named = {f"noticed.{name}": wanted for name, wanted in numbers.items()} | events
    return {name: wanted._replace(optional=True) for name, wanted in named.items()}


def network(model: Any, arrays: Mapping[str, np.ndarray], header: Mapping[str, Any]) -> Schema:
    """The state of the graph that populations and projections describe, which is built for it."""
    check(arrays, header, learner(header))
    check_input_range(header)
    first = model._rebuild(arrays)
    state = _graph_state(model._graph.graph.circuit, first, [], arrays["state.clock"])
    counts = {f"spike_counts.{name}": Array("int64", (b - a,), 0) for name, (a, b) in model._spans().items()}
    in_flight = Array("int64", (None, 3), 0, model._most_in_flight(arrays), optional=True)
    return {**learner(header), **state, **counts, "in_flight": in_flight}


def _graph_state(circuit: Any, first: GraphState, fires: list[int], clock: np.ndarray) -> dict[str, Array | Range]:
    """State of a graph, of the sizes of that before learning; `fires` are the neurons of its ranked inputs."""
    sizes, lengths, now = np.diff(circuit.first), np.diff(circuit.input_first), clock.max(initial=0)
    n_ranked = int(lengths.sum())
    ranges: dict[str, tuple[Any, Any]] = {
        "n_fired": (0, sizes[:, None]),
        "fired": (0, np.repeat(sizes, sizes) - 1),
        "due": (-1, n_ranked - 1),
        "after": (-1, np.arange(n_ranked) - 1),  # so that lists end
        "onset": (-1, np.repeat(np.array(fires, np.int64), lengths) - 1),
        "arrived": (EVER, now),
        "last": (EVER, now),
        "cycle": (-1, LONGEST),
        "silent": (0, 1),
        **dict.fromkeys(("clock", "pulse", "turn", "began"), (0, LONGEST)),
    }
    return {
        f"state.{name}": Array(array.dtype.name, array.shape, *ranges.get(name, ANY), name == "last")
        for name, array in zip(GraphState._fields, first, strict=True)
    }  # files of version 0.1 hold no last spikes


def _of_winners(circuit: Any) -> list[int]:
    """Neurons of the population whose winners an input is, 0 where it is another one."""
    sizes = np.diff(circuit.first)
    return [int(sizes[pop]) if pop >= 0 else 0 for pop in circuit.inputs.winners]


def wave_network(model: Any, arrays: Mapping[str, np.ndarray], header: Mapping[str, Any]) -> Schema:
    """Sheets and projections, as they are and as grown, what growth has looked at, and what fields have learned."""
    sizes = [sheet.n_nodes for sheet in model._sheets()]
    found = learner(header, "input_scale") | {"n_steps_grown": COUNT}
    found["movements"] = Array("float64", (None, len(sizes) - 1))
    found["even"] = Array("bool", (), optional=True)
    for layer, n in enumerate(sizes):
        found[f"alive.{layer}"] = Array("bool", (n,))
        n = n if layer else max(n or 0, np.size(arrays.get("sheet.0.v", ())))  # with its margin
        found |= {f"sheet.{layer}.{name}": Array("float32", (n,)) for name in SheetState._fields}
        found[f"sheet.{layer}.fired"] = Array("uint8", (n,), 0, 1)
    for k, (n_pre, n_post) in enumerate(pairwise(sizes)):
        found[f"look.{k}"] = Array("float64", (n_post, 3))
        for kind in ("weights", "grown"):
            optional = kind == "grown" and "grown.0.raw" not in arrays
            for name in ProjectionState._fields:
                shape = (n_pre, n_post) if name == "raw" else (n_post,)
                found[f"{kind}.{k}.{name}"] = Array("float32", shape, optional=optional)
    if "maps.0.w" in arrays:
        n_units, (n_entries, n_maps) = sizes[-1], arrays["maps.0.w"].shape
        first = arrays["fields.0.first"]
        if first.ndim != 1 or first[0] != 0 or first[-1] != n_entries or (np.diff(first) < 1).any():
            raise ValueError("array 'fields.0.first' must rise from 0 to the number of entries")
        found["fields.0.first"] = Array("int64", (n_units + 1,), 0, n_entries)
        found["fields.0.node"] = Array("uint32", (n_entries,), 0, sizes[0] - 1)
        found["fields.0.share"] = Array("float32", (n_entries,), 0, 1)
        found["maps.0.w"] = Array("float32", (n_entries, getattr(model.image_rule, "n_maps", n_maps)))
        found["maps.0.c"] = Array("float32", (n_units, n_maps))
        found["maps.0.wins"] = Array("int64", (n_units, n_maps), 0, LONGEST)
    return found


def sensor_layout(arrays: Mapping[str, np.ndarray], header: Mapping[str, Any]) -> Schema:
    """Places and groups of sensors, and pairs of neighbours."""
    n, share = header["n_features_in"], Range(least=0, most=1)
    return {
        "positions": Array("float64", (n, 2)),
        "groups": Array("int64", (n,), -1, n - 1),
        "carrying": Array("float64", (n,), 0),
        "edges": Array("int64", (None, 2), 0, n - 1),
        **dict.fromkeys(("quality", "precision", "residual", "crowding", "tearing"), share),
    }
