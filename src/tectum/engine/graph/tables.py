"""What a graph is described with, and the tables of its parts."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from tectum.core.lanes import MARKED as WORD
from tectum.core.records import stack
from tectum.engine.graph.records import (
    EVENTS,
    EXCITATORY,
    INHIBITORY,
    MARKED,
    PLASTIC,
    POPULATION,
    RANKED,
    SPARSE,
    UNIFORM,
    Clocks,
    Inputs,
    Projections,
)
from tectum.parts import contracts
from tectum.parts.conductance import SpikeThreshold
from tectum.parts.coupling import AdaptiveClock, PacingClock
from tectum.parts.map_learning import NoveltyGate, UseDependentRate
from tectum.parts.norms import length_factor, trim
from tectum.parts.plasticity import shift
from tectum.parts.steps import discretise

NO_GAIN = {"gain": np.zeros(0, np.float32)}
DENSE = 0.06  # share of the pairs from which adding to marked lanes is faster than adding one by one


class Population(NamedTuple):
    """Neurons of one kind, with a clock if they are paced, and what their synapses learn with."""

    n: int
    neuron: Any
    threshold: Any = SpikeThreshold()  # None: the neuron's own adaptation
    clock: PacingClock | AdaptiveClock | None = None
    phase: float = 0.0  # ms, of the clock
    followed: int = -1  # population whose volley an AdaptiveClock follows
    rule: Any = None
    use: UseDependentRate = UseDependentRate(n_0=np.inf)
    gate: NoveltyGate = NoveltyGate(factor=1.0)
    columns: int | None = None  # of the grid on which the neurons stand; None: one row
    spread: csr_array | None = None  # (n, n), share of its learning rate with which one learns with another
    inhibition: Any = None  # what a spike does to all others at once; then one neuron fires in a step at most
    name: str = "neurons"  # for messages


class Projection(NamedTuple):
    """Synapses from a population, or an input, to a population; exactly one of the three kinds of weights is given."""

    source: int
    target: int
    delay: float = 1.0  # ms, at least the chunk; inputs have none
    inhibitory: bool = False
    from_input: bool = False
    from_events: bool = False  # from an input whose spikes come at given times
    uniform: float | None = None  # one weight for all pairs
    fixed: csr_array | None = None  # (n_pre, n_post)
    plastic: NDArray[np.float32] | None = None  # (n_post, n_pre), initial weights
    gain: float = 1.0  # conductance per unit of plastic weight
    norm: Any = None  # what is kept constant of the weights of a neuron that has learned


class Input(NamedTuple):
    """Neurons that fire once in each cycle, in an order given for each frame or that of the last winners of a map."""

    n: int
    k: int  # most that fire in a cycle
    clock: int  # population whose clock it follows
    period: float = 25.0  # ms
    onset: float = 0.0  # ms after the pulses of that clock
    t_enc: float = 20.0  # ms, length of the code
    jitter: float = 0.5  # ms
    winners: int = -1  # population of that map
    keep: float = 0.0  # share that is left of the winners before


class Roles(NamedTuple):
    """Neurons by type, see `GraphCircuit`."""

    role: Any
    neurons: Any
    others: Any


def roles_of(populations: list[Population], dt: float, owner: str) -> Roles:
    """Tables of the neurons; there is room for two types."""
    steps = [discretise(p.neuron, dt) for p in populations]
    why = "as a graph has one time step for all"
    for p, step in zip(populations, steps, strict=True):
        contracts.NEURON.check(f"{owner}: neuron of {p.name!r}", step, contracts.in_graphs(step), why=why)
    kinds = list(dict.fromkeys(type(step) for step in steps))
    if len(kinds) > 2:
        names = ", ".join(kind.__name__ for kind in kinds)
        raise TypeError(
            f"{owner} can hold neurons of two types, excitatory and inhibitory ones for instance, got {len(kinds)} "
            f"({names}); give populations of one role neurons of one type with other constants"
        )
    role = np.array([kinds.index(type(step)) for step in steps], np.int64)
    first = {kind: next(step for step in steps if type(step) is kind) for kind in kinds}
    tables = [stack([step if type(step) is kind else first[kind] for step in steps]) for kind in kinds]
    return Roles(role, tables[0], tables[1] if len(tables) > 1 else None)


def table_of(parts: Sequence[Any], stand_in: Any, dt: float, where: str) -> Any:
    """Table of the parts of one role, all of one type; `stand_in` is what stands for none."""
    given = [discretise(part, dt) for part in parts if part is not None]
    kinds = list(dict.fromkeys(type(step) for step in given))
    if len(kinds) > 1:
        names = ", ".join(kind.__name__ for kind in kinds)
        raise TypeError(
            f"{where} must be of one type in all populations, got {len(kinds)} ({names}); use one type with other "
            "constants"
        )
    rows = iter(given)
    first = given[0] if given else discretise(stand_in, dt)
    return stack([first if part is None else next(rows) for part in parts] or [first])


def check_parts(populations: list[Population], projections: list[Projection], dt: float, owner: str) -> None:
    """Check the contracts of rules, thresholds, inhibition and norms."""
    for p in populations:
        if p.rule is not None:
            rule = discretise(p.rule, dt)
            contracts.RULE.check(f"{owner}: rule of {p.name!r}", rule, contracts.ON_PAIRS)
            if shift(rule) != 0:
                raise ValueError(
                    f"{owner}: rule of {p.name!r} must have a shift of 0, got {shift(rule)} steps; give the "
                    "projection a delay instead"
                )
        for role, part, contract in (
            ("threshold", p.threshold, contracts.ADAPTATION),
            ("inhibition", p.inhibition, contracts.INHIBITION),
        ):
            if part is not None:
                contract.check(f"{owner}: {role} of {p.name!r}", discretise(part, dt), contract.laws)
    for synapses in projections:
        if synapses.norm is not None:
            where = f"{owner}: norm of {populations[synapses.target].name!r}"
            _check_norm(where, discretise(synapses.norm, dt))


def _check_norm(where: str, norm: Any) -> None:
    contracts.NORM.check(
        where,
        norm,
        contracts.of_graphs(norm),
        why="as a graph keeps means or lengths",
        instead=(length_factor,),
    )
    if trim(norm, np.float32(1.0), np.float32(1.0)) != 0.0:
        raise ValueError(f"{where}.trim must be 0, got {norm!r}; a graph scales weights alone")


def projections_of(
    ordered: list[Projection],
    populations: list[Population],
    inputs: list[Input],
    event_inputs: Sequence[int],
    dt: float,
) -> tuple[Projections, int]:
    """Table of projections in the order of their targets, and the number of presynaptic neurons of PLASTIC ones."""
    rows, n_arrivals, n_rows, n_words, n_weights = [], 0, 0, 0, 0
    for p in ordered:
        origin = RANKED if p.from_input else EVENTS if p.from_events else POPULATION
        n_pre = (
            inputs[p.source].n if p.from_input else event_inputs[p.source] if p.from_events else populations[p.source].n
        )
        kind = kind_of(p)
        whole = {
            "source": p.source,
            "origin": origin,
            "target": p.target,
            "kind": kind,
            "channel": INHIBITORY if p.inhibitory else EXCITATORY,
            "delay": round(p.delay / dt),
            "weights": {UNIFORM: 0, SPARSE: n_rows, MARKED: n_words, PLASTIC: n_weights}[kind],
            "arrivals": n_arrivals,
            "n_pre": n_pre,
        }
        gain = p.gain if p.uniform is None else p.uniform
        if kind == MARKED and p.fixed is not None:
            gain = p.fixed.data[0]
        rows.append(Projections(gain=np.float32(gain), **{name: np.int64(value) for name, value in whole.items()}))
        if kind == SPARSE:
            n_rows += n_pre
        if kind == MARKED:
            n_words += n_pre * words_of(populations[p.target].n)
        if p.plastic is not None:
            n_weights += p.plastic.size
            n_arrivals += n_pre
    if not rows:
        return Projections(**{name: np.zeros(0, np.int64) for name in Projections._fields} | NO_GAIN), 0
    return stack(rows), n_arrivals


def kind_of(p: Projection) -> int:
    """Kind of the wiring of a projection."""
    if p.uniform is not None:
        return UNIFORM
    if p.fixed is None:
        return PLASTIC
    weights, n_post = p.fixed.data, p.fixed.shape[1]
    dense = n_post >= WORD and len(weights) > DENSE * p.fixed.shape[0] * n_post
    return MARKED if dense and weights.min() == weights.max() else SPARSE


def words_of(n_post: int) -> int:
    """Words that mark the targets of a neuron of a MARKED projection."""
    return -(-n_post // WORD)


def mark(fixed: csr_array) -> NDArray[np.uint64]:
    """Targets of each neuron of a MARKED projection: a bit each, in words one after another.

    The last word of a row ends with the last target, so that it repeats some of the word before, which it does not
    mark twice.
    """
    wired = fixed.toarray() != 0
    n_post, n_words = wired.shape[1], words_of(wired.shape[1])
    bits = np.zeros((len(wired), n_words, WORD), bool)
    bits[:, :-1] = wired[:, : (n_words - 1) * WORD].reshape(len(wired), -1, WORD)
    rest = n_post - (n_words - 1) * WORD
    bits[:, -1, WORD - rest :] = wired[:, n_post - rest :]
    return np.packbits(bits, axis=2, bitorder="little").view("<u8").astype(np.uint64).ravel()


def targets_of(marks: NDArray[np.uint64], n_pre: int, n_post: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of neurons, by source, of words that `mark` has made."""
    n_words = words_of(n_post)
    words = marks[: n_pre * n_words].astype("<u8").view(np.uint8)
    bits = np.unpackbits(words, bitorder="little").reshape(n_pre, n_words, WORD)
    source, word, bit = np.nonzero(bits)
    return source, np.minimum(word * WORD, n_post - WORD) + bit


def in_order(projections: list[Projection]) -> list[int]:
    """Numbers of projections as they stand in the table of a circuit: by target."""
    return sorted(range(len(projections)), key=lambda k: projections[k].target)


def clock_of(p: Population, dt: float) -> Clocks:
    if p.clock is None:
        return Clocks(
            period=0.0, jitter=0.0, pulse=0.0, kappa=0.0, aim=0.0, followed=np.int64(-1), phase=float(p.phase)
        )
    kappa, aim = discretise(p.clock, dt) if isinstance(p.clock, AdaptiveClock) else (0.0, 0.0)
    return Clocks(
        period=float(p.clock.period),
        jitter=float(p.clock.jitter),
        pulse=float(p.clock.pulse),
        kappa=float(kappa),
        aim=float(aim),
        followed=np.int64(p.followed),
        phase=float(p.phase),
    )


def inputs_of(inputs: list[Input]) -> Inputs:
    kinds: dict[str, Any] = {"clock": np.int64, "winners": np.int64, "keep": np.float32}
    columns = {n: np.array([getattr(i, n) for i in inputs], kinds.get(n, np.float64)) for n in Inputs._fields}
    return Inputs(**columns)
