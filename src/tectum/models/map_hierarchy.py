"""`MapHierarchy`, maps of maps that exchange spikes under a common rhythm, on samples that come as a stream."""

import math
import numbers
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted

from tectum import analysis, parts
from tectum.core.events import SpikeTrain
from tectum.core.random import integers, keys_of_rows, seed_from
from tectum.engine.graph import network
from tectum.engine.graph.costs import targets_of
from tectum.engine.graph.records import NEVER, POPULATION, RANKED, GraphState
from tectum.models.common import parameters, schema
from tectum.models.common.base import COMMON, WHOLE, Costs, precision_of
from tectum.models.common.diagnosis import Diagnosis
from tectum.models.common.recording import Recording
from tectum.models.common.settings import constructor_arguments
from tectum.models.hierarchy import description, graph as map_graph, toml as map_toml
from tectum.models.hierarchy.diagnosis import diagnose_maps
from tectum.models.hierarchy.memory import NO_MOMENTS, Memory
from tectum.models.hierarchy.moments import Moments, Past, checked
from tectum.models.hierarchy.noticing import BATCH, NoticingEstimator

FROZEN = 256  # frames until progress is shown and an interrupt is served, in frozen passes, for each thread


class MapHierarchy(NoticingEstimator):
    """Spiking maps that see features or receive the spikes of other maps, paced by clocks in phase.

    Each map has excitatory neurons on a grid, with excitation between nearest neighbours, and inhibitory neurons that
    fire once per cycle, driven by a clock, and when the spikes of a winner recruit them. In each cycle the inputs of a
    map fire in the order of their strength. The neuron that reaches its threshold first wins, excites its
    neighbours and closes the cycle. Neurons that fired learn the inputs that have just arrived, the more slowly the
    more they have been used. If no neuron fires, the least used are recruited, so that new scenes get neurons of
    their own and old ones are kept.

    A map must be open when the spikes of another arrive: clocks of higher levels are later, by the conduction
    delay and a little more (communication through coherence, Fries 2015).

    Parameters
    ----------
    maps : list of Map or None, default=None
        The graph; None is two maps of 8 x 8 neurons that see half of the features each, and a third above both.
        Order matters for `level` only; feedback is allowed.
        `Features` may hold shares in place of numbers of features, 0.5 for a half.
    clock : PacingClock, AdaptiveClock, Entrainment or None, default=None
        Rhythm of maps that have none of their own. None is `PacingClock`.
    cycles : int, default=4
        Cycles for which a frame is shown.
    n_passes : int, default=1
        How often `fit` shows each frame.
    shuffle : bool, default=False
        Whether `fit` draws frames at random instead of keeping their order.
    greedy : bool, default=False
        Whether `fit` trains level by level, each with passes of its own, instead of all together.
    reserve : float, default=0.0
        Share of unused neurons that each map that sees features keeps for new input: when fewer are unused, it gets
        more rows. 0 keeps the shapes; a `MapFullWarning` then says when a map is nearly full.
    dt : float, default=0.2
        Time step in ms.
    warm_start : bool, default=False
        If True, `fit` continues an interrupted `fit` on the same data.
    n_jobs : int or None, default=None
        Threads of frozen passes; -1 is all cores. Results do not depend on it.
    random_state : int, RandomState, Generator or None, default=None
        Projections, initial weights, noise, and the order of frames drawn at random.
    verbose : bool, default=False
        Show a progress bar.

    Attributes
    ----------
    maps_ : list of Map
        The maps with all their parts, levels and phases.
    n_presentations_seen_ : int
        Frames learned so far.
    spike_counts_ : ndarray of shape (n_maps,)
        Spikes of the excitatory neurons of each map while learning.
    novelty_ : dict of str to ndarray of shape (n_frames,)
        By map, how new each frame was when it was learned, from 0 to 1: 1 minus the drive of the best-matching neuron,
        relative to that of a perfect match. For the last 65,536 frames.
    events_ : list of NoveltyEvent
        What was met while learning: new classes, returns of known ones, maps that fill; see `tectum.NoveltyEvent`.
    classes_ : dict of str to ndarray of shape (n_neurons,)
        By map, the class that each neuron was recruited for, numbered as they came; -1 for neurons without one.
    names_ : dict of str to dict of int to str
        By map, the neurons that were given a name (`name_neuron`).
    n_features_in_, feature_names_in_
        As in scikit-learn.

    Notes
    -----
    With sources that remember (`Winners`, or `Features` with a delay), samples given to one call of `transform` or
    `predict` are frames that follow each other, and the first begins without a past. Without them each sample is
    shown to a hierarchy at rest, and responses do not depend on the others.

    References
    ----------
    Fries (2015). Rhythms for cognition: communication through coherence. Neuron 88:220-235.

    Rumbell, Denham & Wennekers (2014). IEEE TNNLS 25(5), 894-907.

    Strickert & Hammer (2005). Merge SOM for temporal data. Neurocomputing 64:39-71.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from tectum import MapHierarchy
    >>> X = load_digits().data[:200]
    >>> hierarchy = MapHierarchy(random_state=0).fit(X)
    >>> hierarchy.predict(X, "lower_0").shape
    (200,)
    """

    _precisions = ("float64", "float32")
    _recommended = {"clock": parts.PacingClock(), "maps": description.DEFAULT}  # noqa: RUF012  constant
    _records = {"_state": GraphState}  # noqa: RUF012  constant
    _numbers = ("_seen", "_planned")
    _schema = schema.map_hierarchy
    _unit = "frames"
    _error = "quantization_error"

    maps_: list[parts.Map]

    _parameter_constraints = {
        "maps": [list, tuple, None],
        "clock": [parts.PacingClock, parts.AdaptiveClock, parts.Entrainment, None],
        "cycles": [WHOLE],
        "n_passes": [WHOLE],
        "shuffle": ["boolean"],
        "greedy": ["boolean"],
        "reserve": [Interval(numbers.Real, 0, 1, closed="left")],
        "dt": [Interval(numbers.Real, 0, 0.5, closed="right")],
    } | COMMON

    def __init__(
        self,
        maps: Any = None,
        *,
        clock: Any = None,
        cycles: int = 4,
        n_passes: int = 1,
        shuffle: bool = False,
        greedy: bool = False,
        reserve: float = 0.0,
        dt: float = 0.2,
        warm_start: bool = False,
        n_jobs: int | None = None,
        random_state: Any = None,
        verbose: bool = False,
    ) -> None:
        self.maps = maps
        self.clock = clock
        self.cycles = cycles
        self.n_passes = n_passes
        self.shuffle = shuffle
        self.greedy = greedy
        self.reserve = reserve
        self.dt = dt
        self.warm_start = warm_start
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    @classmethod
    def from_toml(cls, path: Any, **settings: Any) -> Self:
        """A hierarchy described in a TOML file, see `tectum.models.hierarchy.toml`.

        Parameters
        ----------
        path : str or path
            The file.
        **settings : Any
            Parameters that override those of the file.

        Returns
        -------
        MapHierarchy

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If it does not describe a hierarchy; the message names map and key.
        """
        maps, others = map_toml.read_graph(path)
        return cls(**constructor_arguments(cls, {"maps": maps} | others | settings))

    def fit(self, X: ArrayLike, y: Any = None) -> Self:
        """Learn from frames, in their order or drawn at random.

        Parameters
        ----------
        X : array-like of shape (n_frames, n_features)
            Only the direction of a frame counts, not its length, unless a `Ranked` code says otherwise.
        y : ignored

        Returns
        -------
        MapHierarchy
            The estimator itself.

        Raises
        ------
        ValueError
            If X is not a finite numerical table, or the maps are not a graph that can be built on it.

        Examples
        --------
        >>> hierarchy.fit(X).n_presentations_seen_
        30
        """
        X = self._begin(X, going_on=self.warm_start and self._has_started(), fitting=True)
        with self._learning("fit", self._planned, self._seen) as advance:
            for rows, learners in self._frames(len(X)):
                self._learn(X[rows], map_graph.learning_only(self._graph.graph.circuit, learners))
                advance(len(rows))
        return self

    def scores(
        self, X: ArrayLike, *, time_s: ArrayLike | None = None, source: ArrayLike | None = None
    ) -> dict[str, NDArray[np.float64]]:
        """Spikes of every neuron to each frame, weights frozen.

        Parameters
        ----------
        X : array-like of shape (n_frames, n_features)
        time_s, source : array-like of shape (n_frames,) or None, default=None
            Times and clips of the frames, as in `partial_fit`.

        Returns
        -------
        dict of str to ndarray of shape (n_frames, n_neurons)
            By map: spikes less the share of the frame before the first, so that of neurons with as many spikes the
            one that began earlier is higher; 0 for silent neurons.

        Examples
        --------
        >>> list(hierarchy.scores(X))
        ['scenes']
        """
        X = self._samples(X)
        return self._scores(X, self._memory(), checked("scores", len(X), time_s, source))

    def transform(self, X: ArrayLike, map: str | None = None, **moments: Any) -> NDArray[np.float64]:
        """Response of a map: 1 for the winner, less for neurons with fewer or later spikes, 0 for silent ones.

        Parameters
        ----------
        X : array-like of shape (n_frames, n_features)
        map : str or None, default=None
            Name of the map; None is the last.
        **moments : array-like of shape (n_frames,)
            ``time_s`` and ``source`` of the frames, as in `partial_fit`.

        Returns
        -------
        ndarray of shape (n_frames, rows * columns)
            Scores (see `scores`) over the highest of the frame.

        Examples
        --------
        >>> hierarchy.transform(X).shape
        (30, 9)
        """
        responses = _over_the_highest(self.scores(X, **moments)[self._named("transform", map).name])
        return responses.astype(precision_of(X), copy=False)

    def transform_chunks(self, chunks: Iterable[Any], map: str | None = None) -> Iterator[NDArray[np.float64]]:
        """Responses of a map to frames that come in chunks, in bounded memory.

        Parameters
        ----------
        chunks : iterable of array-like of shape (n_frames, n_features), or of Chunk
            Frames that follow each other. The chunks of a stream bring times and clips along.
        map : str or None, default=None
            Name of the map; None is the last.

        Yields
        ------
        ndarray of shape (n_frames, rows * columns)
            For each chunk the rows that `transform` gives for all frames at once: memory of the frames before goes on
            from chunk to chunk.

        Examples
        --------
        >>> [part.shape for part in hierarchy.transform_chunks([X[:10], X[10:]])]
        [(10, 9), (20, 9)]
        """
        name = self._named("transform_chunks", map).name
        memory = self._memory()
        for chunk in chunks:
            given = getattr(chunk, "X", chunk)
            X = self._samples(given)
            times, clips = (getattr(chunk, field, None) for field in ("time_s", "source"))
            scores = self._scores(X, memory, checked("transform_chunks", len(X), times, clips))
            yield _over_the_highest(scores[name]).astype(precision_of(given), copy=False)

    def predict(self, X: ArrayLike, map: str | None = None, **moments: Any) -> NDArray[np.int64]:
        """Winner of each frame: the neuron with most spikes, of several the first to fire.

        Parameters
        ----------
        X, map, **moments
            As in `transform`.

        Returns
        -------
        ndarray of shape (n_frames,)
            Number of the neuron, row by row; -1 if the map stayed silent.

        Examples
        --------
        >>> hierarchy.predict(X).shape
        (30,)
        """
        found = self.scores(X, **moments)[self._named("predict", map).name]
        return np.where(found.max(axis=1) > 0.0, found.argmax(axis=1), -1)

    def weights(self, map: str | None = None, source: int = 0) -> NDArray[np.float32]:
        """Learned weights of a map from one of its sources.

        Parameters
        ----------
        map : str or None, default=None
            Name of the map; None is the last.
        source : int, default=0
            Place in `sources` of the map.

        Returns
        -------
        ndarray of shape (n_neurons, n_inputs)

        Examples
        --------
        >>> hierarchy.weights().shape[0]
        9
        """
        check_is_fitted(self)
        m = self._named("weights", map)
        rows = self._graph.incoming[self.maps_.index(m)]
        if not isinstance(source, numbers.Integral) or not 0 <= source < len(rows):
            raise ValueError(
                f"MapHierarchy.weights.source must be a whole number below {len(rows)}, got {source!r}; map {m.name!r} "
                f"has {len(rows)} sources"
            )
        table, n = self._graph.graph.circuit.projections, math.prod(m.shape)
        begin, n_pre = int(table.weights[rows[source]]), int(table.n_pre[rows[source]])
        return self._state.weights[begin : begin + n * n_pre].reshape(n, n_pre)

    def usage(self, map: str | None = None) -> NDArray[np.float32]:
        """Frames in which each neuron learned; old ones fade as `UseDependentRate` says.

        Those in which it learned with another one (`PlasticitySpread`) count by its share.

        Parameters
        ----------
        map : str or None, default=None
            Name of the map; None is the last.

        Returns
        -------
        ndarray of shape (n_neurons,)

        Examples
        --------
        >>> hierarchy.usage().shape
        (9,)
        """
        place = 2 * self.maps_.index(self._named("usage", map))
        first = self._graph.graph.circuit.first
        return self._state.use[first[place] : first[place + 1]]

    def codes(self, X: ArrayLike, map: str | None = None, source: int = 0) -> NDArray[np.float32]:
        """Input code of each frame for a map that sees features: from 1 for the first input to fire, down to 0 for
        none.

        Parameters
        ----------
        X : array-like of shape (n_frames, n_features)
        map : str or None, default=None
            Name of the map; None is the first.
        source : int, default=0
            Place in `sources` of the map.

        Returns
        -------
        ndarray of shape (n_frames, n_inputs), float32

        Examples
        --------
        >>> hierarchy.codes(X).shape[0]
        30
        """
        X = self._samples(X)
        m = self._named("codes", map or self.maps_[0].name)
        number, view = self._view_of(m, source)
        ranked, _ = view.coder.ranked_inputs(X[:, view.part], self._means[number], learning=False)
        codes = np.zeros((len(X), view.coder.n_inputs + 1), np.float32)
        strength = 1.0 - np.arange(ranked.shape[1], dtype=np.float32) / ranked.shape[1]
        np.put_along_axis(codes, ranked.astype(np.int64), np.broadcast_to(strength, ranked.shape), axis=1)
        return codes[:, :-1]

    def similarities(self, X: ArrayLike, map: str | None = None, source: int = 0) -> NDArray[np.float64]:
        """How well each neuron of a map that sees features matches each frame, before competition: a graded response.

        The winner is only the best match. The matches of all neurons say more about what varies within a
        scene, and a linear classifier can read them.

        Parameters
        ----------
        X, map, source
            As in `codes`.

        Returns
        -------
        ndarray of shape (n_frames, n_neurons)
            Cosines of `codes` and `weights`, 0 to 1; 0 for neurons that have learned nothing, and for frames without
            features.

        Examples
        --------
        >>> hierarchy.similarities(X).shape
        (30, 9)
        """
        name = self._named("similarities", map or self.maps_[0].name).name
        known = self.usage(name) > 0.0
        codes, found = self.codes(X, name, source), np.zeros((np.shape(X)[0], known.size))
        if known.any():
            found[:, known] = 1.0 - analysis.code_distances(codes, self.weights(name, source)[known])
        return found

    def quantization_error(self, X: ArrayLike, map: str | None = None, **moments: Any) -> float:
        """Mean cosine distance between the code of a frame and the weights of the neuron that wins it.

        Parameters
        ----------
        X : array-like of shape (n_frames, n_features)
        map : str or None, default=None
            Name of a map whose first source are features; None is the first.
        **moments : array-like of shape (n_frames,)
            ``time_s`` and ``source`` of the frames, as in `partial_fit`.

        Returns
        -------
        float
            0 to 1; frames to which the map is silent count 1.

        Examples
        --------
        >>> hierarchy.quantization_error(X) < 1.0
        True
        """
        name = map or self.maps_[0].name
        codes, winners = self.codes(X, name), self.predict(X, name, **moments)
        return float(analysis.code_distances(codes, self.weights(name))[np.arange(len(codes)), winners].mean())

    def topographic_error(self, X: ArrayLike, map: str | None = None, **moments: Any) -> float:
        """Share of frames whose two highest neurons are not neighbours (of eight) on the map.

        Parameters
        ----------
        X : array-like of shape (n_frames, n_features)
        map : str or None, default=None
            Name of the map; None is the first.
        **moments : array-like of shape (n_frames,)
            ``time_s`` and ``source`` of the frames, as in `partial_fit`.

        Returns
        -------
        float
            Of the frames to which two neurons or more fire; NaN if there are none.

        Examples
        --------
        >>> 0.0 <= hierarchy.topographic_error(X) <= 1.0
        True
        """
        m = self._named("topographic_error", map or self.maps_[0].name)
        two = analysis.two_highest(self.scores(X, **moments)[m.name])
        two = two[two[:, 1] >= 0]
        return analysis.topographic_error(two, m.shape) if len(two) else math.nan

    def record(self, X: ArrayLike) -> Recording:
        """All spikes while frames follow each other, weights frozen, starting from rest.

        Parameters
        ----------
        X : array-like of shape (n_frames, n_features)

        Returns
        -------
        Recording
            Populations are the maps by name, and their inhibitory neurons as ``name.h``. Traces, once per ms: of each
            map its mean inhibitory conductance, a stand-in for its field potential.

        Examples
        --------
        >>> sorted(hierarchy.record(X[:1]).spikes)
        ['scenes', 'scenes.h']
        """
        X = self._samples(X)
        circuit = self._graph.graph.circuit
        out, fired = network.record(circuit, self._state, self._unseen(X), self._seed, field=True)
        names = (name for m in self.maps_ for name in (m.name, f"{m.name}.h"))
        trains = dict(zip(names, fired, strict=True))
        traces = {m.name: out.field[:, 2 * k].astype(np.float64) for k, m in enumerate(self.maps_)}
        times = np.arange(len(out.field), dtype=np.float64)
        return Recording(trains, circuit.frame * circuit.dt, len(X), {"time_ms": times} | traces)

    def _costs(self, X: Any) -> Costs:
        """Synapses by the wiring; features and winners of maps below fire in each cycle of a frame."""
        spikes, circuit = dict(self.record(X).spikes), self._graph.graph.circuit
        ranked, n_cycles, entering = self._unseen(self._samples(X)), circuit.frame // circuit.cycle, []
        targets = {
            name: targets_of(circuit, POPULATION, k, train.n_neurons) for k, (name, train) in enumerate(spikes.items())
        }
        for s, (first, last) in enumerate(pairwise(circuit.input_first)):
            fired, name = ranked[:, first:last], f"input {s}"
            if circuit.inputs.winners[s] >= 0:  # as many as can, once the map below has fired
                fired = np.broadcast_to(np.arange(last - first), fired.shape)
            else:
                entering.append(name)
            neuron = np.repeat(fired[fired >= 0], n_cycles).astype(np.int64)
            n = int(circuit.projections.n_pre[circuit.projections.source == s].max(initial=last - first))
            spikes[name] = SpikeTrain(np.zeros(len(neuron)), neuron, neuron, n)
            targets[name] = targets_of(circuit, RANKED, s, n)
        return spikes, targets, float(circuit.first[-1] * circuit.frame), tuple(entering)

    def diagnose(self, X: ArrayLike, **moments: Any) -> Diagnosis:
        """Look in each map for neurons that never fire or never win, frames without a spike, and saturated weights.

        Parameters
        ----------
        X : array-like of shape (n_frames, n_features)
        **moments : array-like of shape (n_frames,)
            ``time_s`` and ``source`` of the frames, as in `partial_fit`.

        Returns
        -------
        Diagnosis
            Print it for a table; its `warnings` name a remedy each.
        """
        weights = {m.name: [self.weights(m.name, k) for k in range(len(m.sources))] for m in self._fitted_maps()}
        return diagnose_maps(
            self.maps_, self.scores(X, **moments), weights, {m.name: self.usage(m.name) for m in self.maps_}
        )

    @property
    def _n_features_out(self) -> int:
        return math.prod(self.maps_[-1].shape)

    def chosen_parts(self) -> Any:
        chosen = super().chosen_parts()
        chosen.maps = getattr(self, "maps_", chosen.maps)
        return chosen

    def _default_of(self, part: Any, field: str) -> Any:
        """Parts that a map does not name."""
        return map_graph.default_parts(part.sources, self.clock).get(field) if isinstance(part, parts.Map) else None

    def _fitted_maps(self) -> list[parts.Map]:
        check_is_fitted(self)
        return self.maps_

    def _named(self, method: str, name: str | None) -> parts.Map:
        if name is None:
            return self._fitted_maps()[-1]
        for m in self._fitted_maps():
            if m.name == name:
                return m
        names = ", ".join(m.name for m in self.maps_)
        raise ValueError(f"MapHierarchy.{method}.map must be the name of a map, got {name!r}; there are: {names}")

    def _view_of(self, m: parts.Map, source: int) -> tuple[int, Any]:
        """Number of the input that is a source of a map, and how it codes features."""
        if not 0 <= source < len(m.sources) or not isinstance(m.sources[source], parts.Features):
            raise ValueError(
                f"MapHierarchy.codes.source must be a source of map {m.name!r} that is Features, got {source!r}; "
                "name a map that sees features"
            )
        row = self._graph.incoming[self.maps_.index(m)][source]
        number = int(self._graph.graph.circuit.projections.source[row])
        return number, self._graph.views[number]

    def _scores(self, X: NDArray[Any], memory: Memory | None, moments: Moments) -> dict[str, NDArray[np.float64]]:
        """Scores by map; changes the memory, which ends where a clip does."""
        first = self._graph.graph.circuit.first
        if memory is None:
            found = self._respond_in_parts(X, lambda X: self._respond(X, None), FROZEN)
            table = np.concatenate([scores for _, scores in found])
        else:  # frames that follow each other are shown by one thread
            parts_of = self._following(memory, moments, len(X))
            table = np.concatenate([self._respond(X[part], memory, beside) for part, beside in parts_of])
        return {m.name: table[:, first[2 * k] : first[2 * k + 1]] for k, m in enumerate(self.maps_)}

    def _start(self, X: NDArray[Any]) -> None:
        """A hierarchy at rest with random weights."""
        maps = description.counted(self.maps, X.shape[1])
        self.maps_ = map_graph.resolved(maps, self.chosen_parts().clock, X.shape[1])
        self._seed = seed_from(self.random_state)
        self._state = self._build(X.shape[1])
        views = self._graph.views
        self._means = [np.zeros(0) if v is None else v.coder.start() for v in views]
        first = self._graph.graph.circuit.input_first
        none = [Past(np.zeros((0, int(n)), np.int32), np.zeros(0)) for n in np.diff(first)]
        self._past = [p.forgotten(v.delay if v else 0) for v, p in zip(views, none, strict=True)]
        self._moment = np.full(2, np.nan)
        self._seen = 0
        self._notice_nothing()
        self.spike_counts_ = np.zeros(len(self.maps_), np.int64)

    def _build(self, n_features: int) -> GraphState:
        """The graph, and its state before learning, which is not kept: large maps have large weights."""
        built = map_graph.build(self.maps_, n_features, self._seed, dt=float(self.dt), cycles=int(self.cycles))
        first = built.graph.first
        self._graph = built._replace(graph=built.graph._replace(first=first._replace(weights=first.weights[:0].copy())))
        return first

    def _rebuild(self, arrays: dict[str, np.ndarray], header: dict[str, Any]) -> GraphState:
        """The graph that a file describes, if it holds as many neurons and weights; returns its state at rest."""
        maps, n_features = list(parameters.from_json(header["maps"])), self.n_features_in_
        self.maps_ = map_graph.resolved(maps, parts.PacingClock(), n_features)
        sizes, found = map_graph.sizes(self.maps_, n_features), (arrays["state.v"].size, arrays["state.weights"].size)
        if sizes != found:
            raise ValueError(f"maps must have the neurons and weights of the arrays, {found}, got {sizes}")
        self._seed = np.uint64(arrays["seed"].item())
        return self._build(n_features)

    def _stages(self) -> list[list[int] | None]:
        """Numbers of the maps that learn in each stage of `fit`; None is all."""
        return [*map_graph.levels_of(self.maps_)] if self.greedy else [None]

    def _plan(self, n_samples: int | None) -> int:
        return self.n_passes * (n_samples or 0) * len(self._stages())

    def _frames(self, n_samples: int) -> Iterator[tuple[list[int], list[int] | None]]:
        """Frames of `fit` that are left, in their order or drawn at random, and the maps that learn from them."""
        n_each = self.n_passes * n_samples
        while self._seen < self._planned:
            stage, done = divmod(self._seen, n_each)
            here = range(done, min(done + BATCH, n_each))
            order = [m % n_samples for m in here]
            if self.shuffle:
                order = [int(integers(self._seed, np.uint64(stage * n_each + m), n_samples)) for m in here]
            yield order, self._stages()[stage]

    def _chunk(self) -> int:
        return BATCH

    def _learn(self, X: NDArray[Any], circuit: Any = None) -> None:
        """Show frames one after another."""
        circuit = self._graph.graph.circuit if circuit is None else circuit
        moments = self._moments(len(X))
        ranked, means, past = self._ranked(X, self._means, self._past, moments, learning=True)
        state, shown = network.copy_of(self._state), ranked.copy()  # winners are filled in
        out = network.run(circuit, state, ranked, self._seed, learning=True, match=True)
        total = out.counts.sum(axis=0)
        first = circuit.first
        spikes = [int(total[first[2 * k] : first[2 * k + 1]].sum()) for k in range(len(self.maps_))]
        news = self._notice(shown, out, circuit.gates.factor[::2] > 1.0)
        seen, counts = self._seen + len(X), self.spike_counts_ + np.array(spikes)
        self._commit(
            _state=state,
            _means=means,
            _past=past,
            _seen=seen,
            spike_counts_=counts,
            _moment=moments.last(self._moment),
            **news.kept,
        )
        self._tell(news.events)

    def _respond(self, X: NDArray[Any], memory: Memory | None, moments: Moments = NO_MOMENTS) -> NDArray[np.float64]:
        """Scores of all neurons to frames that follow those in memory, which changes, or to each from rest."""
        circuit, out = self._graph.graph.circuit, self._run_frozen(X, memory, moments)
        return map_graph.scores(out.counts, out.latency, circuit.frame * circuit.dt)

    def _run_frozen(
        self, X: NDArray[Any], memory: Memory | None, moments: Moments = NO_MOMENTS, *, match: bool = False
    ) -> Any:
        circuit = self._graph.graph.circuit
        if memory is None:
            return network.respond(circuit, self._state, self._unseen(X), self._seed ^ keys_of_rows(X), match=match)
        ranked, _, memory.past[:] = self._ranked(X, self._means, memory.past, moments, learning=False)
        return network.run(circuit, memory.state, ranked, self._seed, learning=False, match=match)

    def _get_state(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        arrays, header = super()._get_state()
        arrays |= {f"mean.{s}": mean for s, mean in enumerate(self._means)}
        arrays |= {f"past.{s}": past.codes for s, past in enumerate(self._past)}
        arrays |= {f"past_ms.{s}": past.ms for s, past in enumerate(self._past)}
        known = np.isfinite(self._moment)  # files hold finite numbers
        arrays["moment"] = np.concatenate([np.where(known, self._moment, 0.0), known])
        arrays["spike_counts"] = self.spike_counts_
        arrays |= self._noticed_arrays()
        return arrays, header | {"maps": parameters.to_json(self.maps_), "names": self._names}

    def _set_state(self, arrays: dict[str, np.ndarray], header: dict[str, Any]) -> None:
        never = np.full(arrays["state.v"].shape, NEVER, np.int64)
        super()._set_state({"state.last": never} | arrays, header)  # files of version 0.1 hold no last spikes
        n = len(self._graph.views)
        self._means = [arrays[f"mean.{s}"] for s in range(n)]
        none = np.zeros(0)
        self._past = [Past(arrays[f"past.{s}"], arrays.get(f"past_ms.{s}", none)) for s in range(n)]
        moment, known = np.split(arrays.get("moment", np.zeros(4)), 2)
        self._moment = np.where(known > 0.0, moment, np.nan)
        self.spike_counts_ = arrays["spike_counts"]
        self._set_noticed(arrays, header)


def _over_the_highest(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scores (n_frames, n_neurons) over the highest of the frame."""
    highest = scores.max(axis=1, keepdims=True)
    return np.divide(scores, highest, out=np.zeros_like(scores), where=highest > 0.0)
