"""What is asked of a `SpikingDictionary` that has learned, and what is done to it without learning of weights."""

import copy
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from sklearn.utils import gen_batches
from sklearn.utils.validation import check_array, check_is_fitted

from tectum import analysis
from tectum.core.random import seed_from
from tectum.engine.dictionary import network
from tectum.engine.dictionary.loop import DictionaryCircuit
from tectum.models.common import parameters
from tectum.models.common.dictionary_diagnosis import ONE_THRESHOLD
from tectum.models.common.target import find_threshold
from tectum.models.dictionary_events import EventDictionary
from tectum.parts.device_weights import CoarseWeights, hold_state
from tectum.parts.representation import AdaptiveThreshold

BATCH = 4096  # samples whose dense counts are held at a time in a frozen pass
SETTLED = 2048  # samples at most on which `fit` settles the threshold, ...
HALVINGS = 7  # ... to a per cent, ...
OFF = 0.05  # ... if activity is off by more than this share of the target: thresholds that hold stay as they are


class Sparsity(NamedTuple):
    """How few components represent a sample; see `tectum.analysis` for each number."""

    active_units: float  # mean number of components with a spike
    spikes: float  # mean number of spikes
    population: float  # Treves-Rolls sparseness of a sample's counts, small if few components carry them
    lifetime: float  # the same over samples, of a component
    silent_samples: float  # share of the samples without any spike
    dead_units: int  # components that never fire


class LearnedDictionary(EventDictionary):
    """The part of `SpikingDictionary` that needs weights and leaves them as they are."""

    def sparsity(self, X: ArrayLike) -> Sparsity:
        """How many components and spikes represent a sample.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        Sparsity
            Named numbers; NaN where nothing fires. With ``output="drive"`` those of neurons without inhibition.

        Examples
        --------
        >>> sorted(dictionary.sparsity(X))[:2]
        [0.0, 0]
        """
        alone = self.output == "drive"
        counts = np.abs(self._code(X) if alone else np.concatenate([r.counts for r in self._respond(X)]))
        return Sparsity(
            active_units=analysis.active_units(counts),
            spikes=float(counts.sum(axis=1).mean()),
            population=analysis.treves_rolls(counts, axis="population"),
            lifetime=analysis.treves_rolls(counts, axis="lifetime"),
            silent_samples=analysis.silent_share(counts),
            dead_units=analysis.dead_units(counts),
        )

    def adapt_threshold(self, X: ArrayLike) -> Self:
        """Move the threshold until `n_active` neurons represent a sample on average, weights frozen.

        The threshold is set for the training samples. For others, say other photographs, more or fewer neurons may
        fire; here homeostasis continues, without other learning. With ``output="drive"`` the active neurons are those
        whose drive exceeds the threshold, so `n_active` says how dense this code is.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Samples of the new kind, some hundreds at least.

        Returns
        -------
        SpikingDictionary
            The estimator itself.

        Raises
        ------
        ValueError
            If neurons do not explain the input away, or events are learned from.

        Examples
        --------
        >>> dictionary = dictionary.adapt_threshold(X)
        >>> abs(dictionary.sparsity(X).active_units / 3 - 1) < 0.1
        True
        """
        check_is_fitted(self)
        chosen = self.chosen_parts()
        if not isinstance(chosen["competition"], ONE_THRESHOLD):
            raise ValueError(
                "SpikingDictionary.adapt_threshold: competition must be ExplainingAway() or LocalInhibition(), whose "
                f"neurons share a threshold of active neurons, got {chosen['competition']!r}; use partial_fit"
            )
        samples, state = self._samples(X), self._state

        def active(tried: Any) -> float:
            self._state = tried
            return self.sparsity(samples).active_units

        try:
            settled = at_target(chosen["threshold"], state, active)
        finally:
            self._state = state
        self._state = settled
        return self._publish()

    def on_device(self, synapses: CoarseWeights, *, random_state: Any = None) -> Self:
        """A copy whose weights are held by synapses of few states, for inference as a chip would do it.

        Parameters
        ----------
        synapses : CoarseWeights
            Number of states, noise and drift. Each kind of weight of `local` has states over its own range.
        random_state : int, RandomState, Generator or None, default=None
            Rounding and noise.

        Returns
        -------
        SpikingDictionary
            Learned, like this one; `components_` are what its weights stand for.

        Raises
        ------
        ValueError
            If a field of `synapses` is out of range, or this dictionary has not learned.

        Examples
        --------
        >>> from sklearn.datasets import load_digits
        >>> from tectum import SpikingDictionary, parts
        >>> X = load_digits().data / 16
        >>> dictionary = SpikingDictionary(8, n_presentations=500, random_state=0).fit(X)
        >>> held = dictionary.on_device(parts.CoarseWeights(bits=2), random_state=0)
        >>> len(np.unique(held.weights_)) <= 4
        True
        """
        check_is_fitted(self)
        if not isinstance(synapses, CoarseWeights):
            raise ValueError(f"SpikingDictionary.on_device: synapses must be parts.CoarseWeights(), got {synapses!r}")
        parameters.check_part("SpikingDictionary.on_device: synapses", synapses)
        held, rng = copy.deepcopy(self), np.random.default_rng(int(seed_from(random_state)))
        held._state = hold_state(synapses, self._state, rng)
        return held._publish()

    def _check_output(self, competition: Any) -> None:
        if self.output == "drive" and not isinstance(competition, ONE_THRESHOLD):
            raise ValueError(
                "SpikingDictionary.output must be 'counts' or 'first_spike' unless competition is ExplainingAway() or "
                f"LocalInhibition(), whose neurons share a threshold of the drive, got 'drive' with "
                f"{competition!r}; use 'counts'"
            )

    def _respond(self, X: Any) -> Iterator[network.Response]:
        """Responses to batches of samples."""
        X = self._samples(X)
        _, circuit = self._build()

        def respond(X: NDArray[Any]) -> network.Response:
            return network.respond(circuit, self._state, self._inputs(X), self._keys(X))

        return (response for _, response in self._respond_in_parts(X, respond, BATCH))

    def _codes(self, X: Any) -> Iterator[NDArray[np.float32]]:
        """What `transform` gives, batch by batch."""
        if self.output == "drive":
            X = self._samples(X)
            return (self._above_threshold(X[part]) for part in gen_batches(len(X), BATCH))
        if self.output == "counts":
            return (response.counts.astype(np.float32) for response in self._respond(X))
        n_steps = getattr(self.chosen_parts().encoder, "n_steps", 1)
        return (earliness(first, n_steps, counts < 0).astype(np.float32) for counts, first in self._respond(X))

    def _code(self, X: Any) -> NDArray[np.float32]:
        """What `transform` gives, of all samples at once and dense."""
        return np.concatenate(list(self._codes(X)))

    def _restored(self, counts: Any, decode: str = "counts") -> NDArray[np.float64]:
        """Samples from spikes; see `SpikingDictionary.inverse_transform`."""
        counts = check_array(counts, accept_sparse="csr", dtype=np.float64)
        if counts.shape[1] != len(self.components_):
            raise ValueError(
                f"SpikingDictionary.inverse_transform: counts must have {len(self.components_)} columns, one per "
                f"component, got {counts.shape[1]}; pass the output of transform"
            )
        if decode not in ("counts", "winner"):
            raise ValueError(
                f"SpikingDictionary.inverse_transform: decode must be 'counts' or 'winner', got {decode!r}"
            )
        if decode == "winner":
            counts = counts.toarray() if sparse.issparse(counts) else counts
            winner = np.abs(counts).argmax(axis=1)[:, None]
            counts = np.where(np.arange(counts.shape[1]) == winner, counts, 0.0)
        if self.quantum_ is not None:
            return self.quantum_ / getattr(self.chosen_parts().encoder, "n_steps", 1) * (counts @ self.components_)
        total = np.asarray(counts.sum(axis=1)).reshape(-1, 1)
        return (counts @ self.components_) / np.where(total > 0.0, total, 1.0)

    def _above_threshold(self, X: NDArray[Any]) -> NDArray[np.float32]:
        """n_steps max(0, w.x / quantum - theta), ON less OFF."""
        _, circuit = self._build()
        weights = self._state.weights * np.float32(circuit.encoder.n_steps / self.quantum_)
        drive = self._inputs(X) @ weights.T
        above = np.abs(drive) if circuit.competition.signed else drive
        above -= self._state.theta * np.float32(circuit.encoder.n_steps)
        np.maximum(above, np.float32(0.0), out=above)
        return np.copysign(above, drive, out=above) if circuit.competition.signed else above

    def _present_at_random(self, X: NDArray[Any], *draw: Callable[[int], Any]) -> Self:
        some = X[np.linspace(0, len(X) - 1, min(SETTLED, self._planned // 4, len(X))).astype(int)]
        with self._learning("fit", self._planned, self._seen) as advance:
            for rows in self._drawn(len(X), *draw):
                ends = len(some) > 0 and self._seen + len(rows) == self._planned
                self._learn(X[rows], *([some] if ends else []))
                advance(len(rows))
        return self


def at_target(threshold: AdaptiveThreshold, state: Any, active: Callable[[Any], float], *halvings: int) -> Any:
    """The state whose one threshold lets as many neurons be `active` as it aims at."""

    def tried(theta: float) -> Any:
        return state._replace(theta=np.full_like(state.theta, theta))

    first, least = float(state.theta[0]), threshold.minimum
    return tried(find_threshold(lambda theta: active(tried(theta)), threshold.target, first, least, *halvings))


def settled(chosen: Any, circuit: DictionaryCircuit, state: Any, X: NDArray[Any], keys: NDArray[np.uint64]) -> Any:
    """The state with the threshold at which inputs X have as many active neurons as asked for, if they do not.

    While it learns, weights still change, neurons that were silent are more excitable, and the threshold is on its way
    from where it began.
    """
    if not isinstance(chosen["competition"], ONE_THRESHOLD) or chosen["threshold"].rate == 0.0:
        return state

    def active(tried: Any) -> float:
        return analysis.active_units(np.abs(network.respond(circuit, tried, X, keys).counts))

    off = abs(active(state) / chosen["threshold"].target - 1.0)
    return at_target(chosen["threshold"], state, active, HALVINGS) if off > OFF else state


def earliness(first: NDArray[np.int32], n_steps: int, off: Any = False) -> NDArray[np.float64]:
    """1 for a first spike at once, falling to 0 for none; negative where OFF neurons fire."""
    return np.where(first < 0, 0.0, 1.0 - first / n_steps) * np.where(off, -1.0, 1.0)
