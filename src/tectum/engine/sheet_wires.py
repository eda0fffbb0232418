"""Where the nodes of a sheet are, and how they are wired to each other."""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist

from tectum.engine.random import uniform_array
from tectum.engine.sheet_loop import SheetCircuit
from tectum.parts.sheets import Sheet
from tectum.parts.waves import RingKernel

PLACE_STREAM = 0xFFFFFFFFFFFB0000
MOST_IRREGULAR = 8000  # nodes of a sheet that is no grid: each holds its inhibition of every other
CUT = 1e-4  # of its start at which the inhibition of a node on a grid ends
MOST_SUM = 2.0**30  # of the integers that add up the inhibition of a node
BLOCK = 256  # rows of a matrix of distances that are held at a time
NEIGHBOURS = 12  # from which the density of free positions is taken
GRADES = 16  # radii of neighbourhoods between one and its double
SHORTEST = 1e-3  # reach of a neighbourhood, over the radius of its sheet


class Geometry(NamedTuple):
    """Where the nodes of a sheet are."""

    positions: NDArray[np.float64]  # (n, 2)
    columns: int  # of a grid, else 0
    alive: NDArray[np.bool_]  # (n,)
    density: float  # nodes per unit area
    born: NDArray[np.float64]  # (n,) ms
    relative: NDArray[np.float64]  # (n, 2) positions over the side of the sheet


class Neighbourhood(NamedTuple):
    """How the units of a sheet are wired to neighbours of their own number."""

    step: Any  # with the law `reach`, for `REFRESH` steps
    widest: float  # reach of a unit that has not learned
    positions: NDArray[np.float64]  # (n, 2)
    size: float  # radius of a disc with the area of the sheet
    kernel: RingKernel
    distance: NDArray[np.float32]  # (n, n - 1) to the other nodes, in ascending order
    wired: NDArray[np.float64]  # (n,) INOUT radius of the wires


def lay_out(sheet: Sheet, side: float, seed: np.uint64, layer: int) -> Geometry:
    """Places of the nodes of a sheet; `side` is used if the sheet has none."""
    framed = sheet.positions is None or sheet.side is not None
    side = sheet.side or side
    sheet = sheet._replace(side=side)
    n = sheet.n_nodes or 0
    if n > MOST_IRREGULAR and not sheet.columns:
        raise ValueError(
            f"Sheet must have at most {MOST_IRREGULAR} nodes unless they are on a regular grid, got {n} nodes for "
            f"layer {layer}; pass a shape (rows, columns) without jitter"
        )
    uniform = uniform_array(int(seed), PLACE_STREAM + layer, 0, 2 * n).reshape(n, 2)
    positions = sheet.places(uniform)
    if sheet.positions is None:
        area = side**2 * (1.0 if np.ndim(sheet.shape) == 0 else min(sheet.shape) / max(sheet.shape))
        density = n / area
    else:
        k = min(NEIGHBOURS, n - 1)
        density = float(np.median(k / (math.pi * cKDTree(positions).query(positions, k + 1)[0][:, -1] ** 2)))
    born = np.zeros(n) if sheet.born is None else np.asarray(sheet.born, dtype=np.float64)
    origin, extent = (0.0, side) if framed else (positions.min(axis=0), np.ptp(positions, axis=0).max())
    return Geometry(positions, sheet.columns, sheet.living(), density, born, (positions - origin) / extent)


class Wires(NamedTuple):
    """Neighbours within r_i, and inhibition beyond r_o as integers; see `SheetCircuit`."""

    first: NDArray[np.int64]
    last: NDArray[np.int64]
    near: NDArray[np.uint32]
    disc: NDArray[np.int16]
    far: NDArray[np.int16]
    unit: np.float32


def wire(geometry: Geometry, kernel: RingKernel) -> Wires:
    """Wires between nodes at any places."""
    positions = geometry.positions
    n = len(positions)
    unit = _unit(kernel, n * math.exp(-kernel.r_o / kernel.length))
    far = np.zeros((n, n), np.int16)
    counts, near = [np.zeros(1, np.int64)], []
    for start in range(0, n, BLOCK):
        distance = cdist(positions[start : start + BLOCK], positions)
        within = distance < kernel.r_i
        within[np.arange(len(distance)), np.arange(start, start + len(distance))] = False
        counts.append(within.sum(axis=1))
        near.append(np.nonzero(within)[1])
        far[start : start + BLOCK] = np.rint(_inhibition(kernel, kernel.r_o, distance) / unit)
    first = np.cumsum(np.concatenate(counts))
    neighbours = np.concatenate(near).astype(np.uint32)
    return Wires(first[:-1], first[1:], neighbours, np.zeros((1, 1), np.int16), far, np.float32(unit))


def wire_all(geometry: Geometry, kernel: RingKernel) -> Wires:
    """Wires of which `rewire` says how far they go: all other nodes by distance."""
    n = len(geometry.positions)
    near = np.argsort(cdist(geometry.positions, geometry.positions).astype(np.float32), axis=1, kind="stable")[:, 1:]
    first = np.arange(n, dtype=np.int64) * (n - 1)
    return Wires(
        first=first,
        last=first.copy(),
        near=np.ascontiguousarray(near, np.uint32).ravel(),
        disc=np.zeros((1, 1), np.int16),
        far=np.zeros((n, n), np.int16),
        unit=np.float32(_unit(kernel._replace(r_o=0.0), n)),
    )


def rewire(circuit: SheetCircuit, neighbourhood: Neighbourhood, relative: NDArray[np.float32]) -> None:
    """Wire the units whose reach has changed anew; changes the circuit."""
    kernel = neighbourhood.kernel
    grade = np.rint(np.log2(np.maximum(relative, SHORTEST).astype(np.float64)) * GRADES)
    radius = neighbourhood.size * np.exp2(grade / GRADES)
    for j in np.flatnonzero(neighbourhood.wired != radius):
        circuit.last[j] = circuit.first[j] + np.searchsorted(neighbourhood.distance[j], radius[j])
        distance = np.linalg.norm(neighbourhood.positions - neighbourhood.positions[j], axis=1)
        inhibition = _inhibition(kernel, radius[j] * (kernel.r_o / kernel.r_i), distance)
        circuit.far[j] = np.rint(inhibition / circuit.unit)
    neighbourhood.wired[:] = radius


def wire_grid(geometry: Geometry, kernel: RingKernel) -> Wires:
    """Wires by the offset between nodes of a grid, where inhibition ends at `CUT` of its start at the latest."""
    columns = geometry.columns
    rows = len(geometry.positions) // columns
    spacing = geometry.density**-0.5
    disc = _distances(kernel.r_i, spacing, rows, columns)
    cutoff = kernel.r_o - kernel.length * math.log(CUT)
    cutoff = min(cutoff, kernel.extent or math.inf)
    distance = _distances(cutoff, spacing, rows, columns)
    stamp = np.where(distance < cutoff, _inhibition(kernel, kernel.r_o, distance), 0.0)
    unit = _unit(kernel, stamp.sum())
    return Wires(
        first=np.zeros(0, np.int64),
        last=np.zeros(0, np.int64),
        near=np.zeros(0, np.uint32),
        disc=((disc < kernel.r_i) & (disc > 0.0)).astype(np.int16),
        far=np.rint(stamp / unit).astype(np.int16),
        unit=np.float32(unit),
    )


def _inhibition(kernel: RingKernel, r_o: float, distance: NDArray[np.float64]) -> NDArray[np.float64]:
    """exp(-D / length) beyond r_o, up to the end of the profile."""
    return np.where((distance > r_o) & (distance < (kernel.extent or math.inf)), np.exp(-distance / kernel.length), 0.0)


def _distances(furthest: float, spacing: float, rows: int, columns: int) -> NDArray[np.float64]:
    """Distances between nodes of a grid by their offset, up to the furthest."""
    reach = math.ceil(furthest / spacing)
    down, across = (np.arange(-min(reach, n - 1), min(reach, n - 1) + 1) for n in (rows, columns))
    return spacing * np.hypot(down[:, None], across)


def _unit(kernel: RingKernel, largest_sum: float) -> float:
    """Unit in which the start of the inhibition is a 16-bit integer, and its largest sum one of 32 bits."""
    return max(math.exp(-kernel.r_o / kernel.length) / np.iinfo(np.int16).max, largest_sum / MOST_SUM)
