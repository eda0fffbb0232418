"""Nodes that die or move while a network lives, and how it follows."""

import math
from collections.abc import Callable
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree
from sklearn.utils.validation import check_is_fitted

from tectum.analysis.sensor_moves import moved_places
from tectum.engine.sheets import network, weights as sheet_weights
from tectum.engine.sheets.projection import ProjectionState
from tectum.models.sensor_layout import SensorLayout
from tectum.models.waves import growth
from tectum.models.waves.parameters import FIRST_SIDE

FADING_MS = 1000.0  # in which the synapses of dead nodes fall to 1 / e
REPAIR_MS = 15_000.0  # of growth after which fields have followed, in trials


class WaveRepair:
    """Methods of `WaveNetwork` for nodes that die or move."""

    moved_: NDArray[np.bool_]
    _alive: list[NDArray[np.bool_]]
    _state: network.StackState
    _seed: np.uint64
    _sheets: Any
    _geometries: Any
    _check_layer: Any
    _samples: Callable[[Any], NDArray[Any]]
    _commit: Any
    _publish: Any
    chosen_parts: Any
    grow: Any
    layers: Any
    n_steps_grown_: int

    def damage(self, layer: int, nodes: ArrayLike, *, cut: bool = False) -> Self:
        """Kill nodes of a sheet; they never fire again. The network can go on growing without them.

        Parameters
        ----------
        layer : int
            Sheet of the nodes; the first is 0.
        nodes : array-like of int or bool
            Numbers of the nodes, or True for each that dies.
        cut : bool, default=False
            Whether their synapses die with them. Units that lose more than nine tenths of their weight start anew, and
            are taken along by their neighbours as the network grows on. Else they fade while it grows on, to 1/e in
            each 1,000 ms, and what is left of the field makes up for them.

        Returns
        -------
        WaveNetwork
            The estimator itself.

        Raises
        ------
        ValueError
            If there is no such sheet or node, or none would be left.
        """
        check_is_fitted(self)
        layer = self._check_layer("damage", "layer", layer, 0)
        before, self._alive = self._alive[layer], growth.without(self._alive, layer, nodes)
        if cut:
            dies = before & ~self._alive[layer]
            self._take_over(layer, np.where(dies, -1, np.arange(len(dies))))
        return self._publish()

    def move(self, positions: ArrayLike) -> Self:
        """Put nodes of the first sheet elsewhere, as sensors that have shifted; `layers` says so from then on.

        They leave their synapses behind, and take over those of the node that was nearest to where they are now, if one
        was as near as neighbours are; growth does the rest, as in `damage`.

        Parameters
        ----------
        positions : array-like of shape (n_nodes, 2)
            Where nodes are now, in the unit of `sheet_positions_[0]`; rows of NaN for those that have stayed.

        Returns
        -------
        WaveNetwork
            The estimator itself.

        Raises
        ------
        ValueError
            If there is not a row for each node.
        """
        check_is_fitted(self)
        places, known = np.asarray(positions, np.float64), self._geometries()[0].positions
        if places.shape != known.shape or np.isinf(places).any():
            raise ValueError(
                f"WaveNetwork.move.positions must be {known.shape}, finite or NaN, got shape {places.shape}; NaN for "
                "nodes that have stayed"
            )
        moved = np.isfinite(places).all(axis=1) & (places != known).any(axis=1)
        if moved.any():
            first, *others = self._sheets()
            side = first.side or (FIRST_SIDE if first.positions is None else None)
            there = np.where(moved[:, None], places, known)
            self.layers = (first._replace(shape=None, positions=there, jitter=0.0, even=False, side=side), *others)
            apart, nearest = cKDTree(known).query(places[moved])
            source = np.arange(len(known))
            source[moved] = np.where(apart <= self._geometries()[0].density ** -0.5, nearest, -1)
            self._take_over(0, source)
        return self._publish()

    def repair(self, X: ArrayLike, *, duration: float = REPAIR_MS, layout: SensorLayout | None = None) -> Self:
        """Find out from recent activity which sensors have died or moved, and grow until the fields have followed.

        Sensors that are constant are dead. Where the others lie is learned from their activity, and those far from
        where they were have moved; if the activity does not tell (a warning says so), none has. Synapses of the dead
        are cut (`damage`), those that have moved take over vacant ones (`move`), and waves wire what is left.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_sensors)
            Activity since then.
        duration : float, default=15000.0
            Of growth, in ms; 0 leaves the network to be grown.
        layout : SensorLayout or None, default=None
            A layout that has been fitted to X, or is to be; None is the default one.

        Returns
        -------
        WaveNetwork
            The estimator itself; `moved_` says which sensors have moved. What was learned from images is of the fields
            before: call `fit` again.

        Raises
        ------
        ValueError
            If X is no finite table with a column per sensor, or no sensor is left.

        Warns
        -----
        UncertainLayoutWarning
            If the activity does not reveal the layout.
        """
        check_is_fitted(self)
        values, geometry = self._samples(X), self._geometries()[0]
        self.damage(0, geometry.alive & (np.ptp(values, axis=0) == 0.0), cut=True)
        layout = SensorLayout() if layout is None else layout
        layout = layout if hasattr(layout, "positions_") else layout.fit(values)
        places = np.full_like(geometry.positions, np.nan)
        if not layout.uncertainty():
            places = moved_places(layout.positions_, np.where(geometry.alive[:, None], geometry.positions, np.nan))
        self.move(places)
        self.moved_ = np.isfinite(places).all(axis=1)
        return self if duration == 0 else self.grow(duration)

    def _faded(self, grown: tuple[ProjectionState, ...]) -> tuple[ProjectionState, ...]:
        """The projections after `MEASURE_MS` in which the synapses of nodes that have died fade."""
        left = math.exp(-growth.MEASURE_MS / FADING_MS)
        return tuple(
            weights if living.all() else sheet_weights.faded(weights, ~living, left)
            for weights, living in zip(grown, self._alive, strict=False)
        )

    def _take_over(self, layer: int, source: NDArray[np.int64]) -> None:
        """Let nodes of a sheet take over the synapses of others on the next, -1: none."""
        if layer == len(self._state.weights) or (source == np.arange(len(source))).all():
            return
        initial, living = self.chosen_parts()["initial"], self._geometries()[layer].alive
        weights, draw = list(self._state.weights), 1 + self.n_steps_grown_
        weights[layer] = sheet_weights.rewired(weights[layer], source, living, initial, self._seed, layer + 1, draw)
        state = self._state._replace(weights=tuple(weights))
        self._commit(_state=state, _grown=state.weights)
