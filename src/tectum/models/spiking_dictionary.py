"""`SpikingDictionary`, event-based STDP representation learning of Tavanaei, Masquelier & Maida (2018)."""

import warnings
from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.validation import check_is_fitted

from tectum import analysis
from tectum.core.memory import check_room
from tectum.core.random import keys_of_rows, seed_from
from tectum.engine.dictionary import network
from tectum.engine.dictionary.local import LocalState
from tectum.engine.dictionary.loop import DictionaryCircuit, DictionaryState
from tectum.engine.dictionary.sailnet import SailnetState
from tectum.models.common import parameters, schema
from tectum.models.common.base import COMMON, POSITIVE, WHOLE, Costs, part_constraints, variant
from tectum.models.common.diagnosis import Diagnosis
from tectum.models.common.dictionary_diagnosis import WEAK, diagnose_dictionary
from tectum.models.common.recording import Recording
from tectum.models.dictionary_learned import BATCH, LearnedDictionary, earliness, settled
from tectum.models.exchange.dictionary import SUBSTEPS, export_dictionary
from tectum.models.exchange.export import NirExport
from tectum.parts.event_input import EventPatches
from tectum.parts.event_plasticity import EventSTDP
from tectum.parts.input_spikes import is_random
from tectum.parts.latency import LatencyPopulation, LatencyRace
from tectum.parts.local_inhibition import LocalInhibition
from tectum.parts.plasticity import learning_rate
from tectum.parts.representation import ExplainingAway, SoftmaxInhibition
from tectum.parts.sailnet import DecorrelatingInhibition
from tectum.parts.start import MeanWeights, SampleWeights, UniformWeights

# Competitions under which each spike adds its component to the reconstruction, and their states.
ADDING: dict[type, type] = {
    ExplainingAway: DictionaryState,
    LocalInhibition: LocalState,
    DecorrelatingInhibition: SailnetState,
}
EXPLAINS = tuple(ADDING)
SILENT = 0.02  # share of input_scale below which a value makes an input fire once at most, in 50 steps
STEP_MS = 3.0  # length of a step in recordings where the equations know steps alone


def _usual_largest(X: NDArray[Any]) -> float:
    """Largest absolute value of X (n_samples, n_features), but for those beside which half of the samples are silent.

    As from a hot pixel: a value of less than a fiftieth of the scale makes no input fire, or once.
    """
    size = np.abs(X)
    of_sample = size.max(axis=1)
    most = float(np.median(of_sample[of_sample > 0.0])) / SILENT
    if of_sample.max() <= most:
        return float(of_sample.max())
    usual = float(size.max(where=size <= most, initial=0.0))
    row, column = np.unravel_index(size.argmax(), size.shape)
    warnings.warn(
        f"SpikingDictionary: {int((size > most).sum())} values of X are more than 50 times the largest of half of the "
        f"samples, up to {X[row, column]:.4g} in row {row}, column {column}, beside which these would not fire; they "
        f"are clipped to {usual:.4g}; mend them, or pass input_scale={of_sample.max():.4g} to keep them",
        stacklevel=2,
    )
    return usual


class SpikingDictionary(LearnedDictionary):
    """Sparse features that reconstruct their input, learned by spikes at the moment they occur.

    Inputs fire in proportion to their values. Representation neurons integrate their input and compete, and the
    winners fire; at each of these spikes, and only then, the weights of the winner change.

    By default the neurons explain the input away: a spike removes its part of the input from all others, so that a few
    neurons represent a sample by graded spike counts, and weights follow what is still unexplained. `reference`,
    `quantiser` and `literal` give the vector quantiser of the paper, whose neurons compete through a softmax and learn
    by its equation (18): derived from its objective, with integrating membranes, and as in its published
    implementation. The user guide derives each from the objective and compares them with other methods. `fois2023` is
    the vector quantiser of Fois & Girau (2023), which codes values by the times of spikes instead of their number.
    `local` explains the input away with neurons that fire in parallel, and inhibition that is learned and arrives late.
    `for_events` learns from recordings of event cameras, patch by patch, through `fit_events` and related methods.

    A value of zero means no spikes, so samples must not be all zero. Parts left at None are those of the
    default.

    Parameters
    ----------
    n_components : int, default=64
        Number of representation neurons.
    n_active : float or None, default=None
        Mean number of neurons that represent a sample, kept up by the threshold; if it is off by more than a twentieth
        at the end of `fit`, that settles, weights frozen. None is the target of `threshold`.
    n_presentations : int or None, default=None
        Presentations of a sample, drawn at random with replacement, in `fit`; the learning rate falls over them. None
        is 100 per sample, at least 5,000 and at most 60,000; for `partial_fit` without `fit` it is 60,000.
    encoder : RegularSpikes, BernoulliSpikes, LatencyPopulation, EventPatches or None
        Deterministic or stochastic input spikes, and the number of steps of a presentation; a temporal code, which
        belongs to `LatencyRace`; or patches of an event camera.
    neuron : EvidenceNeuron, LatencyNeuron or None
        Membrane of the neurons under a softmax or in a race, or parameters of a neuron of your own.
    competition : ExplainingAway, LocalInhibition, DecorrelatingInhibition, SoftmaxInhibition, LatencyRace or None
        How the neurons inhibit each other.
    threshold : AdaptiveThreshold or None
        The threshold, and the number of spikes that it aims at. In a race it is in units of the number of inputs,
        constant by default, and moves after each presentation if its `rate` is above 0.
    rule : rule of plasticity or None
        Plasticity, or parameters of a rule of your own. `ResidualSTDP` and, for synapses of few states,
        `CoarseResidualSTDP` belong to `ExplainingAway`, `LocalSTDP` to `LocalInhibition`, `DecorrelatingSTDP` to
        `DecorrelatingInhibition`, `LatencySTDP` to `LatencyRace`; `EventSTDP`, `TraceSTDP` and `TimeIntegratedSTDP` to
        `SoftmaxInhibition`.
    initial : SampleWeights, MeanWeights, UniformWeights or None
        Weights before learning; `UniformWeights` for a temporal code.
    schedule : DecayingRate or None
        Course of the learning rate.
    on_off : bool or None, default=None
        Give each feature an ON and an OFF input, for positive and negative values. None: if the data given to `fit`
        or the first `partial_fit` hold negative values.
    input_scale : float or None, default=None
        Value at which an input fires in every step; larger ones are clipped. None: the largest absolute value of the
        data given to `fit` or the first `partial_fit`, but 1 if that is from 0.1 to 1. Values of more than 50 times the
        largest of half of the samples, beside which these would not fire, are left out with a warning.
    output : {"counts", "first_spike", "drive"}, default="counts"
        What `transform` gives: spike counts; 1 for a spike at once falling to 0 for none; or how much the drive of each
        neuron exceeds the threshold, without inhibition, a dense code for a read-out. `fit` learns the same with each.
    sparse_output : bool, default=False
        Whether `transform` returns a scipy CSR array.
    warm_start : bool, default=False
        If True, `fit` continues an interrupted `fit` on the same data, up to `n_presentations`.
    random_state : int, RandomState, Generator or None, default=None
        Initial weights, order of presentation and stochastic spikes.
    verbose : bool, default=False
        Show a progress bar.
    n_jobs : int or None, default=None
        Threads for frozen passes; learning is sequential. Results do not depend on it.

    Attributes
    ----------
    components_ : ndarray of shape (n_components, n_features)
        What each neuron stands for, in units of the input: of length `input_scale_` where inputs are explained away,
        else the mean input at its spikes. With a temporal code the preferred values, decoded from the weights.
    weights_ : ndarray of shape (n_components, n_inputs), float32
        Learned weights. Under a softmax with ON and OFF inputs n_inputs is twice n_features, with a temporal code it is
        10 times n_features.
    threshold_ : float
        Present threshold, mean over the neurons.
    n_presentations_seen_ : int
        Presentations so far, in `fit` and `partial_fit`.
    spike_counts_ : ndarray of shape (n_components,), int64
        Spikes of each neuron during learning.
    input_scale_, on_off_ : float, bool
        As chosen from the data.
    quantum_ : float or None
        Input explained by one spike per step, in units of `input_scale_`; None where inputs are not explained away.
    n_features_in_, feature_names_in_
        As in scikit-learn.

    References
    ----------
    Tavanaei, Masquelier & Maida (2018). Representation learning using event-based STDP. Neural Networks 105, 294-303.
    doi:10.1016/j.neunet.2018.05.018

    Fois & Girau (2023). Enhanced representation learning with temporal coding in sparsely spiking neural networks.
    Frontiers in Computational Neuroscience 17, 1250908. doi:10.3389/fncom.2023.1250908

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from tectum import SpikingDictionary
    >>> X = load_digits().data / 16
    >>> dictionary = SpikingDictionary(n_components=32, n_presentations=5000, random_state=0).fit(X)
    >>> counts = dictionary.transform(X)
    >>> dictionary.inverse_transform(counts).shape
    (1797, 64)
    """

    _parameter_constraints = {  # noqa: RUF012  scikit-learn reads it from the class
        **COMMON,
        **part_constraints(parameters.EXPLAINING, "encoder", "neuron", "rule"),
        "n_components": [WHOLE],
        "n_active": [POSITIVE, None],
        "n_presentations": [WHOLE, None],
        "competition": [*EXPLAINS, SoftmaxInhibition, LatencyRace, None],
        "initial": [SampleWeights, MeanWeights, UniformWeights, None],
        "on_off": ["boolean", None],
        "input_scale": [POSITIVE, None],
        "output": [StrOptions({"counts", "first_spike", "drive"})],
        "sparse_output": ["boolean"],
    }

    _recommended = parameters.EXPLAINING
    _arrays = ("spike_counts_",)
    _numbers = ("input_scale_", "on_off_", "quantum_", "_planned", "_seen")
    _schema = schema.spiking_dictionary
    _error = "reconstruction_error"
    _output = "components_"
    _precisions = ("float32",)

    def __init__(
        self,
        n_components: int = 64,
        *,
        n_active: int | None = None,
        n_presentations: int | None = None,
        encoder: Any = None,
        neuron: Any = None,
        competition: Any = None,
        threshold: Any = None,
        rule: Any = None,
        initial: Any = None,
        schedule: Any = None,
        on_off: Any = None,
        input_scale: Any = None,
        output: str = "counts",
        sparse_output: bool = False,
        warm_start: bool = False,
        random_state: Any = None,
        verbose: bool = False,
        n_jobs: int | None = None,
    ) -> None:
        self.n_components = n_components
        self.n_active = n_active
        self.n_presentations = n_presentations
        self.encoder = encoder
        self.neuron = neuron
        self.competition = competition
        self.threshold = threshold
        self.rule = rule
        self.initial = initial
        self.schedule = schedule
        self.on_off = on_off
        self.input_scale = input_scale
        self.output = output
        self.sparse_output = sparse_output
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose
        self.n_jobs = n_jobs

    reference = variant(
        "The vector quantiser of the paper with the term of the squared norm that its objective demands.",
        parameters.REFERENCE,
    )
    literal = variant(
        "The vector quantiser as its published implementation (ngc-museum) reads the paper. It is shipped for "
        "comparison: most of its neurons die, and it reconstructs little better than the mean.",
        parameters.LITERAL,
    )
    quantiser = variant(
        "The vector quantiser with membranes that integrate over a presentation: a spiking k-means.",
        parameters.QUANTISER,
    )
    local = variant(
        "Explaining away by what is present at each neuron and synapse: neurons fire in parallel, their spikes arrive "
        "after a delay, and feed-forward, recurrent and feedback weights are learned, none is copied. The user guide "
        "states its equations and measures it beside the default.",
        parameters.LOCAL,
    )
    sailnet = variant(
        "Sparse and independent local learning of Zylberberg, Murphy & DeWeese (2011): leaky neurons learn their "
        "inputs by the rule of Oja, inhibition by that of Foldiak, and a threshold each that keeps up its rate. "
        "`n_active` is the mean number of spikes for a sample. A baseline: its features are like those of visual "
        "cortex, but it reconstructs less well than neurons that explain the input away.",
        parameters.SAILNET,
    )
    fois2023 = variant(
        "The vector quantiser with a temporal code of Fois & Girau (2023). A value is a ring of ten neurons, each "
        "of which fires once, the earlier the nearer the value is to the one it prefers. The first neuron of the "
        "dictionary to fire inhibits all others, and the latencies of its inputs are written into its weights. "
        "Its inhibition grows over `n_presentations`; neither rate nor threshold changes.",
        parameters.FOIS2023,
    )
    for_events = variant(
        "A dictionary of what events leave behind in patches of the sensor, without steps or presentations: each event "
        "drives the neurons of its patches at its own time, and a spike explains away its part of what is left of the "
        "events so far. It learns by `fit_events`.",
        parameters.EVENTS,
    )

    def transform(self, X: ArrayLike) -> Any:
        """Spikes of each neuron in response to each sample, weights frozen.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        ndarray or CSR array of shape (n_samples, n_components), float32
            Spike counts, those of OFF neurons negative (see `ExplainingAway`); or with ``output="first_spike"``
            ``1 - t / n_steps`` for a first spike in step t, 0 for none; or with ``output="drive"``
            ``n_steps max(0, w.x / quantum_ - threshold_)``, x in units of `input_scale_`, less the same of -w where
            there are OFF neurons: the spikes, not rounded, of neurons that do not inhibit each other, and are reset by
            one unit, under a constant current of ``-threshold_``.

        Examples
        --------
        >>> dictionary.transform(X).shape
        (200, 16)
        """
        if self.sparse_output:
            return sparse.vstack([sparse.csr_array(code) for code in self._codes(X)], format="csr")
        return self._code(X)

    def inverse_transform(self, counts: Any, *, decode: str = "counts") -> NDArray[np.float64]:
        """Reconstruct samples from spike counts.

        Parameters
        ----------
        counts : array-like or sparse matrix of shape (n_samples, n_components)
            As from `transform` with ``output="counts"``.
        decode : {"counts", "winner"}, default="counts"
            Use all counts, or only the neuron with the most spikes of each sample. Given the output of `transform` with
            ``output="first_spike"``, the latter is the neuron that fired first.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            In units of the input; 0 where no neuron fired. Where inputs are explained away, each spike adds
            ``quantum_ / n_steps`` times its component; else it is the mean of components over spikes.

        Raises
        ------
        ValueError
            With ``output="drive"``, or if there is not one column per component.

        Examples
        --------
        >>> dictionary.inverse_transform(dictionary.transform(X)).shape
        (200, 64)
        """
        check_is_fitted(self)
        if self.output == "drive":
            raise ValueError(
                "SpikingDictionary.inverse_transform: counts must be spikes, got drives (output='drive'), which "
                "overlap and do not add up to a sample; call set_params(output='counts') and transform again"
            )
        return self._restored(counts, decode)

    def reconstruction_error(self, X: ArrayLike, *, decode: str = "counts", average: str = "patch") -> float:
        """Root mean square difference between samples and their reconstructions.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
        decode : {"counts", "winner"}, default="counts"
            As in `inverse_transform`, but the winner of a race is the neuron that fires first.
        average : {"patch", "global"}, default="patch"
            Mean of the errors of samples, or root of the mean over samples and features.

        Returns
        -------
        float
            In units of the input.

        Examples
        --------
        >>> dictionary.reconstruction_error(X) < 0.3
        True
        """
        samples, chosen = self._samples(X), self.chosen_parts()
        by_time = decode == "winner" and isinstance(chosen["competition"], LatencyRace)
        n_steps, found = chosen["encoder"].n_steps, self._respond(X)
        code = np.concatenate([earliness(r.first, n_steps) if by_time else r.counts for r in found])
        reconstruction = self._restored(code, decode)
        return analysis.reconstruction_error(samples, reconstruction, average=average)  # type: ignore[arg-type]

    def record(self, X: ArrayLike) -> Recording:
        """All spikes of the inputs and of the neurons (``units``) to samples one after another, weights frozen.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        Recording
            A step counts as 3 ms, or as `dt` of a temporal code. Inputs are the columns of `weights_`; OFF
            neurons come after all ON neurons (see `ExplainingAway`).

        Examples
        --------
        >>> sorted(dictionary.record(X[:1]).spikes)
        ['inputs', 'units']
        """
        X = self._samples(X)
        chosen, circuit = self._build()
        step_ms = getattr(chosen["competition"], "step", getattr(chosen["encoder"], "dt", STEP_MS))
        trains = network.record(circuit, self._state, self._inputs(X), self._keys(X), step_ms)
        return Recording(trains, presentation_ms=chosen["encoder"].n_steps * step_ms, n_presentations=len(X))

    def _costs(self, X: Any) -> Costs:
        """Spikes, the synapses that they pass, neuron updates, and the input; a softmax costs updates alone.

        Drives come without inhibition, so they cost no events between neurons either.
        """
        chosen, circuit = self._build()
        n, alone = self.n_components, isinstance(chosen["competition"], SoftmaxInhibition) or self.output == "drive"
        n_steps = chosen["encoder"].n_steps * int(getattr(circuit.competition, "n_sub", 1))
        return self.record(X).spikes, {"inputs": n, "units": 0 if alone else n}, n * n_steps, ("inputs",)

    def diagnose(self, X: ArrayLike) -> Diagnosis:
        """Look for dead and duplicate components, silent samples, clipped inputs and a lost threshold.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        Diagnosis
            Print it for a table; its `warnings` name a remedy each.
        """
        samples = self._samples(X)
        counts = np.concatenate([response.counts for response in self._respond(X)])
        restored, chosen = self._restored(counts), self.chosen_parts()
        counts = self._code(samples) if self.output == "drive" else counts
        learned = (self.weights_, self.components_, chosen, self.threshold_, self.input_scale_)
        return diagnose_dictionary(samples, restored, counts, *learned, self.operations(X))

    @property
    def _records(self) -> dict[str, Any]:  # type: ignore[override]  # depends on the competition
        return {"_state": ADDING.get(type(self.competition), DictionaryState)}

    def to_nir(self, X: ArrayLike | None = None, *, substeps: int = SUBSTEPS) -> NirExport:
        """The dictionary with frozen weights for other simulators and chips; needs the extra ``nir``.

        Integrators count what arrives in quanta, fire above a threshold that falls to one half with their first spike,
        and a recurrent matrix takes from all of them what a spike explains. Of the neurons above their thresholds the
        strongest is to fire first, which NIR cannot say. So each step of the model becomes a race: a clock, one of
        three inputs behind those of the sample, lowers all membranes, and while they rise again, the strongest is at
        its threshold first. All nodes are matrices and CubaLIF neurons, which most simulators read.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), optional
            Samples on which the graph is compared with `transform`.
        substeps : int, default=256
            Of each race. Fewer cost less and let more neurons fire together: on patches of MNIST the winner is the
            model's for .94 to .97 with 16, .98 to .99 with 64, .995 to .998 with 256. A dictionary of events has none.

        Returns
        -------
        NirExport
            The graph, its grade and its reasons.

        Raises
        ------
        ValueError
            If the neurons do not explain the input away: NIR cannot say how else they compete.
        ImportError
            If the package nir is not installed.
        """
        check_is_fitted(self)
        return export_dictionary(self, X, substeps)

    def _validate(self, X: Any, *, reset: bool = False, least: int = 1) -> NDArray[np.float64]:
        if isinstance(self.encoder, EventPatches):
            raise ValueError(
                "SpikingDictionary.encoder must not be EventPatches() for a table of samples; use fit_events, "
                "transform_events and record_events, or leave the encoder out"
            )
        X = super()._validate(X, reset=reset, least=least)
        channels = self.on_off if reset or not hasattr(self, "on_off_") else self.on_off_
        if channels is False and X.min() < 0.0:
            raise ValueError(
                f"SpikingDictionary: X must not hold negative values while on_off=False, got {X.min():.3g}; pass "
                "on_off=True, or scale X to begin at 0"
            )
        return X

    def _recommendations(self) -> Mapping[str, Any]:
        """Those of the kind of competition."""
        if isinstance(self.encoder, EventPatches):
            return parameters.EVENTS
        kinds = {
            SoftmaxInhibition: parameters.QUANTISER,
            LatencyRace: parameters.FOIS2023,
            LocalInhibition: parameters.LOCAL,
            DecorrelatingInhibition: parameters.SAILNET,
        }
        return kinds.get(type(self.competition), self._recommended)

    def chosen_parts(self) -> Any:
        chosen = super().chosen_parts()
        if self.n_active is not None:
            parameters.check_active(self.n_active, self.n_components)
            chosen["threshold"] = chosen["threshold"]._replace(target=float(self.n_active))
        self._check_output(chosen["competition"])
        if isinstance(chosen["competition"], LatencyRace):
            parameters.check_temporal(chosen, self.n_active)
        elif isinstance(chosen["encoder"], EventPatches) and not isinstance(chosen["competition"], ExplainingAway):
            raise ValueError(
                f"SpikingDictionary.competition must be ExplainingAway() with events, got {chosen['competition']!r}; "
                "leave it out"
            )
        elif isinstance(chosen["encoder"], LatencyPopulation):
            raise ValueError(
                "SpikingDictionary.competition must be LatencyRace() with encoder=LatencyPopulation(), got "
                f"{chosen['competition']!r}; start from SpikingDictionary.fois2023()"
            )
        return chosen

    def _plan(self, n_samples: int | None) -> int:
        return self.n_presentations or (60_000 if n_samples is None else max(5_000, min(60_000, 100 * n_samples)))

    def _start(self, X: NDArray[Any]) -> None:
        """Weights and threshold before learning, and the scale of the input."""
        chosen = self.chosen_parts()
        largest = float(np.abs(X).max())
        if largest == 0.0:
            raise ValueError(
                f"SpikingDictionary: X must hold a value other than 0, got zeros alone (n_samples = {len(X)}); no "
                "input would ever fire"
            )
        usual = self.input_scale or _usual_largest(X)
        self.input_scale_ = float(self.input_scale or (1.0 if WEAK <= usual <= 1.0 else usual))
        if np.float32(largest / self.input_scale_) == 0.0:
            raise ValueError(
                f"SpikingDictionary.input_scale must be near the values of X, which reach {largest:.3g}, got "
                f"{self.input_scale_:.3g}, of which they are nothing; leave it at None"
            )
        self.on_off_ = bool(X.min() < 0.0) if self.on_off is None else bool(self.on_off)
        self._seed = seed_from(self.random_state)
        temporal = isinstance(chosen["encoder"], LatencyPopulation)  # its initial weights do not depend on the data
        inputs = self._inputs(X[:1] if temporal else X)
        width, size = inputs.shape[1], self.n_components
        check_room("SpikingDictionary.n_components", size, size, lambda n: n * (12 * width + 100))
        self.quantum_ = self._choose_quantum(chosen["competition"], inputs)
        self._build()  # parts that do not fit are refused before there is a state
        weights = network.initial_weights(chosen["initial"], inputs, self.n_components, self._seed)
        if self.quantum_ is not None:
            weights = network.unit_length(weights, self._lowest_weight(chosen["rule"]))
        thresholds = network.initial_thresholds(chosen["threshold"], self.n_components, self._seed)
        self._state = DictionaryState(weights, thresholds, np.zeros_like(thresholds))
        if isinstance(chosen["competition"], LocalInhibition):
            initial = (chosen["initial"], inputs, self.n_components, self._seed, network.FEEDBACK_STREAM)
            feedback = network.unit_length(network.initial_weights(*initial), self._lowest_weight(chosen["rule"]))
            self._state = network.with_synapses(self._state, feedback)
        elif isinstance(chosen["competition"], DecorrelatingInhibition):
            thresholds *= np.float32(np.sqrt(np.square(inputs[:BATCH] @ weights.T).mean()))  # in units of the drive
            inhibition = np.zeros((size, size), np.float32)
            self._state = SailnetState(weights, thresholds, np.zeros_like(thresholds), inhibition)
        self._seen = 0
        self.spike_counts_ = np.zeros(self.n_components, np.int64)

    def _choose_quantum(self, competition: Any, inputs: NDArray[np.float32]) -> float | None:
        if type(competition) not in ADDING:
            return None
        if isinstance(competition, DecorrelatingInhibition):  # a spike adds its component as it is
            return float(self.chosen_parts()["encoder"].n_steps)
        lengths = np.linalg.norm(inputs, axis=1)
        return float(competition.quantum or 2.0 * lengths[lengths > 0.0].mean())

    def _lowest_weight(self, rule: Any) -> float:
        lowest = getattr(rule, "w_min", None)
        return self._lowest_input() if lowest is None else lowest

    def _lowest_input(self) -> float:
        """In units of `input_scale_`."""
        return -1.0 if self.on_off_ else 0.0

    def _check_contracts(self) -> None:
        self._build()

    def _build(self) -> tuple[dict[str, Any], DictionaryCircuit]:
        """The parts, and the network in the form that runs."""
        chosen = self.chosen_parts()
        in_use = {name: chosen[name] for name in network.DictionaryParts._fields}
        if (self.quantum_ is None) == isinstance(chosen["competition"], EXPLAINS):
            raise ValueError(
                f"SpikingDictionary.competition must stay of the kind that was fitted, got {chosen['competition']!r}; "
                "set it back, or call fit again with a new estimator"
            )
        competition = in_use["competition"]
        if isinstance(competition, DecorrelatingInhibition):
            if hasattr(in_use["rule"], "rate"):
                rate = in_use["rule"].rate or chosen["threshold"].target / self.n_components
                in_use["rule"] = in_use["rule"]._replace(rate=rate)
        elif self.quantum_ is not None:
            signed = self.on_off_ if competition.signed is None else competition.signed
            in_use["competition"] = competition._replace(quantum=self.quantum_, signed=signed)
            if hasattr(in_use["rule"], "w_min"):
                in_use["rule"] = in_use["rule"]._replace(w_min=self._lowest_weight(in_use["rule"]))
        if isinstance(in_use["competition"], LatencyRace):
            growth = in_use["competition"].tau_growth or self._planned / 3.0
            in_use["competition"] = in_use["competition"]._replace(tau_growth=growth)
        return chosen, network.build_circuit(network.DictionaryParts(**in_use), int(self._seed))

    def _inputs(self, X: NDArray[Any]) -> NDArray[Any]:
        """Rates of the inputs in spikes per step, or the steps of their spikes in a temporal code.

        Where inputs are explained away, OFF inputs have negative rates.
        """
        rates = np.clip(X / self.input_scale_, -1.0, 1.0).astype(np.float32)
        chosen = self.chosen_parts()
        if isinstance(chosen["encoder"], LatencyPopulation):
            low = self._lowest_input()
            return chosen["encoder"].spike_steps((np.maximum(rates, low) - low) / (1.0 - low))
        if self.on_off_ and isinstance(chosen["competition"], SoftmaxInhibition):
            return np.concatenate([np.maximum(rates, 0.0), np.maximum(-rates, 0.0)], axis=1)
        return rates if self.on_off_ else np.maximum(rates, 0.0)

    def _keys(self, X: NDArray[Any]) -> NDArray[np.uint64]:
        """Key of the random numbers of each sample, from its content; spikes without chance need none."""
        encoder = self.chosen_parts()["encoder"]
        if isinstance(encoder, LatencyPopulation) or not is_random(encoder):
            return np.zeros(len(X), np.uint64)
        return keys_of_rows(X)

    def _learn(self, X: NDArray[Any], some: NDArray[Any] | None = None) -> None:
        """Present samples one after another; with the last ones of `fit`, the threshold settles on `some`."""
        chosen, circuit = self._build()
        state = type(self._state)(*(array.copy() for array in self._state))
        progress = (self._seen + np.arange(len(X))) / self._planned
        factors = np.array([chosen["schedule"].factor(share) for share in progress])
        rates = (learning_rate(circuit.rule) * factors).astype(np.float32)
        counts = network.learn(circuit, state, self._inputs(X), self._seen, rates).counts
        spikes = self.spike_counts_ + np.abs(counts).sum(axis=0)
        if some is not None:
            state = settled(chosen, circuit, state, self._inputs(some), self._keys(some))
        self._commit(_state=state, _seen=self._seen + len(X), spike_counts_=spikes)

    def _publish(self) -> Self:
        chosen = self.chosen_parts()
        components = self.weights_ = self._state.weights
        if isinstance(chosen["encoder"], LatencyPopulation):
            low = self._lowest_input()
            components = low + (1.0 - low) * chosen["encoder"].decode(components)
        elif self.on_off_ and self.quantum_ is None:
            components = components[:, : self.n_features_in_] - components[:, self.n_features_in_ :]
        # Weights end at the mean input divided by 1 + lambda; see the derivation in the user guide.
        gain = 1.0 + (chosen["rule"].decay if isinstance(chosen["rule"], EventSTDP) else 0.0)
        self.components_ = components.astype(np.float64)
        self.components_ *= gain * self.input_scale_
        self.threshold_ = float(self._state.theta.mean())
        return self
