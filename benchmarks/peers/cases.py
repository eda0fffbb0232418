"""What is measured: workloads, the engines that take part, how much work each gets a turn, and what was promised."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import event_stdp
import map_circuit
import network
import numpy as np
import prototypes
import standard_network
import wave_sheet

PER_SPIKE = (
    "Noise differs, and with it how many waves there are. Most work is done per spike; so weigh the ratios with spikes."
)
SAME_NETWORK = (
    "All engines run the same synapses, delays and input spikes; at the size of the guide, in float32, every spike is "
    "the same (`network_spikes.py`). Here Brian2 may reorder operations, and rounding decides when spikes come."
)
BRIAN2, NEST, NGC_LEARN, BINDSNET = "brian2", "nest", "ngclearn", "bindsnet"


class Engine(NamedTuple):
    """One way to do a workload."""

    name: str
    environment: str | None  # of the peers, None for that of tectum
    script: str
    amount: int  # of work in a turn
    arguments: tuple[str, ...] = ()
    target: float | None = None  # CPU time in units of that of tectum, at least


class Workload(NamedTuple):
    """The same work for several engines, tectum first."""

    title: str
    unit: str
    engines: tuple[Engine, ...]
    write: Callable[[Path, int], None]  # the problem, of a given amount
    score: Callable[[Path, int], dict[str, Any]]  # of a result
    note: str = ""  # below its table


def standard(
    n_units: int, learning: bool, amounts: dict[str, int], targets: dict[str, float] | None = None, note: str = ""
) -> Workload:
    """The standard network; `amounts` are images a turn by engine."""
    known = {
        "tectum": (None, "standard_network_tectum", ()),
        "Brian2 C++": (BRIAN2, "standard_network_brian2", ("cpp_standalone", "fast")),
        "Brian2 Cython": (BRIAN2, "standard_network_brian2", ("cython", "fast")),
        "Brian2 Cython, usual": (BRIAN2, "standard_network_brian2", ("cython", "usual")),
        "NEST": (NEST, "standard_network_nest", ("unnormalised",)),
        "NEST, normalised": (NEST, "standard_network_nest", ("normalised",)),
        "ngc-learn": (NGC_LEARN, "standard_network_ngclearn", ()),
        "BindsNET": (BINDSNET, "standard_network_bindsnet", ()),
    }
    engines = tuple(
        Engine(name, *known[name][:2], amount, known[name][2], (targets or {}).get(name))
        for name, amount in amounts.items()
    )
    what = "learning" if learning else "frozen, encoding"
    write, score = (
        functools.partial(f, n_units=n_units, learning=learning)
        for f in (standard_network.write, standard_network.score)
    )
    return Workload(f"Standard network, 784 to {n_units}, {what}", "image", engines, write, score, note)


def waves(step: str, side: int, amounts: dict[str, int], target: float | None = None, note: str = "") -> Workload:
    """The sheet; `amounts` are steps a turn by engine."""
    known: dict[str, Any] = {
        "tectum": (None, "wave_sheet_tectum", ()),
        "Brian2 C++": (BRIAN2, "wave_sheet_brian2_turns", ("cpp_standalone",)),
        "Brian2 Cython": (BRIAN2, "wave_sheet_brian2_turns", ("cython",)),
    }
    engines = tuple(
        Engine(name, *known[name][:2], amount, known[name][2], target if name == "Brian2 C++" else None)
        for name, amount in amounts.items()
    )
    write, score = (functools.partial(f, name=step, side=side) for f in (wave_sheet.write, wave_sheet.score))
    return Workload(f"Wave sheet, {side} x {side}, steps of {step}", "step", engines, write, score, note)


def own_network(title: str, name: str, amounts: dict[str, int], note: str, size: str = "large") -> Workload:
    """A larger version of a network of the guide; `amounts` are steps a turn by engine."""
    known: dict[str, Any] = {
        "tectum": (None, "network_tectum", ()),
        "Brian2 C++": (BRIAN2, "network_brian2", ("cpp_standalone", "float64")),
        "Brian2 C++, float32": (BRIAN2, "network_brian2", ("cpp_standalone", "float32")),
        "Brian2 Cython": (BRIAN2, "network_brian2", ("cython", "float64")),
    }
    engines = tuple(
        Engine(engine, *known[engine][:2], amount, known[engine][2], 10 if "C++" in engine else None)
        for engine, amount in amounts.items()
    )
    write, score = (functools.partial(f, name=name, size=size) for f in (network.write, network.score))
    return Workload(title, "step", engines, write, score, note)


def write_large_map(path: Path, n_samples: int) -> None:
    """The problem of large_map_tectum.py."""
    np.savez(path, n_samples=n_samples)


def score_large_map(path: Path, n_samples: int) -> dict[str, float]:
    """Spikes per sample."""
    with np.load(path) as result:
        return dict(zip(("u_spikes", "inh_spikes", "v_spikes"), result["spikes"].round(1).tolist(), strict=True))


WORKLOADS = {
    "standard-400": standard(
        400,
        True,
        {
            **{"tectum": 400, "Brian2 C++": 40, "NEST": 10, "NEST, normalised": 1, "ngc-learn": 12},
            **{"Brian2 Cython": 6, "Brian2 Cython, usual": 6, "BindsNET": 3},
        },
        {"Brian2 C++": 25, "NEST": 80, "ngc-learn": 150, "Brian2 Cython, usual": 300, "BindsNET": 1000},
        "Brian2 Cython is measured in two forms. Usual scripts keep traces in the synapses and run the network once an "
        "image; the target is about them, and most of their time goes by before the first step of each run. In the "
        "other form, the fastest found, all images are one run and traces are in the neurons. Nothing can be 300 "
        "times as fast as that: C with the same shortcuts is about as fast as tectum. "
        "Accuracy after few images depends on the random numbers: six runs of tectum over the 40 images of Brian2 C++ "
        "ended between 0.45 and 0.62.",
    ),
    "event-stdp": Workload(
        "Event-based STDP, 10 x 10 patches to 64",
        "patch",
        (
            Engine("tectum", None, "event_stdp_tectum", 5000),
            Engine("ngc-learn, packed", NGC_LEARN, "event_stdp_ngclearn", 400, ("--turns", "packed"), 50),
            Engine("ngc-learn, exhibit", NGC_LEARN, "event_stdp_ngclearn", 200, ("--turns", "exhibit"), 50),
        ),
        event_stdp.write,
        event_stdp.score,
    ),
    "waves-64": waves("0.1 ms", 64, {"tectum": 2000, "Brian2 C++": 600, "Brian2 Cython": 600}, 25, PER_SPIKE),
    "map-circuit": Workload(
        "Map circuit, 2 features to 10 x 10, dt 0.05 ms",
        "sample",
        (
            Engine("tectum", None, "map_circuit_tectum", 100),
            Engine("Brian2 C++", BRIAN2, "map_circuit_brian2_turns", 100, ("cpp_standalone",), 25),
            Engine("Brian2 Cython", BRIAN2, "map_circuit_brian2_turns", 10, ("cython",)),
        ),
        map_circuit.write,
        map_circuit.score,
    ),
    "encoding-400": standard(
        400,
        False,
        {"tectum": 10000, "Brian2 C++": 40, "NEST": 10, "ngc-learn": 12, "Brian2 Cython": 6, "BindsNET": 3},
    ),
    "prototypes": Workload(
        "100 prototypes of 4,000 images, spiking and not",
        "image",
        (
            Engine("tectum", None, "prototypes_tectum", 4000, ("DiehlCook",)),
            Engine("tectum, SpikingSOM", None, "prototypes_tectum", 4000, ("SpikingSOM",)),
            Engine("MiniSom", "minisom", "prototypes_minisom", 4000),
            Engine("scikit-learn MiniBatchKMeans", "sklearn", "prototypes_sklearn", 4000, ("MiniBatchKMeans",)),
            Engine("MiniBatchKMeans, one pass", "sklearn", "prototypes_sklearn", 4000, ("MiniBatchKMeans", "1")),
            Engine("scikit-learn KMeans", "sklearn", "prototypes_sklearn", 4000, ("KMeans",)),
        ),
        prototypes.write,
        prototypes.score,
    ),
    "large-map": Workload(
        "Large map, 27 million plastic synapses, dt 0.1 ms",
        "sample",
        (
            Engine("tectum", None, "large_map_tectum", 20, ("published",)),
            Engine("tectum, recommended", None, "large_map_tectum", 20, ("recommended",)),
        ),
        write_large_map,
        score_large_map,
        "User time: the system takes 0.02 to 0.25 s a call for the pages of copies of the weights, and none for the "
        "work itself. The weights, 108 MB, come from memory in each volley and are changed on the way; "
        "`benchmarks/NOTES.md` has what that costs and what was tried.",
    ),
    "standard-100": standard(
        100,
        True,
        {
            **{"tectum": 1000, "Brian2 C++": 80, "NEST": 25, "NEST, normalised": 4, "ngc-learn": 25},
            **{"Brian2 Cython": 6, "BindsNET": 5},
        },
    ),
    "standard-1600": standard(
        1600,
        True,
        {
            **{"tectum": 150, "Brian2 C++": 10, "NEST": 3, "ngc-learn": 3},
            **{"Brian2 Cython": 4, "BindsNET": 3},
        },
        note="NEST, normalised, is left out: it would pass 1.3 million weights to Python and back after each image.",
    ),
    "waves-64-1ms": waves("1 ms", 64, {"tectum": 2000, "Brian2 C++": 300, "Brian2 Cython": 300}, 25, PER_SPIKE),
    "waves-256": waves(
        "0.1 ms",
        256,
        {"tectum": 1000},
        note="Brian2 cannot hold this sheet: inhibition reaches all nodes, which makes 4 billion synapses.",
    ),
    "network-balanced": own_network(
        "`Network`, 1,000 excitatory and 250 inhibitory neurons, dt 0.1 ms",
        "balanced",
        {"tectum": 100_000, "Brian2 C++": 100_000, "Brian2 C++, float32": 100_000, "Brian2 Cython": 20_000},
        "10 s; 287,000 fixed synapses. " + SAME_NETWORK,
    ),
    "network-stacked": own_network(
        "`Network`, 784 to 784 to 400 with feedback, learning, dt 0.2 ms",
        "stacked",
        {"tectum": 30_000, "Brian2 C++": 30_000, "Brian2 C++, float32": 30_000, "Brian2 Cython": 9_000},
        "6 s, a hundred presentations; 314,000 learned synapses. " + SAME_NETWORK,
    ),
    "network-balanced-400": own_network(
        "`Network`, 400 excitatory and 100 inhibitory neurons, dt 0.1 ms",
        "balanced",
        {"tectum": 100_000, "Brian2 C++": 100_000},
        "10 s. " + SAME_NETWORK,
        "small",
    ),
    "network-balanced-4000": own_network(
        "`Network`, 4,000 excitatory and 1,000 inhibitory neurons, dt 0.1 ms",
        "balanced",
        {"tectum": 20_000, "Brian2 C++": 20_000},
        "2 s; 4,600,000 fixed synapses. " + SAME_NETWORK,
        "huge",
    ),
    "network-stacked-196": own_network(
        "`Network`, 196 to 196 to 100 with feedback, learning, dt 0.2 ms",
        "stacked",
        {"tectum": 60_000, "Brian2 C++": 60_000},
        "12 s. " + SAME_NETWORK,
        "small",
    ),
    "network-stacked-3136": own_network(
        "`Network`, 3,136 to 3,136 to 1,600 with feedback, learning, dt 0.2 ms",
        "stacked",
        {"tectum": 6_000, "Brian2 C++": 6_000},
        "1.2 s; 5,000,000 learned synapses. " + SAME_NETWORK,
        "huge",
    ),
}
