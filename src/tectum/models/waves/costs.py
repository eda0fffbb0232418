"""What the response of a wave network to an image costs, and its state of health."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from tectum import analysis, parts
from tectum.engine.sheets import images as image_network, network
from tectum.models.common.diagnosis import Diagnosis
from tectum.models.common.recording import Recording
from tectum.models.waves import growth
from tectum.models.waves.diagnosis import diagnose_waves


class WaveCosts:
    """Methods of `WaveNetwork` that say what it costs and how it is."""

    alive_: list[NDArray[np.bool_]]
    sheet_positions_: list[NDArray[np.float64]]
    weights_: list[NDArray[np.float32]]
    _active: Callable[[NDArray[Any]], NDArray[np.bool_]]
    _fields: Any
    _geometries: Any
    _in_fields: Callable[[], bool]
    _samples: Callable[[Any], NDArray[Any]]
    _seed: np.uint64
    _shown: Callable[[NDArray[Any]], NDArray[np.float32]]
    _state: network.StackState
    chosen_parts: Any
    n_jobs: int | None
    record: Callable[[float], Recording]
    response: Any

    def operations(self, X: ArrayLike) -> analysis.Operations:
        """What the response to an image costs: input spikes, synaptic events and neuron updates, weights frozen.

        With ``response=SpikeCounts()`` as hardware would run the network: an event per synapse, a weight other than 0,
        that a spike passes, and an update per unit and time step; that drives are relative to their mean is not
        counted. Other responses are products: multiplications with these weights, and one update per unit. Nodes of a
        binary image (``"excess"``) count as input spikes, and only they pass the synapses of the first projection.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Images.

        Returns
        -------
        Operations
            Means per image.

        Examples
        --------
        >>> from tectum import WaveNetwork
        >>> from tectum.parts import Sheet
        >>> network = WaveNetwork([Sheet((20, 20)), Sheet(50)], random_state=0).grow(duration=100.0)
        >>> network.operations(np.ones((1, 400))).neuron_updates
        50.0
        """
        check_is_fitted(self)
        images = self._samples(X)
        fan_out = [np.count_nonzero(W, axis=0) for W in self.weights_]
        n_units = sum(len(W) for W in self.weights_)
        if isinstance(self.response, parts.SpikeCounts):
            below, neuron = self._state.weights, self.chosen_parts()["neuron"]
            counted = image_network.sheet_counts(
                self.response, neuron, below, self._shown(images), self._seed, self.n_jobs
            )
            updates = n_units * image_network.steps_shown(self.response, neuron)
            return _operations(counted, fan_out, updates)
        products = float(sum(passed.sum() for passed in fan_out))
        if self._in_fields():
            n_units = self._n_features_out  # type: ignore[attr-defined]
            products = float(len(self._fields.node) * n_units / (len(self._fields.first) - 1))
        elif self.response == "excess":
            found = _operations([self._active(images)], fan_out, n_units)
            return found._replace(synaptic_events=found.synaptic_events + products - float(fan_out[0].sum()))
        return analysis.Operations(0.0, 0.0, products, float(n_units))

    def diagnose(self, duration: float = 1000.0, X: ArrayLike | None = None) -> Diagnosis:
        """Look in each sheet for nodes that stay silent, units without weights, and fields that are not compact.

        Parameters
        ----------
        duration : float, default=1000.0
            Time in ms of spontaneous activity that is recorded for it.
        X : array-like of shape (n_samples, n_features), optional
            Images; adds what the response to one costs.

        Returns
        -------
        Diagnosis
            Print it for a table; its `warnings` name a remedy each.
        """
        fields = growth.fields(self._state, self._geometries()) if hasattr(self, "_state") else ()
        recording, costs = self.record(duration), None if X is None else self.operations(X)
        return diagnose_waves(recording, self.weights_, fields, self.alive_, self.sheet_positions_, costs)


def _operations(counts: list[NDArray[Any]], fan_out: list[NDArray[Any]], updates: float) -> analysis.Operations:
    """From the spikes (n_images, n_nodes) on each sheet, from the first on, and the synapses that each node's pass."""
    n, totals = len(counts[0]), [of_sheet.sum(axis=0, dtype=np.float64) for of_sheet in counts]
    events = sum(float(total @ passed) for total, passed in zip(totals, fan_out, strict=False))
    first, *others = (float(total.sum()) for total in totals)
    return analysis.Operations(first / n, sum(others) / n, events / n, float(updates))
