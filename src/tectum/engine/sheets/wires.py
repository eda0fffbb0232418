"""Where the nodes of a sheet are, and how they are wired to each other."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist

from tectum.core.random import uniform_array
from tectum.engine.sheets.loop import SheetCircuit
from tectum.parts.sheets import Sheet
from tectum.parts.waves import RingKernel

PLACE_STREAM = 0xFFFFFFFFFFFB0000
MOST_IRREGULAR = 8000  # nodes of a sheet that is no grid: each holds its inhibition of every other
CUT = 1e-4  # of its start at which the inhibition of a node on a grid ends
MOST_SUM = 2.0**30  # of the integers that add up the inhibition of a node
BLOCK = 256  # rows of a matrix of distances that are held at a time
NEIGHBOURS = 12  # from which the density of free positions is taken
UNIT_AREA = 16  # whole number for the excitation by a node that stands for as much area as the mean
FINE = 8  # points along a spacing from which areas are taken
CLEAR = 0.7  # spacings that nodes of a margin keep from those of a sheet that is no grid: with it, these have as many
# neighbours at the border as inside, and stand for as much area; with 1.2 for a fifth more, so that waves keep away
VOID = 2.0  # spacings from all nodes from which a place is outside a sheet; nodes drawn at random leave no such holes
MOST_POINTS = 2000  # along a side, at which holes are looked for
RIM = 1.5  # of which that are beyond the border, or so
GRADES = 16  # radii of neighbourhoods between one and its double
SHORTEST = 1e-3  # reach of a neighbourhood, over the radius of its sheet
LOWEST = round(math.log2(SHORTEST) * GRADES)
UNWIRED = LOWEST - 1
FEWEST_BY_OFFSET = 2048  # nodes of a grid whose units have neighbourhoods of their own; rows of smaller ones are short


class Geometry(NamedTuple):
    """Where the nodes of a sheet are."""

    positions: NDArray[np.float64]  # (n, 2)
    columns: int  # of a grid, else 0
    alive: NDArray[np.bool_]  # (n,)
    density: float  # nodes per unit area
    born: NDArray[np.float64]  # (n,) ms
    relative: NDArray[np.float64]  # (n, 2) positions over the side of the sheet
    wide: Any = None  # Geometry of these nodes and of those in a margin, on which waves go on; None: no margin
    inner: NDArray[np.int64] | None = None  # (n,) numbers of these nodes in it


class Neighbourhood(NamedTuple):
    """How the units of a sheet are wired to neighbours of their own number."""

    step: Any  # with the law `reach`, for `REFRESH` steps
    widest: float  # reach of a unit that has not learned
    positions: NDArray[np.float64]  # (n, 2)
    size: float  # radius of a disc with the area of the sheet
    kernel: RingKernel
    grade: NDArray[np.int64]  # (n,) INOUT of the radius of the wires
    near: list[NDArray[np.uint32]]  # INOUT neighbours of each node, unless they are wired by offset
    listed: dict[str, NDArray[Any]]  # INOUT the same as fields of `SheetCircuit`


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


def with_margin(geometry: Geometry, margin: float) -> Geometry:
    """The same sheet in a wider one: with nodes around it, and in its holes, that are at most `margin` away.

    They are as dense as those of the sheet, and live from the start.
    """
    if margin == 0.0:
        return geometry
    places, columns, spacing = geometry.positions, geometry.columns, geometry.density**-0.5
    tree, inner = cKDTree(places), np.arange(len(places))
    if columns:
        more = math.ceil(margin / spacing)
        row, column = (np.arange(-more, n + more) for n in (len(places) // columns, columns))
        row, column = (axis.ravel() for axis in np.meshgrid(row, column, indexing="ij"))
        inside = (row >= 0) & (row < len(places) // columns) & (column >= 0) & (column < columns)
        places, inner = places[0] + spacing * np.stack([column, row], axis=1), np.flatnonzero(inside)
        columns += 2 * more
    else:
        low, high = places.min(axis=0) - margin, places.max(axis=0) + margin
        grid = np.stack(np.meshgrid(*(np.arange(*ends, spacing) for ends in zip(low, high, strict=True))), axis=-1)
        apart = tree.query(grid := grid.reshape(-1, 2))[0]
        places = np.concatenate([places, grid[(apart > CLEAR * spacing) & (apart < margin)]])
    alive = np.ones(len(places), bool)
    alive[inner] = geometry.alive
    wide = geometry._replace(positions=places, columns=columns, alive=alive)
    return geometry._replace(wide=wide, inner=inner)


def thickness(positions: NDArray[np.float64], density: float) -> float:
    """Radius of the largest disc that fits into the outline of nodes, and between their holes."""
    spacing = density**-0.5
    low, high = positions.min(axis=0) - 3.0 * spacing, positions.max(axis=0) + 3.0 * spacing
    step = max(0.5 * spacing, float((high - low).max()) / MOST_POINTS)  # a few stray nodes would need a huge grid
    axes = (np.arange(*ends, step) for ends in zip(low, high, strict=True))
    around = np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, 2)
    outside = around[cKDTree(positions).query(around)[0] > VOID * spacing]
    return float(cKDTree(outside).query(positions)[0].max() - RIM * spacing)


def ground(geometries: Sequence[Geometry], margin: float) -> list[Geometry]:
    """Where waves travel: on the first sheet and its margin, and on the others."""
    return [with_margin(geometries[0], margin), *geometries[1:]]


class Wires(NamedTuple):
    """Neighbours within r_i, and inhibition beyond r_o as integers; see `SheetCircuit`."""

    first: NDArray[np.int64]
    last: NDArray[np.int64]
    near: NDArray[np.uint32]
    weight: NDArray[np.int32]
    disc: NDArray[np.int16]
    inner: NDArray[np.int64]
    outer: NDArray[np.int64]
    radius: NDArray[np.int32]
    far: NDArray[np.int16]
    unit: np.float32


NO_WIRES = Wires(
    first=np.zeros(0, np.int64),
    last=np.zeros(0, np.int64),
    near=np.zeros(0, np.uint32),
    weight=np.zeros(0, np.int32),
    disc=np.zeros((1, 1), np.int16),
    inner=np.zeros((1, 1), np.int64),
    outer=np.zeros((1, 1), np.int64),
    radius=np.zeros(0, np.int32),
    far=np.zeros((1, 1), np.int16),
    unit=np.float32(1.0),
)


def areas(geometry: Geometry) -> NDArray[np.float64]:
    """Area (n,) that each node stands for, in units of that of a node at the density of the sheet: what is nearer to it
    than to any other, and no further than the spacing of nodes.
    """
    places, spacing = geometry.positions, geometry.density**-0.5
    step = spacing / FINE
    low, high = places.min(axis=0) - 0.5 * spacing, places.max(axis=0) + 0.5 * spacing
    x, y = (np.arange(start + 0.5 * step, end, step) for start, end in zip(low, high, strict=True))
    around = ((places - low) // step).astype(np.int64)[:, :, None] + np.arange(-FINE - 1, FINE + 2)
    i, j = np.clip(around[:, 0], 0, len(x) - 1), np.clip(around[:, 1], 0, len(y) - 1)
    near = np.unique(i[:, :, None] * len(y) + j[:, None, :])  # not those far from all nodes, which may be most
    points = np.column_stack([x[near // len(y)], y[near % len(y)]])
    apart, nearest = cKDTree(places).query(points, distance_upper_bound=spacing)
    counts = np.bincount(nearest[np.isfinite(apart)], minlength=len(places))
    return np.asarray(counts / FINE**2)


def _weights(geometry: Geometry, kernel: RingKernel) -> NDArray[np.int32]:
    """With how much each node excites its neighbours, in parts of `UNIT_AREA`; none: all alike."""
    return np.rint(UNIT_AREA * areas(geometry)).astype(np.int32) if kernel.by_area else NO_WIRES.weight


def wire(geometry: Geometry, kernel: RingKernel) -> Wires:
    """Wires between nodes at any places."""
    positions = geometry.positions
    n = len(positions)
    unit = _unit(kernel, n * math.exp(-kernel.r_o / kernel.length))
    far = np.zeros((n, n), np.int16)
    near = []
    for start in range(0, n, BLOCK):
        distance = cdist(positions[start : start + BLOCK], positions)
        within = distance < kernel.r_i
        within[np.arange(len(distance)), np.arange(start, start + len(distance))] = False
        near += [np.flatnonzero(row).astype(np.uint32) for row in within]
        far[start : start + BLOCK] = np.rint(_inhibition(kernel, kernel.r_o, distance) / unit)
    return NO_WIRES._replace(**_listed(near), weight=_weights(geometry, kernel), far=far, unit=np.float32(unit))


def wire_grid(geometry: Geometry, kernel: RingKernel) -> Wires:
    """Wires by the offset between nodes of a grid, where inhibition ends at `CUT` of its start at the latest."""
    disc = _distances(kernel.r_i, geometry)
    cutoff = kernel.r_o - kernel.length * math.log(CUT)
    cutoff = min(cutoff, kernel.extent or math.inf)
    distance = _distances(cutoff, geometry)
    stamp = np.where(distance < cutoff, _inhibition(kernel, kernel.r_o, distance), 0.0)
    unit = _unit(kernel, stamp.sum())
    near = ((disc < kernel.r_i) & (disc > 0.0)).astype(np.int16)
    return NO_WIRES._replace(disc=near, far=np.rint(stamp / unit).astype(np.int16), unit=np.float32(unit))


def wire_by_reach(geometry: Geometry, kernel: RingKernel) -> Wires:
    """Wires of which `rewire` says how far they go: by the offset on a grid, else as rows of which none is filled."""
    n = len(geometry.positions)
    unit = _unit(kernel._replace(r_o=0.0), n)
    if not geometry.columns:
        weight = _weights(geometry, kernel)
        return NO_WIRES._replace(weight=weight, far=np.zeros((n, n), np.int16), unit=np.float32(unit))
    distance = _distances(math.inf, geometry)
    size, outer = disc_radius(geometry), kernel.r_o / kernel.r_i
    highest = math.ceil(GRADES * math.log2(distance.max() / size / min(1.0, outer))) + 1
    radii = _radius(np.arange(LOWEST, highest + 1), size)
    quarter = distance[distance.shape[0] // 2 :, distance.shape[1] // 2 :]
    return NO_WIRES._replace(
        inner=np.stack([np.searchsorted(row, radii, "left") for row in quarter], axis=1),
        outer=np.stack([np.searchsorted(row, radii * outer, "right") for row in quarter], axis=1),
        radius=np.zeros(n, np.int32),
        far=np.rint(_inhibition(kernel, -1.0, distance) / unit).astype(np.int16),
        unit=np.float32(unit),
    )


def rewire(circuit: SheetCircuit, neighbourhood: Neighbourhood, relative: NDArray[np.float32]) -> SheetCircuit:
    """Wire the units whose reach has changed anew; `relative` is the reach of each over the radius of the sheet."""
    grade = np.rint(np.log2(np.maximum(relative, SHORTEST).astype(np.float64)) * GRADES).astype(np.int64)
    if circuit.columns:
        circuit.radius[:] = np.minimum(grade - LOWEST, len(circuit.inner) - 1)
        return circuit
    kernel, near, positions = neighbourhood.kernel, neighbourhood.near, neighbourhood.positions
    changed = np.flatnonzero(neighbourhood.grade != grade)
    for j, radius in zip(changed, _radius(grade[changed], neighbourhood.size), strict=True):
        distance = np.linalg.norm(positions - positions[j], axis=1)
        within = distance < radius
        within[j] = False
        near[j] = np.flatnonzero(within).astype(np.uint32)
        circuit.far[j] = np.rint(_inhibition(kernel, radius * (kernel.r_o / kernel.r_i), distance) / circuit.unit)
    if len(changed):
        neighbourhood.listed.update(_listed(near))
        neighbourhood.grade[:] = grade
    return circuit._replace(**neighbourhood.listed)


def _listed(near: list[NDArray[np.uint32]]) -> dict[str, NDArray[Any]]:
    """Neighbours of all nodes in a row, and where those of each begin and end."""
    first = np.cumsum([0, *map(len, near)])
    return {"first": first[:-1], "last": first[1:], "near": np.concatenate(near)}


def disc_radius(geometry: Geometry) -> float:
    """Radius of a disc with the area of a sheet."""
    return math.sqrt(len(geometry.positions) / (math.pi * geometry.density))


def _radius(grade: NDArray[np.int64], size: float) -> NDArray[np.float64]:
    return size * np.exp2(grade / GRADES)


def _inhibition(kernel: RingKernel, r_o: float, distance: NDArray[np.float64]) -> NDArray[np.float64]:
    """exp(-D / length) beyond r_o, up to the end of the profile."""
    return np.where((distance > r_o) & (distance < (kernel.extent or math.inf)), np.exp(-distance / kernel.length), 0.0)


def _distances(furthest: float, geometry: Geometry) -> NDArray[np.float64]:
    """Distances between nodes of a grid by their offset, up to the furthest."""
    spacing, columns = geometry.density**-0.5, geometry.columns
    rows = len(geometry.positions) // columns
    reach = math.ceil(min(furthest / spacing, max(rows, columns)))
    down, across = (np.arange(-min(reach, n - 1), min(reach, n - 1) + 1) for n in (rows, columns))
    return spacing * np.hypot(down[:, None], across)


def _unit(kernel: RingKernel, largest_sum: float) -> float:
    """Unit in which the start of the inhibition is a 16-bit integer, and its largest sum one of 32 bits."""
    return max(math.exp(-kernel.r_o / kernel.length) / np.iinfo(np.int16).max, largest_sum / MOST_SUM)
