"""`SpikingSOM`, the spiking self-organising map of Rumbell, Denham & Wennekers (2014)."""

import math
import numbers
import warnings
from collections.abc import Iterator, Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import Bunch, _safe_indexing
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_array, check_is_fitted

from tectum import analysis
from tectum.core.memory import check_room
from tectum.core.random import seed_from
from tectum.engine.maps import network
from tectum.engine.maps.loop import MapCircuit, MapState
from tectum.models.common import parameters, schema
from tectum.models.common.atomic import all_or_nothing
from tectum.models.common.base import COMMON, WHOLE, Costs, SpikingEstimator, part_constraints, precision_of, variant
from tectum.models.common.diagnosis import Diagnosis
from tectum.models.common.map_diagnosis import BrokenMapWarning, Order, diagnose_map, order_of
from tectum.models.common.map_growth import check_grid, check_growth, grown, until_growth
from tectum.models.common.map_start import start_points
from tectum.models.common.recording import Recording
from tectum.models.common.scaling import FeatureScaling, scaling_of
from tectum.models.common.weights import checked_weights, copies, distinct, lottery
from tectum.models.common.wiring import Mixing, direct, followed, from_rings, mixing_of, n_rings, onto_rings
from tectum.models.exchange.export import NirExport
from tectum.models.exchange.map import SUBSTEPS, export_map
from tectum.parts.growth import GrowingGrid, MovingGrid
from tectum.parts.lateral import radius, until_change
from tectum.parts.neurons import rest
from tectum.parts.readout import Centroid, FirstSpike
from tectum.parts.start import PlaneStart, RandomStart, SampleStart
from tectum.parts.topology import TOPOLOGIES, Grid
from tectum.parts.wiring import DirectWiring, RandomMixtures

CHUNK = 32  # presentations until progress is shown and an interrupt is served
JUDGED = 200  # samples by which `fit` judges the map
CHUNK_BYTES = 2**24  # input currents held at a time


class SpikingSOM(SpikingEstimator):
    """Self-organising map of spiking neurons that learns with STDP inside an oscillation.

    Fixed random mixtures of the features are each encoded by a population of leaky integrate-and-fire neurons with
    circular Gaussian receptive fields. An inhibitory neuron with delayed inhibition turns their constant input into
    volleys, about 25 per second, in which the best-matching inputs fire first. A map of neurons with short-range
    excitation and longer-range inhibition receives the volleys: the neuron that fires first excites its neighbourhood
    and silences the rest, and STDP makes all neurons that fire respond earlier to the same input. Nothing is labelled,
    and no learning rate is scheduled. Features need no scaling, but at least one must vary. NaN marks a missing value,
    which adds nothing.

    Parameters left at None are the recommended parts, which differ from the defaults of the parts themselves (the
    specification of the published circuit, see `rumbell2014`) in the entries named below; the user guide gives the
    evidence for each.

    Parameters
    ----------
    shape : tuple of (int, int), default=(10, 10)
        Rows and columns of the map.
    topology : {"rectangular", "hexagonal", "toroidal", "hexagonal-toroidal"}, default="rectangular"
        Which neurons are neighbours: on a hexagonal map odd rows lie half a column to the right and each neuron has six
        neighbours; a toroidal map has no borders, its last row and column are followed by the first.
    n_presentations : int or None, default=None
        Presentations of a sample, drawn at random with replacement, in `fit`; the radius schedule spans them. None is
        200 per sample, at least 2,000 and at most 20,000; for `partial_fit` without `fit` it is 20,000.
    wiring : RandomMixtures, DirectWiring or None
        How features reach the rings of the code. None: `RandomMixtures`, four random mixtures per feature up to 128
        mixtures, then one per feature up to 512, for any number of features. `DirectWiring` gives each feature its
        own ring, as published, which suits few features.
    encoder : CircularGaussian or None
        Population code of a ring. None: 32 units evenly around it (fewer from 17 rings on, at least 4), of width 0.53,
        with the data between 0.15 and 0.85.
    input_neuron : LIF or None
        Neurons of the input layer u, or parameters of a neuron of your own.
    inhibition : DelayedInhibition or None
        The inhibitory neuron that makes u oscillate. None: with slightly less inhibition than twice the excitation,
        without which a large input layer can fall into steady firing.
    projection : PlasticProjection or None
        The learned synapses from u to the map. None: a drive of 31, which the narrower receptive fields need.
    start : PlaneStart, SampleStart, RandomStart or None
        Weights before learning. None: `PlaneStart`, neurons spread over the plane of the first two principal
        components of the samples given to `fit` or to the first `partial_fit`.
    neuron : LIF or None
        Neurons of the map, or parameters of a neuron of your own.
    lateral : DifferenceOfGaussians or None
        Weights between the neurons of the map as a function of their distance. None: area-normalised
        (``growth=2``), with inhibition that is the same for the whole map (``b=inf``).
    lateral_synapse : Synapse or None
        Time course of the lateral synapses. None: it falls with 0.2 ms.
    radius : DecayingRadius, ConstantRadius or None
        Width of the lateral profile. None: from 0.2 of the longer side of the map to 1.25, halfway at 40 % of the
        presentations; from 0.4 with up to three features or another `start` than the plane; half as far around a torus.
    growth : GrowingGrid, MovingGrid or None, default=None
        `GrowingGrid`: the map begins with `shape` and gets a row or a column from time to time, where neighbours differ
        most, until it is full; for streams in which many groups come one after another. `MovingGrid`: neurons that no
        longer win move to where much is won; for a map that follows a changing distribution and may forget. See the
        user guide. The map must be rectangular.
    rule : NearestNeighbourSTDP or None
        Plasticity of the projection, or parameters of a rule of your own. None: three times as fast as published (more
        if there are fewer than 20,000 presentations, up to eight times), the window shifted by 0.55 ms, with a third of
        the depression.
    protocol : Protocol or None
        How long samples are presented.
    readout : FirstSpike, Centroid or None
        How `predict` finds the winner. None: `FirstSpike`.
    input_range : tuple of (low, high) or None, default=None
        Smallest and largest value of the features, each a number or of shape (n_features,). None: those of the data
        given to `fit` or to the first `partial_fit`, but for outliers, of which a warning tells: values farther from
        the median than 50 times the range of 98 % of a hundred or more. Values outside are clipped.
    dt : float, default=0.025
        Time step in ms.
    n_snapshots : int, default=20
        How often `fit` keeps a copy of the codebook, in `snapshots_`.
    warm_start : bool, default=False
        If True, `fit` continues an interrupted `fit` on the same data, up to `n_presentations`.
    random_state : int, RandomState, Generator or None, default=None
        Initial weights and order of presentation.
    verbose : bool, default=False
        Show a progress bar.
    n_jobs : int or None, default=None
        Threads for frozen passes (`transform`, `predict`); learning is sequential. Results do not depend on it.

    Attributes
    ----------
    codebook_ : ndarray of shape (rows * columns, n_features)
        What each neuron prefers, decoded from its weights, in units of the input.
    weights_ : ndarray of shape (n_inputs, rows * columns), float32
        Learned weights from u to the map.
    n_presentations_seen_ : int
        Presentations so far, in `fit` and `partial_fit`.
    radius_ : float
        Present radius of the lateral profile.
    spike_counts_ : ndarray of shape (3,)
        Spikes of u, of the inhibitory neuron and of the map during learning.
    recent_wins_ : ndarray of shape (rows * columns,)
        Presentations that each neuron has won in learning; with `growth`, since the map last could change.
    snapshots_, snapshot_presentations_ : ndarray
        Codebooks during `fit`, shape (n_snapshots, rows * columns, n_features), and when they were taken.
    encoder_ : CircularGaussian
        The code with the number of units that was chosen.
    grid_ : Grid
        The shape (rows, columns), of a type that knows the topology; the functions of `tectum.analysis` take it.
    n_features_in_, feature_names_in_
        As in scikit-learn.

    References
    ----------
    Rumbell, Denham & Wennekers (2014). A spiking self-organizing map combining STDP, oscillations, and continuous
    learning. IEEE TNNLS 25(5), 894-907. doi:10.1109/TNNLS.2013.2283140

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from tectum import SpikingSOM
    >>> X, y = load_iris(return_X_y=True)
    >>> som = SpikingSOM(shape=(6, 6), n_presentations=500, random_state=0).fit(X)
    >>> som.predict(X).shape
    (150,)
    """

    _parameter_constraints = {  # noqa: RUF012  scikit-learn reads it from the class
        **COMMON,
        **part_constraints(
            parameters.RECOMMENDED, "input_neuron", "neuron", "lateral", "lateral_synapse", "radius", "rule"
        ),
        "shape": [tuple, list],
        "topology": [StrOptions(set(TOPOLOGIES))],
        "n_presentations": [WHOLE, None],
        "wiring": [DirectWiring, RandomMixtures, None],
        "start": [RandomStart, PlaneStart, SampleStart, None],
        "readout": [FirstSpike, Centroid, None],
        "growth": [GrowingGrid, MovingGrid, None],
        "input_range": [tuple, list, None],
        "dt": [Interval(numbers.Real, 0, 0.2, closed="right")],
        "n_snapshots": [Interval(numbers.Integral, 0, 2**31, closed="both")],
    }

    _recommended = parameters.RECOMMENDED
    _records = {"_state": MapState, "_scaling": FeatureScaling, "_mixing": Mixing}  # noqa: RUF012  constant
    _arrays = ("spike_counts_", "recent_wins_", "snapshots_", "snapshot_presentations_")
    _numbers = ("_planned", "_seen", "_offered")
    _schema = schema.spiking_som
    _dtypes = (np.float64,)
    _error = "quantization_error"
    _output = "codebook_"
    _precisions = ("float64", "float32")
    _missing = True
    _least = 2
    _offered = 0  # samples given to `partial_fit` with weights

    def __init__(
        self,
        shape: Any = (10, 10),
        *,
        topology: str = "rectangular",
        n_presentations: int | None = None,
        wiring: Any = None,
        encoder: Any = None,
        input_neuron: Any = None,
        inhibition: Any = None,
        projection: Any = None,
        start: Any = None,
        neuron: Any = None,
        lateral: Any = None,
        lateral_synapse: Any = None,
        radius: Any = None,
        growth: Any = None,
        rule: Any = None,
        protocol: Any = None,
        readout: Any = None,
        input_range: Any = None,
        dt: float = 0.025,
        n_snapshots: int = 20,
        warm_start: bool = False,
        random_state: Any = None,
        verbose: bool = False,
        n_jobs: int | None = None,
    ) -> None:
        self.shape = shape
        self.topology = topology
        self.n_presentations = n_presentations
        self.wiring = wiring
        self.encoder = encoder
        self.input_neuron = input_neuron
        self.inhibition = inhibition
        self.projection = projection
        self.start = start
        self.neuron = neuron
        self.lateral = lateral
        self.lateral_synapse = lateral_synapse
        self.radius = radius
        self.growth = growth
        self.rule = rule
        self.protocol = protocol
        self.readout = readout
        self.input_range = input_range
        self.dt = dt
        self.n_snapshots = n_snapshots
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose
        self.n_jobs = n_jobs

    @classmethod
    def rumbell2014(
        cls, shape: Any = (10, 10), *, n_presentations: int = 10_000, n_features: int = 2, **others: Any
    ) -> Self:
        """The map as specified for the paper, without the improvements that are the default of this class.

        Parameters
        ----------
        shape, n_presentations
            As in the class.
        n_features : int, default=2
            Features are scaled onto 0.25 to 0.75 of the ring up to three features, onto 0.10 to 0.90 beyond.
        **others
            Further parameters of the class, which take precedence.

        Returns
        -------
        SpikingSOM
        """
        return cls(shape, n_presentations=n_presentations, **(parameters.published(n_features) | others))

    continuous = variant(
        "A map whose parameters never change: the same constants refine it and follow new data, from the plane of the "
        "first samples on. It is coarser than with the decaying radius that is the default.",
        parameters.CONTINUOUS,
    )

    def fit(self, X: ArrayLike, y: Any = None, sample_weight: Any = "uniform") -> Self:
        """Learn from samples drawn at random.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            NaN is a feature that is not known.
        y : ignored
        sample_weight : array-like of shape (n_samples,), None or "uniform", default="uniform"
            How likely a sample is drawn, in proportion; one of weight 0 never is, nor does it count for the scaling. A
            sample of weight 2 is to the last bit the same as that sample twice, where the other model is given weights
            too. None weighs all alike; ``"uniform"`` does so too, and draws by place, which depends on the order of X.

        Returns
        -------
        SpikingSOM
            The estimator itself.

        Raises
        ------
        ValueError
            If X is not a numerical table without infinite values, nothing in it varies, a parameter is out of range, or
            weights are negative or all 0.

        Warns
        -----
        BrokenMapWarning
            If no map has formed after 30 presentations per neuron, 2,000 at least: few of its neurons win, many fire
            together, or its net is crumpled.

        Examples
        --------
        >>> som.fit(X).codebook_.shape
        (16, 4)
        """
        if isinstance(sample_weight, str) and sample_weight == "uniform":
            return super().fit(X)._warn_if_broken(X)
        given = X
        X, weights = self._weighed("fit", X, sample_weight, going_on=self.warm_start and self._has_started())
        return self._present_at_random(X, lottery(self._seed, X, weights))._warn_if_broken(given)

    def partial_fit(self, X: ArrayLike, y: Any = None, sample_weight: Any = None) -> Self:
        """Continue learning: present each sample once, or as often as its weight says, in the order given.

        A stream in one call or in many gives the same model to the last bit; but without `fit` before, the first call
        sets what is derived from data, such as the range of the input.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Samples, at least one. NaN is a feature that is not known.
        y : ignored
        sample_weight : array-like of shape (n_samples,), optional
            Number of times a sample is presented; what lies between whole numbers is rounded up or down at random, so
            that it is right on average. 1 by default.

        Returns
        -------
        SpikingSOM
            The estimator itself.

        Raises
        ------
        ValueError
            As `fit`.

        Examples
        --------
        >>> import tectum
        >>> X = tectum.datasets.load("iris").data
        >>> som = tectum.SpikingSOM((4, 4), random_state=0).partial_fit(X[::2]).partial_fit(X[1::2])
        >>> som.n_presentations_seen_
        150
        """
        if sample_weight is None:
            return super().partial_fit(X)
        X, weights = self._weighed("partial_fit", X, sample_weight, going_on=self._has_started())
        times = copies(self._seed, weights, self._offered)
        self._offered += len(X)
        return self._present_in_order(np.repeat(X, times, axis=0))

    def _weighed(
        self, method: str, X: Any, sample_weight: Any, *, going_on: bool
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Samples to learn from and their weights, and a new state unless learning goes on."""
        fitting = method == "fit"
        with all_or_nothing(self):
            X = self._validate(X, reset=not going_on, least=self._least if fitting else 1)
            weights = checked_weights(sample_weight, X, f"SpikingSOM.{method}")
            if not going_on:
                self._set_out(X[weights > 0.0], fitting)
        return X, weights

    def spike_times(self, X: ArrayLike) -> NDArray[np.float64]:
        """First spike of each neuron of the map to each sample, weights frozen, each sample starting from rest.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, rows * columns)
            Time in ms since the onset of the sample, NaN for silent neurons.

        Examples
        --------
        >>> som.spike_times(X[:2]).shape
        (2, 16)
        """
        return self._spike_times(self._samples(X))

    def _spike_times(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        """`spike_times` to samples that are checked, and have lost the names of their features."""
        map_parts, circuit = self._build()

        def respond(X: NDArray[np.float64]) -> NDArray[np.float64]:
            return network.respond(circuit, self._state, self._currents(X), map_parts)

        chunk = max(1, CHUNK_BYTES // (4 * len(self.weights_)))
        return np.concatenate([times for _, times in self._respond_in_parts(X, respond, chunk)])

    def transform(self, X: ArrayLike) -> NDArray[np.floating]:
        """Response of the map: 1 for the winner, falling with the delay of the spike, 0 for silent neurons.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, rows * columns)
            ``exp(-(t - t_first) / readout.tau)``, in single precision if the samples are.

        Examples
        --------
        >>> float(som.transform(X[:1]).max())
        1.0
        """
        times = self.spike_times(X)
        first = np.fmin.reduce(times, axis=1, keepdims=True)
        tau = self.chosen_parts().readout.tau
        return np.nan_to_num(np.exp(-(times - first) / tau), nan=0.0).astype(precision_of(X), copy=False)

    def predict(self, X: ArrayLike) -> NDArray[np.int64]:
        """Winner of each sample as found by `readout`.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,)
            Number of the neuron, row by row; -1 if the whole map stayed silent.

        Examples
        --------
        >>> som.predict(X).shape
        (150,)
        """
        times = self.spike_times(X)
        readout = self.chosen_parts().readout
        if isinstance(readout, Centroid):
            return analysis.centroid_winner(times, self.grid_, tau_ms=readout.tau)
        return analysis.first_winner(times)

    def positions(self, X: ArrayLike) -> NDArray[np.float64]:
        """Place of each sample on the map: the row and the column of its winner.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, 2)
            NaN if the whole map stayed silent.
        """
        winners = self.predict(X)
        places = self.grid_.positions()[winners]
        places[winners < 0] = np.nan
        return places

    @property
    def cluster_centers_(self) -> NDArray[np.float64]:
        """The codebook, under the name that `sklearn.cluster` has for it."""
        return self.codebook_

    def inverse_transform(self, responses: ArrayLike) -> NDArray[np.float64]:
        """What the winner of each response prefers.

        Parameters
        ----------
        responses : array-like of shape (n_samples, rows * columns)
            As from `transform`.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            Rows of the codebook, in units of the input; NaN where the map was silent.

        Examples
        --------
        >>> som.inverse_transform(som.transform(X)).shape
        (150, 4)
        """
        check_is_fitted(self)
        responses = np.asarray(check_array(responses, dtype=np.float64))
        if responses.shape[1] != len(self.codebook_):
            raise ValueError(
                f"SpikingSOM.inverse_transform: responses must have {len(self.codebook_)} columns, one per neuron, "
                f"got {responses.shape[1]}; pass the output of transform"
            )
        points = self.codebook_[responses.argmax(axis=1)]
        points[~(responses > 0.0).any(axis=1)] = np.nan
        return points

    def quantization_error(self, X: ArrayLike) -> float:
        """Mean distance from a sample to the nearest row of the codebook, over the features that are known.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        float
            In units of the input.

        Examples
        --------
        >>> bool(som.quantization_error(X) < 1.0)
        True
        """
        return analysis.quantization_error(self._samples(X), self.codebook_)

    def topographic_error(self, X: ArrayLike, *, winners: str = "codebook") -> float:
        """Share of samples whose first and second winner are not neighbours on the map: of eight, or six.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
        winners : {"codebook", "spikes"}, default="codebook"
            The two nearest rows of the codebook, as in other self-organising maps (features scaled to [0, 1]), or the
            first two neurons to fire.

        Returns
        -------
        float

        Examples
        --------
        >>> 0.0 <= som.topographic_error(X) <= 1.0
        True
        """
        if winners not in ("codebook", "spikes"):
            raise ValueError(f"SpikingSOM.topographic_error: winners must be 'codebook' or 'spikes', got {winners!r}")
        if winners == "spikes":
            return analysis.topographic_error(analysis.spike_winners(self.spike_times(X), k=2), self.grid_)
        X = self._samples(X)
        return analysis.topographic_error(
            analysis.best_matching_units(self._scaling.unit(X), self._scaling.unit(self.codebook_)), self.grid_
        )

    def record(self, X: ArrayLike, *, input_ms: float | None = None, trace_ms: float | None = None) -> Recording:
        """All spikes while samples follow each other without a pause, weights frozen, starting from rest.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
        input_ms : float, optional
            Time for each sample; `protocol.input_ms` by default.
        trace_ms : float, optional
            Interval of traces of the inhibitory neuron (``m_h``) and of the inhibition of u (``y_h``); none by default.

        Returns
        -------
        Recording

        Examples
        --------
        >>> sorted(som.record(X[:1]).spikes)
        ['h', 'u', 'v']
        """
        X = self._samples(X)
        map_parts, circuit = self._build()
        input_ms = map_parts.protocol.input_ms if input_ms is None else input_ms
        every = 0 if trace_ms is None else max(1, round(trace_ms / map_parts.dt))
        spikes, traces = network.record(circuit, self._state, self._currents(X), map_parts, input_ms, every)
        return Recording(spikes=spikes, presentation_ms=input_ms, n_presentations=len(X), traces=traces)

    def to_nir(self, X: ArrayLike | None = None, *, substeps: int = SUBSTEPS) -> NirExport:
        """The race of the frozen map to its first spike, for other simulators and chips; needs the extra ``nir``.

        Spikes of the input layer drive the neurons of the map through two low-pass filters, as in the model. Who fires
        first is the winner; the lateral synapses, which act later, are left out.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), optional
            Samples on which winners are compared with those of `predict`, given the same input spikes.
        substeps : int, default=40
            Steps of the graph in each of `dt`. First spikes of neighbours are often a microsecond apart, so fewer steps
            make more ties: with 10 the winner is the map's for .73 to .82 of the samples of Iris and digits, with 40
            for .87 to .88, with 160 for .91 to .97; it or a neighbour on the grid for .98 and more with 40.

        Returns
        -------
        NirExport
            The graph, its grade and its reasons; `equal_spikes` is None, as only the first spike counts.

        Raises
        ------
        ValueError
            If the neurons are of another kind than the default.
        ImportError
            If the package nir is not installed.
        """
        check_is_fitted(self)
        return export_map(self, X, substeps)

    def _costs(self, X: Any) -> Costs:
        """A spike of the input layer u passes a synapse to each neuron of the map and to the inhibitory one, that of
        the latter one to each of u, one of the map one to each neuron of it.
        """
        n_u, n_v = self._state.weights.shape
        recording = self.record(X)
        updates = (n_u + n_v + 1) * recording.presentation_ms / self.dt
        return recording.spikes, {"u": n_v + 1, "h": n_u, "v": n_v - 1}, updates, ("u",)

    def _order(self, X: NDArray[np.float64]) -> Order:
        """How the map is ordered on some of the samples, those that differ."""
        some = np.unique(X[np.unique(np.linspace(0, len(X) - 1, JUDGED).astype(int))], axis=0)
        return order_of(self._spike_times(some), self._scaling.unit(self.codebook_), self.grid_, self.radius_)

    def _warn_if_broken(self, X: Any) -> Self:
        if self._seen < max(2000, 30 * self.grid_.n_neurons):  # too short to form a map
            return self
        if broken := self._order(self._validate(X)).broken:
            told = f"SpikingSOM.fit: the map is broken: {'; '.join(broken)}. diagnose(X) says more"
            warnings.warn(told, BrokenMapWarning, stacklevel=3)
        return self

    def diagnose(self, X: ArrayLike, *, n_recorded: int = 20) -> Diagnosis:
        """Look for a map that is broken or folded, idle neurons and features, and a faulty oscillation.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
        n_recorded : int, default=20
            Number of samples, spread over X, of which all spikes are recorded.

        Returns
        -------
        Diagnosis
            Print it for a table; its `warnings` name a remedy each.

        Examples
        --------
        >>> som.diagnose(X).winning_share > 0
        True
        """
        samples = self._samples(X)
        some = np.unique(np.linspace(0, len(samples) - 1, n_recorded).astype(int))
        chosen = self.chosen_parts()
        input_ms, w_max = chosen.protocol.input_ms, getattr(chosen.rule, "w_max", float(self.weights_.max()))
        recording = self.record(_safe_indexing(X, some), input_ms=4 * input_ms)
        learned_with = self.spike_counts_ / max(1, self.n_presentations_seen_)
        scaled, codebook, latency = self._scaling.unit(samples), self._scaling.unit(self.codebook_), self.spike_times(X)
        order, rest = order_of(latency, codebook, self.grid_, self.radius_), (self.weights_, w_max, input_ms)
        return diagnose_map(order, scaled, codebook, self.grid_, latency, recording, *rest, learned_with)

    def currents(self, X: ArrayLike) -> NDArray[np.float32]:
        """Input currents of u, the code of each sample; 0 for features that are not known.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_inputs), float32

        Examples
        --------
        >>> som.currents(X[:2]).shape[0]
        2
        """
        return np.nan_to_num(self._currents(self._samples(X)))

    def _validate_params(self) -> None:
        super()._validate_params()
        parameters.check_shape(self.shape, topology=self.topology)
        check_growth(self.growth, str(self.topology))

    def _recommendations(self, grid: Grid | None = None, n_features: int | None = None) -> Mapping[str, Any]:
        """The recommended parts, with the radius for the size of the map and the rule for the presentations."""
        shape = grid or self.shape
        topology = grid.topology if grid else str(self.topology)
        shape = shape if isinstance(shape, tuple | list) else ()
        chosen = parameters.for_shape(self._recommended, shape, topology, self.start, n_features)
        n = self.n_presentations if isinstance(self.n_presentations, numbers.Integral) else None
        return {**chosen, "rule": parameters.for_presentations(chosen["rule"], n)}

    def chosen_parts(self) -> Any:
        # a shape that was changed since the map learned waits for the next fit
        n_features = int(self._scaling.varies.sum()) if hasattr(self, "_scaling") else None
        return Bunch(**parameters.resolve(self, self._recommendations(getattr(self, "grid_", None), n_features)))

    def _plan(self, n_samples: int | None) -> int:
        return self.n_presentations or (20_000 if n_samples is None else max(2_000, min(20_000, 200 * n_samples)))

    def _start(self, X: NDArray[np.float64]) -> None:
        """A map at rest with random weights, and the scaling of the features."""
        chosen, X = self.chosen_parts(), distinct(X)
        self.grid_ = TOPOLOGIES[self.topology](*self.shape)
        self._scaling = scaling_of(X, self.input_range, X.shape[1], "SpikingSOM.fit")
        X = np.clip(X, *self._scaling) if self.input_range is None else X  # outliers
        self._seed = seed_from(self.random_state)
        self._mixing = mixing_of(chosen.wiring, self._scaling.unit(X), self._seed)
        rings = n_rings(self._scaling, self._mixing)
        self.encoder_ = chosen["encoder"].sized_for(rings)
        n_inputs = rings * self.encoder_.n_units
        check_room("SpikingSOM.shape", self.shape, self.grid_.n_neurons, lambda n: n * (8 * n_inputs + 100))
        u, v, *_ = network.steps_of(self._map_parts(chosen), chosen.lateral)
        weights = network.initial_weights(chosen.projection, n_inputs, self.grid_.n_neurons, self._seed)
        points = start_points(chosen.start, self._onto_rings(X), self.grid_, self._seed, len(self._mixing.mean) > 0)
        if points is not None:
            top = getattr(chosen.rule, "w_max", chosen.projection.w_low + chosen.projection.w_high)
            weights = network.prefer(self.encoder_.encode(points), weights, chosen.projection, chosen.start, top)
        self._state = network.rest_state(weights, rests=(rest(u), rest(v)))
        self._seen = self._offered = 0
        self.spike_counts_, self.recent_wins_ = np.zeros(3, np.int64), np.zeros(self.grid_.n_neurons, np.int64)
        self._snapshots: list[tuple[int, NDArray[np.float32]]] = []

    def _check_contracts(self) -> None:
        network.steps_of(self._map_parts(chosen := self.chosen_parts()), chosen.lateral)

    def _build(self) -> tuple[network.MapParts, MapCircuit]:
        """The map for the present number of presentations, from the parameters and the learned state."""
        chosen = self.chosen_parts()
        map_parts, n_inputs = self._map_parts(chosen), len(self._state.weights)
        return map_parts, network.build_circuit(map_parts, n_inputs, chosen.lateral, self.grid_, self._radius())

    def _map_parts(self, chosen: Mapping[str, Any]) -> network.MapParts:
        return network.MapParts(
            **{name: chosen[name] for name in network.MapParts._fields if name != "dt"}, dt=float(self.dt)
        )

    def _radius(self) -> float:
        return radius(self.chosen_parts().radius, self._seen / self._planned)

    def _drawn(self, n_samples: int, draw: Any = None) -> Iterator[Any]:
        for rows in super()._drawn(n_samples, draw):
            self._keep_snapshot()
            yield rows
        self._keep_snapshot()

    def _learn(self, X: NDArray[np.float64]) -> None:
        """Present samples one after another; they must not reach over a change of the radius."""
        check_grid(self.shape, self.topology, self.grid_, self.growth)
        map_parts, circuit = self._build()
        state = MapState(*(array.copy() for array in self._state))
        places, mixing = followed(X, self._scaling, self._mixing, self.encoder_, self.chosen_parts().wiring)
        counts, wins = network.learn(circuit, state, self.encoder_.encode(places), map_parts)
        seen, wins = self._seen + len(X), self.recent_wins_ + wins
        learned = {"_state": state, "_mixing": mixing, "_seen": seen, "recent_wins_": wins}
        new = grown(self.growth, seen, state, wins, self.grid_, self.encoder_, self._snapshots)
        self._commit(**learned | new, spike_counts_=self.spike_counts_ + counts)

    def _chunk(self) -> int:
        """Presentations until progress is shown and an interrupt is served, the map grows or the radius changes."""
        most = max(1, min(CHUNK, CHUNK_BYTES // (4 * len(self._state.weights))))
        to_change = until_change(self.chosen_parts().radius, self._seen, self._planned)
        return min(most, to_change, until_growth(self.growth, self._seen, self.grid_.n_neurons))

    def _currents(self, X: NDArray[np.float64]) -> NDArray[np.float32]:
        return self.encoder_.encode(self._onto_rings(X))

    def _onto_rings(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        return onto_rings(X, self._scaling, self._mixing, self.encoder_)

    def _decode(self) -> NDArray[np.float64]:
        return from_rings(self.encoder_.decode(self._state.weights), self._scaling, self._mixing, self.encoder_)

    def _keep_snapshot(self) -> None:
        due = len(self._snapshots) * self._planned / max(1, self.n_snapshots - 1)
        if len(self._snapshots) < self.n_snapshots and self._seen >= math.floor(due):
            self._snapshots.append((self._seen, self._decode().astype(np.float32)))

    def _publish(self) -> Self:
        self.weights_ = self._state.weights
        self.codebook_ = self._decode()
        self.snapshot_presentations_ = np.array([seen for seen, _ in self._snapshots], dtype=np.int64)
        self.snapshots_ = np.array([c for _, c in self._snapshots], np.float32).reshape(-1, *self.codebook_.shape)
        self.radius_ = self._radius()
        return self

    def _get_state(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        arrays, header = super()._get_state()
        return arrays, header | {
            "encoder": parameters.to_json(self.encoder_),
            "grid": list(self.grid_),
            "topology": self.grid_.topology,
        }

    @classmethod
    def _from_state(cls, arrays: dict[str, np.ndarray], header: dict[str, Any]) -> Self:
        if "wiring" not in header["params"]:  # a file of version 0.1
            given = {name: value for name, value in header["params"].items() if value is not None}
            first = parameters.for_shape(parameters.DIRECT, given["shape"])
            first = {name: parameters.to_json(part) for name, part in first.items()}
            header = header | {"params": header["params"] | first | given}
            arrays = arrays | {f"mixing.{field}": array for field, array in direct()._asdict().items()}
        return super()._from_state(arrays, header)

    def _set_state(self, arrays: dict[str, np.ndarray], header: dict[str, Any]) -> None:
        super()._set_state({"recent_wins_": np.zeros(math.prod(header["grid"]), np.int64)} | arrays, header)
        self.encoder_ = parameters.from_json(header["encoder"])
        self.grid_ = TOPOLOGIES[header.get("topology", "rectangular")](*header["grid"])  # none in version 0.1
        self._snapshots = list(zip(self.snapshot_presentations_.tolist(), self.snapshots_, strict=True))
