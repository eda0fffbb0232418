"""A plastic projection onto a sheet: competition between its units, and learning.

Each unit has a factor that normalisation changes in place of all its weights. Means and squares of a unit's weights
are kept up to date, and taken anew after a number of steps.

In kernels weights lie in tiles of `TILE` units, in each of them by presynaptic node: what fires is summed over rows of
a tile, and to trim a unit is to pass over memory for `TILE`, where a column of the whole matrix would touch a cache
line for each node. Nodes before the first and after the last that have a weight in a tile are left out, which changes
no sum.
"""

from typing import Any, NamedTuple

import numpy as np

from tectum.core.bundle import bundle
from tectum.core.kernel import called_kernel, kernel
from tectum.core.lanes import LANES as TILE
from tectum.core.rows import raise_rows, sum_rows, trim_rows
from tectum.parts.norms import needs_range, norm_factor, trim
from tectum.parts.wave_learning import excess, growth, raised_threshold, rank, reach, rescued_threshold, uptake

ZERO = np.float32(0.0)
ONE = np.float32(1.0)
TWO = np.float32(2.0)
FIRED = np.uint8(1)
REFRESH = 1000  # steps after which the running sums of a projection are taken anew
GROWN = np.float32(0.1)  # growth of the mean weight of a unit, relative to it, from which the unit is trimmed
SMALLEST = np.float32(1e-12)  # factor of a unit's weights at which they are multiplied out


@bundle
class ProjectionCircuit(NamedTuple):
    """Constants of a projection onto a sheet (IN)."""

    competition: Any  # KWinnersStep
    drive: Any  # RingStep with the strengths of the drive
    relative: Any  # bool: drive by rank alone
    rule: Any  # a rule with `growth`
    normaliser: Any  # MeanNorm or RangeNorm
    neighbourhood: Any  # FixedNeighbourhood or FieldStep
    evenness: Any  # float32, mean weight times the root of the number of nodes: scale of inputs divided by |W|


@bundle
class ProjectionState(NamedTuple):
    """Weights of a projection (INOUT): W_ji = factor_j raw_ij."""

    raw: Any  # (n_pre, n_post) float32; in kernels (n_tiles, n_pre, TILE)
    factor: Any  # (n_post,) float32
    mean: Any  # (n_post,) float32 mean weight of a unit
    square: Any  # (n_post,) float32 sum of the squares of the weights of a unit
    c: Any  # (n_post,) float32 competition thresholds
    growth: Any  # (n_post,) float32 growth of the mean weight since the unit was last trimmed, relative to it
    reach: Any  # (n_post,) float32 radius of a unit's neighbourhood, over that of its sheet
    wins: Any  # (n_post,) float32 steps in which a unit has been among the winners
    highest: Any  # (n_post,) float32 largest input of a unit since the last rescue


@bundle
class ProjectionScratch(NamedTuple):
    """Room to work in."""

    x: Any  # (n_tiles * TILE,) float32
    y: Any  # (n_post,) float32
    excess: Any  # (n_post,) float32 before all but the largest are set to 0
    spare: Any  # (n_tiles * TILE,) float32, 0 beyond the units
    first: Any  # (n_tiles,) int64 the first node that has a weight in a tile
    last: Any  # (n_tiles,) int64 one after the last
    winners: Any  # (n_post,) uint32
    silent: Any  # (n_post,) uint8 zeros: no unit of a sheet without waves fires
    tile: Any  # (4, TILE) float32 of the units of a tile


@kernel
def add_rows(rows, table, out):
    """Sum of the rows of `table` that `rows` names, into `out`."""
    n = rows.shape[0]
    for j in range(out.shape[0]):
        out[j] = ZERO
    for q in range(n // 4):
        r0, r1, r2, r3 = table[rows[4 * q]], table[rows[4 * q + 1]], table[rows[4 * q + 2]], table[rows[4 * q + 3]]
        for j in range(out.shape[0]):
            out[j] += (r0[j] + r1[j]) + (r2[j] + r3[j])
    for k in range(n - n % 4, n):
        r0 = table[rows[k]]
        for j in range(out.shape[0]):
            out[j] += r0[j]


@kernel
def narrow(weights, room):
    """The nodes that have a weight in each tile."""
    for t in range(weights.raw.shape[0]):
        room.first[t], room.last[t] = 0, weights.raw.shape[1]
        narrow_tile(weights, room, t)


@kernel
def narrow_tile(weights, room, t):
    """The nodes that have a weight in a tile, from a wider range."""
    tile, first, last = weights.raw[t], room.first[t], room.last[t]
    while first < last and is_empty(tile[first]):
        first += 1
    while first < last and is_empty(tile[last - 1]):
        last -= 1
    room.first[t], room.last[t] = first, last


@kernel
def is_empty(row):
    """Whether a row of a tile is 0."""
    empty = True
    for q in range(TILE):
        empty &= row[q] == ZERO
    return empty


@kernel
def place_of(nodes, node):
    """Where a node is, or would be, among nodes in ascending order."""
    low, high = 0, nodes.shape[0]
    if node <= nodes[0]:
        return low
    if node > nodes[high - 1]:
        return high
    while low < high:
        middle = (low + high) // 2
        if nodes[middle] < node:
            low = middle + 1
        else:
            high = middle
    return low


@called_kernel
def add_tiles(weights, room, active):
    """Sum over the active nodes of the weights to each unit into `x`, in the order of `add_rows`."""
    raw, x = weights.raw, room.x
    whole = active.shape[0] // 4
    for t in range(raw.shape[0]):
        first, last = place_of(active, room.first[t]), place_of(active, room.last[t])
        sum_rows(raw[t], active, 4 * (first // 4), min(4 * whole, 4 * ((last + 3) // 4)), last, x, t * TILE)


@called_kernel
def compete(competition, evenness, weights, room, active, alive):
    """Input of each unit into `x`, and its ranked excess into `y`, 0 for all but the winners; phase 2."""
    x, y = room.x, room.y
    n_units = y.shape[0]
    add_tiles(weights, room, active)
    for j in range(n_units):
        x[j] *= weights.factor[j]
    if competition.normed:
        for j in range(n_units):
            shown = x[j] * (evenness / np.sqrt(weights.square[j]))
            y[j] = excess(competition, shown, weights.c[j])
    else:
        for j in range(n_units):
            y[j] = excess(competition, x[j], weights.c[j])
    for j in range(n_units):
        y[j] = y[j] if alive[j] else ZERO
        room.excess[j] = y[j]
    keep_largest(y, competition.k, room.spare)
    highest = ZERO
    for j in range(n_units):
        highest = max(highest, y[j])
    for j in range(n_units):
        room.spare[j] = ZERO
        if y[j] > ZERO:
            room.spare[j] = rank(competition, y[j], highest)
            y[j] *= room.spare[j]


@kernel
def keep_largest(y, k, spare):
    """Set all but the k largest of the positive numbers to 0; of equal ones the first stay."""
    n = 0
    for j in range(y.shape[0]):
        spare[n] = y[j]
        n += 1 if y[j] > ZERO else 0
    if n <= k:
        return
    low, high = 0, n - 1
    while low < high:  # quickselect in descending order, until spare[k - 1] is in its place
        pivot = spare[(low + high) // 2]
        a, b = low, high
        while a <= b:
            while spare[a] > pivot:
                a += 1
            while spare[b] < pivot:
                b -= 1
            if a <= b:
                spare[a], spare[b] = spare[b], spare[a]
                a += 1
                b -= 1
        if k - 1 <= b:
            high = b
        elif k - 1 >= a:
            low = a
        else:
            break
    cut = spare[k - 1]
    equal = k
    for j in range(y.shape[0]):
        equal -= 1 if y[j] > cut else 0
    for j in range(y.shape[0]):
        if y[j] < cut:
            y[j] = ZERO
        elif y[j] == cut:
            y[j] = y[j] if equal > 0 else ZERO
            equal -= 1


@called_kernel
def learn(projection, weights, room, active, fired):
    """Growth of the weights from the nodes that fire to the units that learn, and their normalisation; phase 5."""
    y, change, learners = room.y, room.spare, room.winners
    highest = ZERO
    for j in range(y.shape[0]):
        highest = max(highest, room.excess[j])
    n = 0
    for j in range(y.shape[0]):
        share = ONE
        if fired[j] == FIRED:
            fit = rank(projection.competition, room.excess[j], highest) if highest > ZERO else ZERO
            share = uptake(projection.neighbourhood, weights.reach[j], fit)
        change[j] = growth(projection.rule, y[j], share, fired[j] == FIRED)
        weights.c[j] = raised_threshold(projection.rule, weights.c[j], y[j])
        weights.wins[j] += ONE if y[j] > ZERO else ZERO
        weights.highest[j] = max(weights.highest[j], room.x[j])
        learners[n] = j
        n += 1 if change[j] > ZERO else 0
    n_active, n_pre = np.float32(active.shape[0]), np.float32(weights.raw.shape[1])
    for k in range(n):
        j = learners[k]
        more = change[j] * (n_active / n_pre)
        weights.growth[j] += more / weights.mean[j]
        weights.mean[j] += more
        weights.square[j] += TWO * change[j] * room.x[j] + change[j] * change[j] * n_active
        change[j] /= weights.factor[j]
    k = 0
    while k < n:
        t = learners[k] // TILE
        grow_tile(weights, room, active, t)
        trim_tile(projection.normaliser, weights, room, t)
        while k < n and learners[k] // TILE == t:
            normalise(projection.normaliser, weights, np.int64(learners[k]))
            k += 1


@called_kernel
def grow_tile(weights, room, active, t):
    """Add what is in `spare` to the weights from the active nodes to a tile: 0 for units that do not learn."""
    raise_rows(weights.raw[t], active, room.spare, t * TILE)
    room.first[t] = min(room.first[t], np.int64(active[0]))
    room.last[t] = max(room.last[t], np.int64(active[active.shape[0] - 1]) + 1)


@called_kernel
def trim_tile(normaliser, weights, room, t):
    """Take the same from all weights of each unit of a tile that has grown enough since the last time."""
    n_units = min(TILE, weights.mean.shape[0] - t * TILE)
    cut, factor, mean, square = room.tile[0], room.tile[1], room.tile[2], room.tile[3]
    any_trimmed = False
    for q in range(TILE):
        cut[q], factor[q] = ZERO, ONE
    for q in range(n_units):
        j = t * TILE + q
        if weights.growth[j] >= GROWN:
            cut[q] = max(trim(normaliser, weights.mean[j], weights.growth[j]), ZERO)
            weights.growth[j] = ZERO
            if cut[q] > ZERO:
                factor[q], any_trimmed = weights.factor[j], True
    if not any_trimmed:
        return
    trim_rows(weights.raw[t], room.first[t], room.last[t], room.tile)
    for q in range(n_units):
        if cut[q] > ZERO:
            j = t * TILE + q
            weights.mean[j] = mean[q] / np.float32(weights.raw.shape[1])
            weights.square[j] = square[q]
            weights.factor[j] = ONE
    narrow_tile(weights, room, t)


@kernel
def normalise(normaliser, weights, j):
    """Scale the weights of a unit by its factor alone."""
    span, w, q = ZERO, weights.raw[j // TILE], j % TILE
    if needs_range(normaliser):
        low = high = w[0, q]
        for i in range(w.shape[0]):
            low = min(low, w[i, q])
            high = max(high, w[i, q])
        span = weights.factor[j] * (high - low)
    scale = norm_factor(normaliser, weights.mean[j], span)
    weights.mean[j] *= scale
    weights.square[j] *= scale * scale
    weights.factor[j] *= scale
    if weights.factor[j] < SMALLEST:
        for i in range(w.shape[0]):
            w[i, q] *= weights.factor[j]
        weights.factor[j] = ONE


@called_kernel
def refresh(normaliser, weights, room):
    """Multiply the factors out and take means and squares anew, as rounding errors of running sums add up."""
    raw, share = weights.raw, ONE / np.float32(weights.raw.shape[1])
    cut, factor, mean, square = room.tile[0], room.tile[1], room.tile[2], room.tile[3]
    for t in range(raw.shape[0]):
        n_units = min(TILE, weights.mean.shape[0] - t * TILE)
        for q in range(TILE):
            cut[q], factor[q] = ZERO, ONE
        for q in range(n_units):
            factor[q] = weights.factor[t * TILE + q]
        trim_rows(raw[t], room.first[t], room.last[t], room.tile)
        for q in range(n_units):
            j = t * TILE + q
            weights.mean[j] = mean[q] * share
            weights.square[j] = square[q]
            weights.factor[j] = ONE
            if not needs_range(normaliser):
                normalise(normaliser, weights, j)


@kernel
def rescue(rule, weights):
    """Lower the competition thresholds of units that hardly win, every `REFRESH` steps."""
    for j in range(weights.c.shape[0]):
        weights.c[j] = rescued_threshold(rule, weights.c[j], weights.wins[j], weights.highest[j])
        weights.highest[j] = ZERO


@kernel
def new_reach(neighbourhood, weights):
    """Reach of the neighbourhoods, a field of `weights` (INOUT), after a period of `REFRESH` steps."""
    n_pre, n_units = np.float32(weights.raw.shape[1]), np.float32(weights.reach.shape[0])
    for j in range(weights.reach.shape[0]):
        field = n_pre * weights.mean[j] * weights.mean[j] / weights.square[j]
        weights.reach[j] = reach(neighbourhood, weights.reach[j], min(field, ONE), n_units)


@kernel
def learn_images(projection, weights, room, first, neuron, alive, shown):
    """Present images to the units of a projection, without waves: the winners of each learn.

    `projection`, `weights` and `room` as in `run_driven`. IN `first` (n_images + 1,), where the nodes of each image
    begin in `neuron`, the active nodes image by image; `alive` (n_post,); `shown`, the number of images before these.
    """
    silent = room.silent
    narrow(weights, room)
    for m in range(first.shape[0] - 1):
        active = neuron[first[m] : first[m + 1]]
        if active.shape[0] > 0:
            compete(projection.competition, projection.evenness, weights, room, active, alive)
            learn(projection, weights, room, active, silent)
        if (shown + m + 1) % REFRESH == 0:
            refresh(projection.normaliser, weights, room)
            rescue(projection.rule, weights)
