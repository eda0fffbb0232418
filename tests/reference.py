"""Naive float64 reference of the spiking self-organising map.

Written from the specification of the map alone and from none of the package's code, so that the fast kernel can be
compared with it spike for spike. Clarity comes before speed: one NumPy statement per line of the update box, and
an explicit loop over the neurons that fired. Everything is float64; time is an integer number of steps.

Indices: `i` an input neuron of u (row-major over dimension, then receptive field: ``i = d * n + k``), `j` a neuron of
the map v (row-major over the grid). ``python tests/reference.py`` prints the figures of the oscillation.

Source: Rumbell, Denham & Wennekers (2014), IEEE TNNLS 25(5):894-907, equations (1) to (7).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]
Spikes = list[tuple[int, int]]

NEVER = -(10**12)  # the step of a spike that has not happened: older than any pair that can be learned from


class Parameters(NamedTuple):
    """Constants of the circuit; times in ms, potentials and weights without unit."""

    g: float  # gain of u->v, multiplies the plastic weight
    W_e: float  # u->Inh_u, excitatory
    W_i: float  # u->Inh_u, inhibitory
    W_h: float = 50.0  # Inh_u->u
    # (1), (4): membranes
    tau_u: float = 5.0
    theta_u: float = 0.5
    reset_u: float = -0.5
    tau_h: float = 0.5
    theta_h: float = 0.01
    reset_h: float = -0.1
    tau_v: float = 1.0
    theta_v: float = 1.0
    reset_v: float = 0.0
    # (2), (3): synapses; r the filter the spike enters, f the second filter
    tau_r_e: float = 0.4
    tau_f_e: float = 2.0
    tau_r_i: float = 0.2
    tau_f_i: float = 1.0
    tau_r_h: float = 1.0
    tau_f_h: float = 5.0
    tau_r_a: float = 0.2
    tau_f_a: float = 1.0
    tau_r_l: float = 0.1
    tau_f_l: float = 0.5
    # (5): plasticity of u->v
    A_plus: float = 0.0048
    A_minus: float = 0.0165
    tau_plus: float = 11.0
    tau_minus: float = 10.0
    pair_window: float = 120.0  # pairs further apart are ignored
    w_max: float = 2.2
    # (6): lateral profile
    W_vv: float = 0.15
    a: float = 3.0
    b: float = 3.0
    X: float = 8.0


def r_star(D: int, n: int = 16, **changes: float) -> Parameters:
    """Parameters for `D` input dimensions of `n` receptive fields, with `changes` by name.

    The drive of a whole volley is what counts, so gains fall with the number of inputs: ``g = 20.8 / (n D)``,
    ``W_e = 2.08 / (n D)``, and ``W_i = 2 W_e`` so that both have the same area (W_i follows a changed W_e).
    """
    W_e = changes.get("W_e", 2.08 / (n * D))
    return Parameters(**{"g": 20.8 / (n * D), "W_e": W_e, "W_i": 2.0 * W_e, **changes})


def centres(n: int) -> FloatArray:
    """Centres mu_k (n,) of the receptive fields of one dimension."""
    return np.linspace(0.05, 0.95, n)


def receptive_fields(x_scaled: ArrayLike, n: int = 16, sigma: float = 0.6) -> FloatArray:
    """Currents I (D*n,) of one sample `x_scaled` (D,), each value on a ring of length 1.

    ``I = exp(-delta^2 / (2 sigma^2))``, ``delta = min(|x - mu|, 1 - |x - mu|)``.
    """
    distance = np.abs(np.asarray(x_scaled, dtype=np.float64)[:, np.newaxis] - centres(n)[np.newaxis, :])
    delta = np.minimum(distance, 1.0 - distance)
    return np.exp(-(delta**2) / (2.0 * sigma**2)).ravel()


def grid_distance(shape: tuple[int, int]) -> FloatArray:
    """Euclidean distance (n_v, n_v) between the neurons of a sheet that is not a torus."""
    position = np.array([(row, col) for row in range(shape[0]) for col in range(shape[1])], dtype=np.float64)
    return np.sqrt(((position[:, np.newaxis, :] - position[np.newaxis, :, :]) ** 2).sum(axis=2))


def lateral_profile(
    shape: tuple[int, int], X: float = 8.0, a: float = 3.0, b: float = 3.0, W_vv: float = 0.15
) -> FloatArray:
    """Equation (6): weights K (n_v, n_v) from row to column, signed, W_vv at distance 0, no self-connection.

    ``K(d) = W_vv [(1 + a) exp(-d^2 / (2 X^2)) - a exp(-d^2 / (2 (b X)^2))]``.
    """
    d = grid_distance(shape)
    K = W_vv * ((1.0 + a) * np.exp(-(d**2) / (2.0 * X**2)) - a * np.exp(-(d**2) / (2.0 * (b * X) ** 2)))
    np.fill_diagonal(K, 0.0)
    return K


def radius(t: float, X: float, X_end: float, n: float, T: float) -> float:
    """Equation (7): radius at time `t`, falling from X to X_end, with T in the unit of `t`.

    ``X(t) = X - (X - X_end) / (1 + (sqrt(2) - 1) (T / t)^(2 n))``.
    """
    if t <= 0.0:
        return X
    return X - (X - X_end) / (1.0 + (np.sqrt(2.0) - 1.0) * (T / t) ** (2.0 * n))


def decode(w: FloatArray, n: int, D: int) -> FloatArray:
    """Node vectors (n_v, D) in scaled units, in [0, 1): circular mean of the centres under the weights (D*n, n_v)."""
    phase = np.exp(2j * np.pi * centres(n))
    resultant = np.einsum("dkj,k->jd", w.reshape(D, n, -1), phase)
    return np.angle(resultant) / (2.0 * np.pi) % 1.0


class ReferenceMap:
    """The map with its whole state in named arrays.

    Parameters
    ----------
    D : int
        Number of input dimensions; u has ``D * n`` neurons.
    n : int
        Receptive fields per dimension.
    shape : (rows, cols)
        Grid of v.
    dt : float
        Time step in ms.
    seed : int
        Of the initial weights, U(0.4, 0.6) w_max.
    w : (n_u, n_v) array or None
        Initial weights, copied; drawn from `seed` when None.
    **changes
        Any field of `Parameters`.

    Notes
    -----
    `clock` is the number of steps done; the first step of a map is step 0. To change the radius while training,
    assign ``K = lateral_profile(...)``.
    """

    def __init__(
        self,
        *,
        D: int,
        n: int = 16,
        shape: tuple[int, int] = (10, 10),
        dt: float = 0.05,
        seed: int = 0,
        w: FloatArray | None = None,
        **changes: Any,
    ) -> None:
        p = self.parameters = r_star(D, n, **changes)
        self.D, self.n, self.shape, self.dt = D, n, shape, dt
        self.clock = 0
        n_u, n_v = D * n, shape[0] * shape[1]
        self.K = lateral_profile(shape, p.X, p.a, p.b, p.W_vv)
        if w is None:
            w = np.random.default_rng(seed).uniform(0.4 * p.w_max, 0.6 * p.w_max, size=(n_u, n_v))
        self.w = np.array(w, dtype=np.float64)

        self.m_u = np.zeros(n_u)  # membranes
        self.m_h = 0.0
        self.m_v = np.zeros(n_v)
        self.s_e = self.y_e = 0.0  # u->Inh_u excitatory
        self.s_i = self.y_i = 0.0  # u->Inh_u inhibitory
        self.s_h = self.y_h = 0.0  # Inh_u->u, the same for every u
        self.s_a, self.y_a = np.zeros(n_v), np.zeros(n_v)  # u->v
        self.s_l, self.y_l = np.zeros(n_v), np.zeros(n_v)  # v->v
        self.tpre = np.full(n_u, NEVER, dtype=np.int64)  # step of the last spike
        self.tpost = np.full(n_v, NEVER, dtype=np.int64)

    def run(self, I: ArrayLike, n_steps: int, learn: bool = True) -> tuple[Spikes, Spikes, Spikes]:
        """Advance by `n_steps` under the constant currents `I` ((n_u,), or 0 for a blank).

        Returns the spikes of u, Inh_u and v as lists of (step, neuron). Without `learn` the weights stay as they are;
        the times of the last spikes are kept all the same.
        """
        current = np.broadcast_to(np.asarray(I, dtype=np.float64), self.m_u.shape)
        spikes_u: Spikes = []
        spikes_h: Spikes = []
        spikes_v: Spikes = []
        for _ in range(n_steps):
            self._filter_inhibitory_loop()
            fired_u = self._step_u(current, learn)
            fired_h = self._step_inhibitory(len(fired_u))
            fired_v = self._step_v(learn)
            spikes_u += [(self.clock, int(i)) for i in fired_u]
            spikes_h += [(self.clock, 0)] * fired_h
            spikes_v += [(self.clock, int(j)) for j in fired_v]
            self.clock += 1
        return spikes_u, spikes_h, spikes_v

    def _filter_inhibitory_loop(self) -> None:
        """Phase 1: (2), (3) of the synapses between u and Inh_u; the second filter reads s before s decays."""
        p = self.parameters
        self.y_e += (self.s_e - self.y_e) * (1.0 - self._decay(p.tau_f_e))
        self.s_e *= self._decay(p.tau_r_e)
        self.y_i += (self.s_i - self.y_i) * (1.0 - self._decay(p.tau_f_i))
        self.s_i *= self._decay(p.tau_r_i)
        self.y_h += (self.s_h - self.y_h) * (1.0 - self._decay(p.tau_f_h))
        self.s_h *= self._decay(p.tau_r_h)

    def _step_u(self, current: FloatArray, learn: bool) -> NDArray[np.intp]:
        """Phase 2: membranes of u, then per spike: reset, drive of v with the weight as it is, LTD, time of spike."""
        p = self.parameters
        self.m_u += (current - self.y_h - self.m_u) * (1.0 - self._decay(p.tau_u))
        fired = np.flatnonzero(self.m_u > p.theta_u)
        for i in fired:
            self.m_u[i] = p.reset_u
            self.s_a += p.g * self.w[i, :]
            if learn:
                pairing = self._pairing(self.tpost, p.tau_minus)
                self.w[i, :] -= p.A_minus * self.w[i, :] * pairing
                self.w[i, :] = np.clip(self.w[i, :], 0.0, p.w_max)
            self.tpre[i] = self.clock
        return fired

    def _step_inhibitory(self, count: int) -> bool:
        """Phase 3: membrane of Inh_u, the `count` spikes of u into its synapses, spike of Inh_u."""
        p = self.parameters
        self.m_h += (self.y_e - self.y_i - self.m_h) * (1.0 - self._decay(p.tau_h))
        self.s_e += p.W_e * count
        self.s_i += p.W_i * count
        if self.m_h > p.theta_h:
            self.m_h = p.reset_h
            self.s_h += p.W_h
            return True
        return False

    def _step_v(self, learn: bool) -> NDArray[np.intp]:
        """Phases 4 to 6: filters of v, membranes of v, then per spike: reset, neighbours, LTP, time of spike."""
        p = self.parameters
        # 4. filters of v
        self.y_a += (self.s_a - self.y_a) * (1.0 - self._decay(p.tau_f_a))
        self.s_a *= self._decay(p.tau_r_a)
        self.y_l += (self.s_l - self.y_l) * (1.0 - self._decay(p.tau_f_l))
        self.s_l *= self._decay(p.tau_r_l)
        # 5. membranes of v, all of them before any spike
        self.m_v += (self.y_a + self.y_l - self.m_v) * (1.0 - self._decay(p.tau_v))
        # 6. spikes of v
        fired = np.flatnonzero(self.m_v > p.theta_v)
        for j in fired:
            self.m_v[j] = p.reset_v
            self.s_l += self.K[j, :]
            if learn:
                pairing = self._pairing(self.tpre, p.tau_plus)
                self.w[:, j] += p.A_plus * np.exp(-self.w[:, j]) * pairing
                self.w[:, j] = np.clip(self.w[:, j], 0.0, p.w_max)
            self.tpost[j] = self.clock
        return fired

    def _pairing(self, last_spike: NDArray[np.int64], tau: float) -> FloatArray:
        """Equation (5): ``(1 - 1/tau)^t`` with t (ms) since the `last_spike` (steps); 0 beyond the pair window."""
        age = self.clock - last_spike
        recent = age <= round(self.parameters.pair_window / self.dt)
        return np.where(recent, (1.0 - 1.0 / tau) ** (age * self.dt), 0.0)

    def _decay(self, tau: float) -> float:
        return float(np.exp(-self.dt / tau))


def kohonen(
    X: ArrayLike, shape: tuple[int, int], n_steps: int, sigma_start: float, sigma_end: float, seed: int
) -> FloatArray:
    """Codebook (n_v, n_features) of an online Kohonen map on `X` (n_samples, n_features).

    Radius and learning rate (0.5 to 0.02) decay geometrically; nodes start on random samples.
    """
    samples = np.asarray(X, dtype=np.float64)
    rng = np.random.default_rng(seed)
    codebook = samples[rng.integers(len(samples), size=shape[0] * shape[1])].copy()
    d = grid_distance(shape)
    for step in range(n_steps):
        progress = step / n_steps
        sigma = sigma_start * (sigma_end / sigma_start) ** progress
        rate = 0.5 * (0.02 / 0.5) ** progress
        x = samples[rng.integers(len(samples))]
        winner = np.argmin(((codebook - x) ** 2).sum(axis=1))
        neighbourhood = np.exp(-(d[winner] ** 2) / (2.0 * sigma**2))
        codebook += rate * neighbourhood[:, np.newaxis] * (x - codebook)
    return codebook


def volleys(spikes: Spikes, gap_steps: int) -> list[NDArray[np.int64]]:
    """Spikes cut wherever `gap_steps` pass in silence: one (n_spikes, 2) array of (step, neuron) per volley."""
    events = np.array(spikes, dtype=np.int64).reshape(-1, 2)
    return np.split(events, np.flatnonzero(np.diff(events[:, 0]) > gap_steps) + 1)


def oscillation(D: int, n_inputs: int = 20, duration: float = 600.0, dt: float = 0.05, seed: int = 0) -> FloatArray:
    """Period, jitter (ms), u spikes per volley, volley length (ms) and Spearman(latency, I), one row per input.

    Untrained map from rest, plasticity off; the onset volley and the last, perhaps cut, volley are left out.
    """
    from scipy.stats import spearmanr

    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(n_inputs):
        current = receptive_fields(rng.uniform(0.25, 0.75, size=D))
        spikes_u, _, _ = ReferenceMap(D=D, dt=dt).run(current, round(duration / dt), learn=False)
        steady = volleys(spikes_u, round(10.0 / dt))[1:-1]
        periods = np.diff([volley[0, 0] for volley in steady]) * dt
        lengths = [(volley[-1, 0] - volley[0, 0]) * dt for volley in steady]
        ranks = [spearmanr(volley[:, 0], current[volley[:, 1]]).statistic for volley in steady]
        rows.append(
            (periods.mean(), periods.std(), np.mean([len(v) for v in steady]), np.mean(lengths), np.mean(ranks))
        )
    return np.array(rows)


if __name__ == "__main__":
    print(" D  period ms  min-max    jitter ms  u spikes/volley  volley ms  Spearman(latency, I)")
    for D in (2, 4, 9):
        table = oscillation(D)
        period, jitter, count, length, rank = table.mean(axis=0)
        span = f"{table[:, 0].min():.1f}-{table[:, 0].max():.1f}"
        volley = f"{count:6.1f} of {16 * D:3d}   {length:6.2f}"
        print(f"{D:2d}  {period:8.2f}  {span}  {jitter:9.3f}  {volley}     {rank:7.4f}")
