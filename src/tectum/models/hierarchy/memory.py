"""What a hierarchy of maps keeps of the frames before: delay lines and last winners."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tectum.engine.graph import network
from tectum.engine.graph.records import GraphState
from tectum.models.common.base import SpikingEstimator
from tectum.models.hierarchy.graph import MapGraph
from tectum.models.hierarchy.moments import Moments, Past, delayed, stretches

NO_MOMENTS = Moments()


class Memory(NamedTuple):
    """Where a frozen pass has come to."""

    state: GraphState  # INOUT
    past: list[Past]  # INOUT inputs of the last frames, by view
    moment: NDArray[np.float64]  # INOUT time and clip of the last frame


class RememberingEstimator(SpikingEstimator):
    """Base of `NoticingEstimator`: what fires in a frame, by the codes and by what was before."""

    _shown_at = NO_MOMENTS  # of the frames that are being learned
    _shown_from: int = 0
    _moment: NDArray[np.float64]  # (2,) time in ms and clip of the last frame learned
    _graph: MapGraph
    _state: GraphState
    _means: list[NDArray[Any]]
    _past: list[Past]
    _seen: int

    def _moments(self, n: int) -> Moments:
        """Those of the n frames that are learned next."""
        first = self._seen - self._shown_from
        return self._shown_at.take(slice(first, first + n))

    def _memory(self) -> Memory | None:
        """What a frozen pass keeps of the frames before, as yet nothing; None if responses do not depend on them."""
        if not any(view is None or view.delay > 0 or view.delay_ms > 0.0 for view in self._graph.views):
            return None
        return Memory(self._at_rest(), self._nothing_before(), np.full(2, np.nan))

    def _following(
        self, memory: Memory, moments: Moments, n: int, ends: Iterable[int] = ()
    ) -> Iterator[tuple[slice, Moments]]:
        """Parts of n frames that follow those in memory, which changes and ends where a clip does; parts at `ends`."""
        borders = moments.borders(memory.moment, n)
        for part in stretches(n, borders, ends):
            if part.start in borders:
                for here, rest in zip(memory.state, self._at_rest(), strict=True):
                    here[...] = rest
                memory.past[:] = self._nothing_before()
            yield part, moments.take(part)
        memory.moment[:] = moments.last(memory.moment)

    def _at_rest(self) -> GraphState:
        return network.at_rest(self._graph.graph.circuit, self._state)

    def _nothing_before(self) -> list[Past]:
        """Inputs of frames that there have not been."""
        views = self._graph.views
        return [p.forgotten(v.delay if v else 0) for v, p in zip(views, self._past, strict=True)]

    def _forget(self) -> None:
        state = self._state._replace(recent=np.zeros_like(self._state.recent))
        self._commit(_state=state, _past=self._nothing_before())

    def _ranked(
        self, X: NDArray[Any], means: list[NDArray[Any]], past: list[Past], moments: Moments, *, learning: bool
    ) -> tuple[NDArray[np.int32], list[NDArray[Any]], list[Past]]:
        """Inputs that fire in each frame, and the state of the codes after them."""
        circuit = self._graph.graph.circuit
        ranked = np.full((len(X), int(circuit.input_first[-1])), -1, np.int32)
        new_means, new_past = [], []
        for s, view in enumerate(self._graph.views):
            mean, before = means[s], past[s]
            if view is not None:
                here, mean = view.coder.ranked_inputs(X[:, view.part], mean, learning=learning)
                span = slice(circuit.input_first[s], circuit.input_first[s + 1])
                ranked[:, span], before = delayed(before, here, view.delay_ms, moments)
            new_means.append(mean)
            new_past.append(before)
        return ranked, new_means, new_past

    def _unseen(self, X: NDArray[Any]) -> NDArray[np.int32]:
        """Inputs that fire in frames of which the first has no past, by the codes as they are."""
        ranked, _, _ = self._ranked(X, self._means, self._nothing_before(), Moments(), learning=False)
        return ranked
