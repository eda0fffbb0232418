"""Growth of a wave network: sheets by their sizes, when the wiring has settled, and controls that must not organise."""

import math
import numbers
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning

from tectum import parts
from tectum.engine.sheets import network, wires as sheet_wires
from tectum.engine.sheets.projection import ProjectionState
from tectum.models.waves.parameters import FIRST_SIDE, SIDE, TOPOGRAPHIC, Schedule, even_sheet
from tectum.parts.neurons import noise

MEASURE_MS = 1000.0  # between two measurements of the receptive fields
TOLERANCE = 0.05  # movement of the fields in that time, over the radius of their sheet, below which they have settled
PATIENCE = 3  # schedules after which growth ends though the wiring has not settled
QUIET = 3  # measurements in a row that must find them settled
ROUNDING = 1e-6  # steps
CONTROLS = ("shuffled", "no waves", "no plasticity")


def sheets_of(name: str, sizes: Any) -> tuple[parts.Sheet, ...]:
    """Square sheets of so many nodes, spread evenly; of equal area but for the first, whose unit is another."""
    whole = isinstance(sizes, list | tuple) and all(isinstance(n, numbers.Integral) and int(n) >= 2 for n in sizes)
    if not whole or len(sizes) < 2:
        raise ValueError(
            f"{name}.sizes must be two whole numbers of nodes or more, each at least 2, got {sizes!r}; "
            "pass for instance (1600, 300, 100)"
        )
    return tuple(even_sheet(int(n), SIDE if layer else FIRST_SIDE) for layer, n in enumerate(sizes))


def check_valley(name: str, sizes: Sequence[int]) -> None:
    """Check that sizes fall and then rise to the first."""
    narrowest = int(np.argmin(sizes))
    steps = np.diff(sizes)
    falls = bool((steps[:narrowest] < 0).all() and (steps[narrowest:] > 0).all())
    if not 0 < narrowest < len(sizes) - 1 or not falls or sizes[0] != sizes[-1]:
        raise ValueError(
            f"{name}.sizes must fall and then rise to the first, got {tuple(sizes)!r}; pass for instance "
            "(1600, 300, 100, 300, 1600)"
        )


def control_parts(kind: str) -> dict[str, Any]:
    """Departures from the default parts without which sheets must not organise themselves."""
    if kind not in CONTROLS:
        raise ValueError(f"WaveNetwork.control.kind must be one of {', '.join(CONTROLS)}, got {kind!r}")
    if kind == "shuffled":
        return {"competition": TOPOGRAPHIC["competition"]._replace(shuffled=True)}
    if kind == "no waves":
        return {"first_kernel": TOPOGRAPHIC["first_kernel"]._replace(a_i=0.0, a_o=0.0)}
    return {"rule": TOPOGRAPHIC["rule"]._replace(eta=0.0, eta_c=0.0)}


def fields_of(weights: ProjectionState, positions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Centre and radius (n_post, 3) of each receptive field, in units of the radius of the sheet below."""
    X = positions - positions.mean(axis=0)
    X /= math.sqrt((X**2).sum(axis=1).mean())
    shares = weights.raw.T.astype(np.float64)
    shares /= shares.sum(axis=1, keepdims=True)
    centres = shares @ X
    spread = shares @ (X**2).sum(axis=1) - (centres**2).sum(axis=1)
    return np.column_stack([centres, np.sqrt(np.maximum(spread, 0.0))])


def fields(state: network.StackState, geometries: Sequence[sheet_wires.Geometry]) -> tuple[NDArray[np.float64], ...]:
    """Receptive fields of each projection, as their centres and radii."""
    pairs = zip(state.weights, geometries, strict=False)
    return tuple(fields_of(weights, geometry.positions) for weights, geometry in pairs)


def movement(
    before: Sequence[NDArray[np.float64]],
    after: Sequence[NDArray[np.float64]],
    geometries: Sequence[sheet_wires.Geometry],
) -> NDArray[np.float64]:
    """Root mean square change (n_projections,) of centre and radius together over the live units of each sheet."""
    moved = []
    for old, new, geometry in zip(before, after, geometries[1:], strict=True):
        moved.append(math.sqrt(((new - old)[geometry.alive] ** 2).sum(axis=1).mean()) if geometry.alive.any() else 0.0)
    return np.array(moved)


def has_settled(movements: NDArray[np.float64], tolerance: float) -> bool:
    """Whether the last looks found no sheet above the tolerance."""
    return len(movements) >= QUIET and bool((movements[-QUIET:] < tolerance).all())


def warn_of_silence(first_neuron: Any) -> None:
    """Say that nothing makes the neurons of the first sheet fire."""
    if noise(network.neuron_step(first_neuron, 0)) == 0.0:
        warnings.warn(
            f"WaveNetwork.first_neuron has no noise, got {first_neuron!r}: unless its neurons fire by themselves, no "
            "wave begins and nothing is wired; give it a noise above 0 (the law noise(p))",
            stacklevel=3,
        )


def warn_of_movement(movements: NDArray[np.float64], tolerance: float) -> None:
    """Say that growth has ended before the wiring had settled."""
    last = "none so far" if not len(movements) else f"{movements[-1].max():.3g} in the last 1,000 ms"
    warnings.warn(
        f"WaveNetwork: the wiring has not settled: movement {last}, tolerance {tolerance:g}; grow for longer, or pass "
        "a larger tolerance",
        ConvergenceWarning,
        stacklevel=3,
    )


def without(alive: Sequence[NDArray[np.bool_]], layer: int, nodes: Any) -> list[NDArray[np.bool_]]:
    """Nodes that live when some of a sheet have died."""
    killed, left = np.asarray(nodes), [np.array(row) for row in alive]
    n = len(left[layer])
    if killed.dtype == bool:
        ok = killed.shape == (n,)
    else:
        ok = killed.size == 0 or (killed.dtype.kind in "iu" and killed.min() >= 0 and killed.max() < n)
    if not ok:
        raise ValueError(
            f"WaveNetwork.damage.nodes must be whole numbers from 0 to {n - 1}, or {n} of True and False, got {nodes!r}"
        )
    if killed.size:
        left[layer][killed] = False
    if not left[layer].any():
        raise ValueError(f"WaveNetwork.damage.nodes must leave a node of layer {layer} alive, got all {n}")
    return left


def birth_steps(geometry: sheet_wires.Geometry, step_ms: float) -> NDArray[np.int64]:
    """First step (n,) of each node of a sheet."""
    return np.ceil(geometry.born / step_ms - ROUNDING).astype(np.int64)


def steps_in(duration: Any, schedule: Schedule, grown: int, *, patient: bool = False) -> int:
    """Steps of a duration in ms; None is what is left of the schedule after the steps grown, or several if patient."""
    if duration is None:
        return PATIENCE * schedule.n_steps if patient else max(0, schedule.n_steps - grown)
    least = schedule.step_ms * (1.0 - ROUNDING)
    if not isinstance(duration, numbers.Real) or not least <= float(duration) < float("inf"):
        raise ValueError(
            f"WaveNetwork: duration must be {schedule.step_ms} ms or more, got {duration!r}; pass a time in ms"
        )
    return round(float(duration) / schedule.step_ms)


def steps_to_measure(schedule: Schedule, grown: int) -> int:
    """Steps until the next measurement of the receptive fields."""
    period = schedule.steps(MEASURE_MS)
    return period - grown % period


def check_until(until: Any, tolerance: Any) -> None:
    """Check when growth is to end."""
    if until not in (None, "settled"):
        raise ValueError(f"WaveNetwork.grow.until must be None or 'settled', got {until!r}")
    if not isinstance(tolerance, numbers.Real) or not 0.0 < float(tolerance) < math.inf:
        raise ValueError(f"WaveNetwork.grow.tolerance must be above 0, got {tolerance!r}; leave it out for {TOLERANCE}")
