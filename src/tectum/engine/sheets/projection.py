"""A plastic projection onto a sheet: competition between its units, and learning.

Weights lie by presynaptic node, with a factor for each unit that normalisation changes in place of all its weights.
Means and squares of a unit's weights are kept up to date, and taken anew after a number of steps.
"""

from typing import Any, NamedTuple

import numpy as np

from tectum.core.bundle import bundle
from tectum.core.kernel import called_kernel, kernel
from tectum.parts.norms import needs_range, norm_factor, trim
from tectum.parts.wave_learning import excess, growth, raised_threshold, rank, reach, rescued_threshold, uptake

ZERO = np.float32(0.0)
ONE = np.float32(1.0)
TWO = np.float32(2.0)
FIRED = np.uint8(1)
REFRESH = 1000  # steps after which the running sums of a projection are taken anew
GROWN = np.float32(0.1)  # growth of the mean weight of a unit, relative to it, from which the unit is trimmed
MANY = 8  # times the units that learn, from which all are visited one after another: others change by 0
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

    raw: Any  # (n_pre, n_post) float32
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

    x: Any  # (n_post,) float32
    y: Any  # (n_post,) float32
    excess: Any  # (n_post,) float32 before all but the largest are set to 0
    spare: Any  # (n_post,) float32
    winners: Any  # (n_post,) uint32
    silent: Any  # (n_post,) uint8 zeros: no unit of a sheet without waves fires


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


@called_kernel
def compete(projection, weights, room, active, alive, k):
    """Input of each unit into `x`, and its ranked excess into `y`, 0 for all but the k winners; phase 2."""
    x, y, competition = room.x, room.y, projection.competition
    n_units = x.shape[0]
    add_rows(active, weights.raw, x)
    for j in range(n_units):
        x[j] *= weights.factor[j]
    if competition.normed:
        for j in range(n_units):
            shown = x[j] * (projection.evenness / np.sqrt(weights.square[j]))
            y[j] = excess(competition, shown, weights.c[j])
    else:
        for j in range(n_units):
            y[j] = excess(competition, x[j], weights.c[j])
    for j in range(n_units):
        y[j] = y[j] if alive[j] else ZERO
        room.excess[j] = y[j]
    keep_largest(y, k, room.spare)
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
    raw, y, change, learners = weights.raw, room.y, room.spare, room.winners
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
    n_active, n_pre = np.float32(active.shape[0]), np.float32(raw.shape[0])
    for k in range(n):
        j = learners[k]
        more = change[j] * (n_active / n_pre)
        weights.growth[j] += more / weights.mean[j]
        weights.mean[j] += more
        weights.square[j] += TWO * change[j] * room.x[j] + change[j] * change[j] * n_active
        change[j] /= weights.factor[j]
    for a in range(active.shape[0]):
        row = raw[active[a]]
        if MANY * n > change.shape[0]:
            for j in range(change.shape[0]):
                row[j] += change[j]
        else:
            for k in range(n):
                row[learners[k]] += change[learners[k]]
    for k in range(n):
        trim_unit(projection.normaliser, weights, learners[k])
        normalise(projection.normaliser, weights, learners[k])


@called_kernel
def trim_unit(normaliser, weights, j):
    """Take the same from all weights of a unit that has grown enough since the last time."""
    if weights.growth[j] < GROWN:
        return
    raw, factor = weights.raw, weights.factor[j]
    cut = trim(normaliser, weights.mean[j], weights.growth[j])
    weights.growth[j] = ZERO
    if cut <= ZERO:
        return
    mean = square = ZERO
    for i in range(raw.shape[0]):
        w = max(raw[i, j] * factor - cut, ZERO)
        raw[i, j] = w
        mean += w
        square += w * w
    weights.mean[j] = mean / np.float32(raw.shape[0])
    weights.square[j] = square
    weights.factor[j] = ONE


@kernel
def normalise(normaliser, weights, j):
    """Scale the weights of a unit by its factor alone."""
    span = ZERO
    if needs_range(normaliser):
        raw = weights.raw
        low = high = raw[0, j]
        for i in range(raw.shape[0]):
            low = min(low, raw[i, j])
            high = max(high, raw[i, j])
        span = weights.factor[j] * (high - low)
    scale = norm_factor(normaliser, weights.mean[j], span)
    weights.mean[j] *= scale
    weights.square[j] *= scale * scale
    weights.factor[j] *= scale
    if weights.factor[j] < SMALLEST:
        raw, factor = weights.raw, weights.factor[j]
        for i in range(raw.shape[0]):
            raw[i, j] *= factor
        weights.factor[j] = ONE


@called_kernel
def refresh(normaliser, weights):
    """Multiply the factors out and take means and squares anew, as rounding errors of running sums add up."""
    raw, factor, mean, square = weights.raw, weights.factor, weights.mean, weights.square
    for j in range(mean.shape[0]):
        mean[j] = ZERO
        square[j] = ZERO
    for i in range(raw.shape[0]):
        row = raw[i]
        for j in range(row.shape[0]):
            row[j] *= factor[j]
            mean[j] += row[j]
            square[j] += row[j] * row[j]
    share = ONE / np.float32(raw.shape[0])
    for j in range(mean.shape[0]):
        mean[j] *= share
        factor[j] = ONE
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
    n_pre, n_units = np.float32(weights.raw.shape[0]), np.float32(weights.reach.shape[0])
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
    for m in range(first.shape[0] - 1):
        active = neuron[first[m] : first[m + 1]]
        if active.shape[0] > 0:
            compete(projection, weights, room, active, alive, projection.competition.k)
            learn(projection, weights, room, active, silent)
        if (shown + m + 1) % REFRESH == 0:
            refresh(projection.normaliser, weights)
            rescue(projection.rule, weights)
