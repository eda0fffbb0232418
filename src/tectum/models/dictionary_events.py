"""What a `SpikingDictionary` does with events: it sees a sensor patch by patch, without frames or windows."""

import math
from collections.abc import Iterator
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from tectum.core.random import seed_from, uniform_array
from tectum.engine.dictionary import events as engine, network
from tectum.engine.dictionary.loop import DictionaryState
from tectum.models.common.atomic import all_or_nothing
from tectum.models.common.event_input import EventEstimator, Pair, fold, recordings, whole_recordings
from tectum.models.common.progress import progress_bar
from tectum.parts.event_input import EventPatches
from tectum.parts.plasticity import learning_rate
from tectum.streams import EventStream

SPIKE = np.dtype([("t", np.int64), ("x", np.int32), ("y", np.int32), ("unit", np.int32), ("recording", np.int32)])
DRAWN = 4096  # events whose patches tell the scale of the input and the first weights
BEGIN = 2**17  # events at the begin of a recording that are looked at for this
BLOCK = 1024  # events of one learning rate
DRAW_STREAM = 0xFFFFFFFFFFFFFFFB
FEWEST = 500_000  # events that `fit_events` presents, however short the recordings


class EventDictionary(EventEstimator):
    """The part of `SpikingDictionary` that takes events."""

    quantum_: float | None

    def fit_events(self, events: Any, y: Any = None, *, shape: Pair | None = None) -> Self:
        """Learn from recordings of event cameras, each event at its own time.

        The components are patches of the sensor with an ON and an OFF channel, and all patches learn the same ones.
        Recordings are presented in the order given, again and again until `n_presentations` events were seen; None is
        once, and 500,000 events at least.

        Parameters
        ----------
        events, shape
            As in `partial_fit_events`.
        y : ignored

        Returns
        -------
        SpikingDictionary
            The estimator itself.

        Raises
        ------
        ValueError
            If the dictionary is not made for events, or its patches are larger than the camera.
        StreamError
            If a recording cannot be read.
        """
        going_on = self.warm_start and self._has_started()
        stream = self._watched(events, shape, reset=not going_on)
        if not going_on:
            self._start_events(stream, max(FEWEST, stream.extent().n_events))
        with self._learning("fit", self._planned, self._seen) as advance:
            while self._seen < self._planned:
                for n in self._take_in(stream, self._planned):
                    advance(n)
        return self

    def _continue_with(self, events: Any, shape: Pair | None) -> None:
        stream = self._watched(events, shape, reset=not self._has_started())
        if not self._has_started():
            self._start_events(stream, FEWEST)
        with self._learning("partial_fit", stream.extent().n_events) as advance:
            for n in self._take_in(stream):
                advance(n)

    def transform_events(
        self, events: Any, *, shape: Pair | None = None, cells: int | Pair = 1, bins: int = 1
    ) -> NDArray[np.float32]:
        """Spikes of each component in response to each recording, weights frozen.

        Parameters
        ----------
        events, shape
            As in `fit_events`; the camera may be of another size than the one that was learned from.
        cells : int or (int, int), default=1
            Rows and columns of equal cells of the sensor in which spikes are counted apart.
        bins : int, default=1
            Equal parts of the time of a recording in which spikes are counted apart. Counting begins after the neurons
            have fired: they know no bins.

        Returns
        -------
        ndarray of shape (n_recordings, bins * cells * n_components), float32
            Spike counts, bin by bin, then cell by cell, row by row.

        Raises
        ------
        ValueError, StreamError
            As `fit_events`, or if there are more cells than patches.
        """
        check_is_fitted(self)
        stream = self._watched(events, shape)
        grid = self._grid(stream.extent().shape)
        down, right = (cells, cells) if isinstance(cells, int) else cells
        if not (1 <= down <= grid[0] and 1 <= right <= grid[1] and bins >= 1):
            raise ValueError(
                f"SpikingDictionary.transform_events: cells must be from 1 to the {grid} patches of the sensor, and "
                f"bins 1 or more, got cells = {cells!r}, bins = {bins!r}; change them"
            )
        n = self.n_components
        counts = np.zeros((len(stream), bins * down * right * n), np.float32)
        for spikes, end in self._responses_to(stream):
            if not len(spikes):
                continue
            row, column = self._places(spikes)
            cell = row * down // grid[0] * right + column * right // grid[1]
            part = np.minimum(spikes["t"] * bins // (end + 1), bins - 1)
            place = (part * down * right + cell) * n + spikes["unit"]
            counts[spikes["recording"][0]] = np.bincount(place, minlength=counts.shape[1])
        return counts

    def record_events(self, events: Any, *, shape: Pair | None = None) -> NDArray[Any]:
        """All spikes in response to recordings, weights frozen.

        Parameters
        ----------
        events, shape
            As in `transform_events`.

        Returns
        -------
        ndarray of shape (n_spikes,)
            Structured: ``t`` in us from the first event of its recording, ``x`` and ``y`` of the middle of the patch in
            pixels, ``unit`` that fired, and the number of the ``recording``.

        Raises
        ------
        ValueError, StreamError
            As `fit_events`.
        """
        check_is_fitted(self)
        found = [spikes for spikes, _ in self._responses_to(self._watched(events, shape))]
        return np.concatenate(found) if found else np.empty(0, SPIKE)

    def reconstruct_events(self, spikes: NDArray[Any], at_us: ArrayLike, *, shape: Pair) -> NDArray[np.float32]:
        """Trace of the events, reconstructed from spikes, at some times.

        Parameters
        ----------
        spikes : ndarray of shape (n_spikes,)
            Of one recording, from `record_events`.
        at_us : array-like of shape (n_times,)
            Times in us.
        shape : (height, width)
            Size of the camera in pixels.

        Returns
        -------
        ndarray of shape (n_times, 2, height, width), float32
            The trace of ON and of OFF events, each 1 and falling exponentially, to compare with that of the events
            themselves (`analysis.event_traces`); mean over the patches of a pixel.
        """
        check_is_fitted(self)
        encoder, at = self._encoder(), np.atleast_1d(np.asarray(at_us, np.float64))
        row, column = self._places(spikes)
        place, n = row * self._grid(shape)[1] + column, self.n_components
        found = np.zeros((len(at), 2, *shape), np.float32)
        for frame, t in zip(found, at, strict=True):
            first, last = np.searchsorted(spikes["t"], [t - 1e4 * encoder.tau, t], side="right")
            fresh = self.quantum_ * np.exp((spikes["t"][first:last] - t) / (1e3 * encoder.tau))
            lit, of = np.unique(place[first:last], return_inverse=True)  # most patches have had no spikes lately
            codes = np.bincount(of * n + spikes["unit"][first:last], fresh, minlength=len(lit) * n)
            frame += fold(encoder, lit, codes.reshape(-1, n) @ self.components_, shape)
        return found

    # -- how it runs

    def _encoder(self) -> EventPatches:
        encoder = self.chosen_parts()["encoder"]
        if not isinstance(encoder, EventPatches):
            raise ValueError(
                f"SpikingDictionary.encoder must be EventPatches() to take events, got {encoder!r}; start from "
                "SpikingDictionary.for_events()"
            )
        return encoder

    def _watched(self, events: Any, shape: Pair | None, *, reset: bool = False) -> EventStream:
        if reset:
            self._validate_params()
        else:
            self._check_fit()
        encoder, stream = self._encoder(), recordings(events, "SpikingDictionary", shape)
        if min(stream.extent().shape) < encoder.size:
            raise ValueError(
                f"SpikingDictionary.encoder.size must be at most the side of the camera, {stream.extent().shape} "
                f"pixels, got {encoder.size}; pass smaller patches, or the shape of the camera"
            )
        return stream

    def _grid(self, shape: Pair) -> Pair:
        return engine.grid_of(self._encoder(), shape)

    def _start_events(self, stream: EventStream, planned: int) -> None:
        """A new state for so many events, unless `n_presentations` says otherwise."""
        with all_or_nothing(self):
            self._start_from(stream)
            self._planned = self.n_presentations or planned
            self._learned_with = self._given()

    def _start_from(self, stream: EventStream) -> None:
        """Weights and threshold before learning, from what events have left in patches."""
        chosen, encoder = self.chosen_parts(), self._encoder()
        seed = seed_from(self.random_state)
        share = -(-DRAWN // len(stream))
        drawn: list[NDArray[np.float32]] = []
        for k, begin in enumerate(whole_recordings(stream, BEGIN)):
            draws = uniform_array(int(seed), DRAW_STREAM, k, share).astype(np.float64)
            drawn.append(engine.traces(encoder, begin, stream.extent().shape, draws))
            if sum(map(len, drawn)) >= DRAWN:
                break
        inputs = np.concatenate(drawn)
        self._seed, self._seen = seed, 0
        self.n_features_in_ = 2 * encoder.size**2
        self.input_scale_, self.on_off_ = 1.0, False
        self.quantum_ = float(chosen["competition"].quantum or np.linalg.norm(inputs, axis=1).mean())
        weights = network.initial_weights(chosen["initial"], inputs, self.n_components, seed)
        weights = network.unit_length(weights, max(0.0, self._lowest_weight(chosen["rule"])))
        thresholds = network.initial_thresholds(chosen["threshold"], self.n_components, seed)
        self._state = DictionaryState(weights, thresholds, np.zeros_like(thresholds))
        self._build()
        self.spike_counts_ = np.zeros(self.n_components, np.int64)

    def _take_in(self, stream: EventStream, last: float = math.inf) -> Iterator[int]:
        """Learn from the recordings, once, or until so many events were seen; yields numbers of events."""
        chosen, circuit = self._build()
        state = DictionaryState(*(array.copy() for array in self._state))
        grid, current = self._grid(stream.extent().shape), 0
        sheet = engine.new_sheet(self.n_features_in_, self.n_components, grid, learning=True)
        scratch = engine.new_scratch(circuit, state, learning=True)
        for whole, source in stream:
            part = whole[: int(min(len(whole), last - self._seen))]
            if len(part) == 0:
                return
            if source != current:
                sheet = engine.new_sheet(self.n_features_in_, self.n_components, grid, learning=True)
                current = source
            for at in range(0, len(part), 16 * BLOCK):
                some = part[at : at + 16 * BLOCK]
                blocks = (self._seen + np.arange(len(some))) // BLOCK
                kinds, of = np.unique(blocks, return_inverse=True)
                factors = np.array([chosen["schedule"].factor(b * BLOCK / self._planned) for b in kinds])
                rates = (learning_rate(circuit.rule) * factors).astype(np.float32)[of]
                _, _, unit = engine.take_in(circuit, state, sheet, scratch, some, rates, learning=True)
                spikes = self.spike_counts_ + np.bincount(unit, minlength=self.n_components)
                learned = DictionaryState(*(array.copy() for array in state))
                self._commit(_state=learned, _seen=self._seen + len(some), spike_counts_=spikes)
                yield len(some)

    def _responses_to(self, stream: EventStream) -> Iterator[tuple[NDArray[Any], int]]:
        """Spikes to each recording, and the time of its last event."""
        _, circuit = self._build()
        state = DictionaryState(*(array.copy() for array in self._state))
        shape, current, end = stream.extent().shape, 0, 0
        found: list[NDArray[Any]] = []
        scratch = engine.new_scratch(circuit, state, learning=False)
        sheet = self._frozen_sheet(shape)
        with progress_bar(stream.extent().n_events, "respond", self.verbose, unit="events") as advance:
            for part, source in stream:
                if source != current:
                    yield np.concatenate(found), end
                    sheet, found, current = self._frozen_sheet(shape), [], source
                rates = np.zeros(len(part), np.float32)
                t, place, unit = engine.take_in(circuit, state, sheet, scratch, part, rates, learning=False)
                spikes = np.empty(len(t), SPIKE)
                encoder, columns = self._encoder(), int(sheet.columns[0])
                spikes["t"], spikes["unit"], spikes["recording"] = t, unit, source
                spikes["y"] = place // columns * encoder.stride + encoder.size // 2
                spikes["x"] = place % columns * encoder.stride + encoder.size // 2
                found.append(spikes)
                end = int(part["t"][-1])
                advance(len(part))
        yield np.concatenate(found), end

    def _frozen_sheet(self, shape: Pair) -> engine.Sheet:
        return engine.new_sheet(self.n_features_in_, self.n_components, self._grid(shape), learning=False)

    def _places(self, spikes: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Row and column of the patches that spikes come from."""
        encoder = self._encoder()
        row, column = ((spikes[axis] - encoder.size // 2) // encoder.stride for axis in "yx")
        return row, column
