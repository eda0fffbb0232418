"""Time loop of a dictionary whose neurons fire in parallel and inhibit each other after a delay.

A step of the encoder is divided into time steps, over which its spikes drive the membranes evenly. Phases of a time
step:

1. provisional spikes stand or are taken back
2. spikes arrive: at the neurons they inhibit, at the inputs they take their part and their weights learn
3. neurons above their limit fire

and after each presentation:

4. threshold
5. replays: neurons that took part and one more in turn fire once without a stimulus, and recurrent weights learn

Without OFF neurons phase 1 comes before phase 2 for all spikes of a time step, with them for each spike in the order in
which they were fired.

Between events membranes are linear in time, so the loop goes from one event to the next.
"""

from typing import Any, NamedTuple

import numpy as np

from tectum.core.kernel import kernel
from tectum.core.random import normal
from tectum.engine.dictionary.loop import (
    FAR,
    UNITS,
    add_rows,
    draw_input_spikes,
    inner_products,
    keep_event,
    keep_input_events,
    squared_norm,
)
from tectum.parts.event_plasticity import unexplained
from tectum.parts.local_inhibition import balanced, echoed, stands
from tectum.parts.norms import length_factor
from tectum.parts.representation import adapted_threshold, excitability

ZERO = np.float32(0.0)
HALF = np.float32(0.5)
ONE = np.float32(1.0)
TINY = np.float32(1e-20)  # drive below which a membrane does not move
# Kinds of spikes: of an ON and of an OFF neuron, those that take one of either back, and the end of a neuron's pause
ON, OFF, BACK_ON, BACK_OFF, PAUSE = range(5)
# Limits out of reach, of a neuron whose first spike or whose later one is provisional, that waits for its spike of kind
# BACK or PAUSE to arrive, and that will wait once more when it has
FIRST, LATER, WAITS, AGAIN = (np.float32(n) * np.float32(FAR) for n in (1, 2, 3, 4))


class LocalState(NamedTuple):
    """State of a dictionary (INOUT); membranes and spikes on their way end with each presentation."""

    weights: Any  # (n_units, n_inputs) float32
    theta: Any  # (n_units,) float32 thresholds
    silence: Any  # (n_units,) float32 presentations in which only others fired
    recurrent: Any  # (n_units, n_units) float32 effect of a spike of the row on the neuron of the column; diagonal 0
    feedback: Any  # (n_units, n_inputs) float32 effect of a spike on what is left of an input


class LocalScratch(NamedTuple):
    """Room to work in; only `by_input` matters at the start."""

    by_input: Any  # (n_inputs, n_units) float32 weights
    raster: Any  # (n_steps, n_inputs) uint32 inputs that fire in a step
    n_fired: Any  # (n_steps,) int64
    sign: Any  # (n_inputs,) float32 +1 ON, -1 OFF
    residual: Any  # (n_inputs,) float32 what is left of an input
    last_pre: Any  # (n_inputs,) int32 room for `draw_input_spikes`
    drive: Any  # (n_units,) float32 what a membrane receives in a step
    U: Any  # (n_units,) float32 membranes at the begin of the step, less the inhibition since
    limit: Any  # (n_units,) float32 limit of the membrane, over `excitable`, or one out of reach
    excitable: Any  # (n_units,) float32 until a first spike stands
    boosted: Any  # (n_units,) float32 `excitable` until that spike has taught its weights, then 1
    spoken: Any  # (n_units,) float32 spikes of ON less those of OFF
    sent: Any  # (capacity, 2) int64 spikes on their way, a ring: time of arrival, and neuron + kind n_units


@kernel
def may_cross(U, drive, share, limit, signed):
    """Whether a membrane is above its limit after this share of the step or at its end, and so, it is linear, between.

    With a share of 1 this asks for the end alone.
    """
    above = False
    if signed:
        for j in range(U.shape[0]):
            above |= max(abs(U[j] + drive[j] * share), abs(U[j] + drive[j])) > limit[j]
    else:
        for j in range(U.shape[0]):
            above |= U[j] + max(drive[j] * share, drive[j]) > limit[j]
    return above


@kernel
def first_crossing(U, drive, limit, signed):
    """Share of the step after which a membrane reaches its limit, below 0 if one has before."""
    earliest = FAR
    for j in range(U.shape[0]):
        earliest = min(earliest, (limit[j] - U[j]) / max(drive[j], TINY))
    if signed:
        for j in range(U.shape[0]):
            earliest = min(earliest, (limit[j] + U[j]) / max(-drive[j], TINY))
    return earliest


@kernel
def sign_of(kind):
    """+1 or -1 for a kind of spike."""
    return ONE if kind in (ON, BACK_OFF) else -ONE


@kernel
def send(sent, place, time, code):
    """Put a spike on its way; returns the next place of the ring."""
    at = place % sent.shape[0]
    sent[at, 0] = time
    sent[at, 1] = code
    return place + 1


@kernel
def learn_residual(rule, w, d, by_input, k, eta, polarity, residual):
    """Weights `w` from the inputs to neuron `k` and `d` back to them follow the residual; both keep length 1."""
    for i in range(w.shape[0]):
        w[i] = unexplained(rule, w[i], eta, polarity * residual[i])
        d[i] = unexplained(rule, d[i], eta, polarity * residual[i])
    scale, back = length_factor(rule, squared_norm(w)), length_factor(rule, squared_norm(d))
    for i in range(w.shape[0]):
        w[i] = w[i] * scale
        d[i] = d[i] * back
        by_input[i, k] = w[i]


@kernel
def learn_echo(rule, w, d, by_input, k):
    """Weights `w` from the inputs to neuron `k` follow the echo `d` of its replay, and keep length 1."""
    for i in range(w.shape[0]):
        w[i] = echoed(rule, w[i], d[i])
    scale = length_factor(rule, squared_norm(w))
    for i in range(w.shape[0]):
        w[i] = w[i] * scale
        by_input[i, k] = w[i]


@kernel
def run_local(circuit, state, spikes, scratch, X, keys, rates, learning):
    """Present samples to neurons that fire in parallel; arguments as in `tectum.engine.dictionary.loop.run_softmax`.

    Events of neurons are in time steps, and name OFF neurons after all ON neurons; those of components without OFF
    neurons are spikes that were taken back.
    """
    competition, rule, weights, recurrent = circuit.competition, circuit.rule, state.weights, state.recurrent
    U, drive, limit, excitable = scratch.U, scratch.drive, scratch.limit, scratch.excitable
    boosted, spoken, residual = scratch.boosted, scratch.spoken, scratch.residual
    raster, n_fired, by_input = scratch.raster, scratch.n_fired, scratch.by_input
    sent = scratch.sent
    n_units, n_inputs = weights.shape
    n_steps, n_sub, n_delay = n_fired.shape[0], competition.n_sub, competition.n_delay
    gain, signed = ONE / competition.quantum, competition.signed
    for m in range(X.shape[0]):
        draw_input_spikes(circuit.encoder, X[m], circuit.seed, keys[m], scratch)
        keep_input_events(raster, n_fired, spikes, m)
        onset = max(HALF, state.theta[0] * np.float32(n_steps))
        for j in range(n_units):
            U[j] = spoken[j] = ZERO
            excitable[j] = excitability(competition, state.silence[j] / np.float32(n_units)) if learning else ONE
            limit[j] = onset / excitable[j]
        for i in range(n_inputs):
            residual[i] = ZERO
        head = judged = tail = 0
        for step in range(n_steps):
            for k in range(n_fired[step]):
                residual[raster[step, k]] += gain * scratch.sign[raster[step, k]]
            for j in range(n_units):
                drive[j] = ZERO
            add_rows(raster[step], n_fired[step], scratch.sign, by_input, drive)
            for j in range(n_units):
                drive[j] *= gain
            if competition.noise > ZERO:
                for j in range(n_units):
                    drive[j] += competition.noise * normal(circuit.seed, keys[m], step, j)
            begin, sub = step * n_sub, 0
            while sub < n_sub:
                # The next time step in which something may happen, half a time step early for rounding.
                upcoming, steps = n_sub, np.float32(n_sub)
                if may_cross(U, drive, np.float32(sub + 1) / steps, limit, signed):
                    crossing = max(ZERO, min(ONE, first_crossing(U, drive, limit, signed)) * steps - HALF)
                    upcoming = min(n_sub - 1, max(sub, int(crossing)))
                if head < tail:
                    upcoming = min(upcoming, max(sub, sent[head % sent.shape[0], 0] - begin))
                if upcoming >= n_sub:
                    break
                sub = upcoming
                now, share = begin + sub, np.float32(sub + 1) / steps
                while head < tail and sent[head % sent.shape[0], 0] <= now:
                    # 1. provisional spikes stand or are taken back: those of OFF and ON neurons one by one
                    while judged < tail and sent[judged % sent.shape[0], 0] <= now and (judged == head or not signed):
                        code = sent[judged % sent.shape[0], 1]
                        judged += 1
                        k, kind = code % n_units, code // n_units
                        if kind >= BACK_ON or limit[k] == HALF:
                            continue
                        opens, polarity = limit[k] == FIRST, sign_of(kind)
                        v = polarity * (U[k] + drive[k] * share) + ONE
                        if stands(competition, excitable[k] * v if opens else v, onset if opens else HALF):
                            limit[k] = HALF
                            boosted[k] = excitable[k] if opens else boosted[k]
                        else:
                            limit[k] = onset / excitable[k] if opens else HALF
                            if signed:
                                limit[k] = AGAIN if ONE - v > limit[k] else WAITS
                            spikes.first[m, k] = -1 if opens else spikes.first[m, k]
                            spoken[k] -= polarity
                            U[k] += polarity
                            tail = send(sent, tail, now + n_delay, code + BACK_ON * n_units)
                            keep_event(spikes.units, spikes.n_events, UNITS, m, now, (code + n_units) % (2 * n_units))
                    # 2. a spike arrives
                    code = sent[head % sent.shape[0], 1]
                    head += 1
                    k, kind = code % n_units, code // n_units
                    polarity = sign_of(kind)
                    if signed and kind >= BACK_ON:
                        if limit[k] == AGAIN:
                            limit[k] = WAITS
                            tail = send(sent, tail, now + n_delay, k + PAUSE * n_units)
                        else:
                            limit[k] = HALF if spikes.first[m, k] >= 0 else onset / excitable[k]
                        if kind == PAUSE:
                            continue
                    row = recurrent[k]
                    if signed and kind < BACK_ON:  # without OFF neurons spikes lift no other
                        for j in range(n_units):
                            v, usual = U[j] + drive[j] * share, limit[j]
                            if usual >= WAITS:
                                usual = HALF if spikes.first[m, j] >= 0 else onset / excitable[j]
                            if max(abs(v), usual) < abs(v - polarity * row[j]):
                                if limit[j] == usual:
                                    limit[j] = WAITS
                                    tail = send(sent, tail, now + n_delay, j + PAUSE * n_units)
                                else:
                                    limit[j] = AGAIN
                    for j in range(n_units):
                        U[j] -= polarity * row[j]
                    if learning:
                        d = state.feedback[k]
                        for i in range(n_inputs):
                            residual[i] -= polarity * d[i]
                        if kind < BACK_ON and limit[k] == HALF:
                            eta = rates[m]
                            if boosted[k] == ONE:  # else one spike counts as much as a presentation full of them
                                eta /= np.float32(n_steps)
                            boosted[k] = ONE
                            learn_residual(rule, weights[k], d, by_input, k, eta, polarity, residual)
                # 3. neurons above their limit fire
                for j in range(n_units):
                    v = U[j] + drive[j] * share
                    if (abs(v) if signed else v) > limit[j]:
                        polarity = ONE if v > ZERO else -ONE
                        code = j if polarity > ZERO else n_units + j
                        U[j] -= polarity
                        spoken[j] += polarity
                        tail = send(sent, tail, now + n_delay, code)
                        keep_event(spikes.units, spikes.n_events, UNITS, m, now, code)
                        if spikes.first[m, j] < 0:
                            spikes.first[m, j] = step
                            limit[j] = FIRST
                        elif signed:
                            limit[j] = LATER
                sub += 1
            for j in range(n_units):
                U[j] += drive[j]
        n_active = 0
        for j in range(n_units):
            spikes.counts[m, j] += np.int32(spoken[j])
            n_active += 1 if spoken[j] != ZERO else 0
        if learning:
            # 4. threshold
            for j in range(n_units):
                state.theta[j] = adapted_threshold(circuit.threshold, state.theta[j], n_active)
                state.silence[j] += ONE if n_active > 0 else ZERO
                if spikes.first[m, j] >= 0:
                    state.silence[j] = ZERO
            # 5. replays
            turn = np.int64(keys[m] % np.uint64(n_units))
            for k in range(n_units):
                if spoken[k] != ZERO or k == turn:
                    learn_echo(rule, weights[k], state.feedback[k], by_input, k)
                    inner_products(state.feedback[k], by_input, scratch.last_pre, drive)
                    row = recurrent[k]
                    for j in range(n_units):
                        row[j] = balanced(rule, row[j], drive[j] - row[j])
                    row[k] = ZERO  # the membrane of k itself is reset at the spike
