"""Time loop of a map: input layer u, inhibitory neuron h, output layer v, and the plastic projection u -> v.

Phases of a step, in the order of the specification:

1. currents of the inhibitory neuron and of u
2. membranes of u; each spike drives v, depresses its synapses and is counted for h
3. membrane of h; its spike inhibits u
4. currents and membranes of v
5. spikes of v act on v and potentiate the synapses of the inputs that caused them

Between the volleys nothing fires for some thirty milliseconds. There the loop follows only the few scalars of the
inhibition and one neuron that is never below any of u; when that one may fire, all membranes are moved in one go. Their
equations are linear, so the result is that of stepping, up to rounding.
"""

from typing import Any, NamedTuple

import numpy as np

from tectum.core.bundle import bundle
from tectum.core.kernel import called_kernel, kernel
from tectum.engine.maps.synapses import catch_up_all, drive, drive_and_depress, learn_causes
from tectum.parts.neurons import crosses, crossing_delay, membrane, refract, refractory, reset, rest
from tectum.parts.synapses import adapted_gain, filter_current

ZERO = np.float32(0.0)
ONE = np.float32(1.0)
NEVER = -(10**12)  # step of the last spike of a neuron that has not fired
# An envelope is compared with the threshold less this share, a thousand times the rounding error of a jump.
MARGIN = np.float32(0.9999)
BLOCK = 16  # full steps between two looks whether the network has fallen silent
SCAN = 128  # neurons whose thresholds are tested together

# Index of each scalar in MapState.inhibition
M_H, S_E, Y_E, S_I, Y_I, S_H, Y_H = range(7)
# Index of each population in MapSpikes.counts and n_events
U, H, V = range(3)


@bundle
class MapCircuit(NamedTuple):
    """Constants of a map for steps of fixed length (IN)."""

    u: Any  # LIFStep
    h: Any  # LIFStep
    v: Any  # LIFStep
    excitation: Any  # SynapseStep u -> h
    inhibition: Any  # SynapseStep u -> h
    feedback: Any  # SynapseStep h -> u
    drive: Any  # SynapseStep u -> v
    lateral: Any  # SynapseStep v -> v
    rule: Any  # STDPStep
    g: Any  # float32, drive of v per unit of weight
    recovery: Any  # GainStep
    W_e: Any  # float32
    W_i: Any  # float32
    W_h: Any  # float32
    K: Any  # (2 rows - 1, 2 columns - 1) float32 lateral weights by the offset of the target; see `lateral_table`
    silent: Any  # (n_jump, 11) float32, response of v to its own state; see `silent_response`


@bundle
class MapState(NamedTuple):
    """State of a map (INOUT): with the presentation's number, all that is needed to continue."""

    m_u: Any  # (n_u,) float32
    last_u: Any  # (n_u,) int64 step of the last spike
    inhibition: Any  # (7,) float32: m_h, s_e, y_e, s_i, y_i, s_h, y_h
    s_drive: Any  # (n_v,) float32
    y_drive: Any  # (n_v,) float32
    s_lateral: Any  # (n_v,) float32
    y_lateral: Any  # (n_v,) float32
    m_v: Any  # (n_v,) float32
    last_v: Any  # (n_v,) int64 step of the last spike
    weights: Any  # (n_u, n_v) float32
    gain: Any  # (1,) float32, of the drive; grows while the map stays silent
    clock: Any  # (1,) int64 steps since the start


@bundle
class MapSpikes(NamedTuple):
    """Where spikes go (OUT). Recording stops when the event arrays are full; empty ones record nothing."""

    first_v: Any  # (n_presentations, n_v) float32, first spike in steps after the onset, -1 if silent
    counts: Any  # (3,) int64, spikes of u, h and v
    u: Any  # (capacity, 2) int64, step of the clock and neuron
    h: Any  # (capacity, 2) int64
    v: Any  # (capacity, 2) int64
    n_events: Any  # (3,) int64, events in u, h and v


@bundle
class MapScratch(NamedTuple):
    """Work space (INOUT), contents irrelevant."""

    fading: Any  # (n_v,) float32
    fired: Any  # (max(n_u, n_v),) int64
    memory: Any  # (max(COLUMN, n_v),) float32
    column: Any  # (max(COLUMN, n_v),) float32
    rows: Any  # (2 BLOCK,) int64
    history: Any  # MapHistory, empty between two runs


@kernel
def is_free(neuron, clock, last):
    """Whether a neuron that fired last in step `last` is not refractory; for a neuron without such a period, always."""
    return refractory(neuron) < 1 or clock - last > refractory(neuron)


@kernel
def silent_response(drive, lateral, v, response):
    """Weights of v's state in its state k steps later, without any spike.

    IN: drive, lateral, v. OUT: response (n_jump, 11), row k for k steps: the membrane keeps column 0 of itself and
    gets columns 1 to 4 of y_drive, s_drive, y_lateral, s_lateral; y_drive keeps 5 and gets 6 of s_drive; y_lateral
    keeps 7 and gets 8 of s_lateral; s_drive and s_lateral keep 9 and 10.
    """
    m = ONE
    y_dy, s_dy, y_ds, s_ds, m_dy, m_ds = ONE, ZERO, ZERO, ONE, ZERO, ZERO
    y_ly, s_ly, y_ls, s_ls, m_ly, m_ls = ONE, ZERO, ZERO, ONE, ZERO, ZERO
    for k in range(response.shape[0]):
        row = response[k]
        row[0], row[1], row[2], row[3], row[4] = m, m_dy, m_ds, m_ly, m_ls
        row[5], row[6], row[7], row[8] = y_dy, y_ds, y_ly, y_ls
        row[9], row[10] = s_ds, s_ls
        s_dy, y_dy = filter_current(drive, s_dy, y_dy)
        s_ds, y_ds = filter_current(drive, s_ds, y_ds)
        s_ly, y_ly = filter_current(lateral, s_ly, y_ly)
        s_ls, y_ls = filter_current(lateral, s_ls, y_ls)
        m = membrane(v, m, ZERO)
        m_dy = membrane(v, m_dy, y_dy)
        m_ds = membrane(v, m_ds, y_ds)
        m_ly = membrane(v, m_ly, y_ly)
        m_ls = membrane(v, m_ls, y_ls)


@kernel
def largest(values):
    """Largest element; IN values (n,), n >= 1."""
    found = values[0]
    for k in range(values.shape[0]):
        if values[k] > found:
            found = values[k]
    return found


@kernel
def v_must_stay_silent(circuit, state):
    """Whether no neuron of v can fire before the next spike of u.

    Without input each filter stays below the larger of its two states, and a membrane below the larger of itself and
    its current.
    """
    drive = max(largest(state.s_drive), largest(state.y_drive))
    lateral = max(largest(state.s_lateral), largest(state.y_lateral))
    bound = max(largest(state.m_v), max(drive, ZERO) + max(lateral, ZERO))
    return not crosses(circuit.v, bound / MARGIN, ZERO)


@kernel
def note(spikes, population, events, clock, neuron):
    """Count a spike and, if there is room, keep it; INOUT spikes, events (capacity, 2)."""
    spikes.counts[population] += 1
    n = spikes.n_events[population]
    if n < events.shape[0]:
        events[n, 0] = clock
        events[n, 1] = neuron
        spikes.n_events[population] = n + 1


@kernel
def inhibit(circuit, spikes, clock, m_h, y_e, y_i, s_h):
    """Phase 3: membrane and feedback filter of the inhibitory neuron after one step; INOUT spikes."""
    m_h = membrane(circuit.h, m_h, y_e - y_i)
    if crosses(circuit.h, m_h, ZERO):
        m_h = reset(circuit.h, ZERO, ZERO)
        s_h += circuit.W_h
        note(spikes, H, spikes.h, clock, 0)
    return m_h, s_h


@called_kernel
def skip_silence(circuit, state, spikes, currents, n_steps):
    """Advance through a stretch in which neither u nor v fires; returns its length, at most `n_steps`.

    IN circuit, currents (n_u,); INOUT state, spikes.
    """
    limit = min(n_steps, circuit.silent.shape[0] - 1)
    if limit < 1 or not v_must_stay_silent(circuit, state):
        return 0
    x = state.inhibition
    m_h, s_e, y_e, s_i, y_i, s_h, y_h = x[M_H], x[S_E], x[Y_E], x[S_I], x[Y_I], x[S_H], x[Y_H]
    m_top = largest(state.m_u)
    I_top = largest(currents)
    # m_k after n steps is kept m_k(0) + (1 - kept) I_k - held, held being the response to the inhibition.
    kept = ONE
    held = ZERO
    n = 0
    while n < limit:
        s_next, y_next = filter_current(circuit.feedback, s_h, y_h)
        kept_next = membrane(circuit.u, kept, ZERO)
        held_next = membrane(circuit.u, held, y_next)
        envelope = kept_next * m_top + (ONE - kept_next) * I_top - held_next
        if crosses(circuit.u, envelope / MARGIN, ZERO):
            break
        s_h, y_h, kept, held = s_next, y_next, kept_next, held_next
        s_e, y_e = filter_current(circuit.excitation, s_e, y_e)
        s_i, y_i = filter_current(circuit.inhibition, s_i, y_i)
        m_h, s_h = inhibit(circuit, spikes, state.clock[0] + n, m_h, y_e, y_i, s_h)
        n += 1
    if n > 0:
        x[M_H], x[S_E], x[Y_E], x[S_I], x[Y_I], x[S_H], x[Y_H] = m_h, s_e, y_e, s_i, y_i, s_h, y_h
        jump(circuit, state, currents, n, kept, held)
    return n


@kernel
def jump(circuit, state, currents, n, kept, held):
    """Move the membranes and filters of u and v by n steps without spikes; INOUT state."""
    m_u = state.m_u
    drift = ONE - kept
    for k in range(m_u.shape[0]):
        m_u[k] = kept * m_u[k] + drift * currents[k] - held
    s_drive, y_drive, s_lateral, y_lateral = state.s_drive, state.y_drive, state.s_lateral, state.y_lateral
    m_v = state.m_v
    response = circuit.silent[n]
    keep_drive, keep_lateral = circuit.silent[n, 9], circuit.silent[n, 10]
    for j in range(m_v.shape[0]):
        a, b, c, d = y_drive[j], s_drive[j], y_lateral[j], s_lateral[j]
        m_v[j] = response[0] * m_v[j] + response[1] * a + response[2] * b + response[3] * c + response[4] * d
        y_drive[j] = response[5] * a + response[6] * b
        s_drive[j] = keep_drive * b
        y_lateral[j] = response[7] * c + response[8] * d
        s_lateral[j] = keep_lateral * d
    state.clock[0] += n


@kernel
def crossers(neuron, potentials, fired):
    """Indices of the neurons above their threshold; IN neuron, potentials (n,); OUT fired; returns their number."""
    n_fired = 0
    for start in range(0, potentials.shape[0], SCAN):
        part = potentials[start : start + SCAN]
        any_fired = False
        for k in range(part.shape[0]):
            any_fired |= crosses(neuron, part[k], ZERO)
        if any_fired:
            for k in range(part.shape[0]):
                if crosses(neuron, part[k], ZERO):
                    fired[n_fired] = start + k
                    n_fired += 1
    return n_fired


@kernel
def reset_inputs(circuit, state, fired, n_fired):
    """Phase 2, after the synapses: the neurons of u that fired start anew; INOUT state."""
    for f in range(n_fired):
        state.m_u[fired[f]] = reset(circuit.u, ZERO, ZERO)
        state.last_u[fired[f]] = state.clock[0]


@kernel
def spread(circuit, state, spikes, fired, n_fired, presentation, step):
    """Phase 5, first part: reset, first-spike time and lateral effect of the neurons of v that fired."""
    K, s_lateral = circuit.K, state.s_lateral
    columns = (K.shape[1] + 1) // 2
    rows = s_lateral.shape[0] // columns
    height = 2 * rows - 1
    clock = state.clock[0]
    for f in range(n_fired):
        j = fired[f]
        if spikes.first_v[presentation, j] < ZERO:
            I = state.y_drive[j] + state.y_lateral[j]
            spikes.first_v[presentation, j] = np.float32(step) + crossing_delay(circuit.v, state.m_v[j], I)
        row, column = j // columns, j % columns
        middle = row % (K.shape[0] // height) * height + rows - 1
        for r in range(rows):
            weights = K[middle - row + r, columns - 1 - column : 2 * columns - 1 - column]
            target = s_lateral[r * columns : (r + 1) * columns]
            for i in range(columns):
                target[i] += weights[i]
        state.m_v[j] = reset(circuit.v, ZERO, ZERO)
        state.last_v[j] = clock
        note(spikes, V, spikes.v, clock, j)


@called_kernel
def full_step(circuit, state, spikes, scratch, currents, presentation, step, learn):
    """One time step; returns the number of spikes of u and v.

    IN circuit, currents (n_u,), presentation, step since its onset, learn; INOUT state, spikes, scratch.
    """
    x = state.inhibition
    clock = state.clock[0]
    # 1. currents of h and u
    s_h, y_h = filter_current(circuit.feedback, x[S_H], x[Y_H])
    s_e, y_e = filter_current(circuit.excitation, x[S_E], x[Y_E])
    s_i, y_i = filter_current(circuit.inhibition, x[S_I], x[Y_I])

    # 2. membranes and spikes of u; to look for spikes in a pass of its own would double the time of a silent step
    m_u = state.m_u
    any_fired = False
    for k in range(m_u.shape[0]):
        free = membrane(circuit.u, m_u[k], currents[k] - y_h)
        m_u[k] = free if is_free(circuit.u, clock, state.last_u[k]) else refract(circuit.u, m_u[k])
        any_fired |= crosses(circuit.u, m_u[k], ZERO)
    n_u_fired = 0
    if any_fired:
        n_u_fired = crossers(circuit.u, m_u, scratch.fired)
        g = circuit.g * state.gain[0]
        if learn:
            drive_and_depress(circuit.rule, g, state, scratch.fired, n_u_fired, scratch)
        else:
            drive(g, state.weights, scratch.fired, n_u_fired, state.s_drive, scratch.history.many.shape[0] > 0)
        reset_inputs(circuit, state, scratch.fired, n_u_fired)
        for f in range(n_u_fired):
            note(spikes, U, spikes.u, clock, scratch.fired[f])

    # 3. inhibitory neuron
    m_h, s_h = inhibit(circuit, spikes, clock, x[M_H], y_e, y_i, s_h)
    s_e += np.float32(n_u_fired) * circuit.W_e
    s_i += np.float32(n_u_fired) * circuit.W_i
    x[M_H], x[S_E], x[Y_E], x[S_I], x[Y_I], x[S_H], x[Y_H] = m_h, s_e, y_e, s_i, y_i, s_h, y_h

    # 4. currents and membranes of v
    s_drive, y_drive, s_lateral, y_lateral = state.s_drive, state.y_drive, state.s_lateral, state.y_lateral
    m_v = state.m_v
    any_fired = False
    for j in range(m_v.shape[0]):
        s_drive[j], y_drive[j] = filter_current(circuit.drive, s_drive[j], y_drive[j])
        s_lateral[j], y_lateral[j] = filter_current(circuit.lateral, s_lateral[j], y_lateral[j])
        free = membrane(circuit.v, m_v[j], y_drive[j] + y_lateral[j])
        m_v[j] = free if is_free(circuit.v, clock, state.last_v[j]) else refract(circuit.v, m_v[j])
        any_fired |= crosses(circuit.v, m_v[j], ZERO)

    # 5. spikes of v
    n_v_fired = 0
    if any_fired:
        n_v_fired = crossers(circuit.v, m_v, scratch.fired)
        spread(circuit, state, spikes, scratch.fired, n_v_fired, presentation, step)
        if learn:
            learn_causes(circuit.rule, state, scratch.fired, n_v_fired, scratch)
    state.clock[0] = clock + 1
    return n_u_fired + n_v_fired


@kernel
def fill(values, value):
    """Set all elements; OUT values (n,), IN value."""
    for k in range(values.shape[0]):
        values[k] = value


@called_kernel
def put_to_rest(circuit, state):
    """Membranes to rest and filters to zero; IN circuit, INOUT state. Earlier spikes matter to refractoriness alone."""
    fill(state.m_u, rest(circuit.u))
    fill(state.inhibition, ZERO)
    fill(state.s_drive, ZERO)
    fill(state.y_drive, ZERO)
    fill(state.s_lateral, ZERO)
    fill(state.y_lateral, ZERO)
    fill(state.m_v, rest(circuit.v))
    if refractory(circuit.u) > 0:
        fill(state.last_u, NEVER)
    if refractory(circuit.v) > 0:
        fill(state.last_v, NEVER)


@kernel
def run_map(circuit, state, spikes, scratch, currents, blank, n_input, n_blank, learn, from_rest, skip):
    """Present samples one after another, each for `n_input` steps and then `n_blank` steps without input.

    IN circuit, currents (n_presentations, n_u), blank (n_u,) zeros, n_input, n_blank, learn, from_rest (whether each
    sample meets a map at rest), skip (whether silent stretches are skipped); INOUT state, spikes, scratch.
    """
    for presentation in range(currents.shape[0]):
        if from_rest:
            put_to_rest(circuit, state)
        n_before = spikes.counts[V]
        for part in range(2):
            I = currents[presentation] if part == 0 else blank
            n_steps = n_input if part == 0 else n_blank
            onset = 0 if part == 0 else n_input
            step = 0
            quiet = True
            while step < n_steps:
                if skip and quiet:
                    step += skip_silence(circuit, state, spikes, I, n_steps - step)
                n_fired = 0
                for _ in range(min(BLOCK, n_steps - step)):
                    n_fired += full_step(circuit, state, spikes, scratch, I, presentation, onset + step, learn)
                    step += 1
                quiet = n_fired == 0
        if learn:
            state.gain[0] = adapted_gain(circuit.recovery, state.gain[0], spikes.counts[V] > n_before)
    if scratch.history.n_portions[0] > 0:
        catch_up_all(circuit.rule, state, scratch)
