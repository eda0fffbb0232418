"""Experiments on maps that communicate by coherence: each function makes one row of a table for one seed.

A map has 64 excitatory neurons on a torus of 8 x 8 and 16 inhibitory ones, which a clock paces or which oscillate by
themselves. Senders see stimuli, a new one in each frame of 100 ms, four cycles of the clock; receivers see the senders.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score

from tectum import analysis
from tectum.engine.graph import network
from tectum.parts.conductance import ConductanceLIF, SpikeThreshold
from tectum.parts.coupling import AdaptiveClock, PacingClock
from tectum.parts.lateral import NearExcitation, near_weights
from tectum.parts.map_learning import ArrivalSTDP
from tectum.parts.topology import Grid

SIDE, N_E, N_I = 8, 64, 16
PERIOD = 25.0
DELAY = 2.0
FRAME_MS = 100.0
FRAMES = 1200
GRANGER_MS = 48_000  # as long as this the models of Granger causality are fitted
BEST = 3.5  # ms, phase of a receiver that listens
UNLOCKED, UNLOCKED_UPPER = 21.5, 29.0  # ms, other periods
E_CELL = ConductanceLIF()
I_CELL = ConductanceLIF(tau_m=8.0, refractory=1.0, tau_inh=4.0, drive=8.0)
Row = dict[str, float]


class Sender(NamedTuple):
    """A lower map."""

    phase: float = 0.0  # ms
    period: float | None = PERIOD  # ms; None is not paced
    tonic: float | None = None  # constant inhibitory conductance in place of the rhythm
    drive: float = 12.0  # mV, besides the stimulus


class Receiver(NamedTuple):
    """The map that listens."""

    phase: float = BEST  # ms
    period: float | None = PERIOD  # ms; None is not paced
    tonic: float | None = None  # constant inhibitory conductance in place of the rhythm
    drive: float = 14.5  # mV; the threshold is at 18
    entrained: tuple[float, ...] = ()  # conductance per spike of each sender in the inhibitory neurons
    later: float = 6.0  # ms by which these spikes arrive later than those to the excitatory neurons
    adaptive: AdaptiveClock | None = None  # follows the first sender


class Presented(NamedTuple):
    """What happened in a run; m is a map, the receiver last."""

    counts: NDArray[np.int32]  # (n_maps, n_frames, 64), spikes of excitatory neurons
    latency: NDArray[np.float32]  # (n_maps, n_frames, 64), ms, -1 none
    field: NDArray[np.float32]  # (n_maps, n_ms), mean inhibitory conductance of the excitatory neurons
    time_ms: list[NDArray[np.float64]]  # spikes of each map, and
    neuron: list[NDArray[np.int64]]  # the neurons that fired them


def torus_distance(side: int = SIDE) -> NDArray[np.float64]:
    """Distances (n, n) of the neurons of a square map without borders."""
    row, column = np.divmod(np.arange(side * side), side)
    apart = [np.abs(x[:, None] - x[None, :]) for x in (row, column)]
    return np.hypot(*(np.minimum(d, side - d) for d in apart))


DISTANCE = torus_distance()
FORWARD = (0.12 * np.exp(-(DISTANCE**2) / 2.0)).astype(np.float32)


def sites(n_side: int) -> NDArray[np.intp]:
    """Neurons at the middle of n_side x n_side stimuli, evenly spread."""
    places = np.arange(n_side) * (SIDE // n_side) + SIDE // n_side // 2
    return (places[:, None] * SIDE + places[None, :]).ravel()


def under_tonic(cell: ConductanceLIF, g: float) -> ConductanceLIF:
    """The neuron with a constant inhibitory conductance; its input has to be divided by 1 + g."""
    level = (cell.v_rest + cell.drive + g * cell.E_inh) / (1.0 + g)
    return cell._replace(
        tau_m=cell.tau_m / (1.0 + g), drive=level - cell.v_rest, noise=cell.noise / float(np.sqrt(1.0 + g))
    )


def loop(e: int, i: int, weight: float = 0.045) -> list[network.Projection]:
    """Excitation that recruits inhibition, which ends it."""
    return [
        network.Projection(e, i, uniform=weight),
        network.Projection(i, e, uniform=0.11, inhibitory=True),
        network.Projection(i, i, uniform=0.08, inhibitory=True),
    ]


def a_map(n: int, cell: ConductanceLIF, part: Any, **learning: Any) -> list[network.Population]:
    """Excitatory and inhibitory population of a sender or receiver."""
    cell = cell._replace(drive=part.drive)
    clock = None if part.period is None or part.tonic is not None else PacingClock(period=part.period)
    excitatory = cell if part.tonic is None else under_tonic(cell, part.tonic)
    inhibitory = network.Population(N_I, I_CELL, clock=clock, phase=part.phase)
    return [network.Population(n, excitatory, **learning), inhibitory]


def circuit(senders: list[Sender], receiver: Receiver) -> network.Graph:
    """Senders that all project to one receiver, each neuron to those at its own place."""
    parts = [*senders, receiver]
    populations = [p for part in parts for p in a_map(N_E, E_CELL, part)]
    projections = [p for m, part in enumerate(parts) if part.tonic is None for p in loop(2 * m, 2 * m + 1)]
    e, i = 2 * len(senders), 2 * len(senders) + 1
    if receiver.adaptive is not None:
        populations[i] = populations[i]._replace(clock=receiver.adaptive, followed=0)
    share = np.float32(1.0 / (1.0 + (receiver.tonic or 0.0)))
    for m in range(len(senders)):
        projections.append(network.Projection(2 * m, e, delay=DELAY, fixed=csr_array(FORWARD * share)))
    for m, weight in enumerate(receiver.entrained):
        projections.append(network.Projection(2 * m, i, delay=DELAY + receiver.later, uniform=weight))
    return network.build(populations, projections, [])


def stimulus_drive(stimuli: NDArray[np.intp], n_side: int, senders: list[Sender], n: int) -> NDArray[np.float32]:
    """Input (n_frames, n) in mV for stimuli (n_senders, n_frames)."""
    drive = np.zeros((stimuli.shape[1], n), np.float32)
    for m, (shown, sender) in enumerate(zip(stimuli, senders, strict=True)):
        bump = 18.0 * np.exp(-(DISTANCE[sites(n_side)] ** 2) / (2.0 * 1.2**2)) / (1.0 + (sender.tonic or 0.0))
        first = m * (N_E + N_I)
        drive[:, first : first + N_E] = bump[shown]
    return drive


def present(graph: network.Graph, drive: NDArray[np.float32], seed: int, *, learning: bool = False) -> Presented:
    """Run frames; changes the state of the graph."""
    start = int(graph.first.clock[0])
    out = network.run(
        graph.circuit,
        graph.first,
        np.zeros((len(drive), 0), np.int32),
        np.uint64(seed),
        drive=drive,
        learning=learning,
        n_events=0 if learning else 1000 * len(drive),
        field=True,
    )
    events = out.events[: out.n_events[0]]
    spans = [(int(graph.circuit.first[k]), int(graph.circuit.first[k + 1])) for k in range(0, len(graph.sizes), 2)]
    of_map = [(events[:, 1] >= a) & (events[:, 1] < b) for a, b in spans]
    widest = max(b - a for a, b in spans)

    def by_map(table: NDArray) -> NDArray:
        return np.stack([np.pad(table[:, a:b], ((0, 0), (0, widest - b + a))) for a, b in spans])

    return Presented(
        by_map(out.counts),
        by_map(out.latency),
        out.field[:, ::2].T,
        [(events[chosen, 0] - start) * graph.circuit.dt for chosen in of_map],
        [events[chosen, 1] - a for chosen, (a, _) in zip(of_map, spans, strict=True)],
    )


def run(senders: list[Sender], receiver: Receiver, *, seed: int, n_frames: int = FRAMES) -> tuple[NDArray, Presented]:
    """Stimuli (n_senders, n_frames), independent of each other, and what happened."""
    graph = circuit(senders, receiver)
    stimuli = np.random.default_rng(seed).integers(16, size=(len(senders), n_frames))
    drive = stimulus_drive(stimuli, 4, senders, int(graph.circuit.first[-1]))
    return stimuli, present(graph, drive, seed)


def bits(counts: NDArray, stimulus: NDArray) -> float:
    """Transmitted information, corrected for chance."""
    return analysis.transmitted_information(counts, stimulus, random_state=0).bits


def rate(counts: NDArray) -> float:
    """Spikes per second and neuron."""
    return float(counts.mean() * 1000.0 / FRAME_MS)


def locking(presented: Presented, *, granger: bool = False) -> Row:
    """How closely the receiver's rhythm keeps to the first sender's: checks of the manipulation, not results."""
    phases = [analysis.field_phases(field) if np.ptp(field) > 0 else None for field in presented.field]
    row: Row = {}
    if phases[0] is not None and phases[-1] is not None:
        row["PLV"] = analysis.phase_locking_value(phases[0], phases[-1])
    if phases[0] is not None:
        inside = presented.time_ms[-1] < len(presented.field[0]) - 1
        at = analysis.spike_phases(presented.time_ms[-1][inside], presented.field[0])
        row["PPC"] = analysis.pairwise_phase_consistency(at)
    if granger:
        edges = np.arange(GRANGER_MS + 1)
        lower, upper = (np.histogram(presented.time_ms[m], edges)[0] for m in (0, -1))
        spectrum = analysis.field_coherence(lower, upper)
        row["coherence"] = float(np.interp(1000.0 / PERIOD, spectrum.frequency_hz, spectrum.value))
        found = analysis.granger_causality(lower, upper)
        row |= {"Granger up": found.x_to_y, "Granger down": found.y_to_x}
    return row


def transmission(
    seed: int, sender: Sender, receiver: Receiver, *, granger: bool = False, n_frames: int = FRAMES
) -> Row:
    """One sender: what its receiver tells about the stimulus."""
    (stimulus,), presented = run([sender], receiver, seed=seed, n_frames=n_frames)
    heard = presented.counts[-1]
    row = {"MI": bits(heard, stimulus), "Hz": rate(heard)}
    row["bit/spike"] = row["MI"] / max(float(heard.sum(axis=1).mean()), 1e-9)
    return row | locking(presented, granger=granger)


def sending(seed: int, sender: Sender) -> Row:
    """What a sender itself tells about the stimulus, and when in the cycle of its clock it fires."""
    (stimulus,), presented = run([sender], Receiver(), seed=seed)
    sent = presented.counts[0]
    volley = analysis.phase_lag(analysis.clock_phases(presented.time_ms[0], PERIOD, start_ms=sender.phase))
    return {"MI": bits(sent, stimulus), "Hz": rate(sent), "volley ms": volley * PERIOD / (2.0 * np.pi) % PERIOD}


def selection(seed: int, senders: list[Sender], receiver: Receiver, n_frames: int = FRAMES) -> Row:
    """Two senders with stimuli of their own: what the receiver tells about each."""
    stimuli, presented = run(senders, receiver, seed=seed, n_frames=n_frames)
    heard = presented.counts[-1]
    row = {f"MI {m + 1}": bits(heard, stimulus) for m, stimulus in enumerate(stimuli)}
    row["Hz"] = rate(heard)
    return row | {key: value for key, value in locking(presented).items() if key == "PLV"}


def swapping(seed: int, n_swaps: int = 200, n_frames: int = 50) -> Row:
    """The phases of two senders are exchanged every 5 s while the network runs; nothing else is touched.

    Information about the sender that is now in the good phase and about the other, in each of the first cycles after
    an exchange, over all exchanges, and in all frames but the first.
    """
    n_cycles, phases = 8, (0.0, PERIOD / 2.0)
    graph = circuit([Sender(phases[0]), Sender(phases[1])], Receiver())
    rng = np.random.default_rng(seed)
    after, shown_after, later, shown_later = [], [], [], []
    for k in range(n_swaps):
        graph.first.phase[[1, 3]] = phases if k % 2 == 0 else phases[::-1]
        stimuli = rng.integers(16, size=(2, n_frames))
        drive = stimulus_drive(stimuli, 4, [Sender(), Sender()], int(graph.circuit.first[-1]))
        presented = present(graph, drive, seed)
        shown = stimuli if k % 2 == 0 else stimuli[::-1]
        if k:
            edges = [(np.arange(n_cycles + 1) + 0.5) * PERIOD, np.arange(N_E + 1)]  # between volleys of the receiver
            after.append(np.histogram2d(presented.time_ms[-1], presented.neuron[-1], edges)[0])
            shown_after.append(np.repeat(shown[:, : n_cycles // 4], 4, axis=1))
            later.append(presented.counts[-1, 1:])
            shown_later.append(shown[:, 1:])
    counts, shown = np.array(after), np.array(shown_after)  # (n_swaps, n_cycles, 64), (n_swaps, 2, n_cycles)
    row: Row = {}
    for m, name in enumerate(("good", "other")):
        row[name] = bits(np.concatenate(later), np.concatenate(shown_later, axis=1)[m])
        row |= {f"{name}, cycle {c + 1}": bits(counts[:, c], shown[:, m, c]) for c in range(n_cycles)}
    return row


class Conjunction(NamedTuple):
    """Two lower maps that see x and y, one of four each, and an upper map that learns which come together."""

    lag: float = 0.0  # ms of the second lower map
    period_2: float = PERIOD  # ms, of the second lower map
    paced: bool = True  # the lower maps
    upper_phase: float = BEST  # ms
    upper_period: float | None = PERIOD  # ms; None is not paced
    specified: bool = False  # constants as specified, else those under which the map learns


SIDE_U, N_U = 6, 36
UPPER_CELL = E_CELL._replace(noise=1.0)
THRESHOLD = SpikeThreshold(0.6, -2.0, 4000.0)


def learner(condition: Conjunction, seed: int) -> tuple[list[Sender], network.Graph]:
    """Lower maps and the whole graph before learning."""
    period = PERIOD if condition.paced else None
    lower = [Sender(0.0, period), Sender(condition.lag, condition.period_2 if condition.paced else None)]
    upper = Receiver(condition.upper_phase, condition.upper_period, drive=13.5 if condition.specified else 10.0)
    rule = ArrivalSTDP() if condition.specified else ArrivalSTDP(eta=0.02, w_max=0.35)
    populations = [p for part in lower for p in a_map(N_E, E_CELL, part)]
    populations += a_map(N_U, UPPER_CELL, upper, threshold=THRESHOLD, rule=rule)
    projections = [*loop(0, 1), *loop(2, 3), *loop(4, 5, 0.12 if condition.specified else 0.6)]
    projections.append(network.Projection(4, 4, fixed=near_weights(NearExcitation(0.02, 0.8), Grid(SIDE_U, SIDE_U))))
    for k in (0, 1):
        weights = network.initial_weights(N_U, N_E, 0.0, 0.108, np.uint64(seed), k)
        projections.append(network.Projection(2 * k, 4, delay=DELAY, plastic=weights))
    return lower, network.build(populations, projections, [])


def winners(counts: NDArray, latency: NDArray) -> NDArray[np.intp]:
    """Neuron (n_frames,) with the most spikes, of equals the one that fired first; -1 where none did."""
    order = counts - np.where(counts > 0, latency, 0.0) / (2.0 * FRAME_MS)
    return np.where(counts.sum(axis=1) > 0, order.argmax(axis=1), -1)


def conjunctions(
    seed: int, trained: Conjunction, tested: Conjunction | None = None, n_train: int = 1280, n_test: int = 320
) -> Row:
    """Learn all 16 pairs of x and y in random order, then show them with weights frozen, perhaps in other phases."""
    rng = np.random.default_rng(seed)
    lower, graph = learner(trained, seed)
    n = int(graph.circuit.first[-1])
    present(graph, stimulus_drive(rng.integers(4, size=(2, n_train)), 2, lower, n), seed, learning=True)
    lower, fresh = learner(tested or trained, seed)
    state = fresh.first._replace(weights=graph.first.weights, raised=graph.first.raised)
    stimuli = rng.integers(4, size=(2, n_test))
    drive = stimulus_drive(stimuli, 2, lower, n)
    presented = present(fresh._replace(first=state), drive, seed + 10_000)
    heard, (x, y) = presented.counts[-1][:, :N_U], stimuli
    won = winners(heard, presented.latency[-1][:, :N_U])
    measured = analysis.transmitted_information(heard, 4 * x + y, random_state=0)
    of_source = graph.first.weights.reshape(2, N_U, N_E).sum(axis=2)
    return {
        "MI": measured.bits,
        "accuracy": measured.accuracy,
        "AMI": adjusted_mutual_info_score(4 * x + y, won),
        "ARI": adjusted_rand_score(4 * x + y, won),
        "AMI x": adjusted_mutual_info_score(x, won),
        "AMI y": adjusted_mutual_info_score(y, won),
        "Hz": float(heard.mean() * 1000.0 / FRAME_MS),
        "imbalance": float(np.mean(np.abs(of_source[0] - of_source[1]) / of_source.sum(axis=0))),
    }


def following(seed: int, clock: str, drift: float = 0.0, wander: float = 0.0, phase: float = 0.0) -> Row:
    """A receiver whose clock is fixed, adaptive (also with a faster one) or tied to the sender's, which drifts.

    `drift` is in ms per cycle for good; `wander` is the fastest drift, in ms per cycle, of a phase that swings by a
    whole cycle and back.
    """
    receiver = Receiver()
    if clock == "adaptive":
        receiver = receiver._replace(adaptive=AdaptiveClock(lead=BEST))
    elif clock == "fast":
        receiver = receiver._replace(adaptive=AdaptiveClock(lead=BEST, kappa=0.3))
    sender = Sender(phase, PERIOD + drift)
    graph = circuit([sender], receiver)
    stimulus = np.random.default_rng(seed).integers(16, size=FRAMES)
    drive = stimulus_drive(stimulus[None], 4, [sender], int(graph.circuit.first[-1]))
    if wander == 0.0:
        heard = present(graph, drive, seed).counts[-1]
    else:
        swing = np.pi * PERIOD / wander  # cycles
        counts = []
        for m in range(FRAMES):
            graph.first.phase[1] = phase + PERIOD / 2.0 * np.sin(2.0 * np.pi * 4 * m / swing)
            if clock == "tied":
                graph.first.phase[3] = graph.first.phase[1] + BEST
            counts.append(present(graph, drive[m : m + 1], seed).counts[-1])
        heard = np.concatenate(counts)
    return {"MI": bits(heard, stimulus), "Hz": rate(heard)}
