"""What a wave network makes of images: pooling, excess, and reconstruction from the responses of its units."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_array

from tectum import parts
from tectum.engine.sheets import network, wires as sheet_wires
from tectum.engine.sheets.projection import ProjectionState
from tectum.models.common import parameters

Floats = NDArray[np.float64]

ACTIVE_SHARE = 0.2  # of the units of a sheet between the first and the last that an image activates
RIDGE = 1e-3  # of the mean square of a field, against noise in what is reconstructed from it


def shares(weights: NDArray[Any]) -> Floats:
    """Weights of each unit as shares of their sum."""
    weights = weights.astype(np.float64)
    return weights / weights.sum(axis=1, keepdims=True)


def composed(projections: Sequence[NDArray[Any]]) -> Floats:
    """Fields of the units of the last of some sheets on the first, as shares of its nodes."""
    fields = shares(projections[0])
    for weights in projections[1:]:
        fields = shares(weights) @ fields
    return fields


def standard(values: NDArray[Any]) -> Floats:
    """Each row with mean 0 and variance 1; a constant one is 0."""
    values = values - values.mean(axis=1, keepdims=True, dtype=np.float64)
    spread = values.std(axis=1, keepdims=True)
    return values / np.where(spread > 1e-12, spread, 1.0)


def pooled(values: NDArray[Any], projections: Sequence[NDArray[Any]]) -> Floats:
    """Mean over each field of values (n_images, n_nodes) in units of their standard deviation, sheet by sheet."""
    for weights in projections:
        values = standard(values) @ shares(weights).T
    return values


def exceeding(active: NDArray[Any], projections: Sequence[NDArray[Any]]) -> Floats:
    """By how much the share of active nodes in each field exceeds the mean of all units, at least 0."""
    values = active.astype(np.float64)
    for k, weights in enumerate(projections):
        values = (standard(values) if k > 0 else values) @ shares(weights).T
    return np.maximum(values - values.mean(axis=1, keepdims=True), 0.0)


def most_active(active: NDArray[Any], projections: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Which units of the last of some sheets an image activates: the same share in each image."""
    for weights in projections:
        response = active @ shares(weights).T
        active = response > np.quantile(response, 1.0 - ACTIVE_SHARE, axis=1, keepdims=True)
    return active


def unpooled(responses: NDArray[Any], fields: NDArray[Any]) -> Floats:
    """The shortest image whose means over the fields (n_units, n_nodes) are the responses, but for a ridge.

    x = P^T (P P^T + lambda I)^-1 y, P the fields, which is where feedback through the same weights comes to rest if it
    explains the responses away: dx/dt = P^T (y - P x) - lambda x.
    """
    gram = fields @ fields.T
    gram[np.diag_indices_from(gram)] += RIDGE * np.trace(gram) / len(gram)
    return np.linalg.solve(gram, responses.T.astype(np.float64)).T @ fields


def superposed(responses: NDArray[Any], patterns: NDArray[Any]) -> Floats:
    """Mean of the patterns (n_units, n_nodes), weighted by the responses; 0 without any."""
    total = responses.sum(axis=1, keepdims=True, dtype=np.float64)
    return (responses @ patterns) / np.where(total > 0.0, total, 1.0)


def learn_projection(
    chosen: dict[str, Any], geometry: sheet_wires.Geometry, weights: ProjectionState, active: NDArray[Any], seen: int
) -> ProjectionState:
    """The weights of a projection after images of active nodes, each learned by the one unit that it wins."""
    learning = network.LayerParts(
        neuron=chosen["neuron"],
        kernel=chosen["kernel"],
        competition=parts.KWinners(),
        drive=chosen["drive"],
        rule=chosen["image_rule"],
        normaliser=chosen["normaliser"],
    )
    weights = ProjectionState(*(array.copy() for array in weights))
    network.learn_from_images(geometry, learning, chosen["initial"].mean, weights, active, seen)
    return weights


def check_response(response: Any, *, ready: bool) -> None:
    """Check a response of `WaveNetwork`, and that units have learned inside fields if it is theirs."""
    if not ready:
        raise NotFittedError(
            'WaveNetwork: with response="excess" and FieldHebb the network must have learned from images; call fit, '
            'or use response="pooling"'
        )
    if isinstance(response, parts.SpikeCounts):
        parameters.check_part("WaveNetwork.response", response)


def checked_responses(X: ArrayLike, n_units: int) -> NDArray[Any]:
    """X of `inverse_transform`, after a check."""
    given: NDArray[Any] = check_array(X, dtype=[np.float64, np.float32], input_name="X", estimator="WaveNetwork")
    if given.shape[1] != n_units:
        raise ValueError(
            f"WaveNetwork.inverse_transform: X must have a column per unit of the last sheet ({n_units}), got "
            f"{given.shape[1]} columns; pass what transform gave"
        )
    return given
