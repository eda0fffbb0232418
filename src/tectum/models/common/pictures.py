"""What `plot` draws of each family."""

import math
from typing import Any

import numpy as np

from tectum import analysis, plots

FEW_FIELDS = 36  # receptive fields in one picture
FEW_SAMPLES = 5  # whose spikes are drawn


def draw(model: Any, X: Any, y: Any, image_shape: tuple[int, int] | None, ax: Any) -> Any:
    """Draw a fitted model into axes; see `SpikingEstimator.plot`."""
    return PICTURES[type(model).__name__](model, X, y, image_shape, ax)


def draw_map(som: Any, X: Any, y: Any, image_shape: Any, ax: Any) -> Any:
    shape, topology = tuple(som.grid_), som.grid_.topology
    if X is not None:
        winners = som.predict(X)
        hits = analysis.hit_map(winners, shape)
        if y is None:
            return plots.plot_hit_map(hits, topology=topology, ax=ax)
        labels = analysis.label_units(winners, y, shape)
        return plots.plot_label_map(labels.reshape(shape), hits=hits, topology=topology, ax=ax)
    if image_shape is not None:
        return plots.plot_codebook_images(som.codebook_, shape, image_shape, ax=ax)
    if som.n_features_in_ == 2:
        names = getattr(som, "feature_names_in_", None)
        return plots.plot_lattice(som.codebook_, shape, feature_names=names, topology=topology, ax=ax)
    u = analysis.u_matrix(som._scaling.unit(som.codebook_), som.grid_)
    return plots.plot_u_matrix(u, topology=topology, ax=ax)


def draw_components(model: Any, X: Any, y: Any, image_shape: Any, ax: Any) -> Any:
    _leave_out(model, X=X, y=y)
    table = model.components_ if hasattr(model, "components_") else model.weights_
    if image_shape is None:
        side = math.isqrt(table.shape[1])
        if side * side != table.shape[1]:
            raise ValueError(
                f"{type(model).__name__}.plot.image_shape must be (height, width) of a sample with {table.shape[1]} "
                "features, which is not a square, got None; pass (1, n_features) if samples are not images"
            )
        image_shape = (side, side)
    return plots.plot_components(table, image_shape, symmetric=bool((table < 0).any()), ax=ax)


def draw_fields(net: Any, X: Any, y: Any, image_shape: Any, ax: Any) -> Any:
    _leave_out(net, X=X, y=y, image_shape=image_shape)
    fields = net.receptive_fields_(len(net.weights_))
    units = np.unique(np.linspace(0, len(fields) - 1, FEW_FIELDS).astype(int))
    return plots.plot_sheet_fields(fields, net.sheet_positions_[0], units=units, ax=ax)


def draw_winners(hierarchy: Any, X: Any, y: Any, image_shape: Any, ax: Any) -> Any:
    _leave_out(hierarchy, image_shape=image_shape)
    if X is None:
        return plots.plot_hit_map(
            hierarchy.usage().reshape(hierarchy.maps_[-1].shape), label="use of the neuron", ax=ax
        )
    winners = hierarchy.predict(X)
    names, scenes = (None, None) if y is None else np.unique(np.asarray(y), return_inverse=True)
    n_units = math.prod(hierarchy.maps_[-1].shape)
    return plots.plot_winner_time_line(
        np.arange(len(winners)),
        winners,
        n_units=n_units,
        scenes=scenes,
        scene_names=None if names is None else [str(name) for name in names],
        xlabel="frame",
        ax=ax,
    )


def draw_spikes(net: Any, X: Any, y: Any, image_shape: Any, ax: Any) -> Any:
    _leave_out(net, y=y, image_shape=image_shape)
    if X is None:
        name = type(net).__name__
        raise ValueError(f"{name}.plot.X must be samples whose spikes are drawn, got None; pass a few of them")
    train = net.record(X[:FEW_SAMPLES]).spikes[net._readout()]
    return plots.plot_raster(train.time_ms, train.neuron, n_neurons=train.n_neurons, ax=ax)


def _leave_out(model: Any, **given: Any) -> None:
    for name, value in given.items():
        if value is not None:
            raise ValueError(f"{type(model).__name__}.plot.{name} must be left out, got {type(value).__name__}")


PICTURES = {
    "SpikingSOM": draw_map,
    "SpikingDictionary": draw_components,
    "DiehlCook": draw_components,
    "WaveNetwork": draw_fields,
    "MapHierarchy": draw_winners,
    "SpikingReadout": draw_spikes,
    "Network": draw_spikes,
}
