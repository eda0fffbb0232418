"""`DiehlCook`, the standard network of unsupervised digit recognition, after Diehl & Cook (2015)."""

import warnings
from collections.abc import Iterable, Iterator
from typing import Any, Self

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.validation import check_array, check_consistent_length, check_is_fitted

from tectum import analysis
from tectum.core import devices
from tectum.core.memory import check_room
from tectum.core.random import keys_of_rows, seed_from
from tectum.engine.standard import network
from tectum.engine.standard.loop import DiehlCookCircuit, DiehlCookState
from tectum.models.common import parameters, schema
from tectum.models.common.atomic import all_or_nothing
from tectum.models.common.base import COMMON, POSITIVE, WHOLE, Costs, part_constraints
from tectum.models.common.class_labels import class_labels
from tectum.models.common.diagnosis import Diagnosis, diagnose_responders
from tectum.models.common.progress import progress_bar
from tectum.models.common.recording import Recording
from tectum.models.common.samples import unmasked
from tectum.models.common.scaling import unit_range, unit_values
from tectum.models.exchange.export import NirExport
from tectum.models.exchange.standard import SUBSTEPS, export_standard
from tectum.models.responder_events import EventResponder
from tectum.parts.neurons import threshold

BATCH = 4096  # samples of a frozen pass until progress is shown
PIXELS = 784  # inputs for which the constants of the neurons were made
RECOVERY = 100  # presentations that adaptation must outlast
UNLABELLED = (
    "This %(name)s must have learned, and its neurons must have labels; call fit(X, y), or assign_labels(X, y) with "
    "training data once it has learned"
)


class DiehlCook(EventResponder):
    """Neurons with adaptive thresholds that inhibit each other and learn typical inputs by STDP.

    Each feature is an input that fires at random with a rate in proportion to its value. All inputs drive all neurons.
    A neuron that fires inhibits the others, raises its own threshold, and moves its weights towards the inputs that
    have just fired. The weights of each neuron have a constant sum. Labels play no part in learning; `fit` and
    `assign_labels` use them only afterwards, to label the neurons.

    This is the simplified form of the network that simulators are compared with (`DiehlAndCook2015v2` of BindsNET):
    weights are jumps of the membrane in mV, the inhibitory neurons are merged into lateral inhibition, only one of the
    neurons at threshold fires in a step, steps are 1 ms, and everything but weights and thresholds is reset
    with each sample instead of resting for 150 ms. The user guide says what comes from where. ``rule=TargetSTDP()`` is
    the rule of the paper, which classifies better.

    Parts left at None are those of the default.

    Parameters
    ----------
    n_neurons : int, default=100
        Number of neurons.
    n_passes : int, default=1
        Passes of `fit` over the samples.
    shuffle : bool, default=False
        Present the samples of each pass in random order instead of the order given.
    encoder : PoissonSpikes or None
        Rate of the inputs and duration of a presentation.
    retry : MoreInput or None
        When a sample is shown again with higher rates, in frozen passes, too.
    neuron : AdaptiveLIF or None
        The neurons, or parameters of a neuron of your own.
    inhibition : LateralInhibition or None
        What a spike does to all other neurons.
    rule : PostPreSTDP, TargetSTDP or None
        Plasticity, or parameters of a rule of your own.
    norm : MeanNorm or None
        Mean weight of a neuron, to which the weights of those that fired are scaled after each presentation.
    gain : float or None, default=None
        mV by which a spike moves a membrane through a weight of 1. None is 784 / n_features, so that the constants,
        which were made for images of 784 pixels, suit fewer or more.
    dt : float, default=1.0
        Time step in ms.
    input_range : (float, float) or None, default=None
        Values at which an input is silent and at which it fires at the full rate; values beyond are clipped. None:
        from the smallest value of the data given to `fit` or the first `partial_fit`, or 0 if none is negative, to
        the largest.
    warm_start : bool, default=False
        If True, `fit` continues an interrupted `fit` on the same data.
    random_state : int, RandomState, Generator or None, default=None
        Initial weights, order of the samples and input spikes.
    verbose : bool, default=False
        Show a progress bar.
    n_jobs : int or None, default=None
        Threads for frozen passes; learning is sequential. Results do not depend on it.
    engine : {"cpu", "cuda"}, default="cpu"
        What runs frozen passes and `fit_replicas`; all else runs on the CPU. "cuda" needs the extra ``gpu`` and a
        device of NVIDIA.

    Attributes
    ----------
    weights_ : ndarray of shape (n_neurons, n_features), float32
        Learned weights.
    thresholds_ : ndarray of shape (n_neurons,), float64
        Thresholds of the neurons in mV.
    spike_counts_ : ndarray of shape (n_neurons,), int64
        Spikes of each neuron during learning.
    n_presentations_seen_, n_shown_ : int
        Samples presented so far, and times that they were shown.
    input_range_ : tuple of float
    gain_ : float
        As chosen from the data.
    classes_ : ndarray of shape (n_classes,)
        Labels, in sorted order; only with labels.
    unit_classes_ : ndarray of shape (n_neurons,), int64
        Index in `classes_` of the label of each neuron, -1 for neurons that answer no sample; only with labels.
    n_features_in_, feature_names_in_
        As in scikit-learn.

    References
    ----------
    Diehl & Cook (2015). Unsupervised learning of digit recognition using spike-timing-dependent plasticity. Frontiers
    in Computational Neuroscience 9, 99. doi:10.3389/fncom.2015.00099

    Hazan et al. (2018). BindsNET: a machine learning-oriented spiking neural networks library in Python. Frontiers in
    Neuroinformatics 12, 89. doi:10.3389/fninf.2018.00089

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from tectum import DiehlCook
    >>> X, y = load_digits(return_X_y=True)
    >>> net = DiehlCook(n_neurons=50, random_state=0).fit(X[:1500], y[:1500])
    >>> net.predict(X[1500:]).shape
    (297,)
    """

    _parameter_constraints = {  # noqa: RUF012  scikit-learn reads it from the class
        **COMMON,
        **part_constraints(parameters.DIEHL_COOK, "encoder", "retry", "neuron", "inhibition", "rule"),
        "n_neurons": [WHOLE],
        "n_passes": [WHOLE],
        "shuffle": ["boolean"],
        "gain": [POSITIVE, None],
        "dt": [POSITIVE],
        "input_range": [tuple, list, None],
        "engine": [StrOptions(set(devices.ENGINES))],
    }

    _recommended = parameters.DIEHL_COOK
    _records = {"_state": DiehlCookState}  # noqa: RUF012  constant
    _arrays = ("spike_counts_",)
    _output = "weights_"
    _precisions = ("float32",)
    _numbers = ("input_range_", "gain_", "n_shown_", "_planned", "_seen")
    _schema = schema.diehl_cook

    def __init__(
        self,
        n_neurons: int = 100,
        *,
        n_passes: int = 1,
        shuffle: bool = False,
        encoder: Any = None,
        retry: Any = None,
        neuron: Any = None,
        inhibition: Any = None,
        rule: Any = None,
        norm: Any = None,
        gain: Any = None,
        dt: float = 1.0,
        input_range: Any = None,
        warm_start: bool = False,
        random_state: Any = None,
        verbose: bool = False,
        n_jobs: int | None = None,
        engine: str = "cpu",
    ) -> None:
        self.n_neurons = n_neurons
        self.n_passes = n_passes
        self.shuffle = shuffle
        self.encoder = encoder
        self.retry = retry
        self.neuron = neuron
        self.inhibition = inhibition
        self.rule = rule
        self.norm = norm
        self.gain = gain
        self.dt = dt
        self.input_range = input_range
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose
        self.n_jobs = n_jobs
        self.engine = engine

    def fit(self, X: ArrayLike, y: ArrayLike | None = None) -> Self:
        """Learn from each sample `n_passes` times.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Samples, for instance flattened images; the smallest value is silence.
        y : array-like of shape (n_samples,), optional
            Labels. Learning does not see them; `assign_labels` does, when it is over.

        Returns
        -------
        DiehlCook
            The estimator itself.

        Raises
        ------
        ValueError
            If X is not a finite numerical table, holds the same value everywhere, or a parameter is out of range.

        Warns
        -----
        UserWarning
            If no neuron fires for most samples.

        Examples
        --------
        >>> net.fit(X, y).weights_.shape
        (16, 64)
        """
        with all_or_nothing(self):
            X = self._begin(X, going_on=self.warm_start and self._has_started(), fitting=True)
            if y is not None:
                y = self._validate_labels(X, y)
        with self._learning("fit", self._planned, self._seen) as advance:
            for rows in self._drawn(len(X)):
                self._learn(X[rows])
                advance(len(rows))
        return self if y is None else self._assign(X, y)

    def fit_replicas(self, X: ArrayLike, seeds: Iterable[Any]) -> list[Self]:
        """Fit copies of this network that differ in `random_state`, on a CUDA device all at once.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Samples.
        seeds : iterable
            `random_state` of each copy.

        Returns
        -------
        list of DiehlCook
            What ``clone(self).set_params(random_state=seed, verbose=False).fit(X)`` gives for each seed.

        Raises
        ------
        ValueError
            As `fit`, or if there are no seeds.

        Warns
        -----
        UserWarning
            As `fit`.

        Examples
        --------
        >>> import tectum
        >>> X = tectum.datasets.load("digits").data[:50] / 16
        >>> len(tectum.DiehlCook(8).fit_replicas(X, seeds=[0, 1]))
        2
        """
        replicas = [clone(self).set_params(random_state=seed, verbose=False) for seed in seeds]
        if not replicas:
            raise ValueError("DiehlCook.fit_replicas: seeds must hold one seed at least, got none; pass range(10)")
        if self.engine == "cpu":
            in_threads = Parallel(n_jobs=self.n_jobs, require="sharedmem", return_as="generator")
            with progress_bar(len(replicas), "fit", self.verbose, unit="networks") as advance:
                for _ in in_threads(delayed(net.fit)(X) for net in replicas):
                    advance(1)
            return replicas
        for net in replicas:
            checked = net._begin(X, going_on=False, fitting=True)
        first = replicas[0]
        try:
            with progress_bar(first._planned, "fit", self.verbose) as advance:
                for rows in zip(*(net._drawn(len(checked)) for net in replicas), strict=True):
                    chosen = np.stack(rows)
                    _learn_together(replicas, checked, chosen)
                    advance(chosen.shape[1])
        finally:  # as in `fit`
            for net in replicas:
                net._publish()
        return replicas

    def transform(self, X: ArrayLike) -> NDArray[np.float32]:
        """Spikes of each neuron in response to each sample, weights and thresholds frozen.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_neurons), float32
            Spike counts. They depend on the sample and `random_state` alone.

        Examples
        --------
        >>> net.transform(X).shape
        (200, 16)
        """
        return self._responses(self._samples(X))

    def assign_labels(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Give each neuron the label to whose samples it fires most on average.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Training samples.
        y : array-like of shape (n_samples,)
            Their labels.

        Returns
        -------
        DiehlCook
            The estimator itself.

        Raises
        ------
        ValueError
            If X and y do not fit each other.

        Examples
        --------
        >>> net.assign_labels(X, y).classes_.shape
        (10,)
        """
        X = self._samples(X)
        return self._assign(X, self._validate_labels(X, y))

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """The label whose neurons fire most on average.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,)
            Labels; in a tie, or if no neuron fires, the first of the tied `classes_`.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the neurons have no labels.

        Examples
        --------
        >>> net.predict(X).shape
        (200,)
        """
        check_is_fitted(self, ["weights_", "unit_classes_"], msg=UNLABELLED)
        X = self._validate(X)
        votes = analysis.vote_of_responders(self._responses(X), self.unit_classes_, len(self.classes_))
        return self.classes_[votes]

    def score(self, X: ArrayLike, y: ArrayLike) -> float:
        """Share of samples whose label `predict` finds.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)

        Returns
        -------
        float

        Examples
        --------
        >>> net.score(X, y) > 0.2
        True
        """
        return float(np.mean(self.predict(X) == np.asarray(y)))

    def record(self, X: ArrayLike) -> Recording:
        """All spikes of the inputs and of the neurons (``units``) to samples one after another, weights frozen.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        Recording
            Of each sample when it was last shown.

        Examples
        --------
        >>> sorted(net.record(X[:1]).spikes)
        ['inputs', 'units']
        """
        X = self._samples(X)
        circuit = self._build()
        trains = network.record(circuit, self._state, self._inputs(X), keys_of_rows(X), self.dt)
        return Recording(trains, presentation_ms=int(circuit.encoder.n_steps) * self.dt, n_presentations=len(X))

    def _costs(self, X: Any) -> Costs:
        """A spike of an input passes a synapse to each neuron, one of a neuron inhibits all others."""
        n, recording = self.n_neurons, self.record(X)
        n_steps = round(recording.presentation_ms / self.dt)
        return recording.spikes, {"inputs": n, "units": n - 1}, n * n_steps, ("inputs",)

    def diagnose(self, X: ArrayLike) -> Diagnosis:
        """Look for neurons that never fire or never win, saturated weights, and samples without a spike.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        Diagnosis
            Print it for a table; its `warnings` name a remedy each.
        """
        counts, highest = self.transform(X), getattr(self.chosen_parts().rule, "w_max", None)
        shown = self.n_shown_ / max(1, self._seen)
        return diagnose_responders(counts, self.weights_, highest, self.spike_counts_, shown, self.thresholds_)

    def to_nir(self, X: ArrayLike | None = None, *, substeps: int = SUBSTEPS) -> NirExport:
        """The network with frozen weights and thresholds for other simulators and chips; needs the extra ``nir``.

        Only the strongest of the neurons at threshold may fire in a step, which NIR cannot express.
        So each step of the model becomes a race: a clock, one of three inputs after the features, lowers all
        potentials, and as they rise again, the strongest reaches its threshold first and inhibits the others.
        NIR has no refractory period; instead an inhibition keeps the neuron from firing, and a spike without
        targets resets it at the end.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), optional
            Samples on which the graph is compared with `transform`, given the same input spikes.
        substeps : int, default=128
            Of each race. Fewer cost less and let more neurons fire together.

        Returns
        -------
        NirExport
            The graph, its grade and its reasons.

        Raises
        ------
        ValueError
            If neurons or inhibition are of another kind than the default.
        ImportError
            If the package nir is not installed.
        """
        check_is_fitted(self)
        return export_standard(self, X, substeps)

    def _validate(self, X: Any, *, reset: bool = False, least: int = 1) -> NDArray[Any]:
        X = super()._validate(X, reset=reset, least=least)
        obstacle = devices.obstacle() if self.engine == "cuda" else None
        if obstacle:
            raise ValueError("DiehlCook.engine must be 'cpu', since {}, got 'cuda'; {}".format(*obstacle))
        return X

    def _validate_labels(self, X: NDArray[Any], y: Any) -> NDArray[Any]:
        y = check_array(unmasked(y), ensure_2d=False, dtype=None, input_name="y")
        if y.ndim != 1:
            raise ValueError(
                f"DiehlCook: y must be of shape (n_samples,), got {y.shape}; pass one label for each sample"
            )
        check_consistent_length(X, y)
        return class_labels("DiehlCook: y", y)

    def chosen_parts(self) -> Any:
        chosen = super().chosen_parts()
        if chosen["norm"].trim != 0.0:
            raise ValueError(
                f"DiehlCook.norm.trim must be 0, got {chosen['norm'].trim!r}; this network scales weights alone"
            )
        lasting, duration = getattr(chosen["neuron"], "tau_theta", np.inf), getattr(chosen["encoder"], "duration", 0.0)
        if lasting < RECOVERY * duration:
            raise ValueError(
                f"DiehlCook.neuron.tau_theta must be at least {RECOVERY} times encoder.duration, since adaptation "
                f"recovers once in a presentation, got {lasting} and {duration} ms; use a larger one"
            )
        shortest = min((value for part in chosen.values() for value in _time_constants(part)), default=np.inf)
        if self.dt >= shortest:
            raise ValueError(
                f"DiehlCook.dt must be below every time constant and the duration of a presentation, got {self.dt} ms "
                f"and {shortest} ms; use a smaller step"
            )
        return chosen

    def _plan(self, n_samples: int | None) -> int:
        return self.n_passes * (n_samples or 0)

    def _start(self, X: NDArray[Any]) -> None:
        """Weights and thresholds before learning, and the scale of the input."""
        chosen = self.chosen_parts()
        self.input_range_ = unit_range(X, self.input_range, "DiehlCook")
        self.gain_ = float(self.gain or PIXELS / X.shape[1])
        n_features = X.shape[1]
        check_room("DiehlCook.n_neurons", self.n_neurons, self.n_neurons, lambda n: n * (12 * n_features + 100))
        self._seed = seed_from(self.random_state)
        self._build()  # parts that do not fit are refused before there is a state
        self._state = network.initial_state(X.shape[1], self.n_neurons, chosen["norm"].mean, int(self._seed))
        self._seen = self.n_shown_ = 0
        self.spike_counts_ = np.zeros(self.n_neurons, np.int64)
        self._forget_labels()

    def _forget_labels(self) -> None:
        for name in ("classes_", "unit_classes_"):
            if hasattr(self, name):
                delattr(self, name)

    def _check_contracts(self) -> None:
        self._build()

    def _build(self) -> DiehlCookCircuit:
        """The network in the form that runs."""
        chosen = self.chosen_parts()
        parts = (chosen[name] for name in network.DiehlCookParts._fields)
        return network.build_circuit(self.gain_, float(self.dt), int(self._seed), *parts)

    def _inputs(self, X: NDArray[Any]) -> NDArray[np.float32]:
        """Values of the inputs, from 0 to 1."""
        return unit_values(X, self.input_range_)

    def _drawn(self, n_samples: int, draw: Any = None) -> Iterator[Any]:
        """Samples of the presentations of `fit` that are left, lap by lap."""
        return self._laps(n_samples, self.shuffle)

    def _learn(self, X: NDArray[Any]) -> None:
        """Present samples one after another."""
        circuit = self._build()
        state = DiehlCookState(*(array.copy() for array in self._state))
        self._take(state, network.learn(circuit, state, self._inputs(X), self._seen))

    def _take(self, state: DiehlCookState, response: network.Response) -> None:
        """Go on from the state that was learned from a chunk."""
        n_presented = len(response.shown)
        spikes, shown = self.spike_counts_ + response.counts.sum(axis=0), self.n_shown_ + int(response.shown.sum())
        self._commit(_state=state, _seen=self._seen + n_presented, n_shown_=shown, spike_counts_=spikes)
        silent = float((response.counts.sum(axis=1) == 0).mean())
        if silent > 0.5 and n_presented == self._chunk():
            warnings.warn(
                f"DiehlCook: no neuron fires for {silent:.0%} of the last {n_presented} samples; raise gain (now "
                f"{self.gain_:.3g} mV) or encoder.rate, or set input_range to the values that occur",
                stacklevel=4,
            )

    def _responses(self, X: NDArray[Any]) -> NDArray[np.float32]:
        """Spike counts (n_samples, n_neurons)."""
        circuit = self._build()
        counts = np.empty((len(X), len(self.weights_)), np.float32)
        with progress_bar(len(X), "respond", self.verbose, unit="samples") as advance:
            for start in range(0, len(X), BATCH):
                part = X[start : start + BATCH]
                inputs, keys = self._inputs(part), keys_of_rows(part)
                response = network.respond(circuit, self._state, inputs, keys, self.n_jobs, self.engine)
                counts[start : start + BATCH] = response.counts
                advance(len(part))
        return counts

    def _assign(self, X: NDArray[Any], y: NDArray[Any]) -> Self:
        self.classes_, self.unit_classes_ = analysis.label_responders(self._responses(X), y)
        return self

    def _publish(self) -> Self:
        self.weights_ = self._state.weights.T
        neuron, theta = self._build().neuron, self._state.theta.astype(np.float64)
        self.thresholds_ = np.array([threshold(neuron, a) for a in theta])
        return self

    def _get_state(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        arrays, header = super()._get_state()
        if hasattr(self, "unit_classes_"):
            arrays["unit_classes_"] = self.unit_classes_
            header["classes"] = self.classes_.tolist()
        return arrays, header

    def _set_state(self, arrays: dict[str, np.ndarray], header: dict[str, Any]) -> None:
        super()._set_state(arrays, header)
        if "unit_classes_" in arrays:
            self.classes_, self.unit_classes_ = np.array(header["classes"]), arrays["unit_classes_"]


def _learn_together(nets: list[DiehlCook], X: NDArray[Any], chosen: NDArray[np.intp]) -> None:
    """Present to each network the samples that were chosen for it (n_networks, n_presentations), on a device."""
    first, (samples, order) = nets[0], np.unique(chosen, return_inverse=True)
    states, seeds = [net._state for net in nets], np.array([net._seed for net in nets], np.uint64)
    inputs, order = first._inputs(X[samples]), order.reshape(chosen.shape)
    learned = network.learn_replicas(first._build(), states, seeds, inputs, order, first._seen)
    for net, (state, response) in zip(nets, learned, strict=True):
        net._take(state, response)


def _time_constants(part: Any) -> Iterator[float]:
    """Fields of a part that a step must resolve, in ms."""
    for name in ("duration", "tau_m", "tau_pre", "tau_post", "tau_theta"):
        if hasattr(part, name):
            yield float(getattr(part, name))
