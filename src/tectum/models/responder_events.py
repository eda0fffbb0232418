"""What a `DiehlCook` does with events: they are its input spikes, and each recording is a presentation."""

from collections.abc import Iterator
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from tectum import analysis
from tectum.engine.standard import network
from tectum.engine.standard.loop import DiehlCookState
from tectum.models.common.atomic import all_or_nothing
from tectum.models.common.event_input import EventEstimator, Pair, inputs_of, recordings, whole_recordings
from tectum.streams import EventStream

Spikes = tuple[NDArray[np.int64], NDArray[np.int64]]  # step and input of each


class EventResponder(EventEstimator):
    """The part of `DiehlCook` that takes events."""

    def fit_events(self, events: Any, y: ArrayLike | None = None, *, shape: Pair | None = None) -> Self:
        """Learn from recordings of event cameras `n_passes` times, in the order given.

        Events are the input spikes, in steps of `dt`: ON events of all pixels, then OFF events. A recording is shown
        once, for as long as it is.

        Parameters
        ----------
        events, shape
            As in `partial_fit_events`.
        y : array-like of shape (n_recordings,), optional
            Labels. Learning does not see them; they tell afterwards what each neuron stands for.

        Returns
        -------
        DiehlCook
            The estimator itself.

        Raises
        ------
        ValueError
            If a parameter is out of range, or there are not as many labels as recordings.
        StreamError
            If a recording cannot be read.
        """
        stream = recordings(events, "DiehlCook", shape)
        with all_or_nothing(self):
            self._watch(stream)
            labels = None if y is None else self._validate_labels(np.zeros((len(stream), 1)), y)
            blank = np.zeros((1, self.n_features_in_))
            blank[0, 0] = 1.0  # the largest value: events are all or none
            self._start(blank)
            self._planned = self._plan(len(stream))
            self._learned_with = self._given()
        with self._learning("fit", self._planned) as advance:
            for _ in range(self.n_passes):
                for _ in self._learn_recordings(stream):
                    advance(1)
        if labels is not None:
            counts = self.transform_events(stream)
            self.classes_, self.unit_classes_ = analysis.label_responders(counts, labels)
        return self

    def _continue_with(self, events: Any, shape: Pair | None) -> None:
        if not self._has_started():
            self.fit_events(events, shape=shape)
            return
        stream = self._watched(events, shape)
        with self._learning("partial_fit", len(stream)) as advance:
            for _ in self._learn_recordings(stream):
                advance(1)

    def _respond_to(self, events: Any, shape: Pair | None) -> NDArray[np.float32]:
        stream = self._watched(events, shape)
        state = DiehlCookState(*(array.copy() for array in self._state))
        found = network.show_events(self._build(), state, self._spikes_of(stream), learning=False)
        return np.stack([counts.astype(np.float32) for counts in found])

    def predict_events(self, events: Any, *, shape: Pair | None = None) -> NDArray[Any]:
        """The label whose neurons fire most on average.

        Parameters
        ----------
        events, shape
            As in `fit_events`.

        Returns
        -------
        ndarray of shape (n_recordings,)
            Labels; of equals, and where no neuron fires, the first of `classes_`.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the neurons have no labels.
        """
        check_is_fitted(self, ["weights_", "unit_classes_"])
        votes = analysis.vote_of_responders(
            self.transform_events(events, shape=shape), self.unit_classes_, len(self.classes_)
        )
        return self.classes_[votes]

    def _watch(self, stream: EventStream) -> None:
        self._validate_params()
        height, width = stream.extent().shape
        self.n_features_in_ = 2 * height * width

    def _watched(self, events: Any, shape: Pair | None) -> EventStream:
        """Recordings of the camera that was learned from."""
        self._check_fit()
        stream = recordings(events, "DiehlCook", shape)
        height, width = stream.extent().shape
        if 2 * height * width != self.n_features_in_:
            raise ValueError(
                f"DiehlCook: events must be of a camera of {self.n_features_in_ // 2} pixels, ON and OFF, got "
                f"{(height, width)}; pass the shape of the camera that was learned from"
            )
        return stream

    def _spikes_of(self, stream: EventStream) -> Iterator[Spikes]:
        for events in whole_recordings(stream):
            step = (events["t"] / (1e3 * self.dt)).astype(np.int64)
            yield step, inputs_of(events, stream.extent().shape)

    def _learn_recordings(self, stream: EventStream) -> Iterator[None]:
        state = DiehlCookState(*(array.copy() for array in self._state))
        for counts in network.show_events(self._build(), state, self._spikes_of(stream), learning=True):
            learned = DiehlCookState(*(array.copy() for array in state))
            self._take(learned, network.Response(counts[None], np.ones(1, np.int32)))
            yield
