"""What a hierarchy of maps notices while it learns, and how it is changed around what it has learned."""

import math
import numbers
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from tectum import parts
from tectum.models.hierarchy import graph as map_graph, novelty as news, rebuild
from tectum.models.hierarchy.memory import NO_MOMENTS, RememberingEstimator
from tectum.models.hierarchy.moments import Moments, checked, stretches
from tectum.models.hierarchy.novelty import MapFullWarning, NoveltyEvent

BATCH = 32  # frames until progress is shown and an interrupt is served, while learning


class News(NamedTuple):
    """What is new in some frames."""

    kept: dict[str, Any]  # attributes
    events: list[NoveltyEvent]


class NoticingEstimator(RememberingEstimator):
    """Base of `MapHierarchy`: novelty of frames, events, and clocks and shapes that change after learning."""

    _listeners: tuple[Callable[[NoveltyEvent], object], ...] = ()
    _noticed: news.Noticed
    _events: list[NoveltyEvent]
    _names: dict[str, dict[int, str]]  # of neurons, by map; replaced, never changed
    maps_: list[parts.Map]
    reserve: float
    dt: float
    cycles: int

    def partial_fit(
        self, X: ArrayLike, y: Any = None, *, time_s: ArrayLike | None = None, source: ArrayLike | None = None
    ) -> Self:
        """Go on learning from frames in their order.

        Parameters
        ----------
        X : array-like of shape (n_frames, n_features)
            Only the direction of a frame counts, not its length, unless a `Ranked` code says otherwise.
        y : ignored
        time_s : array-like of shape (n_frames,) or None, default=None
            Time of each frame in s, which delays in ms need and `events_` tell.
        source : array-like of shape (n_frames,) or None, default=None
            Number of the clip of each frame. Where it changes, or time goes back, memory of frames before ends: delay
            lines and last winners.

        Returns
        -------
        MapHierarchy
            The estimator itself.

        Raises
        ------
        ValueError
            As `fit`, or if there are not as many times or clips as frames.
        """
        self._shown_at = checked("partial_fit", np.shape(X)[0], time_s, source)
        self._shown_from = getattr(self, "_seen", 0)
        try:
            return super().partial_fit(X)
        finally:
            self._shown_at = NO_MOMENTS

    def novelty(
        self, X: ArrayLike, *, time_s: ArrayLike | None = None, source: ArrayLike | None = None
    ) -> dict[str, NDArray[np.float64]]:
        """How new frames are to what has been learned, weights frozen.

        Parameters
        ----------
        X : array-like of shape (n_frames, n_features)
        time_s, source : array-like of shape (n_frames,) or None, default=None
            Times and clips of the frames, as in `partial_fit`.

        Returns
        -------
        dict of str to ndarray of shape (n_frames,)
            By map, 0 to 1, as `novelty_`.

        Raises
        ------
        ValueError
            If there are not as many times or clips as frames, or a map with a delay in ms gets no times.
        """
        X, memory = self._samples(X), self._memory()
        moments, ends = checked("novelty", len(X), time_s, source), range(BATCH, len(X), BATCH)
        parts_of: Iterable[tuple[slice, Moments]]
        if memory is None:
            parts_of = ((part, NO_MOMENTS) for part in stretches(len(X), np.zeros(0, np.intp), ends))
        else:
            parts_of = self._following(memory, moments, len(X), ends)
        found = [self._novelty_of(self._run_frozen(X[part], memory, beside, match=True)) for part, beside in parts_of]
        return dict(zip([m.name for m in self.maps_], np.concatenate(found).T, strict=True))

    def subscribe(self, listener: Callable[[NoveltyEvent], object]) -> Callable[[], None]:
        """Have a function called with each event when it happens, at the latest 32 frames later.

        Parameters
        ----------
        listener : callable
            Called with a `NoveltyEvent`. It is not kept in files, copies and pickles of the hierarchy.

        Returns
        -------
        callable
            Without arguments; ends the calls.
        """
        self._listeners = (*self._listeners, listener)

        def end() -> None:
            self._listeners = tuple(other for other in self._listeners if other is not listener)

        return end

    def name_neuron(self, neuron: int, text: str, map: str | None = None) -> Self:
        """Give a neuron a name, which is kept with the hierarchy, also in its file.

        Parameters
        ----------
        neuron : int
            Its number on the map.
        text : str
            The name; an empty one takes it away.
        map : str or None, default=None
            Name of the map; None is the last.

        Returns
        -------
        MapHierarchy
            The estimator itself.

        Raises
        ------
        ValueError
            If there is no such map or neuron.
        """
        m = self._named("name_neuron", map)
        if not isinstance(neuron, numbers.Integral) or not 0 <= neuron < math.prod(m.shape):
            raise ValueError(
                f"MapHierarchy.name_neuron.neuron must be a whole number below {math.prod(m.shape)}, got {neuron!r}"
            )
        others = {j: name for j, name in self._names.get(m.name, {}).items() if j != neuron}
        self._names = self._names | {m.name: others | ({int(neuron): text} if text else {})}
        return self

    def set_phases(self, phases: Mapping[str, float]) -> Self:
        """Move the clocks of maps that have learned, and nothing else: who is heard changes, no weight does.

        Parameters
        ----------
        phases : mapping of str to float
            By map, the phase of its clock in ms, see `Map`; maps that are not named keep theirs.

        Returns
        -------
        MapHierarchy
            The estimator itself, at rest.

        Raises
        ------
        ValueError
            If there is no such map, or it has no clock with a period, or the phase is not a finite number.
        """
        for name, phase in phases.items():
            m = self._named("set_phases", name)
            if isinstance(m.clock, parts.Entrainment):
                raise ValueError(
                    f"MapHierarchy.set_phases.phases must name maps with a clock; {name!r} is entrained by the maps "
                    "that it hears: move theirs"
                )
            if not isinstance(phase, numbers.Real) or not math.isfinite(phase):
                raise ValueError(f"MapHierarchy.set_phases.phases must be finite, in ms, got {phase!r} for {name!r}")
        self._built_anew([m._replace(phase=float(phases.get(m.name, m.phase or 0.0))) for m in self.maps_])
        return self

    @property
    def novelty_(self) -> dict[str, NDArray[np.float32]]:
        """See the class."""
        check_is_fitted(self)
        return {m.name: self._noticed.novelty[:, k] for k, m in enumerate(self.maps_)}

    @property
    def events_(self) -> list[NoveltyEvent]:
        """See the class."""
        check_is_fitted(self)
        return list(self._events)

    @property
    def names_(self) -> dict[str, dict[int, str]]:
        """See the class."""
        check_is_fitted(self)
        return {name: dict(found) for name, found in self._names.items()}

    @property
    def classes_(self) -> dict[str, NDArray[np.int64]]:
        """See the class."""
        check_is_fitted(self)
        ends = np.cumsum([math.prod(m.shape) for m in self.maps_])[:-1]
        labels = np.split(self._noticed.labels, ends)
        return {m.name: found for m, found in zip(self.maps_, labels, strict=True)}

    def _run_frozen(self, X: NDArray[Any], memory: Any, moments: Moments = NO_MOMENTS, *, match: bool = False) -> Any:
        """What the graph does with frames, weights frozen."""
        raise NotImplementedError

    def _named(self, method: str, name: str | None) -> parts.Map:
        """The map of that name."""
        raise NotImplementedError

    def _in_order(self, X: NDArray[Any]) -> Iterator[NDArray[Any]]:
        """Chunks that end where they would in one long stream, since maps grow at their ends, and where clips do."""
        borders = self._shown_at.borders(self._moment, len(X))
        for part in stretches(len(X), borders, range(BATCH - self._seen % BATCH, len(X), BATCH)):
            if part.start in borders:
                self._forget()
            yield X[part]

    def _built_anew(self, maps: list[parts.Map]) -> None:
        """Around what was learned, other maps that have as many neurons or more; all at rest."""
        old = self._graph
        built = map_graph.build(maps, self.n_features_in_, self._seed, dt=float(self.dt), cycles=int(self.cycles))
        state = rebuild.carried(old, self._state, built, built.graph.first)
        sizes = [[math.prod(m.shape) for m in some] for some in (self.maps_, maps)]
        noticed = news.remapped(self._noticed, *sizes)
        empty = built.graph.first._replace(weights=built.graph.first.weights[:0].copy())
        graph = built._replace(graph=built.graph._replace(first=empty))
        self._commit(maps_=maps, _graph=graph, _state=state, _noticed=noticed)

    def _notice_nothing(self) -> None:
        """Before the first frame."""
        n_ranked = int(self._graph.graph.circuit.input_first[-1])
        self._noticed = news.nothing([math.prod(m.shape) for m in self.maps_], n_ranked)
        self._events = []
        self._names = {}

    def _noticed_arrays(self) -> dict[str, NDArray[Any]]:
        """What was noticed, for a file."""
        kept = {f"noticed.{name}": np.nan_to_num(array, nan=-1.0) for name, array in self._noticed._asdict().items()}
        return kept | news.as_table(self._events, [m.name for m in self.maps_])

    def _set_noticed(self, arrays: Mapping[str, NDArray[Any]], header: Mapping[str, Any]) -> None:
        """The way back."""
        self._notice_nothing()
        named = header.get("names", {}).items()
        self._names = {name: {int(j): str(text) for j, text in found.items()} for name, found in named}
        if "noticed.mean" in arrays:  # not of version 0.1
            found = {name.removeprefix("noticed."): array for name, array in arrays.items()}
            found = {"warned": found.get("told", self._noticed.warned)} | found  # its name in older files, which ...
            said = {name: found[name] for name in news.Noticed._fields if name in found}
            kept = self._noticed._replace(**said)  # ... hold nothing of what is usual in a class
            self._noticed = kept._replace(novelty=np.where(kept.novelty < 0.0, np.float32(np.nan), kept.novelty))
            names = [m.name for m in self.maps_]
            self._events = news.from_table(arrays["events"], arrays["event_values"], names)

    def _notice(self, shown: NDArray[np.int32], out: Any, learners: NDArray[np.bool_]) -> News:
        """What is new in frames that were shown."""
        circuit = self._graph.graph.circuit
        spans = [slice(a, b) for a, b in zip(circuit.input_first[:-1], circuit.input_first[1:], strict=True)]
        cuts = map_graph.over_sources(self._graph, news.cuts_of(shown, self._noticed.past, spans))
        scores = self._by_map(map_graph.scores(out.counts, out.latency, circuit.frame * circuit.dt))
        winners = [np.where(here.max(axis=1) > 0.0, here.argmax(axis=1), -1) for here in scores]
        novelty = np.where(learners, self._novelty_of(out), np.nan)
        frames, ms = self._seen + np.arange(len(shown)), self._moments(len(shown)).ms
        times = np.full(len(shown), np.nan) if ms is None else ms / 1e3
        names = [m.name for m in self.maps_]
        # where winners give way, one neuron learns from a frame, not all that fire; that it did is seen in the next
        counts, matches = self._by_map(out.counts), self._by_map(out.match)
        learned = [(counts if math.isinf(m.gate.mismatch) else matches)[k] > 0 for k, m in enumerate(self.maps_)]
        noticed, events = news.notice(
            self._noticed, names, shown, cuts, novelty, np.stack(winners, 1), learned, matches, frames, times
        )
        return News({"_noticed": noticed, "_events": [*self._events, *events][-news.MOST_KEPT :]}, events)

    def _novelty_of(self, out: Any) -> NDArray[np.float64]:
        """Novelty (n_frames, n_maps) of what was shown."""
        drives = np.array([m.norm.drive for m in self.maps_])
        most = np.stack([matches.max(axis=1) for matches in self._by_map(out.match)], axis=1)
        return np.clip(1.0 - most / drives, 0.0, 1.0)

    def _by_map(self, table: NDArray[Any]) -> list[NDArray[Any]]:
        """Columns of the neurons of each map, without the inhibitory ones."""
        first = self._graph.graph.circuit.first
        return [table[:, first[2 * k] : first[2 * k + 1]] for k in range(len(self.maps_))]

    def _grow(self) -> list[NoveltyEvent]:
        """Give rows to maps with fewer unused neurons than the reserve."""
        maps, events = [], []
        for m in self.maps_:
            rows = m.shape[0]
            if _sees(m):
                rows = rebuild.rows_wanted(m, int((self.classes_[m.name] >= 0).sum()), float(self.reserve))
            if rows > m.shape[0]:
                events.append(NoveltyEvent(self._seen, math.nan, m.name, -1, "grown", 0.0, -1))
            maps.append(m._replace(shape=map_graph.grid_of(m._replace(shape=(rows, m.shape[1])))))
        if events:
            self._built_anew(maps)
            self._events = [*self._events, *events]
        return events

    def _tell(self, events: list[NoveltyEvent]) -> None:
        """Let maps grow that fill, then warn, and call those that listen."""
        if self.reserve > 0.0 and self._seen % BATCH == 0:
            events = [*events, *self._grow()]
        for event in events:
            if event.why == "nearly full" and not self.reserve and _sees(self._named("_tell", event.map)):
                used = int((self.classes_[event.map] >= 0).sum())
                warnings.warn(
                    f"map {event.map!r} has {len(self.classes_[event.map]) - used} of {len(self.classes_[event.map])} "
                    "neurons left for what is new: set MapHierarchy(reserve=0.1), so that it grows, or give it a "
                    "larger shape",
                    MapFullWarning,
                    stacklevel=2,
                )
            for listener in self._listeners:
                listener(event)

    def __getstate__(self) -> Any:
        """Without those that listen."""
        return {name: value for name, value in super().__getstate__().items() if name != "_listeners"}


def _sees(m: parts.Map) -> bool:
    """Whether a map sees features."""
    return any(isinstance(source, parts.Features) for source in m.sources)
