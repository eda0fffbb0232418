"""Projection u -> v of a map: a spike of u takes its row of the weights, a spike of v changes a column.

The rows of large matrices come from memory. Four at a time come faster than one after another, and a row is driven and
depressed in the same pass.

A column of a large matrix would be fetched a cache line for each weight. There the spikes of v are remembered instead, and a
row learns from them when its input fires next, since then it is fetched anyway. It does not matter when it does: the rule
sees the weight and the lag of the pair only, the input has not fired in between, and each synapse gets its
changes in the same order. So the weights are the same to the last bit, whatever the rule.
"""

from typing import Any, NamedTuple

import numpy as np

from tectum.engine.kernel import kernel
from tectum.parts.plasticity import depress, potentiate

ZERO = np.float32(0.0)
FOUR = 4  # rows taken together
BLOCK = 16  # rows that stay in the cache
FEW = 16  # neurons of v up to which synapses are taken one by one from a row


class MapHistory(NamedTuple):
    """Steps in which v fired and from which not all rows have learned (INOUT); without room all learn at once."""

    step: Any  # (capacity,) int64, step of the clock
    n_fired: Any  # (capacity,) int64, number of neurons that fired in it
    neuron: Any  # (capacity, n_v) uint32, which they are
    fired: Any  # (capacity, n_v) bool, the same as a mask
    n_steps: Any  # (1,) int64, number of steps remembered
    learned: Any  # (n_u,) int64, number of those that a row has learned from


@kernel
def drive(g, weights, fired, n_fired, s_drive):
    """Spikes of u reach v; IN g, weights (n_u, n_v), fired (n_fired,); INOUT s_drive (n_v,)."""
    n_v = s_drive.shape[0]
    together = n_fired - n_fired % FOUR
    for f in range(0, together, FOUR):
        a, b, c, d = weights[fired[f]], weights[fired[f + 1]], weights[fired[f + 2]], weights[fired[f + 3]]
        for j in range(n_v):
            s_drive[j] = s_drive[j] + g * a[j] + g * b[j] + g * c[j] + g * d[j]
    for f in range(together, n_fired):
        row = weights[fired[f]]
        for j in range(n_v):
            s_drive[j] += g * row[j]


@kernel
def drive_and_depress(rule, g, state, fired, n_fired, scratch):
    """Spikes of u reach v, and are depressed by how recently each neuron of v has fired.

    IN rule, g, fired (n_fired,); INOUT state, scratch.
    """
    weights, s_drive, fading = state.weights, state.s_drive, scratch.fading
    n_v = s_drive.shape[0]
    n_lags = rule.memory_minus.shape[0]
    for j in range(n_v):
        lag = state.clock[0] - state.last_v[j] + rule.shift
        fading[j] = rule.memory_minus[lag] if lag < n_lags else ZERO
    for start in range(0, n_fired, BLOCK):
        rows = fired[start : min(start + BLOCK, n_fired)]
        if scratch.history.n_steps[0] > 0:
            catch_up(rule, state, rows, scratch)
        together = rows.shape[0] - rows.shape[0] % FOUR
        for f in range(0, together, FOUR):
            a, b, c, d = weights[rows[f]], weights[rows[f + 1]], weights[rows[f + 2]], weights[rows[f + 3]]
            for j in range(n_v):
                w_a, w_b, w_c, w_d = a[j], b[j], c[j], d[j]
                s_drive[j] = s_drive[j] + g * w_a + g * w_b + g * w_c + g * w_d
                a[j] = depress(rule, w_a, fading[j])
                b[j] = depress(rule, w_b, fading[j])
                c[j] = depress(rule, w_c, fading[j])
                d[j] = depress(rule, w_d, fading[j])
        for f in range(together, rows.shape[0]):
            row = weights[rows[f]]
            for j in range(n_v):
                s_drive[j] += g * row[j]
                row[j] = depress(rule, row[j], fading[j])


@kernel
def learn_causes(rule, state, fired, n_fired, scratch):
    """The inputs of the neurons of v that fired are potentiated, or depressed if too late: now or later.

    IN rule, fired (n_fired,); INOUT state, scratch.
    """
    history = scratch.history
    room = history.step.shape[0]
    if room == 0:
        learn_columns(rule, state.weights, state.last_u, state.clock[0], fired, n_fired, scratch)
    else:
        if history.n_steps[0] == room:
            catch_up_all(rule, state, scratch)
        remember(history, state.clock[0], fired, n_fired)


@kernel
def learn_columns(rule, weights, last_u, clock, fired, n_fired, scratch):
    """Columns are changed at once.

    IN rule, last_u (n_u,), clock, fired (n_fired,); INOUT weights (n_u, n_v), scratch. Rows go in blocks that stay in
    the cache, and through `scratch.column` because the equation is vectorised only where weights lie side by side.
    """
    memory, column = scratch.memory, scratch.column
    n_lags = rule.memory_plus.shape[0]
    for start in range(0, weights.shape[0], memory.shape[0]):
        n = min(memory.shape[0], weights.shape[0] - start)
        any_late = False
        for k in range(n):
            lag = clock - last_u[start + k] - rule.shift
            memory[k] = rule.memory_plus[lag] if lag >= 0 and lag < n_lags else ZERO
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
                depress_late(rule, weights[k], clock - last_u[k] - rule.shift, fired, n_fired)


@kernel
def depress_late(rule, row, lag, fired, n_fired):
    """Depress the synapses of an input that fired too late to have caused the spikes; INOUT row (n_v,)."""
    if lag < 0 and -lag < rule.memory_minus.shape[0]:
        for f in range(n_fired):
            row[fired[f]] = depress(rule, row[fired[f]], rule.memory_minus[-lag])


@kernel
def remember(history, clock, fired, n_fired):
    """Keep the spikes of a step for later; INOUT history, with room for it; IN clock, fired (n_fired,)."""
    s = history.n_steps[0]
    history.step[s] = clock
    history.n_fired[s] = n_fired
    mask = history.fired[s]
    for j in range(mask.shape[0]):
        mask[j] = False
    for f in range(n_fired):
        history.neuron[s, f] = fired[f]
        mask[fired[f]] = True
    history.n_steps[0] = s + 1


@kernel
def catch_up(rule, state, rows, scratch):
    """Some rows learn from what they have not yet seen of the history; IN rule, rows (n_rows,); INOUT state, scratch."""
    history = scratch.history
    n_steps = history.n_steps[0]
    s = n_steps
    for k in rows:
        s = min(s, history.learned[k])
    while s < n_steps:
        if history.n_fired[s] > FEW:
            learn_many(rule, state, rows, s, scratch)
            s += 1
        else:
            end = s + 1
            while end < n_steps and history.n_fired[end] <= FEW:
                end += 1
            for k in rows:
                learn_few(rule, state.weights[k], state.last_u[k], max(s, history.learned[k]), end, history)
            s = end
    for k in rows:
        history.learned[k] = n_steps


@kernel
def learn_few(rule, row, last, start, end, history):
    """A row learns from steps in which few neurons fired.

    IN rule, last (step of the input's last spike), start and end of the steps, history; INOUT row (n_v,).
    """
    n_lags = rule.memory_plus.shape[0]
    for s in range(start, end):
        neuron = history.neuron[s]
        lag = history.step[s] - last - rule.shift
        memory = rule.memory_plus[lag] if lag >= 0 and lag < n_lags else ZERO
        for f in range(history.n_fired[s]):
            row[neuron[f]] = potentiate(rule, row[neuron[f]], memory)
        depress_late(rule, row, lag, neuron, history.n_fired[s])


@kernel
def learn_many(rule, state, rows, s, scratch):
    """Those of the rows that have not yet learn from step s, in which many neurons fired; INOUT state, scratch."""
    history, behind, memory = scratch.history, scratch.behind, scratch.memory
    n_lags = rule.memory_plus.shape[0]
    n = 0
    for k in rows:
        if history.learned[k] <= s:
            lag = history.step[s] - state.last_u[k] - rule.shift
            memory[n] = rule.memory_plus[lag] if lag >= 0 and lag < n_lags else ZERO
            behind[n] = k
            n += 1
    potentiate_rows(rule, state.weights, behind, n, memory, history.fired[s], scratch.spare)
    for i in range(n):
        lag = history.step[s] - state.last_u[behind[i]] - rule.shift
        depress_late(rule, state.weights[behind[i]], lag, history.neuron[s], history.n_fired[s])


@kernel
def potentiate_rows(rule, weights, rows, n, memory, fired, spare):
    """The synapses of n inputs onto the neurons that fired, four rows side by side.

    IN rule, rows (n,), memory (n,), fired (n_v,) mask; INOUT weights (n_u, n_v), scratch spare (4, n_v) where
    rows are missing.
    """
    for i in range(0, n, FOUR):
        a = weights[rows[i]]
        b = weights[rows[i + 1]] if i + 1 < n else spare[1]
        c = weights[rows[i + 2]] if i + 2 < n else spare[2]
        d = weights[rows[i + 3]] if i + 3 < n else spare[3]
        m_a, m_b, m_c, m_d = memory[i], memory[i + 1], memory[i + 2], memory[i + 3]
        for j in range(fired.shape[0]):
            w_a, w_b, w_c, w_d = a[j], b[j], c[j], d[j]
            new_a, new_b = potentiate(rule, w_a, m_a), potentiate(rule, w_b, m_b)
            new_c, new_d = potentiate(rule, w_c, m_c), potentiate(rule, w_d, m_d)
            a[j] = new_a if fired[j] else w_a
            b[j] = new_b if fired[j] else w_b
            c[j] = new_c if fired[j] else w_c
            d[j] = new_d if fired[j] else w_d


@kernel
def catch_up_all(rule, state, scratch):
    """All rows learn from what is remembered, and it is forgotten; INOUT state, scratch."""
    history, rows = scratch.history, scratch.rows
    for start in range(0, state.weights.shape[0], BLOCK):
        n = min(BLOCK, state.weights.shape[0] - start)
        for i in range(n):
            rows[i] = start + i
        catch_up(rule, state, rows[:n], scratch)
    for k in range(state.weights.shape[0]):
        history.learned[k] = 0
    history.n_steps[0] = 0
