"""Naive float64 model of sheets with travelling waves and of the projections between them, equation by equation.

Written from Raghavan, Lin & Thomson (2020) as specified for this package: dense matrices, one function per equation,
one step after another. It shares no code with the package and takes its random numbers from outside.
"""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

DT = 0.1  # width of a spike, which is a step
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Neuron:
    """Leaky integrate-and-fire neuron with a threshold that climbs while it fires."""

    tau_v: float = 2.0
    tau_th: float = 60.0
    theta_plus: float = 9.0
    v_th: float = 1.0


@dataclass(frozen=True)
class Ring:
    """Excitation below r_i, inhibition beyond r_o."""

    r_i: float = 2.0
    r_o: float = 5.0
    a_i: float = 16.0
    a_o: float = 3.0
    length: float = 10.0


@dataclass(frozen=True)
class Hebb:
    """Competition, drive and plasticity of a projection."""

    k: int = 1
    power: int = 4
    normed: bool = False
    relative: bool = False
    drive_i: float = 0.04
    drive_o: float = 0.01
    eta: float = 0.1
    eta_c: float = 0.005
    post: str = "excess"
    mu: float | None = 2.5
    span: float | None = None
    trim: float = 0.0
    reach: float | None = None  # radius of the neighbourhood of every unit, in place of r_i; r_o in proportion
    wide: Array | float = 1.0  # share of eta at which a unit that fires learns whatever it sees; the rest by its rank
    sharpness: Array | int = 1  # power of that rank


def distances(positions: Array) -> Array:
    """D_ij, Euclidean."""
    return np.sqrt(((positions[:, None, :] - positions[None, :, :]) ** 2).sum(axis=-1))


def profile(distance: Array, r_i: float, r_o: float, a_i: float, a_o: float, length: float) -> Array:
    """a_i 1[D < r_i] - a_o 1[D > r_o] exp(-D / lambda)."""
    return a_i * (distance < r_i) - a_o * (distance > r_o) * np.exp(-distance / length)


def lateral(D: Array, ring: Ring) -> Array:
    """S_ij, without a synapse of a neuron to itself."""
    S = profile(D, ring.r_i, ring.r_o, ring.a_i, ring.a_o, ring.length)
    np.fill_diagonal(S, 0.0)
    return S


def membrane(v: Array, current: Array, p: Neuron) -> Array:
    """dv/dt = -v / tau_v + I, solved over a step of constant I."""
    fading = np.exp(-DT / p.tau_v)
    return v * fading + current * p.tau_v * (1.0 - fading)


def threshold(theta: Array, H: Array, p: Neuron) -> Array:
    """dtheta/dt = (v_th - theta) / tau_th (1 - H) + theta_plus H, solved over a step."""
    recovering = p.v_th + (theta - p.v_th) * np.exp(-DT / p.tau_th)
    return np.where(H > 0, theta + p.theta_plus * DT, recovering)


def excess(x: Array, c: Array) -> Array:
    """y_j = max(x_j - c_j, 0)."""
    return np.maximum(x - c, 0.0)


def k_largest(y: Array, k: int) -> Array:
    """All but the k largest become 0; of equal ones the first stay."""
    order = np.argsort(-y, kind="stable")
    kept = np.zeros_like(y)
    kept[order[:k]] = y[order[:k]]
    return kept


def ranked(y: Array, power: int, relative: bool) -> Array:
    """y_j (y_j / max y)^power, or (y_j / max y)^power."""
    if y.max() <= 0.0:
        return np.zeros_like(y)
    return (1.0 if relative else y) * (y / y.max()) ** power


def grown(W: Array, post: Array, H_pre: Array, p: Hebb) -> Array:
    """W_ji + dt eta post_j H_i, rows that learn are normalised to their mean mu, or to their range."""
    W = W + DT * p.eta * post[:, None] * H_pre[None, :]
    learns = (post > 0) & (H_pre.sum() > 0)
    factor = p.mu / W.mean(axis=1) if p.mu is not None else p.span / (W.max(axis=1) - W.min(axis=1))
    return np.where(learns[:, None], W * factor[:, None], W)


@dataclass
class Layer:
    """A sheet and, unless it is the first, the projection onto it."""

    positions: Array
    neuron: Neuron
    ring: Ring
    reset: Array
    hebb: Hebb | None = None
    W: Array | None = None
    c: Array | None = None
    alive: NDArray[np.bool_] | None = None
    v: Array = field(init=False)
    theta: Array = field(init=False)
    H: Array = field(init=False)

    def __post_init__(self) -> None:
        n = len(self.positions)
        D = distances(self.positions)
        if self.hebb is not None and self.hebb.reach is not None:
            self.ring = replace(self.ring, r_i=self.hebb.reach, r_o=self.hebb.reach * self.ring.r_o / self.ring.r_i)
        self.growth = np.zeros(n)
        self.S = lateral(D, self.ring)
        self.v, self.theta, self.H = np.zeros(n), np.full(n, self.neuron.v_th), np.zeros(n)
        if self.alive is None:
            self.alive = np.ones(n, dtype=bool)
        if self.hebb is not None:
            self.S_d = profile(D, self.ring.r_i, self.ring.r_o, self.hebb.drive_i, self.hebb.drive_o, self.ring.length)

    def step(self, noise: Array, H_pre: Array | None = None, learning: bool = True) -> None:
        """One step: recurrent input of the last spikes, drive of the present ones below, spikes, learning."""
        u = self.S @ self.H + noise
        drive = self.compete(H_pre) if H_pre is not None else None
        if drive is not None:
            u = u + self.S_d @ drive
        v = membrane(self.v, u, self.neuron)
        self.theta = threshold(self.theta, self.H, self.neuron)
        fires = (v >= self.theta) & self.alive
        self.v = np.where(fires, self.reset, v)
        self.H = fires.astype(float)
        if drive is not None and learning:
            self.learn(H_pre)

    def compete(self, H_pre: Array) -> Array:
        """What each winner contributes to the drive; keeps y and the ranks of all units for learning."""
        x = self.W @ H_pre
        if self.hebb.normed:
            x = x / np.linalg.norm(self.W, axis=1) * 2.5 * np.sqrt(len(H_pre))
        y = np.where(self.alive, excess(x, self.c), 0.0)
        self.fit = ranked(y, self.hebb.power, relative=True)
        y = k_largest(y, self.hebb.k)
        self.y = ranked(y, self.hebb.power, relative=False)
        return ranked(y, self.hebb.power, self.hebb.relative)

    def trim(self, post: Array, H_pre: Array) -> None:
        """max(W - trim growth mean, 0) of units whose mean has grown by a tenth since the last time.

        The growth of this step counts, and is taken away again, as it follows.
        """
        more = DT * self.hebb.eta * post[:, None] * H_pre[None, :]
        mean = self.W.mean(axis=1)
        self.growth += more.mean(axis=1) / mean
        for j in np.flatnonzero((self.growth >= 0.1) & (more.mean(axis=1) > 0.0)):
            cut = self.hebb.trim * self.growth[j] * (mean[j] + more[j].mean())
            self.W[j] = np.maximum(self.W[j] + more[j] - cut, 0.0) - more[j]
            self.growth[j] = 0.0

    def learn(self, H_pre: Array) -> None:
        """Rule A (excess of the winners) or rule B (spikes), and the competition threshold."""
        wide, fit = self.hebb.wide, self.fit**self.hebb.sharpness
        post = self.y if self.hebb.post == "excess" else self.H * (wide + (1.0 - wide) * fit)
        if self.hebb.trim > 0.0:
            self.trim(post, H_pre)
        self.W = grown(self.W, post, H_pre, self.hebb)
        self.c = self.c + DT * self.hebb.eta_c * self.y


def run(layers: list[Layer], noise: Array, learning: bool = True) -> list[NDArray[np.bool_]]:
    """Spikes (n_steps, n) of each layer; noise (n_steps, n) goes to the first, all learn at the same time."""
    raster = [np.zeros((len(noise), len(layer.positions)), dtype=bool) for layer in layers]
    for step, eta in enumerate(noise):
        below = None
        for layer, kept in zip(layers, raster, strict=True):
            layer.step(eta if below is None else np.zeros(len(layer.positions)), below, learning)
            kept[step] = layer.H > 0
            below = layer.H
    return raster
