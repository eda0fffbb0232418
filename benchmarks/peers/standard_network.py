"""Workload: the standard network after Diehl & Cook (2015), learning or frozen.

784 inputs with Bernoulli spikes that each engine draws itself, n neurons with adaptive thresholds, lateral inhibition,
trace STDP, weights normalised after each image; 350 steps of 1 ms an image, each image shown once. All engines start
from the same network, which tectum has trained on the images before, and see the same images.

Score: spikes per image; accuracy of the network that an engine ends with, on 1,000 images it has not seen, read by
tectum in the same way for all; and the correlation of what it has changed of the weights with what tectum has from the
same images. All depend on the number of images; beside them stands what tectum reaches with as many, for the
correlation with other random numbers. Frozen, the accuracy is that of the images that were encoded.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tectum import analysis, datasets
from tectum.engine.standard import network
from tectum.engine.standard.loop import DiehlCookState
from tectum.models.common.parameters import DIEHL_COOK
from tectum.parts import MoreInput
from tectum.parts.adaptive_threshold import recovery

N_BEFORE, N_TIMED, N_UNSEEN = 2000, 2000, 1000


class Images(NamedTuple):
    """Values from 0 to 1, and labels."""

    X: NDArray[np.float32]  # (n_images, 784)
    y: NDArray[np.int64]

    def part(self, first: int, last: int) -> Images:
        """Images `first` to `last`."""
        return Images(np.ascontiguousarray(self.X[first:last]), self.y[first:last])


@functools.cache
def images_of(n_images: int) -> tuple[str, Images]:
    """MNIST where TECTUM_DATA has it, else the digits of scikit-learn, scaled up to 28 x 28."""
    try:
        found = datasets.load("mnist", subset="train")
        return "MNIST", Images((found.data[:n_images] / 255).astype(np.float32), found.target[:n_images])
    except ConnectionError:
        found = datasets.load("digits")
        small = np.kron(found.data.reshape(-1, 8, 8) / found.data.max(), np.ones((3, 3)))
        X = np.pad(small, ((0, 0), (2, 2), (2, 2))).reshape(len(small), -1).astype(np.float32)
        which = np.arange(n_images) % len(X)
        return "digits of scikit-learn", Images(X[which], found.target[which])


def images() -> tuple[str, Images]:
    """Those that are learned before, timed and not seen."""
    return images_of(N_BEFORE + N_TIMED + N_UNSEEN)


@functools.cache
def circuit() -> Any:
    """tectum's circuit with its default parts, each image shown once."""
    parts = DIEHL_COOK | {"retry": MoreInput(times=1)}
    return network.build_circuit(1.0, 1.0, 0, *(parts[name] for name in network.DiehlCookParts._fields))


@functools.cache
def trained(n_units: int) -> DiehlCookState:
    """The network that all engines start from."""
    state = network.initial_state(784, n_units, circuit().norm.mean, 0)
    network.learn(circuit(), state, images()[1].X[:N_BEFORE], 0)
    return state


@functools.cache
def learned(n_units: int, n_images: int, first_key: int) -> tuple[DiehlCookState, NDArray[np.int32]]:
    """The network after the first images of those that are timed, by tectum, and its spike counts."""
    state = DiehlCookState(*(array.copy() for array in trained(n_units)))
    return state, network.learn(circuit(), state, images()[1].X[N_BEFORE : N_BEFORE + n_images], first_key).counts


def write(path: Path, n_images: int, n_units: int, learning: bool) -> None:
    """The problem that an engine is given."""
    parts, state = DIEHL_COOK, trained(n_units)
    neuron, rule, n_steps = parts["neuron"], parts["rule"], int(circuit().encoder.n_steps)
    first = N_BEFORE if learning else 0
    which = np.arange(first, first + n_images) % len(images()[1].X)  # encoding may go round
    values: dict[str, Any] = {name: getattr(neuron, name) for name in ("tau_m", "v_rest", "v_reset", "v_th")}
    values |= {name: getattr(rule, name) for name in ("eta_plus", "eta_minus", "w_max")}
    values |= {"theta_plus": neuron.theta_plus, "refractory": int(circuit().neuron.refractory), "tau": rule.tau_pre}
    values |= {"inhibition": parts["inhibition"].strength, "mean": parts["norm"].mean, "dt": 1.0, "n_steps": n_steps}
    values |= {"chance": float(circuit().encoder.chance), "left": float(recovery(circuit().neuron, n_steps))}
    values |= {"tau_theta": neuron.tau_theta, "seed": 0, "first_key": first, "learning": learning}
    np.savez(path, X=images()[1].X[which], W=state.weights, theta=state.theta, **values)


def score(path: Path, n_images: int, n_units: int, learning: bool) -> dict[str, float]:
    """What an engine's result is worth."""
    with np.load(path) as result:
        counts, W, theta = (result[name] for name in ("counts", "W", "theta"))
    state = DiehlCookState(np.ascontiguousarray(W, np.float32), theta.astype(np.float32))
    start = trained(n_units)
    if not learning:
        own = encoded(n_units, n_images)
        values = {"accuracy": accuracy(start, counts), "accuracy_of_tectum": accuracy(start, own)}
    else:
        (one, own), (other, _) = (learned(n_units, n_images, first_key) for first_key in (N_BEFORE, 2 * N_BEFORE))
        values = {"change_like_tectum": alike(W - start.weights, other.weights - start.weights)}
        values["tectum_like_itself"] = alike(one.weights - start.weights, other.weights - start.weights)
        values |= {"accuracy": accuracy(state), "accuracy_of_tectum": accuracy(one)}
    spikes = {"spikes_per_image": float(counts.sum() / n_images), "spikes_of_tectum": float(own.sum() / n_images)}
    return spikes | values


@functools.cache
def encoded(n_units: int, n_images: int) -> NDArray[np.int32]:
    """Spike counts of tectum, with the first random numbers, for the images that are encoded."""
    X = images()[1].X
    return responses(trained(n_units), X[np.arange(n_images) % len(X)])


def alike(one: NDArray, other: NDArray) -> float:
    """Correlation of two changes of the weights."""
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])


def accuracy(state: DiehlCookState, counts: NDArray | None = None) -> float:
    """Share of images that the neurons name, by labels from others that tectum has shown them.

    The images are those that nobody has learned from; with `counts`, those that an engine has encoded.
    """
    X, y = images()[1]
    half = slice(N_BEFORE, N_BEFORE + N_TIMED)
    labelled = responses(state, X[half])
    if counts is None:
        counts, named = responses(state, X[-N_UNSEEN:]), y[-N_UNSEEN:]
    else:
        named = y[np.arange(len(counts)) % len(y)]
    classes, unit_classes = analysis.label_responders(labelled, y[half])
    return float(np.mean(classes[analysis.vote_of_responders(counts, unit_classes, len(classes))] == named))


def responses(state: DiehlCookState, X: NDArray[np.float32]) -> NDArray[np.int32]:
    """Spike counts in a frozen pass of tectum."""
    return network.respond(circuit(), state, X, np.arange(len(X), dtype=np.uint64), 1).counts
