"""A grown network of sheets examined: everything that the tables and the figures of a report show."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from tectum import analysis
from tectum.analysis import tilings, waves
from tectum.models.common.recording import Recording
from tectum.models.waves.parameters import AUTHORS, BUDDING, CONTINUOUS, PRECURSOR, SCHEDULED, TOPOGRAPHIC
from tectum.report.numbers import Measure, Measured

N_SNAPSHOTS = 24  # at growth, the first before it
N_SCENES = 5  # at snapshots of which activity is kept
CONFIGURATIONS: dict[str, dict[str, Any]] = {
    "topographic": TOPOGRAPHIC,
    "continuous": CONTINUOUS,
    "budding": TOPOGRAPHIC | BUDDING,
    "scheduled": SCHEDULED,
    "authors": AUTHORS,
    "precursor": PRECURSOR,
}
UNORDERED = ("authors", "precursor")
SNAPSHOT_MS = 80.0  # of activity kept at some snapshots
RECORDED_MS = 1000.0  # of spontaneous activity behind the statistics
ACTIVE = 30 / 1600  # share of the nodes of a sheet that fire at a time in a wave: 30 of the authors' 1,600
LEAST = 3  # nodes
COMPACT, COVERED, ORDERED, FOLDED = 0.7, 0.98, 0.75, 0.5  # what is expected of a sheet that has organised itself
FEWEST = 50  # units, from which a clumped tiling is worth a word
CLUMPED = 0.7  # of the effective rank of a grid, below which fields say the same
BEFORE = "before growth"


class Snapshot(NamedTuple):
    """A network during its growth."""

    time_ms: float
    weights: list[NDArray[np.float32]]  # of each projection
    activity: Recording | None  # of some ms from there, weights frozen


class Order(NamedTuple):
    """How far a projection has organised itself."""

    radius: float  # root mean square over the units of the radii of their fields
    sheet: float  # radius of the sheet below
    compactness: float  # mean over the units
    compact: float  # share of the units
    coverage: float
    overlap: float
    evenness: float
    spread: float
    topography: float
    affine: float  # R2 of centres of fields against places of units


@dataclass(frozen=True)
class Projection:
    """A sheet and one below it, as they have grown."""

    below: int  # number of the sheet
    above: int  # number of the sheet
    weights: NDArray[np.float64]  # (n_units, n_nodes) weights, or shares across several projections
    centres: NDArray[np.float64]  # (n_units, 2) of the receptive fields
    radii: NDArray[np.float64]  # (n_units,) of the receptive fields
    order: Order  # measures
    evenness: tilings.Evenness  # of the tiling, beside a grid's
    tracking: float  # share of the variance of the centre of the wave below that an affine map of that above explains
    causality: waves.WaveCausality  # whether waves above follow those below

    @property
    def name(self) -> str:
        """Its sheets."""
        return f"sheet\u00a0{self.below}\u00a0→\u00a0{self.above}"


@dataclass(frozen=True, repr=False)
class WaveStudy(Measured):
    """A network of sheets examined: all that the figures and the tables of a report need."""

    control = BEFORE
    compared = False

    positions: list[NDArray[np.float64]]  # (n, 2) nodes of each sheet
    snapshots: list[
        Snapshot
    ]  # growth, the first before it; only the end where it was not followed and cannot be repeated
    orders: list[list[Order]]  # measures of each projection at each look
    projections: list[Projection]  # between neighbouring sheets, then from the first sheet to those farther above
    recording: Recording  # spontaneous activity after growth
    statistics: list[waves.WaveStatistics]  # of each sheet
    # which set of parts has grown: topographic, continuous, budding, scheduled, authors, precursor, or own
    configuration: str
    complete: bool  # whether the whole schedule has been run
    measures: list[Measure]  # headline numbers
    warnings: list[str]  # what looks wrong, and what to do about it

    @property
    def direct(self) -> list[Projection]:
        """Projections between neighbouring sheets."""
        return [found for found in self.projections if found.above == found.below + 1]

    def spikes(self, recording: Recording) -> list[tuple[NDArray[np.float64], NDArray[np.int64]]]:
        """Times and nodes of the spikes of each sheet."""
        trains = [recording.spikes[f"layer_{k}"] for k in range(len(self.positions))]
        return [(train.time_ms, train.neuron) for train in trains]

    @property
    def own(self) -> str:  # type: ignore[override]
        """Name of the model among the methods."""
        return self.direct[0].name


def follow_growth(
    network: Any,
    duration: float | None = None,
    *,
    n_snapshots: int = N_SNAPSHOTS,
    advance: Callable[[float], object] | None = None,
) -> list[Snapshot]:
    """Let a network grow, and keep its weights and some of its activity on the way.

    Snapshots are closer together at the beginning, when most happens. Growth is the same as in one call of `grow`.

    Parameters
    ----------
    network : WaveNetwork
        Grown in place.
    duration : float or None, default=None
        Time in ms. None is the rest of the schedule.
    n_snapshots : int, default=24
        Snapshots after the first.
    advance : callable, optional
        Called with the ms that have passed.

    Returns
    -------
    list of Snapshot

    Raises
    ------
    ValueError
        If the duration is out of range.

    Examples
    --------
    >>> import tectum
    >>> network = tectum.WaveNetwork([tectum.parts.Sheet((12, 12)), tectum.parts.Sheet(16)], random_state=0)
    >>> len(follow_growth(network, 60.0, n_snapshots=3))
    4
    """
    begin = getattr(network, "n_steps_grown_", 0) * network.step_ms
    if duration is None:
        duration = max(0.0, network.schedule_ms - begin)
    snapshots, grown = [], 0.0
    filmed = np.unique(np.linspace(0, n_snapshots, N_SCENES).round())
    shares = (np.arange(n_snapshots + 1) / n_snapshots) ** 1.5  # of the time
    steps = np.maximum(np.round(shares * float(duration) / network.step_ms), 1.0 if begin == 0.0 else 0.0)
    for k, time in enumerate((steps * network.step_ms).tolist()):
        if time > grown:
            network.grow(time - grown)
            if advance is not None:
                advance(time - grown)
            grown = time
        snapshots.append(take_snapshot(network, film=k in filmed))
    return snapshots


def take_snapshot(network: Any, *, film: bool = True) -> Snapshot:
    """A network as it is now, and what it does in the next ms."""
    activity = network.record(SNAPSHOT_MS) if film else None
    return Snapshot(network.n_steps_grown_ * network.step_ms, [W.copy() for W in network.weights_], activity)


def excitation_radius(network: Any, layer: int) -> float:
    """Radius of lateral excitation on a sheet in the phase that growth has reached."""
    chosen = network.chosen_parts()
    phase = chosen.phases[network.phase_reached()]
    own = phase.first_r_i if layer == 0 else phase.r_i
    return float(own or chosen["first_kernel" if layer == 0 else "kernel"].r_i)


def examine_waves(network: Any, *, growth: list[Snapshot] | None = None) -> WaveStudy:
    """Measure a grown network; see `tectum.report.examine`."""
    positions, snapshots = network.sheet_positions_, growth or _without_history(network)
    recording = network.record(RECORDED_MS)
    n_sheets = len(positions)
    least = [max(LEAST, round(ACTIVE * len(X))) for X in positions]
    trains = [recording.spikes[f"layer_{k}"] for k in range(n_sheets)]
    statistics = [
        waves.wave_statistics(
            train.time_ms,
            train.neuron,
            X,
            RECORDED_MS,
            least=few,
            link=excitation_radius(network, k),
            frame_ms=network.step_ms,
        )
        for k, (train, X, few) in enumerate(zip(trains, positions, least, strict=True))
    ]
    pairs = [(k, k + 1) for k in range(n_sheets - 1)] + [(0, k) for k in range(2, n_sheets)]
    projections = []
    for below, above in pairs:
        W = network.weights_[below] if above == below + 1 else network.receptive_fields_(above, below)
        projections.append(_projection(W, positions, trains, least, below, above, network.step_ms))
    orders = [
        [_order(W, positions[k], positions[k + 1]) for k, W in enumerate(snapshot.weights)] for snapshot in snapshots
    ]
    configuration = _configuration(network)
    complete = network.n_steps_grown_ * network.step_ms >= network.schedule_ms - network.step_ms
    # A single synapse is as compact and as much in order as a field can be: nothing to compare with.
    before = orders[0] if len(snapshots) > 1 and configuration != "budding" else None
    return WaveStudy(
        positions=positions,
        snapshots=snapshots,
        orders=orders,
        projections=projections,
        recording=recording,
        statistics=statistics,
        configuration=configuration,
        complete=complete,
        measures=_measures(projections[: n_sheets - 1], before, configuration),
        warnings=_warnings(network, projections[: n_sheets - 1], statistics, complete),
    )


def _without_history(network: Any) -> list[Snapshot]:
    """The network before growth, if its seed can be used again, and now."""
    now = take_snapshot(network)
    if not isinstance(network.random_state, int | np.integer):
        return [now]
    return [take_snapshot(clone(network).set_params(verbose=False).grow(network.step_ms)), now]


def _projection(
    W: NDArray, positions: list, trains: list, least: list[int], below: int, above: int, frame_ms: float
) -> Projection:
    lower, upper = positions[below], positions[above]
    found = [
        waves.wave_centres(
            trains[k].time_ms, trains[k].neuron, positions[k], RECORDED_MS, least=least[k], frame_ms=frame_ms
        )
        for k in (below, above)
    ]
    both = np.isfinite(found[0][:, 0]) & np.isfinite(found[1][:, 0])
    tracking = analysis.affine_fit(found[0][both], found[1][both]) if both.sum() > LEAST else math.nan
    counts = [waves.spikes_per_frame(trains[k].time_ms, RECORDED_MS, frame_ms=frame_ms) for k in (below, above)]
    return Projection(
        below=below,
        above=above,
        weights=np.asarray(W, dtype=np.float64),
        centres=analysis.field_centres(W, lower),
        radii=analysis.field_radius(W, lower),
        order=_order(W, lower, upper),
        evenness=tilings.evenness(W, lower, upper),
        tracking=tracking,
        causality=waves.wave_causality(*counts, least=(least[below], least[above])),
    )


def _order(W: NDArray, lower: NDArray, upper: NDArray) -> Order:
    scaled = W * (2.5 / W.mean())  # the cut of the support is meant for weights of this mean
    tiling, centres = analysis.tiling(scaled, lower), analysis.field_centres(W, lower)
    radii = analysis.field_radius(W, lower)
    return Order(
        radius=float(np.sqrt(np.square(radii).mean())),
        sheet=analysis.sheet_radius(lower),
        compactness=float(analysis.compactness(W, lower).mean()),
        **tiling._asdict(),
        topography=analysis.sheet_topography(centres, upper),
        affine=analysis.affine_fit(centres, upper),
    )


def _configuration(network: Any) -> str:
    chosen = network.chosen_parts()
    for name, parts in CONFIGURATIONS.items():
        if all(chosen[key] == part for key, part in parts.items()):
            return name
    return "own"


def _measures(direct: list[Projection], before: list[Order] | None, configuration: str) -> list[Measure]:
    ordered = configuration not in UNORDERED
    rows = [
        ("compactness", "Compactness", "1 - (r / R)², r the radius of a receptive field and R that of the sheet: 0 if "
         "a unit listens to all of the sheet below, 1 to one node. Mean over units."),
        ("compact", "Compact units", "Share of the units whose receptive field is smaller than half of the sheet."),
        ("coverage", "Coverage", "Share of the nodes below that belong to the field of at least one compact unit."),
        ("topography", "Topography", "Correlation between distances of fields and distances of their units: 1 for a "
         "map without distortion." + ("" if ordered else " The authors' rule asks for none: expect 0.")),
        ("affine", "Straightness of the map", "R² of an affine map from places of units to centres of their fields."),
    ]  # fmt: skip
    measures = []
    for key, title, meaning in rows:
        values = {found.name: _rounded(getattr(found.order, key)) for found in direct}
        if before is not None:
            values[BEFORE] = _rounded(getattr(before[0], key))
        measures.append(Measure(key, title, meaning, "higher", values))
    tiled = [
        ("empty", "Empty cells", "Share of the cells of a grid of 10 x 10 over the sheet below in which no compact "
         "field has its centre.", "lower"),
        ("loss", "Variance lost", "Share of the variance of smooth pictures that a reconstruction from the compact "
         "fields loses; with a grid of fields as large it would be {loss_grid:.2f}.", "lower"),
        ("rank", "Effective rank", "How many different fields the compact ones amount to (participation ratio); a grid "
         "of fields as large amounts to {rank_grid:.0f}.", "higher"),
    ]  # fmt: skip
    first = direct[0].evenness._asdict()
    for key, title, meaning, better in tiled:
        values = {found.name: _rounded(getattr(found.evenness, key)) for found in direct}
        measures.append(Measure(key, title, meaning.format(**first), better, values))
    tracking = {found.name: _rounded(found.tracking) for found in direct}
    meaning = "R² of the place of the wave below, read from the place of the wave above, once per ms."
    return [*measures, Measure("tracking", "Tracking", meaning, "higher", tracking)]


def _rounded(value: float) -> float:
    """Without digits that mean nothing, nor the sign of what is left."""
    return round(float(value), 3) + 0.0


def _warnings(
    network: Any, direct: list[Projection], statistics: list[waves.WaveStatistics], complete: bool
) -> list[str]:
    found = []
    if not complete:
        grown, whole = network.n_steps_grown_ * network.step_ms / 1000.0, network.schedule_ms / 1000.0
        found.append(f"Growth stopped after {grown:g} s of a schedule of {whole:g} s; call grow() for the rest.")
    for k, waving in enumerate(statistics):
        if not waving.active > 0.02:
            cause = "more noise" if k == 0 else "a stronger drive or fewer winners"
            found.append(f"Sheet {k} has hardly any waves ({100 * waving.active:.0f} % of the time); try {cause}.")
        elif k == 0 and waving.active > 0.98:
            found.append(
                "The wave on the first sheet never dies, so that it drags the map behind it; lower tau_th or raise "
                "theta_plus of first_neuron."
            )
    for projection in direct:
        order, name = projection.order, projection.name
        if not order.compactness > COMPACT:
            found.append(
                f"Fields of {name} are not compact ({order.compactness:.2f}, expected above {COMPACT}); grow longer."
            )
        elif order.coverage < COVERED:
            found.append(
                f"Fields of {name} leave {100 * (1 - order.coverage):.0f} % of the nodes below uncovered; grow longer, "
                "or give the sheet above more units."
            )
        even = projection.evenness
        if order.compact > FOLDED and len(projection.weights) >= FEWEST and even.rank < CLUMPED * even.rank_grid:
            found.append(
                f"Fields of {name} clump: they amount to {even.rank:.0f} different ones, those of a grid as large to "
                f"{even.rank_grid:.0f}; spread the units evenly (Sheet.even), or let waves go over the border "
                "(WavePhase.margin)."
            )
        if order.compactness > FOLDED and network.chosen_parts().rule.post == "spikes" and order.topography < ORDERED:
            found.append(
                f"The map of {name} is folded or torn (topography {order.topography:.2f}, expected above {ORDERED}): "
                "see the net; try another seed, or a longer first phase with more winners."
            )
    return found
