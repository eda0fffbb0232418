"""Projection u -> v of a map: a spike of u takes its row of the weights, a spike of v changes a column.

The rows of large matrices come from memory. They go in blocks that stay in the cache, and while the rows of one block
are computed those of the next are fetched. A row is driven and depressed in the same pass.

A column of a large matrix would be fetched a cache line for each weight. There the spikes of v are remembered instead,
and a row learns from them when its input fires next, since then it is fetched anyway. It does not matter when it does:
the rule sees the weight and the lag of the pair only, the input has not fired in between, and each synapse gets its
changes in the same order. So the weights are the same to the last bit, whatever the rule.
"""

from typing import Any, NamedTuple

import numpy as np

from tectum.core.bundle import bundle
from tectum.core.kernel import called_kernel, kernel
from tectum.core.lanes import prefetch
from tectum.parts.plasticity import depress, potentiate, shift
from tectum.parts.traces import input_trace, neuron_trace

ZERO = np.float32(0.0)
FOUR = 4  # rows driven together
BLOCK = 8  # rows that stay in the cache between the passes
WEIGHTS_PER_LINE = 16  # of the cache
PIECE = 64  # weights of four rows between which the same of later rows are fetched: as fast as they come
LONG_PIECE = 128  # the same of a single row
COLUMN = 64  # synapses of a column taken together, whose rows stay in the cache
MANY = 6  # from a sixth of v on whole rows are passed through, else the synapses are picked out


@bundle
class MapHistory(NamedTuple):
    """Spikes of v from which not all rows have learned (INOUT), in order; without room all learn at once.

    They come in portions, in which no neuron fires twice: one step in which many neurons fire, or several with few.
    """

    step: Any  # (n_portions * n_v,) int64, step of the clock of each spike
    neuron: Any  # (n_portions * n_v,) uint32, neuron of v
    start: Any  # (n_portions + 1,) int64, first spike of each portion
    many: Any  # (n_portions,) bool, whether it is one step in which many neurons fired
    fired: Any  # (n_portions, n_v) bool, which neurons fired
    n_portions: Any  # (1,) int64, number of portions remembered
    learned: Any  # (n_u,) int64, number of spikes that a row has learned from


@kernel
def drive(g, weights, fired, n_fired, s_drive, large):
    """Spikes of u reach v; IN g, weights (n_u, n_v), fired (n_fired,), large; INOUT s_drive (n_v,)."""
    n_v = s_drive.shape[0]
    together = n_fired - n_fired % FOUR
    piece = PIECE if large else n_v
    for f in range(0, together, FOUR):
        a, b, c, d = weights[fired[f]], weights[fired[f + 1]], weights[fired[f + 2]], weights[fired[f + 3]]
        for first in range(0, n_v, piece):
            end = min(first + piece, n_v)
            if large:
                fetch(weights, fired[f + FOUR : min(f + 2 * FOUR, n_fired)], first, end)
            s, p, q, r, t = s_drive[first:end], a[first:end], b[first:end], c[first:end], d[first:end]
            for j in range(s.shape[0]):
                s[j] = s[j] + g * p[j] + g * q[j] + g * r[j] + g * t[j]
    for f in range(together, n_fired):
        row = weights[fired[f]]
        for j in range(n_v):
            s_drive[j] += g * row[j]


@called_kernel
def drive_and_depress(rule, g, state, fired, n_fired, scratch):
    """Spikes of u reach v, and are depressed by how recently each neuron of v has fired.

    IN rule, g, fired (n_fired,); INOUT state, scratch.
    """
    weights, s_drive, fading = state.weights, state.s_drive, scratch.fading
    n_v = s_drive.shape[0]
    for j in range(n_v):
        fading[j] = neuron_trace(rule, state.clock[0] - state.last_v[j] + shift(rule))
    large = scratch.history.many.shape[0] > 0
    if large:
        fetch(weights, fired[: min(BLOCK, n_fired)], 0, n_v)
    for start in range(0, n_fired, BLOCK):
        end = min(start + BLOCK, n_fired)
        rows, next_rows = fired[start:end], fired[end : min(end + BLOCK, n_fired)]
        to_fetch = large
        if scratch.history.n_portions[0] > 0:
            to_fetch = not catch_up(rule, state, rows, next_rows, scratch)
        piece = PIECE if to_fetch else n_v
        together = rows.shape[0] - rows.shape[0] % FOUR
        for f in range(0, together, FOUR):
            a, b, c, d = weights[rows[f]], weights[rows[f + 1]], weights[rows[f + 2]], weights[rows[f + 3]]
            for first in range(0, n_v, piece):
                last = min(first + piece, n_v)
                if to_fetch:
                    fetch(weights, next_rows[f : f + FOUR], first, last)
                s, fade = s_drive[first:last], fading[first:last]
                p, q, r, t = a[first:last], b[first:last], c[first:last], d[first:last]
                for j in range(s.shape[0]):
                    w_p, w_q, w_r, w_t = p[j], q[j], r[j], t[j]
                    s[j] = s[j] + g * w_p + g * w_q + g * w_r + g * w_t
                    p[j] = depress(rule, w_p, fade[j])
                    q[j] = depress(rule, w_q, fade[j])
                    r[j] = depress(rule, w_r, fade[j])
                    t[j] = depress(rule, w_t, fade[j])
        for f in range(together, rows.shape[0]):
            row = weights[rows[f]]
            for j in range(n_v):
                s_drive[j] += g * row[j]
                row[j] = depress(rule, row[j], fading[j])


@kernel
def fetch(weights, rows, first, end):
    """Ask for columns from first to end of rows, which are needed soon; IN weights (n_u, n_v), rows (n_rows,)."""
    for k in rows:
        row = weights[k]
        for j in range(first, end, WEIGHTS_PER_LINE):
            prefetch(row, j)


@called_kernel
def learn_causes(rule, state, fired, n_fired, scratch):
    """The inputs of the neurons of v that fired are potentiated, or depressed if too late: now or later.

    IN rule, fired (n_fired,); INOUT state, scratch.
    """
    history = scratch.history
    if history.many.shape[0] == 0:
        learn_columns(rule, state.weights, state.last_u, state.clock[0], fired, n_fired, scratch)
    else:
        if history.n_portions[0] == history.many.shape[0]:
            catch_up_all(rule, state, scratch)
        remember(history, state.clock[0], fired, n_fired)


@kernel
def learn_columns(rule, weights, last_u, clock, fired, n_fired, scratch):
    """Columns are changed at once.

    IN rule, last_u (n_u,), clock, fired (n_fired,); INOUT weights (n_u, n_v), scratch. Rows go in blocks that stay in
    the cache, and through `scratch.column` because the equation is vectorised only where weights lie side by side.
    """
    memory, column = scratch.memory, scratch.column
    for start in range(0, weights.shape[0], COLUMN):
        n = min(COLUMN, weights.shape[0] - start)
        any_late = False
        for k in range(n):
            lag = clock - last_u[start + k] - shift(rule)
            memory[k] = input_trace(rule, lag)
            any_late |= lag < 0
        for f in range(n_fired):
            j = fired[f]
            for k in range(n):
                column[k] = weights[start + k, j]
            for k in range(n):
                column[k] = potentiate(rule, column[k], memory[k])
            for k in range(n):
                weights[start + k, j] = column[k]
        if any_late:
            for k in range(start, start + n):
                depress_late(rule, weights[k], clock - last_u[k] - shift(rule), fired, n_fired)


@kernel
def depress_late(rule, row, lag, fired, n_fired):
    """Depress the synapses of an input that fired too late to have caused the spikes; INOUT row (n_v,)."""
    memory = neuron_trace(rule, -lag) if lag < 0 else ZERO
    if memory > ZERO:
        for f in range(n_fired):
            row[fired[f]] = depress(rule, row[fired[f]], memory)


@kernel
def remember(history, clock, fired, n_fired):
    """Keep the spikes of a step for later; INOUT history, with room for one portion; IN clock, fired (n_fired,)."""
    n_v = history.fired.shape[1]
    many = MANY * n_fired > n_v
    p = history.n_portions[0] - 1
    apart = p < 0 or many or history.many[p]
    if not apart:
        for f in range(n_fired):
            apart |= history.fired[p, fired[f]]
    if apart:
        p += 1
        history.many[p] = many
        history.start[p + 1] = history.start[p]
        for j in range(n_v):
            history.fired[p, j] = False
        history.n_portions[0] = p + 1
    end = history.start[p + 1]
    for f in range(n_fired):
        history.step[end + f] = clock
        history.neuron[end + f] = fired[f]
        history.fired[p, fired[f]] = True
    history.start[p + 1] = end + n_fired


@called_kernel
def catch_up(rule, state, rows, next_rows, scratch):
    """Rows learn from what they have not yet seen of the history; whether the next rows were fetched meanwhile.

    IN rule, rows (n_rows,), next_rows (up to n_rows,); INOUT state, scratch.
    """
    history = scratch.history
    start, learned = history.start, history.learned
    n_spikes = start[history.n_portions[0]]
    seen_by_all = n_spikes
    for k in rows:
        seen_by_all = min(seen_by_all, learned[k])
    fetched = False
    for p in range(history.n_portions[0]):
        if start[p + 1] <= seen_by_all:
            continue
        if history.many[p]:
            learn_many(rule, state, rows, next_rows, p, scratch)
            fetched = True
        else:
            for k in rows:
                new = max(start[p], learned[k])
                step, neuron = history.step[new : start[p + 1]], history.neuron[new : start[p + 1]]
                learn_few(rule, state.weights[k], state.last_u[k], step, neuron, scratch)
    for k in rows:
        learned[k] = n_spikes
    return fetched


@kernel
def learn_few(rule, row, last, step, neuron, scratch):
    """A row learns from spikes of different neurons.

    IN rule, last (step of the input's last spike), step and neuron (n_spikes,); INOUT row (n_v,), scratch.
    """
    memory, column = scratch.memory, scratch.column
    n_spikes = neuron.shape[0]
    for f in range(n_spikes):
        memory[f] = input_trace(rule, step[f] - last - shift(rule))
        column[f] = row[neuron[f]]
    for f in range(n_spikes):
        column[f] = potentiate(rule, column[f], memory[f])
    for f in range(n_spikes):
        row[neuron[f]] = column[f]
    late = 0
    while late < n_spikes and step[late] - last < shift(rule):
        depress_late(rule, row, step[late] - last - shift(rule), neuron[late : late + 1], 1)
        late += 1


@kernel
def learn_many(rule, state, rows, next_rows, p, scratch):
    """Those of the rows that have not yet learn from portion p, a step in which many neurons fired.

    IN rule, rows (n_rows,), next_rows (up to n_rows,), p; INOUT state, scratch.
    """
    history, weights = scratch.history, state.weights
    first, end = history.start[p], history.start[p + 1]
    for i in range(rows.shape[0]):
        k = rows[i]
        if history.learned[k] <= first:
            lag = history.step[first] - state.last_u[k] - shift(rule)
            memory = input_trace(rule, lag)
            potentiate_row(rule, weights, k, next_rows[i : i + 1], memory, history.fired[p])
            depress_late(rule, weights[k], lag, history.neuron[first:end], end - first)


@kernel
def potentiate_row(rule, weights, k, later, memory, fired):
    """The synapses of input k onto the neurons that fired; a later row is fetched meanwhile.

    IN rule, k, later (up to 1,), memory, fired (n_v,) mask; INOUT weights (n_u, n_v).
    """
    n_v = fired.shape[0]
    for first in range(0, n_v, LONG_PIECE):
        end = min(first + LONG_PIECE, n_v)
        fetch(weights, later, first, end)
        row, learns = weights[k, first:end], fired[first:end]
        for j in range(row.shape[0]):
            w = row[j]
            new = potentiate(rule, w, memory)
            row[j] = new if learns[j] else w


@called_kernel
def catch_up_all(rule, state, scratch):
    """All rows learn from what is remembered, and it is forgotten; INOUT state, scratch."""
    history, rows = scratch.history, scratch.rows
    n_u = state.weights.shape[0]
    for start in range(0, n_u, BLOCK):
        for i in range(2 * BLOCK):
            rows[i] = start + i
        n, n_next = min(BLOCK, n_u - start), max(min(BLOCK, n_u - start - BLOCK), 0)
        catch_up(rule, state, rows[:n], rows[n : n + n_next], scratch)
    for k in range(n_u):
        history.learned[k] = 0
    history.n_portions[0] = 0
