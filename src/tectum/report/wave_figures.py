"""Figures of a network of sheets: its waves, its growth, receptive fields, tiling and topography."""

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from tectum import plots
from tectum.analysis import waves
from tectum.report.content import HALF, WIDE, Film
from tectum.report.render import Drawing
from tectum.report.wave_film import growth_film, spread_units, wave_film
from tectum.report.wave_study import Projection, WaveStudy

N_MOMENTS, APART_MS = 8, 4.0  # snapshots
STREAKS_MS = 250.0  # of the waves in space and time
N_STAGES, N_UNITS, MOST_FIELDS = 7, 4, 60
CUT = waves.CUT / 2.5  # of the mean weight of a unit, above which a node belongs to its field


def wave_figures(study: WaveStudy) -> list[Drawing | Film]:
    """What fires where and when."""
    return [wave_film(study), _snapshots(study), _streaks(study)]


def growth_figures(study: WaveStudy) -> list[Drawing | Film]:
    """How fields and maps come about; only the end without a history."""
    film = growth_film(study)
    if film is None:
        return []
    return [film, _unfolding(study), *_curves(study)]


def field_figures(study: WaveStudy) -> list[Drawing | Film]:
    """Receptive fields of the grown network."""
    grown = [_fields(study, projection) for projection in study.projections]
    stages = [_stages(study)] if len(study.looks) > 1 else []
    return [*stages, *grown, *(_sizes(study, projection) for projection in study.direct)]


def order_figures(study: WaveStudy) -> list[Drawing | Film]:
    """How fields tile the sheet below, and in which order."""
    covered = [_coverage(study, projection) for projection in study.direct]
    return [*covered, *(_topography(study, projection) for projection in study.projections)]


def _quiet_start(study: WaveStudy) -> float:
    """A moment within the first half of the recording from which the first sheet is most active."""
    counts = waves.spikes_per_frame(study.spikes(study.recording)[0][0], study.recording.duration_ms)
    length = round(N_MOMENTS * APART_MS / waves.FRAME_MS)
    within = np.convolve(np.minimum(counts, np.median(counts[counts > 0]) if counts.any() else 1), np.ones(length))
    last = len(counts) // 2
    return float(within[length - 1 : length - 1 + last].argmax() * waves.FRAME_MS)


def _snapshots(study: WaveStudy) -> Drawing:
    moments = _quiet_start(study) + APART_MS * np.arange(N_MOMENTS)
    names = [f"sheet {k}" for k in range(len(study.positions))]

    def draw(figure: Figure) -> None:
        plots.plot_wave_snapshots(study.spikes(study.recording), study.positions, moments, names=names, figure=figure)

    return Drawing(
        "snapshots",
        "A wave climbs the sheets",
        f"What has fired within {plots.waves.TRAIL_MS:g} ms, every {APART_MS:g} ms after growth; the first sheet is at "
        "the bottom. The sheet above answers the wave below within a fraction of a millisecond, in a place that "
        "depends on the place of the wave.",
        draw,
        (WIDE, 0.35 + 1.36 * len(study.positions)),
        "compressed",
    )


def _streaks(study: WaveStudy) -> Drawing:
    direct, trains = study.projections, study.spikes(study.recording)
    rows: list[tuple[str, NDArray, int]] = [("sheet 0", study.positions[0], 0)]
    rows += [(f"sheet {found.above},\nfield", found.centres, found.above) for found in direct if found.below == 0]
    length = min(STREAKS_MS, study.recording.duration_ms)

    def draw(figure: Figure) -> None:
        axes = figure.subplots(len(rows), 1, sharex=True, squeeze=False)[:, 0]
        low, high = study.positions[0][:, 0].min(), study.positions[0][:, 0].max()
        for ax, (name, places, layer) in zip(axes, rows, strict=True):
            time_ms, neuron = trains[layer]
            early = time_ms < length
            plots.plot_space_time(time_ms[early], neuron[early], places, length, ax=ax)
            ax.set(ylabel=f"{name} x", xlabel="time (ms)" if ax is axes[-1] else "", ylim=(low, high))

    return Drawing(
        "streaks",
        "Waves in space and time",
        "Spikes over time and one coordinate of the first sheet: a travelling wave is a slanted streak. For the sheets "
        "above, the coordinate is that of the centre of each unit's receptive field on the first sheet, so that the "
        "same streaks come back where the wave above follows the wave below.",
        draw,
        (WIDE, 0.6 + 1.35 * len(rows)),
    )


def _stages_of(study: WaveStudy, n: int) -> list[int]:
    """Looks to draw side by side: the first, the last and evenly spaced ones between."""
    return np.unique(np.linspace(0, len(study.looks) - 1, n).round().astype(int)).tolist()


def _unfolding(study: WaveStudy) -> Drawing:
    stages, n_rows = _stages_of(study, 6), len(study.positions) - 1

    def draw(figure: Figure) -> None:
        axes = figure.subplots(n_rows, len(stages), squeeze=False)
        for k, row in enumerate(axes[::-1]):
            lower, upper = study.positions[k], study.positions[k + 1]
            for ax, stage in zip(row, stages, strict=True):
                plots.plot_net(waves.field_centres(study.looks[stage].weights[k], lower), upper, ax=ax)
                low, high = lower.min(axis=0), lower.max(axis=0)
                ax.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))
            row[0].set_ylabel(f"sheet {k} → {k + 1}")
        for ax, stage in zip(axes[0], stages, strict=True):
            time = study.looks[stage].time_ms / 1000.0
            ax.set_title(f"{time:.1f} s", fontsize="medium", fontweight="normal", loc="center")

    return Drawing(
        "unfolding",
        "The net over growth",
        "Each dot is a unit at the centre of its receptive field on the sheet below, lines join neighbours, and colours "
        "tell their places on their own sheet. A map that is in order spreads like a smooth net. Where it is folded, "
        "lines lie over each other; without order it is a tangle.",
        draw,
        (WIDE, 0.3 + 1.85 * n_rows),
        "compressed",
    )


def _curves(study: WaveStudy) -> list[Drawing]:
    times = [look.time_ms for look in study.looks]
    texts = {
        "compactness": "How small receptive fields are beside the sheet below: 0 for a unit that listens to all of it.",
        "topography": "How well distances on the sheet below agree with distances of units. While fields are large, "
        "tiny shifts of their centres count as well: read it together with the compactness.",
    }

    def drawing(key: str, text: str) -> Drawing:
        curves = {
            found.name: [getattr(order[k], key) for order in study.orders] for k, found in enumerate(study.direct)
        }
        return Drawing(
            f"curve-{key}",
            f"{key.capitalize()} over growth",
            f"{text} All projections learn at the same time.",
            lambda figure: plots.plot_growth(times, curves, ylabel=key, ax=figure.subplots()),
            (HALF, 3.4),
        )

    return [drawing(key, text) for key, text in texts.items()]


def _stages(study: WaveStudy) -> Drawing:
    stages, n_projections = _stages_of(study, 11), len(study.positions) - 1

    def draw(figure: Figure) -> None:
        axes = figure.subplots(n_projections, 1, squeeze=False)[:, 0]
        for k, ax in enumerate(axes[::-1]):
            units = spread_units(study.positions[k + 1], N_UNITS)
            fields = np.stack([study.looks[stage].weights[k][units] for stage in stages])
            times = [round(study.looks[stage].time_ms, -2) for stage in stages]
            names = [f"unit {j}" for j in units]
            plots.plot_field_growth(fields, study.positions[k], times, names=names, ax=ax)
            ax.set_ylabel(f"sheet {k} → {k + 1}")

    height = n_projections * (N_UNITS * (WIDE - 1.2) / len(stages)) + 0.3 * n_projections
    return Drawing(
        "stages",
        "Receptive fields over growth",
        "Weights of some units from all nodes of the sheet below, each picture on a scale of its own from 0 to the "
        "largest weight. At first every unit listens to every node alike; then to the places where the wave below is "
        "whenever the unit fires.",
        draw,
        (WIDE, height),
        "compressed",
    )


def _fields(study: WaveStudy, projection: Projection) -> Drawing:
    lower, upper = study.positions[projection.below], study.positions[projection.above]
    units, columns = spread_units(upper, MOST_FIELDS), 12
    through = "" if projection.above == projection.below + 1 else " Fields across several projections are composed."
    rows = -(-len(units) // columns)
    span = np.ptp(lower, axis=0)
    return Drawing(
        f"fields-{projection.below}-{projection.above}",
        f"Receptive fields, {projection.name}",
        f"{len(units)} of {len(upper)} units, roughly where they are on their sheet. In an ordered map the bright patch "
        f"moves a little from picture to picture; by the authors' rule it jumps.{through}",
        lambda figure: plots.plot_sheet_fields(
            projection.weights, lower, units=units, n_cols=columns, ax=figure.subplots()
        ),
        (WIDE, 0.2 + rows * (WIDE / columns) * float(span[1] / span[0])),
        "compressed",
    )


def _sizes(study: WaveStudy, projection: Projection) -> Drawing:
    before = None
    if len(study.looks) > 1:
        before = waves.field_radius(study.looks[0].weights[projection.below], study.positions[projection.below])
    order = projection.order

    def draw(figure: Figure) -> None:
        plots.plot_field_sizes(projection.radii, order.sheet, before=before, ax=figure.subplots())

    return Drawing(
        f"sizes-{projection.above}",
        f"Sizes of fields, {projection.name}",
        f"Root mean square radius of the receptive fields: {order.radius:.2f} over all units, {order.sheet:.2f} for the "
        f"sheet. {100 * order.compact:.0f} % of the units are compact: below half of the sheet.",
        draw,
        (HALF, 3.4),
    )


def _coverage(study: WaveStudy, projection: Projection) -> Drawing:
    W, lower, order = projection.weights, study.positions[projection.below], projection.order
    compact = projection.radii < 0.5 * order.sheet
    counts = (W[compact] > CUT * W[compact].mean(axis=1, keepdims=True)).sum(axis=0)
    return Drawing(
        f"coverage-{projection.above}",
        f"Tiling of sheet {projection.below}",
        f"Receptive fields of compact units over each node: {order.overlap:.0f} on average, standard deviation "
        f"{100 * order.evenness:.0f} % of it. They cover {100 * order.coverage:.1f} % of the nodes; crosses mark the "
        "others.",
        lambda figure: plots.plot_coverage(counts, lower, ax=figure.subplots()),
        (HALF, 4.4),
        "compressed",
    )


def _topography(study: WaveStudy, projection: Projection) -> Drawing:
    lower, upper, order = study.positions[projection.below], study.positions[projection.above], projection.order

    def draw(figure: Figure) -> None:
        left, right = figure.subplots(1, 2)
        plots.plot_net(upper, upper, ax=left)
        left.set_title(f"Units on sheet {projection.above}")
        plots.plot_net(projection.centres, upper, sheet=lower, ax=right)
        right.set_title(f"Centres of their fields on sheet {projection.below}")

    return Drawing(
        f"topography-{projection.below}-{projection.above}",
        f"Topography, {projection.name}",
        "The same units twice, in the same colours. An ordered map keeps the order of the colours, turned or mirrored as "
        f"it may be. Correlation of distances {order.topography:.2f}, R² of an affine map {order.affine:.2f}.",
        draw,
        (8.6, 4.4),
        "compressed",
    )
