"""State of a `WaveNetwork` as arrays and numbers that a file holds, and back."""

from typing import Any

import numpy as np

from tectum import parts, persistence
from tectum.engine.sheets.fields import Fields, FieldState
from tectum.engine.sheets.loop import SheetState
from tectum.engine.sheets.network import StackState
from tectum.engine.sheets.projection import ProjectionState
from tectum.parts import contracts
from tectum.parts.steps import discretise

LAYERS_BEFORE = (parts.Sheet(), parts.Sheet(300))  # the default of files that do not say that units are spread evenly
NUMBERS = ("input_scale_", "n_steps_grown_", "_seen", "_planned")


def arrays_of(network: Any) -> dict[str, np.ndarray]:
    """The arrays of a network that has grown or learned."""
    arrays: dict[str, np.ndarray] = {"movements": network.movements_}
    if network.layers is None:
        arrays["even"] = np.array(True)
    arrays |= {f"alive.{layer}": alive for layer, alive in enumerate(network._alive)}
    arrays |= {f"look.{layer}": fields for layer, fields in enumerate(network._fields_before)}
    arrays |= persistence.arrays_of("sheet", network._state.sheets)
    arrays |= persistence.arrays_of("weights", network._state.weights)
    arrays |= persistence.arrays_of("grown", getattr(network, "_grown", ()))
    if hasattr(network, "_maps"):
        arrays |= persistence.arrays_of("fields", [network._fields]) | persistence.arrays_of("maps", [network._maps])
    return arrays


def restore(network: Any, arrays: dict[str, np.ndarray]) -> None:
    """Put arrays into a network that has its parameters, parts that it can learn with."""
    if network.layers is None and "even" not in arrays:
        network.layers = LAYERS_BEFORE
    chosen = network.chosen_parts()
    contracts.check("WaveNetwork.rule", discretise(chosen["rule"], 1.0))
    contracts.check("WaveNetwork.normaliser", chosen["normaliser"])
    network._state = StackState(
        persistence.records_of("sheet", SheetState, arrays),
        persistence.records_of("weights", ProjectionState, arrays),
    )
    n = len(network._state.weights)
    network._alive = [np.array(arrays[f"alive.{layer}"]) for layer in range(n + 1)]
    network._fields_before = tuple(arrays[f"look.{layer}"] for layer in range(n))
    network.movements_ = arrays["movements"]
    if grown := persistence.records_of("grown", ProjectionState, arrays):
        network._grown = grown
    if maps := persistence.records_of("maps", FieldState, arrays):
        (network._maps,), (network._fields,) = maps, persistence.records_of("fields", Fields, arrays)
