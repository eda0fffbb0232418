"""`SpikingReadout`, a classifier of spikes that learns at its synapses from a teacher's spikes."""

from collections.abc import Iterator
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_consistent_length, column_or_1d

from tectum.core.random import keys_of_rows, seed_from
from tectum.engine import readout
from tectum.engine.readout import ReadoutCircuit, ReadoutState
from tectum.models.common import parameters, schema
from tectum.models.common.atomic import all_or_nothing
from tectum.models.common.base import COMMON, POSITIVE, WHOLE, Costs, SpikingEstimator, part_constraints
from tectum.models.common.class_labels import class_labels
from tectum.models.common.diagnosis import Diagnosis, responders
from tectum.models.common.recording import Recording
from tectum.models.common.samples import unmasked
from tectum.models.common.scaling import FeatureScaling, scaling_of
from tectum.models.spiking_dictionary import STEP_MS
from tectum.parts.traces import input_trace

BATCH = 1024  # samples of a frozen pass until progress is shown


class SpikingReadout(ClassifierMixin, SpikingEstimator):
    """One neuron for each class, taught by supervised STDP: what reads the spikes of a layer, in spikes.

    Each feature is an input that fires regularly, with a rate in proportion to its value within its range; one more
    always fires. An integrate-and-fire neuron sums its inputs with weights of either sign, fires at a potential of 1
    and keeps what is beyond. While it learns, a teacher asks the neuron of the class for some spikes, and all others
    for none. A spike that is asked for and does not come adds the traces of the inputs to the weights, one that comes
    unasked takes them off: weights know nothing but their own input, their own neuron and its teacher.

    A sample belongs to the class whose neuron fires most; of equals, to the one that fired first.

    Parameters
    ----------
    n_passes : int, default=10
        Passes of `fit` over the samples, each in an order of its own.
    encoder : RegularSpikes, BernoulliSpikes or None
        How inputs fire, and for how many steps.
    rule : SupervisedSTDP or None
        Plasticity, or parameters of a rule of your own.
    gain : float or None, default=None
        What a spike adds to a membrane through a weight of 1. None: so much that a correction by a rule with
        ``eta = 1`` at the end of a presentation moves the answer to the same sample, on average over the first data, by
        one spike. Then `rule.eta` need not follow the number of inputs or their rates.
    input_range : (low, high) or None, default=None
        Values, each a number or one per feature, at which an input is silent and at which it fires in each step; those
        beyond are clipped. None: the range of each feature in the data given to `fit` or the first `partial_fit`.
    warm_start : bool, default=False
        If True, `fit` continues an interrupted `fit` on the same data.
    random_state : int, RandomState, Generator or None, default=None
        Order of the samples, and spikes of `BernoulliSpikes`. Weights start at 0.
    verbose : bool, default=False
        Show a progress bar.
    n_jobs : int or None, default=None
        Threads for frozen passes; learning is sequential. Results do not depend on it.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels, in sorted order.
    weights_ : ndarray of shape (n_classes, n_features), float32
        Learned weights; 0 for features that did not vary.
    bias_ : ndarray of shape (n_classes,), float32
        Weights of the input that always fires.
    gain_ : float
        As chosen from the data.
    spike_counts_ : ndarray of shape (n_classes,), int64
        Spikes of each neuron during learning.
    n_presentations_seen_ : int
        Samples presented so far.
    n_features_in_, feature_names_in_
        As in scikit-learn.

    See Also
    --------
    SpikingDictionary : a layer of spikes to read from.
    DiehlCook : neurons that learn without labels and are given them afterwards.

    References
    ----------
    Ponulak & Kasinski (2010). Supervised learning in spiking neural networks with ReSuMe. Neural Computation 22,
    467-510. doi:10.1162/neco.2009.11-08-901

    Tavanaei & Maida (2019). BP-STDP: Approximating backpropagation using spike timing dependent plasticity.
    Neurocomputing 330, 39-47. doi:10.1016/j.neucom.2018.11.014

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.pipeline import make_pipeline
    >>> from tectum import SpikingDictionary, SpikingReadout
    >>> X, y = load_digits(return_X_y=True)
    >>> layer = SpikingDictionary(64, n_active=6, n_presentations=5000, random_state=0)
    >>> net = make_pipeline(layer, SpikingReadout(random_state=0)).fit(X[:1200], y[:1200])
    >>> bool(net.score(X[1200:], y[1200:]) > 0.85)
    True
    """

    _parameter_constraints = {  # noqa: RUF012  scikit-learn reads it from the class
        **COMMON,
        **part_constraints(parameters.READOUT, "encoder", "rule"),
        "n_passes": [WHOLE],
        "gain": [POSITIVE, None],
        "input_range": [tuple, list, None],
    }

    _recommended = parameters.READOUT
    _records = {"_state": ReadoutState, "_scaling": FeatureScaling}  # noqa: RUF012  constant
    _arrays = ("spike_counts_",)
    _numbers = ("gain_", "_planned", "_seen")
    _output = "classes_"
    _precisions = ("float32",)
    _schema = schema.spiking_readout

    classes_: NDArray[Any]

    def __init__(
        self,
        *,
        n_passes: int = 10,
        encoder: Any = None,
        rule: Any = None,
        gain: Any = None,
        input_range: Any = None,
        warm_start: bool = False,
        random_state: Any = None,
        verbose: bool = False,
        n_jobs: int | None = None,
    ) -> None:
        self.n_passes = n_passes
        self.encoder = encoder
        self.rule = rule
        self.gain = gain
        self.input_range = input_range
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose
        self.n_jobs = n_jobs

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:  # type: ignore[override]  # labels are needed
        """Learn from each sample and its label `n_passes` times.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Samples, for instance spike counts of a dictionary.
        y : array-like of shape (n_samples,)
            Labels.

        Returns
        -------
        SpikingReadout
            The estimator itself.

        Raises
        ------
        ValueError
            If X is not a finite numerical table in which a feature varies, y does not hold a label for each sample,
            or a parameter is out of range.

        Examples
        --------
        >>> net.fit(X, y).weights_.shape
        (10, 64)
        """
        going_on = self.warm_start and self._has_started()
        with all_or_nothing(self):
            samples, labels = self._begin_with(X, y, None if going_on else y, going_on=going_on, fitting=True)
        with self._learning("fit", self._planned, self._seen) as advance:
            for rows in self._laps(len(samples), shuffle=True):
                self._learn(samples[rows], labels[rows])
                advance(len(rows))
        return self

    def partial_fit(self, X: ArrayLike, y: ArrayLike, classes: ArrayLike | None = None) -> Self:  # type: ignore[override]
        """Continue learning: present each sample once, in the order given.

        A stream in one call or in many gives the same model to the last bit; but without `fit` before, the first call
        sets the range of the input and the gain.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Samples, at least one.
        y : array-like of shape (n_samples,)
            Labels.
        classes : array-like of shape (n_classes,), optional
            All labels that will occur; needed in the first call, unless `fit` came before.

        Returns
        -------
        SpikingReadout
            The estimator itself.

        Raises
        ------
        ValueError
            As `fit`, or if a label is not among the classes.

        Examples
        --------
        >>> net.partial_fit(X[:20], y[:20]).n_presentations_seen_
        2020
        """
        going_on = self._has_started()
        if not going_on and classes is None:
            raise ValueError(
                "SpikingReadout.partial_fit: classes must be passed on the first call to partial_fit, got None; pass "
                "all labels that will occur"
            )
        with all_or_nothing(self):
            samples, labels = self._begin_with(X, y, classes, going_on=going_on, fitting=False)
        with self._learning("partial_fit", len(samples)) as advance:
            done = 0
            for chunk in self._in_order(samples):
                self._learn(chunk, labels[done : done + len(chunk)])
                advance(len(chunk))
                done += len(chunk)
        return self

    def transform(self, X: ArrayLike) -> NDArray[np.float32]:
        """Spikes of each neuron in response to each sample, weights frozen.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_classes), float32
            Spike counts. They depend on the sample and `random_state` alone.

        Examples
        --------
        >>> net.transform(X).shape
        (200, 10)
        """
        return np.concatenate([response.counts for response in self._respond(X)]).astype(np.float32)

    def decision_function(self, X: ArrayLike) -> NDArray[np.float64]:
        """Spikes of the neuron of each class, less the share of the presentation that passed until the first one.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            From 0 for none; of two classes that of the second less that of the first, of shape (n_samples,).

        Examples
        --------
        >>> net.decision_function(X).shape
        (200, 10)
        """
        scores = self._scores(X)
        return scores[:, 1] - scores[:, 0] if len(self.classes_) == 2 else scores

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """The class whose neuron fires most, of equals the one that fired first.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,)
            Labels; where no neuron fires, the first of `classes_`.

        Examples
        --------
        >>> net.predict(X).shape
        (200,)
        """
        scores = self._scores(X)
        return self.classes_[scores.argmax(axis=1)]

    def record(self, X: ArrayLike) -> Recording:
        """All spikes of the inputs and of the neurons (``units``) to samples one after another, weights frozen.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        Recording
            A step counts as 3 ms. Inputs are the features that vary, in their order, and the one that always fires.

        Examples
        --------
        >>> sorted(net.record(X[:1]).spikes)
        ['inputs', 'units']
        """
        X = self._samples(X)
        circuit = self._build()
        trains = readout.record(circuit, self._state, self._inputs(X), keys_of_rows(X), STEP_MS)
        return Recording(trains, presentation_ms=int(circuit.encoder.n_steps) * STEP_MS, n_presentations=len(X))

    def _costs(self, X: Any) -> Costs:
        """A spike of an input passes a synapse to each neuron; those of neurons leave the network."""
        n, n_steps = len(self.classes_), int(self._build().encoder.n_steps)
        return self.record(X).spikes, {"inputs": n, "units": 0}, n * n_steps, ("inputs",)

    def diagnose(self, X: ArrayLike) -> Diagnosis:
        """Look for classes that are never chosen, samples without a spike, and samples that are nearly a tie.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        Diagnosis
            Values are those of `silent_neurons`, `never_winning` (numbers of neurons), `silent_samples`,
            `largest_share`, `ties` (shares of samples; a tie is decided by the first spike), `responding`, `spikes`
            (means). Print it for a table; its `warnings` name a remedy each.
        """
        counts = self.transform(X)
        values, rows, warnings = responders(counts, "read-out")
        highest = np.sort(counts, axis=1)[:, -2:]
        fired = highest[:, -1] > 0.0
        values["ties"] = (
            float((highest[fired, 0] == highest[fired, -1]).mean()) if counts.shape[1] > 1 and fired.any() else 0.0
        )
        values["spikes"] = float(counts.sum(axis=1).mean())
        rows += [
            ("samples that the first spike decides", f"{values['ties']:.1%}"),
            ("spikes per sample", f"{values['spikes']:.1f}"),
        ]
        warnings = [
            line.format(hog="pass samples of all classes, or raise rule.target") for line in warnings if "{hog}" in line
        ]
        if values["silent_samples"] > 0.05:
            warnings.append(
                f"no neuron fires for {values['silent_samples']:.0%} of the samples: raise rule.target or n_passes, or "
                "set input_range to the values that occur"
            )
        if values["ties"] > 0.2:
            warnings.append(
                f"{values['ties']:.0%} of the samples are decided by the first spike: raise rule.target, and "
                "encoder.n_steps with it"
            )
        return Diagnosis(values, rows, warnings)

    # -- how it runs

    def _begin_with(
        self, X: Any, y: Any, classes: Any, *, going_on: bool, fitting: bool
    ) -> tuple[NDArray[Any], NDArray[np.int64]]:
        """Samples, and the neuron of each; a new state for these classes unless learning goes on."""
        samples = self._validate(X, reset=not going_on)
        y = self._labels_of(samples, y)
        if classes is not None:
            found = np.unique(class_labels("SpikingReadout: classes", column_or_1d(classes)))
            if going_on and not np.array_equal(found, self.classes_):
                raise ValueError(
                    f"SpikingReadout: classes must stay {self.classes_.tolist()}, got {found.tolist()}; leave them "
                    "out, or begin with a new estimator"
                )
            if not going_on:
                self.classes_ = found
        unknown = np.setdiff1d(y, self.classes_)
        if len(unknown):
            raise ValueError(
                f"SpikingReadout: y must hold labels of classes {self.classes_.tolist()}, got {unknown.tolist()} too; "
                "pass all of them as classes when learning begins"
            )
        if not going_on:
            self._set_out(samples, fitting)
        return samples, np.searchsorted(self.classes_, y).astype(np.int64)

    def _labels_of(self, X: NDArray[Any], y: Any) -> NDArray[Any]:
        if y is None:
            raise ValueError(
                "SpikingReadout requires y to be passed, but the target y is None; give a label for each sample "
                "(--target NAME)"
            )
        y = class_labels("SpikingReadout: y", column_or_1d(unmasked(y), warn=True))
        check_classification_targets(y)
        check_consistent_length(X, y)
        return y

    def chosen_parts(self) -> Any:
        chosen = super().chosen_parts()
        target, n_steps = getattr(chosen["rule"], "target", 0.0), getattr(chosen["encoder"], "n_steps", np.inf)
        if target > n_steps:
            raise ValueError(
                f"SpikingReadout.rule.target must be at most encoder.n_steps = {n_steps}, got {target!r}: a neuron "
                "fires once in a step; ask for fewer spikes, or show samples for longer"
            )
        return chosen

    def _plan(self, n_samples: int | None) -> int:
        return self.n_passes * (n_samples or 0)

    def _start(self, X: NDArray[Any]) -> None:
        """The range of the features, the gain, and weights of 0."""
        self._scaling = scaling_of(X.astype(np.float64), self.input_range, X.shape[1], "SpikingReadout")
        self._seed = seed_from(self.random_state)
        self.gain_ = 1.0
        step = self._build().rule  # parts that do not fit are refused before there is a state
        inputs, n_steps = self._inputs(X), self.chosen_parts().encoder.n_steps
        together = float(np.square(inputs, dtype=np.float64).sum(axis=1).mean())
        trace = sum(float(input_trace(step, lag)) for lag in range(n_steps))  # of an input that fires in each step
        self.gain_ = float(self.gain or 1.0 / (n_steps * trace * together))
        self._state = ReadoutState(np.zeros((inputs.shape[1], len(self.classes_)), np.float32))
        self._seen = 0
        self.spike_counts_ = np.zeros(len(self.classes_), np.int64)

    def _check_contracts(self) -> None:
        self._build()

    def _build(self) -> ReadoutCircuit:
        """The layer in the form that runs."""
        chosen = self.chosen_parts()
        return readout.build_circuit(chosen.encoder, chosen.rule, self.gain_, int(self._seed))

    def _inputs(self, X: NDArray[Any]) -> NDArray[np.float32]:
        """Rates of the inputs in spikes per step, the last one of which always fires."""
        unit = np.clip(self._scaling.unit(X.astype(np.float64)), 0.0, 1.0)
        return np.concatenate([unit, np.ones((len(X), 1))], axis=1).astype(np.float32)

    def _learn(self, X: NDArray[Any], labels: NDArray[np.int64]) -> None:  # type: ignore[override]
        """Present samples one after another."""
        state = ReadoutState(self._state.weights.copy())
        counts = readout.learn(self._build(), state, self._inputs(X), labels, self._seen).counts
        self._commit(_state=state, _seen=self._seen + len(X), spike_counts_=self.spike_counts_ + counts.sum(axis=0))

    def _respond(self, X: Any) -> Iterator[readout.Response]:
        """Responses to batches of samples."""
        X = self._samples(X)
        circuit = self._build()

        def respond(X: NDArray[Any]) -> readout.Response:
            return readout.respond(circuit, self._state, self._inputs(X), keys_of_rows(X))

        return (response for _, response in self._respond_in_parts(X, respond, BATCH))

    def _scores(self, X: Any) -> NDArray[np.float64]:
        """Spike counts (n_samples, n_classes), less the share of the presentation until the first spike."""
        found = list(self._respond(X))
        n_steps = int(self._build().encoder.n_steps)
        counts, first = (np.concatenate([getattr(r, name) for r in found]) for name in ("counts", "first"))
        return counts - np.where(first < 0, 0.0, (first + 1.0) / (n_steps + 1.0))

    def _readout(self) -> str:
        return "units"

    def _publish(self) -> Self:
        weights, varies = self._state.weights, self._scaling.varies
        self.weights_ = np.zeros((len(self.classes_), self.n_features_in_), np.float32)
        self.weights_[:, varies] = weights[:-1].T
        self.bias_ = weights[-1]
        return self

    def _get_state(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        arrays, header = super()._get_state()
        return arrays, header | {"classes": self.classes_.tolist()}

    def _set_state(self, arrays: dict[str, np.ndarray], header: dict[str, Any]) -> None:
        self.classes_ = np.array(header["classes"])
        super()._set_state(arrays, header)
