"""Naive float64 reference of the layer that learns a dictionary by event-based STDP.

Written from the specification of the layer alone and from none of the package's code. The input spikes are given as a
raster, so that a fast kernel can be compared with it without sharing a random generator. Clarity comes before speed:
one function per equation, an explicit loop over patches and steps, nothing kept incrementally.

Indices: `i` an input, `j` a unit, `m` a patch, `t` a step of the patch, from 0. Everything is float64.

Phases of a step: the spikes that drive, membranes, winners, weights of the winners, thresholds. The drive reads the
weights, and the winners the thresholds, as the step before left them. At the start of a patch U is 0, no input has
spiked and no unit is refractory; weights and thresholds persist.

Source: Tavanaei, Masquelier & Maida (2018), Neural Networks 105:294-303. Equation (18) is known through the
implementation in ngc-museum, which cites its number, and the rules of thresholds and winners from there without a
number. The squared norm in the drive (beta = 1) and R = 5 deviate from that implementation.

`run_explaining` is the other competition: units whose spikes explain the input away, after the description of the
parts `ExplainingAway` and `ResidualSTDP`. There a unit may fire several times in a step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]

UNBOUNDED = (-np.inf, np.inf)  # a clip that does nothing
MOST_SPIKES = 64  # of all units in a step: while weights change, spikes need not come to an end


@dataclass(frozen=True)
class Parameters:
    """Constants of the layer; times in steps. The defaults are those of the variant `REF`."""

    R: float = 5.0  # gain of the drive: the inverse temperature of the softmax
    beta: float = 1.0  # 1: half the squared norm of the weights is taken off the drive, 0: it is not
    strict: bool = False  # only the unit of the greatest P may fire
    a_m: float = 0.0  # leak factor of U per step: 0 memoryless, 1 perfect integration within a patch
    delayed_pairing: bool = False  # driven by the spikes of the previous step, learning from the current ones
    window: int = 1  # steps in which an input must have spiked to count as recent, 1 is the current step alone
    refractory_steps: int = 0  # for which U of a unit is held at 0 after its spike
    lambda_: float = 0.01  # decay of the weights
    A_plus: float = 1.0  # factor of potentiation
    A_minus: float = 1.0  # factor of depression
    clip: tuple[float, float] = (0.01, 1.0)  # bounds of the weights of a unit that has learned
    b: float = 0.002  # learning rate of the thresholds
    q: float = 1.0  # winners per step that the thresholds aim at
    theta_min: float = 0.025  # floor of the thresholds


@dataclass(frozen=True)
class ExplainingParameters:
    """Constants of a layer that explains its input away."""

    quantum: float = 1.0  # input explained by one spike per step
    most: int | None = None  # units that may represent a patch, None: no limit
    w_min: float = 0.0  # lower bound of the weights before they are brought to length 1
    b: float = 0.002  # learning rate of the threshold
    q: float = 1.0  # active units per patch that the threshold aims at
    theta_min: float = 0.01  # floor of the threshold
    signed: bool = False  # a membrane below minus its limit fires, too, and that spike counts as -1
    wait: float = 0.1  # share of the steps before the first spike
    patience: float = 7.0  # patches per unit in which only others fire before a unit becomes more excitable


@dataclass(frozen=True)
class LocalParameters(ExplainingParameters):
    """Constants of a layer that fires in parallel and explains its input away after a delay."""

    n_delay: int = 5  # time steps from a spike to its effect
    n_sub: int = 30  # time steps in a step of the input
    eta_recurrent: float = 1.0
    eta_echo: float = 0.1


REF = Parameters()
LITERAL = Parameters(R=1.0, beta=0.0, delayed_pairing=True, refractory_steps=1)


class Result(NamedTuple):
    """What `run` and `run_explaining` leave: the learned arrays, and the spikes of the units in three summaries."""

    W: FloatArray  # (n_inputs, n_units)
    theta: FloatArray  # (n_units,)
    counts: IntArray  # (n_patches, n_units), spikes of a unit per patch
    first_spike: IntArray  # (n_patches, n_units), step of the first one, -1 if there was none
    n_winners: IntArray  # (n_patches, n_steps), spikes of all units in a step


def leak_factor(tau_steps: float) -> float:
    """``a_m = exp(-dt / tau_m)`` with ``tau_steps = tau_m / dt``: 0 is memoryless, infinity integrates perfectly."""
    return float(np.exp(-1.0 / tau_steps)) if tau_steps > 0.0 else 0.0


def learning_rates(n_patches: int, eta0: float = 0.0055) -> FloatArray:
    """Rates (n_patches,): eta0 in the first half, then linear to 5 %, ``eta0 max(0.05, 1 - (m - N/2) / (N/2))``."""
    half = n_patches / 2.0
    m = np.arange(n_patches)
    return np.where(m < half, eta0, eta0 * np.maximum(0.05, 1.0 - (m - half) / half))


def driving_spikes(raster: BoolArray, t: int, delayed: bool) -> FloatArray:
    """e (n_inputs,) of step `t` of a patch `raster` (n_steps, n_inputs): its spikes, or those of the step before."""
    if not delayed:
        return raster[t].astype(np.float64)
    return raster[t - 1].astype(np.float64) if t > 0 else np.zeros(raster.shape[1])


def recent_spikes(raster: BoolArray, t: int, window: int) -> FloatArray:
    """s~ (n_inputs,): 1 where the input spiked in one of the last `window` steps of the patch, `t` included."""
    return raster[max(0, t - window + 1) : t + 1].any(axis=0).astype(np.float64)


def drive(W: FloatArray, e: FloatArray, beta: float) -> FloatArray:
    """``v_j = sum_i w_ij e_i - beta 1/2 sum_i w_ij^2``, (n_units,)."""
    return W.T @ e - beta * 0.5 * (W**2).sum(axis=0)


def membrane(U: FloatArray, v: FloatArray, a_m: float, R: float) -> FloatArray:
    """``U_j = a_m U_j + R v_j``. The drive is not scaled by 1 - a_m."""
    return a_m * U + R * v


def masked(U: FloatArray, resting_steps: IntArray) -> FloatArray:
    """U with 0 for units that still rest: not minus infinity, so they take their part in the softmax and may win."""
    return np.where(resting_steps > 0, 0.0, U)


def softmax(U: FloatArray) -> FloatArray:
    """``P_j = exp(U_j - max U) / sum_k exp(U_k - max U)``."""
    likelihood = np.exp(U - U.max())
    return likelihood / likelihood.sum()


def winners(P: FloatArray, theta: FloatArray, strict: bool) -> BoolArray:
    """``z_j = 1 iff P_j > theta_j``; strict: and j is the argmax of P, the lowest index of equals."""
    z = theta < P
    return z & (np.arange(P.size) == np.argmax(P)) if strict else z


def bracket(w: ArrayLike, recent: ArrayLike, p: Parameters) -> FloatArray:
    """Equation (18) without eta: ``A+ (1 - (1 + lambda) w)`` where s~ = 1, ``-A- (1 + lambda) w`` where s~ = 0."""
    w = np.asarray(w, dtype=np.float64)
    potentiation = p.A_plus * (1.0 - (1.0 + p.lambda_) * w)
    depression = -p.A_minus * (1.0 + p.lambda_) * w
    return np.where(np.asarray(recent) > 0, potentiation, depression)


def learned(w: FloatArray, recent: FloatArray, eta: float, p: Parameters) -> FloatArray:
    """Weights (n_inputs,) of a unit after one of its spikes: ``w + eta bracket``, clipped."""
    return np.clip(w + eta * bracket(w, recent, p), *p.clip)


def adapted(theta: FloatArray, n_winners: int, p: Parameters) -> FloatArray:
    """``theta_j = max(theta_min, theta_j + b (sum_k z_k - q))``: one increment for all."""
    return np.maximum(p.theta_min, theta + p.b * (n_winners - p.q))


def run(
    W: ArrayLike,
    theta: ArrayLike,
    spikes: ArrayLike,
    p: Parameters = REF,
    learn: bool = True,
    *,
    eta: ArrayLike = 0.0055,
) -> Result:
    """Present patches one after the other.

    Parameters
    ----------
    W : array_like of shape (n_inputs, n_units)
        Weights at the start; not changed in place.
    theta : array_like of shape (n_units,)
        Thresholds at the start, equal ones for a global threshold; not changed in place.
    spikes : array_like of bool, shape (n_patches, n_steps, n_inputs)
        Whether an input spikes in a step.
    p : Parameters
        Constants of the layer.
    learn : bool
        False leaves weights and thresholds as they are: neither rates, nor the clip, nor the floor touch them.
    eta : array_like of shape () or (n_patches,)
        Learning rate of the weights in each patch. The thresholds move also where it is 0.

    Returns
    -------
    Result
        Learned arrays and the spikes of the units.
    """
    W, theta = np.array(W, dtype=np.float64), np.array(theta, dtype=np.float64)
    spikes = np.asarray(spikes, dtype=bool)
    n_patches, n_steps, _ = spikes.shape
    n_units = W.shape[1]
    eta = np.broadcast_to(np.asarray(eta, dtype=np.float64), n_patches)
    counts = np.zeros((n_patches, n_units), dtype=np.int64)
    first_spike = np.full((n_patches, n_units), -1, dtype=np.int64)
    n_winners = np.zeros((n_patches, n_steps), dtype=np.int64)
    for m, raster in enumerate(spikes):
        U = np.zeros(n_units)
        resting_steps = np.zeros(n_units, dtype=np.int64)
        for t in range(n_steps):
            # 1. the spikes that drive
            e = driving_spikes(raster, t, p.delayed_pairing)
            # 2. membranes; what is masked is lost to an integrating one, too
            U = masked(membrane(U, drive(W, e, p.beta), p.a_m, p.R), resting_steps)
            # 3. winners; one that fires while it rests begins to rest anew
            z = winners(softmax(U), theta, p.strict)
            resting_steps = np.where(z, p.refractory_steps, np.maximum(resting_steps - 1, 0))
            if learn:
                # 4. weights of the winners
                recent = recent_spikes(raster, t, p.window)
                for j in np.flatnonzero(z):
                    W[:, j] = learned(W[:, j], recent, eta[m], p)
                # 5. thresholds
                theta = adapted(theta, int(z.sum()), p)
            counts[m] += z
            first_spike[m, z & (first_spike[m] < 0)] = t
            n_winners[m, t] = z.sum()
    return Result(W, theta, counts, first_spike, n_winners)


def membrane_limits(spikes_so_far: IntArray, theta: float, n_steps: int, most: int | None) -> FloatArray:
    """Membrane (n_units,) above which a unit fires, given the number of its spikes so far in the patch.

    One half, from where a spike of length 1 brings the sum of the spikes nearer to the input; for the first spike
    ``theta n_steps`` if that is more; out of reach for those that are silent when `most` are active.
    """
    active = spikes_so_far > 0
    limits = np.where(active, 0.5, max(0.5, theta * n_steps))
    if most is not None and active.sum() >= most:
        limits[~active] = np.inf
    return limits


def followed(w: FloatArray, residual: FloatArray, eta: float, w_min: float) -> FloatArray:
    """Weights (n_inputs,) of a unit after one of its spikes: ``max(w_min, w + eta residual)``, brought to length 1."""
    moved = np.maximum(w_min, w + eta * residual)
    length = np.sqrt((moved**2).sum())
    return moved / length if length > 0.0 else moved


def run_explaining(
    W: ArrayLike,
    theta: float,
    spikes: ArrayLike,
    p: ExplainingParameters,
    learn: bool = True,
    *,
    eta: ArrayLike = 1.0,
) -> Result:
    """Present patches one after the other to units that explain the input away.

    In each step the membranes take in ``w.s / quantum``. Then, as long as a membrane is above its limit, the unit
    furthest above fires (the lowest index of equals): its weights leave the residual, which they then follow, and
    ``w_j.w_k``, with what `j` has just learned, leaves the membrane of each unit `k`, `j` included. Signed units also
    fire when minus their membrane is above the limit, with all of this of the opposite sign. The threshold moves
    after each patch, by the number of units that have fired in it.

    While learning, the membrane of a unit that was silent in more than ``patience n_units`` patches with spikes of
    others counts ``1 + (silent / (patience n_units) - 1) / 10`` times until its first spike, and this spike learns with
    the whole rate of the patch.

    Parameters
    ----------
    W : array_like of shape (n_inputs, n_units)
        Weights at the start, columns of length 1; not changed in place.
    theta : float
        Threshold at the start.
    spikes : array_like of shape (n_patches, n_steps, n_inputs)
        1 for a spike of an ON input, -1 for one of an OFF input, else 0.
    p : ExplainingParameters
        Constants of the layer.
    learn : bool
        False leaves weights and threshold as they are.
    eta : array_like of shape () or (n_patches,)
        Learning rate in each patch; a spike learns with ``eta / n_steps``, one after long silence with ``eta``.

    Returns
    -------
    Result
        Learned arrays, the threshold once per unit, and the spikes of the units.
    """
    W = np.array(W, dtype=np.float64)
    spikes = np.asarray(spikes, dtype=np.float64)
    n_patches, n_steps, n_inputs = spikes.shape
    n_units = W.shape[1]
    eta = np.broadcast_to(np.asarray(eta, dtype=np.float64), n_patches)
    counts = np.zeros((n_patches, n_units), dtype=np.int64)
    first_spike = np.full((n_patches, n_units), -1, dtype=np.int64)
    n_winners = np.zeros((n_patches, n_steps), dtype=np.int64)
    silent = np.zeros(n_units)
    for m, raster in enumerate(spikes):
        excitable = 1.0 + 0.1 * np.maximum(0.0, silent / (p.patience * n_units) - 1.0) if learn else np.ones(n_units)
        U, residual, fired = np.zeros(n_units), np.zeros(n_inputs), np.zeros(n_units, dtype=np.int64)
        for t, s in enumerate(raster):
            U = U + W.T @ s / p.quantum
            residual = residual + s / p.quantum
            if t < p.wait * n_steps:
                continue
            above = excitable * (np.abs(U) if p.signed else U) - membrane_limits(fired, theta, n_steps, p.most)
            for _ in range(MOST_SPIKES):
                if above.max() <= 0.0:
                    break
                j = int(np.argmax(above))
                polarity = 1 if U[j] > 0.0 else -1
                if fired[j] == 0:
                    first_spike[m, j] = t
                fired[j] += 1
                counts[m, j] += polarity
                n_winners[m, t] += 1
                residual = residual - polarity * W[:, j]
                if learn:
                    rate = eta[m] if excitable[j] > 1.0 else eta[m] / n_steps
                    W[:, j] = followed(W[:, j], polarity * residual, rate, p.w_min)
                excitable[j] = 1.0
                U = U - polarity * (W.T @ W[:, j])
                above = excitable * (np.abs(U) if p.signed else U) - membrane_limits(fired, theta, n_steps, p.most)
        if learn:
            theta = max(p.theta_min, theta + p.b * (int((fired > 0).sum()) - p.q))
            silent = np.where(fired > 0, 0.0, silent + 1.0) if fired.any() else silent
    return Result(W, np.full(n_units, theta), counts, first_spike, n_winners)


def run_local(
    W: ArrayLike,
    recurrent: ArrayLike,
    feedback: ArrayLike,
    theta: float,
    spikes: ArrayLike,
    p: LocalParameters,
    learn: bool = True,
    *,
    eta: ArrayLike = 1.0,
) -> tuple[Result, FloatArray, FloatArray]:
    """Present patches one after the other to units that fire in parallel, time step by time step.

    In each step of the input the membranes take in ``w.s / quantum``, an equal part in each time step. The first spike
    of a unit is provisional, of signed units every one; then the unit does not fire. In a time step: (1) provisional
    spikes sent `n_delay` ago stand if the membrane of their unit plus 1 is still above its limit, else the unit sends
    one of the opposite sign; (2) spikes sent `n_delay` ago take ``recurrent[k]`` from the membranes and
    ``feedback[k]`` from what is left of the inputs, which the weights of their unit follow, unless they were taken
    back; (3) all units above their limit send a spike, which takes 1 from their own membrane.

    Of signed units spikes go through (1) and (2) one after the other, and a unit waits after a spike that was taken
    back until the opposite one has arrived, and for `n_delay` if a spike, but none that takes one back, lifts it above
    its limit. If a spike lifts it above, or farther above, while it waits, or if it is above the limit of the other
    sign as it takes one back, it waits for `n_delay` more.

    After a patch each unit with spikes, and unit ``m mod n_units``, is replayed in the order of their indices:
    ``w += eta_echo (d - w)``, brought to length 1, then ``recurrent[k] += eta_recurrent (W d - recurrent[k])``.

    Parameters are those of `run_explaining`, but `recurrent` (n_units, n_units) and `feedback` (n_units, n_inputs),
    which are returned after the result.
    """
    W, recurrent, feedback = (np.array(a, dtype=np.float64) for a in (W, recurrent, feedback))
    spikes = np.asarray(spikes, dtype=np.float64)
    n_patches, n_steps, n_inputs = spikes.shape
    n_units = W.shape[1]
    eta = np.broadcast_to(np.asarray(eta, dtype=np.float64), n_patches)
    counts = np.zeros((n_patches, n_units), dtype=np.int64)
    first_spike = np.full((n_patches, n_units), -1, dtype=np.int64)
    n_winners = np.zeros((n_patches, n_steps), dtype=np.int64)
    silent = np.zeros(n_units)
    for m, raster in enumerate(spikes):
        excitable = 1.0 + 0.1 * np.maximum(0.0, silent / (p.patience * n_units) - 1.0) if learn else np.ones(n_units)
        onset = max(0.5, theta * n_steps)
        U, residual, total = np.zeros(n_units), np.zeros(n_inputs), np.zeros(n_units, dtype=np.int64)
        first, boosted = first_spike[m], excitable > 1.0
        provisional, opening, waiting, lifted = (np.zeros(n_units, dtype=bool) for _ in range(4))
        sent: list[tuple[int, int, int, str]] = []  # arrival, unit, sign, kind
        for step, s in enumerate(raster):
            residual = residual + s / p.quantum
            drive = W.T @ s / p.quantum
            for sub in range(p.n_sub):
                now, share = step * p.n_sub + sub, (sub + 1) / p.n_sub
                due = [entry for entry in sent if entry[0] == now]
                for batch in [[entry] for entry in due] if p.signed else [due]:
                    for _, k, sign, kind in batch:
                        if kind != "spike" or not provisional[k]:
                            continue
                        v = sign * (U[k] + drive[k] * share) + 1.0
                        stands = v > (onset / excitable[k] if opening[k] else 0.5)
                        if not stands:
                            if opening[k]:
                                first[k] = -1
                            total[k] -= sign
                            U[k] += sign
                            sent.append((now + p.n_delay, k, -sign, "back"))
                        waiting[k] = p.signed and not stands
                        lifted[k] = waiting[k] and 1.0 - v > (onset / excitable[k] if opening[k] else 0.5)
                        provisional[k] = opening[k] = False
                    for _, k, sign, kind in batch:
                        if kind != "spike" and p.signed:
                            waiting[k] = lifted[k]
                            if lifted[k]:
                                sent.append((now + p.n_delay, k, 0, "pause"))
                            lifted[k] = False
                        if kind == "pause":
                            continue
                        before = U + drive * share
                        U = U - sign * recurrent[k]
                        if p.signed and kind == "spike":
                            usual = np.where(first >= 0, 0.5, onset / excitable)
                            after = np.abs(U + drive * share)
                            raised = (after > usual) & (after > np.abs(before)) & ~provisional
                            lifted |= raised & waiting
                            for j in np.flatnonzero(raised & ~waiting):
                                waiting[j] = True
                                sent.append((now + p.n_delay, j, 0, "pause"))
                        residual = residual - sign * feedback[k]
                        if learn and kind == "spike" and first[k] >= 0 and not (provisional[k] or waiting[k]):
                            rate = eta[m] if boosted[k] else eta[m] / n_steps
                            boosted[k] = False
                            W[:, k] = followed(W[:, k], sign * residual, rate, p.w_min)
                            feedback[k] = followed(feedback[k], sign * residual, rate, p.w_min)
                v = U + drive * share
                above = (np.abs(v) if p.signed else v) > np.where(first >= 0, 0.5, onset / excitable)
                for j in np.flatnonzero(above & ~provisional & ~waiting):
                    sign = 1 if v[j] > 0.0 else -1
                    U[j] -= sign
                    total[j] += sign
                    n_winners[m, step] += 1
                    sent.append((now + p.n_delay, j, sign, "spike"))
                    opening[j] = first[j] < 0
                    provisional[j] = opening[j] or p.signed
                    first[j] = step if opening[j] else first[j]
            U = U + drive
        counts[m] = total
        if learn:
            theta = max(p.theta_min, theta + p.b * (int((total != 0).sum()) - p.q))
            silent = np.where(first >= 0, 0.0, silent + 1.0 if (total != 0).any() else silent)
            for k in range(n_units):
                if total[k] != 0 or k == m % n_units:
                    moved = W[:, k] + p.eta_echo * (feedback[k] - W[:, k])
                    W[:, k] = moved / np.linalg.norm(moved)
                    recurrent[k] += p.eta_recurrent * (W.T @ feedback[k] - recurrent[k])
                    recurrent[k, k] = 0.0
    return Result(W, np.full(n_units, theta), counts, first_spike, n_winners), recurrent, feedback


def decode(counts: ArrayLike, W: ArrayLike, lambda_: float, winner: bool = False) -> FloatArray:
    """Patches from spike counts, ``x^ = (1 + lambda) sum_j c_j w_j / sum_j c_j``; 0 for a patch without spikes.

    Parameters
    ----------
    counts : array_like of shape (n_patches, n_units)
        Spikes of each unit.
    W : array_like of shape (n_inputs, n_units)
        Weights.
    lambda_ : float
        Decay with which the weights were learned.
    winner : bool
        Decode from the unit with most spikes alone, ``x^ = (1 + lambda) w_argmax(c)``, the lowest index of equals.

    Returns
    -------
    ndarray of shape (n_patches, n_inputs)
        Reconstruction.
    """
    c = np.asarray(counts, dtype=np.float64)
    W = np.asarray(W, dtype=np.float64)
    x_hat = np.zeros((c.shape[0], W.shape[0]))
    for m in np.flatnonzero(c.sum(axis=1) > 0):
        x_hat[m] = W[:, np.argmax(c[m])] if winner else W @ c[m] / c[m].sum()
    return (1.0 + lambda_) * x_hat


def regular_spikes(x: ArrayLike, n_steps: int, phase: ArrayLike = 0.0) -> BoolArray:
    """Raster (n_steps, n_inputs) without chance, of inputs `x` (n_inputs,) in [0, 1] and `phase` (n_inputs,) or ().

    Input i spikes in step t iff ``floor(x_i (t + 1) + phase_i) > floor(x_i t + phase_i)``. Exact, and the same in
    float32 and float64, for multiples of 1/256; a product such as ``0.29 * 100`` rounds to below its integer.
    """
    x, phase = np.asarray(x, dtype=np.float64), np.asarray(phase, dtype=np.float64)
    t = np.arange(n_steps)[:, np.newaxis]
    return np.floor(x * (t + 1) + phase) > np.floor(x * t + phase)
