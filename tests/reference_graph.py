"""Naive float64 model of a graph of populations with conductances, clocks, delays and plasticity, equation by equation.

Written from the specification of the maps of maps and from the phases of a step: dense matrices, one step of all
populations after another, every spike kept. It shares no code with the package and takes its random numbers from
outside.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
REMEMBERED = 8.0  # time constants after which an arrival is forgotten
SEEN_AFTER = 1.0  # ms after which a clock sees the spikes that it follows


@dataclass(frozen=True)
class Neuron:
    """Leaky integrate-and-fire neuron with conductances in units of the leak; ms and mV."""

    tau_m: float
    E_L: float
    theta: float
    v_reset: float
    refractory_ms: float
    E_exc: float
    E_inh: float
    tau_exc: float
    tau_inh: float
    noise: float
    drive: float


@dataclass(frozen=True)
class Threshold:
    """Rise per spike, and where it relaxes to."""

    rise: float = 0.0
    floor: float = 0.0
    tau: float = 4000.0


@dataclass(frozen=True)
class Clock:
    """Pulses at phase + k period + jitter; an adaptive one follows the volleys of a population."""

    phase: float
    period: float = 25.0
    pulse: float = 1.5
    jitter: float = 0.8
    followed: int | None = None
    lead: float = 1.5
    kappa: float = 0.0
    volley: float = 0.0


@dataclass(frozen=True)
class Rule:
    """dw = eta (x (w_max - w) - beta w) at a spike; x is 1 when a spike arrives and decays with tau_pre."""

    eta: float
    w_max: float
    beta: float
    tau_pre: float


@dataclass(frozen=True)
class Gate:
    """Late winners learn faster by a factor; silent populations ease the thresholds of their least used neurons."""

    factor: float
    quantile: float
    pace: float
    recruited: float
    drop: float


@dataclass(frozen=True)
class Population:
    """Neurons, and what is special about them."""

    n: int
    neuron: Neuron
    threshold: Threshold = Threshold()
    clock: Clock | None = None
    rule: Rule | None = None
    n_0: float = np.inf
    forget: float = 1e-4
    gate: Gate | None = None
    columns: int | None = None  # of the grid on which the neurons stand
    spread: Array | None = None  # (n, n), share of its learning rate with which one learns with another


@dataclass(frozen=True)
class Projection:
    """Synapses from a population, or an input, to a population; W (n_post, n_pre)."""

    source: int
    target: int
    W: Array
    delay: float = 0.0
    inhibitory: bool = False
    from_input: bool = False
    plastic: bool = False
    gain: float = 1.0  # conductance per unit of weight
    length: float = 0.0
    pace: float = 0.0


@dataclass(frozen=True)
class Input:
    """Neurons that fire by rank, once in each cycle of a population's clock; perhaps the last winners of another."""

    n: int
    k: int
    clock: int
    period: float = 25.0
    onset: float = 0.0
    t_enc: float = 20.0
    jitter: float = 0.5
    winners: int = -1
    keep: float = 0.0


@dataclass(frozen=True)
class Draws:
    """Normal random numbers."""

    noise: Callable[[int, int, int], Array]  # population, step, n
    tick: Callable[[int, int, int], float]  # population, cycle, neuron
    code: Callable[[int, int, int], float]  # input, cycle, rank


class Graph:
    """State of a graph, and what has happened."""

    def __init__(self, populations, projections, inputs, draws, *, dt=0.2, cycle=25.0, cycles=4):
        self.populations, self.projections, self.inputs, self.draws = populations, projections, inputs, draws
        self.dt, self.cycle = dt, round(cycle / dt)
        self.frame = self.cycle * cycles
        self.step = 0
        sizes = [p.n for p in populations]
        self.v = [np.full(p.n, p.neuron.E_L) for p in populations]
        self.g_exc, self.g_inh = [np.zeros(n) for n in sizes], [np.zeros(n) for n in sizes]
        self.resting = [np.zeros(n, int) for n in sizes]
        self.raised, self.eased, self.use = ([np.zeros(n) for n in sizes] for _ in range(3))
        self.late_after = [np.full(n, np.nan) for n in sizes]
        self.W = [p.W.astype(float).copy() for p in projections]
        self.arrived = [np.full(W.shape[1], -np.inf) for W in self.W]  # ms
        self.phase = [p.clock.phase if p.clock else 0.0 for p in populations]
        self.ticks = [np.full(n, -1) for n in sizes]  # number of the next pulse
        self.pulse_at = [np.zeros(n) for n in sizes]
        self.turns = [0] * len(sizes)
        self.volley = [0j] * len(sizes)
        self.fired = [[] for _ in sizes]  # one boolean array per step
        self.code = [{} for _ in inputs]  # step: neurons
        self.begun = [0] * len(inputs)
        self.silent = [True] * len(sizes)
        self.recent = [np.zeros(x.n) for x in inputs]

    def run(self, ranked, drive, *, learning):
        """Present frames; ranked (n_frames, n_ranked), drive (n_frames, n_neurons)."""
        self.learning = learning
        first = np.cumsum([0] + [p.n for p in self.populations])
        for order, extra in zip(ranked, drive, strict=True):
            self.novelty = [None if p.gate else 1.0 for p in self.populations]
            self.counts = [np.zeros(p.n, int) for p in self.populations]
            self.learned = [np.zeros(p.n) for p in self.populations]
            self.first_spike = [np.zeros(p.n) for p in self.populations]  # ms from the start of the frame
            self.began_frame = self.step
            order = self.recall(order)
            for _ in range(self.frame):
                self.begin_codes(order)
                for pop in range(len(self.populations)):
                    self.advance(pop, extra[first[pop] : first[pop + 1]])
                self.step += 1
                if self.step % self.cycle == 0:
                    self.ease()
            self.remember()
            if learning:
                self.settle()

    def recall(self, order):
        """The neurons that won in the frames before fire, strongest first."""
        order, at = np.array(order), 0
        for s, x in enumerate(self.inputs):
            if x.winners >= 0:
                best = np.argsort(-self.recent[s], kind="stable")[: x.k]
                order[at : at + x.k] = np.where(self.recent[s][best] > 0, best, -1)
            at += x.k
        return order

    def remember(self):
        """Score of a neuron: spikes less the share of the frame before the first; those before fade."""
        for s, x in enumerate(self.inputs):
            if x.winners >= 0:
                counts, first = self.counts[x.winners], self.first_spike[x.winners] / (self.frame * self.dt)
                self.recent[s] = x.keep * self.recent[s] + np.where(counts > 0, counts - first, 0.0)

    def begin_codes(self, order):
        """Spikes of the inputs whose cycle begins: rank r of k fires at t_enc r / k, jittered."""
        at = 0
        for s, x in enumerate(self.inputs):
            start = self.phase[x.clock] + x.onset + self.begun[s] * x.period
            if round(start / self.dt) <= self.step:
                for rank in range(x.k):
                    if order[at + rank] >= 0:
                        t = x.t_enc * rank / x.k + x.jitter * self.draws.code(s, self.begun[s], rank)
                        steps = min(max(round(t / self.dt), 0), round(x.period / self.dt) - 2)
                        self.code[s].setdefault(self.step + steps, []).append(order[at + rank])
                self.begun[s] += 1
            at += x.k

    def arriving(self, p):
        """Spikes (n_pre,) that arrive through a projection in this step, 0 or 1."""
        if p.from_input:
            spikes = np.zeros(self.inputs[p.source].n)
            spikes[self.code[p.source].get(self.step, [])] = 1.0
            return spikes
        then = self.step - round(p.delay / self.dt)
        return self.fired[p.source][then].astype(float) if then >= 0 else np.zeros(self.populations[p.source].n)

    def advance(self, pop, extra):
        """One step of a population."""
        p, cell, dt = self.populations[pop], self.populations[pop].neuron, self.dt
        # 1. arrivals
        for k, projection in enumerate(self.projections):
            if projection.target == pop:
                spikes = self.arriving(projection)
                g = self.g_inh if projection.inhibitory else self.g_exc
                g[pop] += projection.gain * (self.W[k] @ spikes)
                self.arrived[k][spikes > 0] = self.step * dt
        if p.clock:
            self.adapt(pop)
            self.pace(pop)

        # 2. membranes
        v, g_exc, g_inh = self.v[pop], self.g_exc[pop], self.g_inh[pop]
        current = cell.E_L - v + cell.drive + extra + g_exc * (cell.E_exc - v) + g_inh * (cell.E_inh - v)
        xi = self.draws.noise(pop, self.step, p.n)
        free = v + dt / cell.tau_m * current + cell.noise * np.sqrt(2.0 * dt / cell.tau_m) * xi
        awake = self.resting[pop] == 0
        v = np.where(awake, free, v)
        self.resting[pop] = np.maximum(self.resting[pop] - 1, 0)

        # 3. spikes
        beyond = v - (cell.theta + self.raised[pop] - self.eased[pop])
        H = awake & (beyond >= 0)
        self.v[pop] = np.where(H, cell.v_reset, v)
        self.resting[pop][H] = round(cell.refractory_ms / dt)
        self.raised[pop][H] += p.threshold.rise
        self.fired[pop].append(H)
        best = int(np.where(H, beyond, -np.inf).argmax())
        learns = H if p.spread is None else H & self.silent[pop] & (np.arange(p.n) == best)
        for j in np.flatnonzero(H):
            self.note(pop, j, self.learning and learns[j])
            if self.learning and p.rule and learns[j]:
                self.learn(pop, j)
        if H.any():
            self.eased[pop][:] = 0.0

        # 4. decay
        self.g_exc[pop] = g_exc * np.exp(-dt / cell.tau_exc)
        self.g_inh[pop] = g_inh * np.exp(-dt / cell.tau_inh)
        a, floor = self.raised[pop], p.threshold.floor
        self.raised[pop] = floor + (a - floor) * np.exp(-dt / p.threshold.tau)

    def pace(self, pop):
        """Pulses of the clock; each is scheduled when the one before it is given, the first when the run begins."""
        clock = self.populations[pop].clock
        for j in range(self.populations[pop].n):
            if self.step >= self.pulse_at[pop][j]:
                if self.ticks[pop][j] >= 0:
                    self.g_exc[pop][j] += clock.pulse
                self.ticks[pop][j] += 1
                n = self.ticks[pop][j]
                t = self.phase[pop] + n * clock.period + clock.jitter * self.draws.tick(pop, n, j)
                self.pulse_at[pop][j] = max(round(t / self.dt), self.step + (n > 0))

    def adapt(self, pop):
        """phi_U <- phi_U + kappa sin(phi_L + aim - phi_U) at the end of each cycle of the own clock."""
        clock = self.populations[pop].clock
        if clock.followed is None:
            return
        turn = 2.0 * np.pi / clock.period
        if self.step * self.dt >= self.phase[pop] + self.turns[pop] * clock.period:
            if self.volley[pop] != 0:
                aim = clock.lead - clock.volley
                ahead = np.angle(self.volley[pop]) + turn * (aim - self.phase[pop])
                self.phase[pop] += clock.kappa * np.sin(ahead) / turn
            self.volley[pop] = 0j
            self.turns[pop] += 1
        then = self.step - round(SEEN_AFTER / self.dt)
        if then >= 0:
            self.volley[pop] += self.fired[clock.followed][then].sum() * np.exp(1j * turn * then * self.dt)

    def note(self, pop, j, learns):
        """The first spike of a population in a frame, from which it learns, is late or not."""
        self.silent[pop] = False
        latency = (self.step - self.began_frame) * self.dt
        if self.counts[pop][j] == 0:
            self.first_spike[pop][j] = latency
        self.counts[pop][j] += 1
        gate = self.populations[pop].gate
        if gate and learns and self.novelty[pop] is None:
            if np.isnan(self.late_after[pop][j]):
                self.late_after[pop][j] = latency
            self.novelty[pop] = gate.factor if latency > self.late_after[pop][j] else 1.0
            change = gate.quantile - (latency <= self.late_after[pop][j])
            self.late_after[pop][j] += gate.pace * self.frame * self.dt * change

    def learn(self, pop, j):
        """Synapses of neuron j that has fired, and of those that learn with it."""
        p, now = self.populations[pop], self.step * self.dt
        slower = 1.0 / (1.0 + self.use[pop] / p.n_0)
        share = np.zeros(p.n) if p.spread is None else p.spread[j].copy()
        eta = p.rule.eta * slower * share
        share[j], eta[j] = 1.0, p.rule.eta * slower[j] * self.novelty[pop]
        self.learned[pop] = np.maximum(self.learned[pop], share)
        for k, projection in enumerate(self.projections):
            if projection.target == pop and projection.plastic:
                lag = now - self.arrived[k]
                x = np.where(lag <= REMEMBERED * p.rule.tau_pre + 1e-9, np.exp(-lag / p.rule.tau_pre), 0.0)
                self.W[k] += eta[:, None] * (x * (p.rule.w_max - self.W[k]) - p.rule.beta * self.W[k])

    def ease(self):
        """End of a cycle: in silent populations thresholds fall until a neuron fires; in frozen passes those of all.

        While learning those of the least used neurons, of equally used ones those that get most, or, where neurons do
        not learn with others, the nearest to the best match.
        """
        for pop, p in enumerate(self.populations):
            if p.gate:
                recruited = p.gate.recruited
                n = round(recruited if recruited >= 1 else np.ceil(recruited * p.n)) if self.learning else p.n
                drive = self.driven(pop)
                first = self.far(pop, drive) if p.spread is None else -drive
                if self.silent[pop]:
                    self.eased[pop][np.lexsort((first, self.use[pop]))[:n]] += p.gate.drop
            self.silent[pop] = True

    def driven(self, pop):
        """What each neuron got from the spikes of the last cycle through plastic synapses."""
        drive = np.zeros(self.populations[pop].n)
        for k, projection in enumerate(self.projections):
            if projection.target == pop and projection.plastic:
                recent = self.arrived[k] >= (self.step - self.cycle) * self.dt - 1e-9
                drive += projection.gain * (self.W[k] @ recent)
        return drive

    def far(self, pop, drive):
        """Squared distance to the used neuron that got most; to the middle of the map if there is none."""
        n, columns = self.populations[pop].n, self.populations[pop].columns or self.populations[pop].n
        drive = np.where(self.use[pop] > 0, drive, 0.0)
        best = int(drive.argmax()) if drive.max() > 0 else n // columns // 2 * columns + columns // 2
        row, column = np.divmod(np.arange(n), columns)
        return (row - best // columns) ** 2 + (column - best % columns) ** 2

    def settle(self):
        """End of a frame: neurons that learned are used, their weights from each source get nearer to their length."""
        for pop, p in enumerate(self.populations):
            self.use[pop] = (1.0 - p.forget) * self.use[pop] + self.learned[pop]
            for k, projection in enumerate(self.projections):
                if projection.target == pop and projection.plastic and projection.pace > 0:
                    for j in np.flatnonzero((self.learned[pop] > 0) & (self.W[k].sum(axis=1) > 0)):
                        w = self.W[k][j]
                        scaled = w * (1.0 + projection.pace * (projection.length / np.linalg.norm(w) - 1.0))
                        self.W[k][j] = np.minimum(scaled, p.rule.w_max)
