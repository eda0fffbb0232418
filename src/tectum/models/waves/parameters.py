"""Parts of a wave network: two sets of them, checks of sheets and phases, and the phase that a step falls into."""

import math
import numbers
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from tectum import parts
from tectum.core.random import seed_from
from tectum.core.ranges import check_ranges
from tectum.engine.sheets import wires
from tectum.engine.sheets.network import LayerParts
from tectum.models.common.parameters import check_part
from tectum.parts.waves import step_of

LARGE = 2.0  # radius of the waves that bring order, over that of those which refine it
LARGE_MS, SCHEDULE_MS = 3000.0, 30_000.0  # for which they go on, and of the whole schedule
NARROW = 0.85  # thickness of a sheet, over that of a square of the same area, below which it is narrow, ...
NARROW_WAVE = 0.5  # ... radius of its waves over its thickness, at most, ...
FEWEST_NODES = 25.0  # ... unless they would be of fewer nodes

# Winners learn in proportion to their excess, as in the authors' code, but their thresholds grow thirty times faster.
AUTHORS: dict[str, Any] = {
    "first_neuron": parts.DynamicThresholdLIF(noise=3.0),
    "neuron": parts.DynamicThresholdLIF(),
    "first_kernel": parts.RingKernel(),
    "kernel": parts.RingKernel(r_i=1.2, r_o=1.3, a_i=60.0, a_o=15.0),
    "competition": parts.KWinners(),
    "drive": parts.WinnerDrive(),
    "rule": parts.WaveHebb(),
    "normaliser": parts.MeanNorm(),
    "initial": parts.WaveWeights(c=70.0, c_spread=2.0),
    "neighbourhood": parts.FixedNeighbourhood(),
    "phases": (parts.WavePhase(duration=5000.0),),
}
AUTHORS_LAYERS = (parts.Sheet(1600, 20.0), parts.Sheet(300, 6.0))

# The precursor (Raghavan & Thomson 2019): neurons of Izhikevich in steps of 1 ms, one winner, and rescue of the others.
# The upper sheet has no waves; its units fire when they win.
PRECURSOR: dict[str, Any] = AUTHORS | {
    "first_neuron": parts.Izhikevich(noise=3.0),
    "neuron": parts.Izhikevich(v_reset_spread=0.0, d_spread=0.0),
    "first_kernel": parts.RingKernel(r_i=2.0, r_o=6.0, a_i=5.0, a_o=2.0),
    "kernel": parts.RingKernel(r_i=0.05, r_o=0.1, a_i=0.0, a_o=0.0),
    "drive": parts.WinnerDrive(a_i=1000.0, a_o=0.0, relative=True),
    "rule": parts.WaveHebb(eta=0.1, eta_c=0.005, fewest=200.0),
    "phases": (parts.WavePhase(duration=100_000.0),),
}
PRECURSOR_LAYERS = (parts.Sheet(3200, 32.0), parts.Sheet(400, 32.0))

FIRST_PROFILE = parts.RingKernel(density=4.0)


def phases_for(
    profile: parts.RingKernel, larger: float = LARGE, duration: float = LARGE_MS, margin: float = 1.0
) -> tuple[parts.WavePhase, ...]:
    """Waves that are so many times larger, then waves as they are by themselves, with a third of the winners; all go
    over the border, by `margin` times the radius of the latter.

    Excitation and inhibition in the large ones are weaker: as many nodes more would not tire together, and a wave that
    never dies circles the sheet for ever, and leaves out its middle and its border.
    """
    r_i, r_o, beyond = larger * profile.r_i, larger * profile.r_o, margin * profile.r_i
    large = parts.WavePhase(duration, r_i, r_o, first_gain=larger**-2, margin=beyond)
    return large, parts.WavePhase(SCHEDULE_MS - duration, k=0.033, margin=beyond)


# Whatever fires in the wave above learns, in waves that shrink from phase to phase.
SCHEDULED: dict[str, Any] = {
    "first_neuron": parts.DynamicThresholdLIF(tau_th=20.0, theta_plus=27.0, noise=6.0),
    "neuron": parts.DynamicThresholdLIF(),
    "first_kernel": FIRST_PROFILE,
    "kernel": parts.RingKernel(r_i=1.5, r_o=1.92, a_i=30.0, a_o=10.0, density=3.0),
    "competition": parts.KWinners(k=0.033, normed=True),
    "drive": parts.WinnerDrive(a_i=1000.0, a_o=0.0, relative=True, density=3.0),
    "rule": parts.WaveHebb(eta=0.7, eta_c=0.0, post="spikes"),
    "normaliser": parts.MeanNorm(),
    "initial": parts.WaveWeights(),
    "neighbourhood": parts.FixedNeighbourhood(),
    "phases": tuple(
        parts.WavePhase(duration, first, 2.5 * first, r_i, 1.28 * r_i, k)
        for duration, first, r_i, k in (
            (3000.0, 4.0, 4.0, 0.1),
            (3000.0, 3.48, 3.29, 0.083),
            (3000.0, 3.03, 2.7, 0.067),
            (3000.0, 2.64, 2.22, 0.053),
            (3000.0, 2.3, 1.83, 0.043),
            (8000.0, 2.0, 1.5, 0.033),
        )
    ),
}
# The same with neighbourhoods that follow the receptive fields, the default of WaveNetwork, ...
TOPOGRAPHIC: dict[str, Any] = SCHEDULED | {
    "competition": parts.KWinners(k=0.1, normed=True),
    "normaliser": parts.MeanNorm(trim=0.8),
    "neighbourhood": parts.FieldNeighbourhood(),
    "phases": phases_for(FIRST_PROFILE),
}
# ... and with waves of one size. As the default begins, two maps of eight would fold; wider neighbourhoods and more
# winners at first, and waves that go over the border on nodes that are spread evenly, prevent it, but it takes more
# than twice as long. A first phase of large waves, which overlap, prevents folds in the default. Units take up whatever
# they fire with: else topography was 0.86 in place of 0.92, before waves went over the border.
CONTINUOUS: dict[str, Any] = TOPOGRAPHIC | {
    "competition": parts.KWinners(k=0.2, normed=True),
    "normaliser": parts.MeanNorm(trim=0.7),
    "neighbourhood": parts.FieldNeighbourhood(widest=1.3, share=1.0),
    "phases": (parts.WavePhase(75_000.0, margin=FIRST_PROFILE.r_i),),
}
# Departures from it for units that have budded from the sheet below: what counts is the share of a unit's weight on the
# nodes that fire, for which a single synapse is as good as a field, and a tenth of it is needed to win, so that the
# first to bud do not take all. Neighbours look at neighbouring places from the start, so that units may take up
# whatever they fire with, until their fields have spread. Then they compete and learn as in the default, which makes
# the tiling even. Waves go over the border, without which a third of the sheet has no centre. Each node excites by its
# area: cells that have divided lie anywhere, and waves, and with them centres, would gather where they are dense.
BUDDING: dict[str, Any] = {
    "first_kernel": FIRST_PROFILE._replace(by_area=True),
    "competition": parts.KWinners(k=0.1),
    "normaliser": parts.MeanNorm(trim=0.7),
    "initial": parts.WaveWeights(single=True, c=0.1),
    "neighbourhood": parts.FieldNeighbourhood(share=1.0),
    "phases": (
        parts.WavePhase(15_000.0, margin=FIRST_PROFILE.r_i),
        parts.WavePhase(30_000.0, margin=FIRST_PROFILE.r_i, c=0.0, normed=True, share=0.0),
    ),
}

DEFAULT_LAYERS = (parts.Sheet(), parts.Sheet(300, even=True))
DEFAULT_NODES = 1600  # of a first sheet that grows before the number of features is known
FIRST_SIDE, SIDE = 20.0, 10.0  # of sheets without one


def even_sheet(n_nodes: int, side: float | None = None) -> parts.Sheet:
    """A square sheet, with a grid if the nodes fill one."""
    root = round(n_nodes**0.5)
    return parts.Sheet((root, root), side) if root**2 == n_nodes else parts.Sheet(n_nodes, side, even=True)


TOPOGRAPHIC_LAYERS = (even_sheet(1600, 20.0), even_sheet(300, 10.0))
RANDOM_LAYERS = (parts.Sheet(1600, 20.0), parts.Sheet(300, 10.0))


def sheets_for(layers: Any, n_features: int | None) -> list[parts.Sheet]:
    """Checked sheets, the first with as many nodes as there are features if it leaves them open."""
    sheets = list(DEFAULT_LAYERS if layers is None else layers)
    check_sheets("WaveNetwork.layers", sheets)
    if sheets[0].n_nodes is None:
        n_nodes = n_features or DEFAULT_NODES
        root = round(n_nodes**0.5)
        sheets[0] = sheets[0]._replace(shape=(root, root) if root**2 == n_nodes else n_nodes)
    if n_features not in (None, sheets[0].n_nodes):
        raise ValueError(
            f"WaveNetwork.layers[0] must have a node per feature of X ({n_features}), got {sheets[0].n_nodes}; "
            "sample the images at the positions of the nodes, or leave the shape of the first sheet out"
        )
    return sheets


def fitted(layers: Any) -> dict[str, Any]:
    """The default, with waves that fit the outline of the first sheet if nodes have been put where it is narrow.

    Thickness is the radius of the largest disc inside. On a ring as wide as the waves all units across it would learn
    the same place, so small waves are of half the thickness; the large ones stay, else rings fold, and go on for twice
    as long. Where much of a sheet is near its border, waves go over it by their diameter: their centres keep away from
    the end of the margin.
    """
    if layers is not None:
        check_sheets("WaveNetwork.layers", layers)
    first = None if layers is None else layers[0]
    if first is None or first.positions is None:
        return TOPOGRAPHIC
    geometry = wires.lay_out(first, FIRST_SIDE, seed_from(0), 0)
    places = geometry.positions[geometry.alive]
    thickness = wires.thickness(places, geometry.density)
    if thickness >= NARROW * 0.5 * math.sqrt(len(places) / geometry.density):
        return TOPOGRAPHIC
    least = math.sqrt(FEWEST_NODES / (math.pi * geometry.density))
    radius = min(FIRST_PROFILE.r_i, max(NARROW_WAVE * thickness, least))
    profile = FIRST_PROFILE._replace(r_i=radius, r_o=radius * FIRST_PROFILE.r_o / FIRST_PROFILE.r_i)
    phases = phases_for(profile, LARGE * FIRST_PROFILE.r_i / radius, 2.0 * LARGE_MS, margin=2.0)
    return TOPOGRAPHIC | {"first_kernel": profile, "phases": phases}


def recommended(layers: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    """The default for these sheets; as on a square if the size of waves or their phases are given."""
    free = given.get("first_kernel") is None and given.get("phases") is None
    return fitted(layers) if free else TOPOGRAPHIC


class Place(NamedTuple):
    """Where growth is in its schedule."""

    phase: int
    begins: int  # first step of the phase
    ends: float  # first step after it; the last has none
    turn: int | None  # the projection that learns alone; None: all learn


class Schedule(NamedTuple):
    """Phases of growth in steps; projections that grow in turn go through all of them, one after another."""

    phases: Sequence[parts.WavePhase]
    step_ms: float
    turns: int | None = None  # number of projections that grow in turn; None: all grow together

    @property
    def n_steps(self) -> int:
        """Steps of all phases, of all turns."""
        return (self.turns or 1) * sum(self.steps(phase.duration) for phase in self.phases)

    @property
    def duration(self) -> float:
        """The same in ms."""
        return self.n_steps * self.step_ms

    def steps(self, duration: float) -> int:
        """Steps in ms."""
        return round(duration / self.step_ms)

    def place(self, step: int) -> Place:
        """The phase that a step falls into; the last goes on for ever."""
        begins, turns = 0, [None] if self.turns is None else range(self.turns)
        stretches = [(turn, q, self.steps(phase.duration)) for turn in turns for q, phase in enumerate(self.phases)]
        for turn, q, length in stretches[:-1]:
            if step < begins + length:
                return Place(q, begins, begins + length, turn)
            begins += length
        return Place(stretches[-1][1], begins, math.inf, stretches[-1][0])


def schedule_for(chosen: dict[str, Any], order: str, n_projections: int) -> Schedule:
    """The schedule of a network with these parts."""
    return Schedule(chosen["phases"], step_of(chosen["neuron"]), n_projections if order == "in turn" else None)


def check_sheets(name: str, layers: Any) -> None:
    """Check a sequence of sheets: two or more, with nodes where they should be."""
    if not isinstance(layers, list | tuple) or len(layers) < 2:
        raise ValueError(
            f"{name} must be two sheets or more, got {layers!r}; pass for instance (Sheet(1600), Sheet(300))"
        )
    for layer, sheet in enumerate(layers):
        where = f"{name}[{layer}]"
        if not isinstance(sheet, parts.Sheet):
            raise ValueError(f"{where} must be a Sheet, got {sheet!r}; write Sheet({sheet!r})")
        _check_sheet(where, sheet, first=layer == 0)


def _check_sheet(where: str, sheet: parts.Sheet, *, first: bool) -> None:
    check_ranges(where, sheet)
    shape = sheet.shape if np.ndim(sheet.shape) else (sheet.shape,)
    if sheet.positions is None and not (first and sheet.shape is None):
        whole = all(isinstance(n, numbers.Integral) and int(n) >= 1 for n in shape)
        if len(shape) > 2 or not whole or math.prod(shape) < 2:
            raise ValueError(
                f"{where}.shape must be a number of nodes or (rows, columns), two nodes or more, got {sheet.shape!r}; "
                "only the first sheet may leave it to the number of features"
            )
    if sheet.positions is not None:
        places = np.asarray(sheet.positions, dtype=np.float64)
        if places.ndim != 2 or places.shape[1] != 2 or len(places) < 2 or not np.isfinite(places).all():
            raise ValueError(
                f"{where}.positions must have shape (n, 2) with finite numbers, n of 2 or more, got shape "
                f"{places.shape}; pass one (x, y) per node"
            )
    if sheet.alive is not None and np.shape(sheet.alive) != (sheet.n_nodes,):
        raise ValueError(
            f"{where}.alive must have an entry per node ({sheet.n_nodes}), got shape {np.shape(sheet.alive)}; "
            "leave it out if all live"
        )
    if sheet.born is not None:
        born = np.asarray(sheet.born, dtype=np.float64)
        if born.shape != (sheet.n_nodes,) or not np.isfinite(born).all() or born.min() < 0.0:
            raise ValueError(
                f"{where}.born must have a time of 0 ms or more per node ({sheet.n_nodes}), got shape {born.shape}, "
                f"from {born.min(initial=0.0):g} to {born.max(initial=0.0):g}; leave it out if all are there at first"
            )
    if sheet.alive is not None and not np.any(sheet.alive):
        raise ValueError(f"{where}.alive must leave a node alive, got none; leave it out if all live")


def check_phases(name: str, phases: Any) -> None:
    """Check a schedule of growth."""
    if not isinstance(phases, list | tuple) or not phases or isinstance(phases, parts.WavePhase):
        raise ValueError(f"{name} must be WavePhases, got {phases!r}; pass for instance (WavePhase(5000.0),)")
    for q, phase in enumerate(phases):
        if not isinstance(phase, parts.WavePhase):
            raise ValueError(f"{name}[{q}] must be a WavePhase, got {phase!r}; see tectum.parts.WavePhase")
        check_part(f"{name}[{q}]", phase)


def check_steps(chosen: dict[str, Any]) -> None:
    """Raise ValueError unless the neurons of all sheets advance by the same step."""
    first, other = step_of(chosen["first_neuron"]), step_of(chosen["neuron"])
    if first != other:
        raise ValueError(
            f"WaveNetwork.neuron.step_ms must be that of first_neuron ({first} ms), got {other} ms; sheets exchange "
            "the spikes of a step: use the same kind of neuron, or give both the same step_ms"
        )


def check_radii(chosen: dict[str, Any], sheets: Sequence[parts.Sheet]) -> None:
    """Raise ValueError unless excitation reaches less far than the sheets, in every phase; else every node would
    excite every other.
    """
    follows_fields = not isinstance(chosen["neighbourhood"], parts.FixedNeighbourhood)
    sides = [FIRST_SIDE] + [SIDE] * (len(sheets) - 1)
    extents = [
        sheet.side or side if sheet.positions is None else float(np.ptp(sheet.positions, axis=0).max())
        for sheet, side in zip(sheets, sides, strict=True)
    ]
    for q, phase in enumerate(chosen["phases"]):
        for layer, (extent, of_sheet) in enumerate(
            zip(extents, parts_of_phase(chosen, phase, len(extents)), strict=True)
        ):
            if of_sheet.kernel.r_i >= extent and not (layer and follows_fields):
                own = phase.r_i if layer else phase.first_r_i
                kernel, field = ("kernel", "r_i") if layer else ("first_kernel", "first_r_i")
                where = f"{kernel}.r_i" if own is None else f"phases[{q}].{field}"
                raise ValueError(
                    f"WaveNetwork.{where} must be below the extent of sheet {layer} ({extent:.3g}), got "
                    f"{of_sheet.kernel.r_i!r}: every node would excite every other; make the sheet larger "
                    "(Sheet.side) or the radius smaller"
                )


def parts_of_phase(chosen: dict[str, Any], phase: parts.WavePhase, n_layers: int) -> list[LayerParts]:
    """The parts of each sheet in a phase."""

    def with_radii(kernel: parts.RingKernel, r_i: float | None, r_o: float | None) -> parts.RingKernel:
        return kernel._replace(r_i=r_i or kernel.r_i, r_o=r_o or kernel.r_o)

    competition, neighbourhood = chosen["competition"], chosen["neighbourhood"]
    competition = competition._replace(
        k=phase.k or competition.k, normed=competition.normed if phase.normed is None else phase.normed
    )
    if phase.share is not None:
        if not hasattr(neighbourhood, "share"):
            raise ValueError(
                f"WaveNetwork.phases with a share belong to a FieldNeighbourhood, got {neighbourhood!r}; leave it out"
            )
        neighbourhood = neighbourhood._replace(share=phase.share)
    profile = with_radii(chosen["first_kernel"], phase.first_r_i, phase.first_r_o)
    profile = profile._replace(a_i=phase.first_gain * profile.a_i, a_o=phase.first_gain * profile.a_o)
    first = LayerParts(chosen["first_neuron"], profile)
    other = LayerParts(
        neuron=chosen["neuron"],
        kernel=with_radii(chosen["kernel"], phase.r_i, phase.r_o),
        competition=competition,
        drive=chosen["drive"],
        rule=chosen["rule"],
        normaliser=chosen["normaliser"],
        neighbourhood=neighbourhood,
    )
    return [first] + [other] * (n_layers - 1)
