"""Figures of a network of sheets: its waves, its growth, receptive fields, tiling and topography."""

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from tectum import analysis, plots
from tectum.analysis import waves
from tectum.report.content import HALF, WIDE, Film
from tectum.report.render import Drawing
from tectum.report.waves.film import growth_film, spread_units
from tectum.report.waves.study import Projection, WaveStudy

N_MOMENTS, APART_MS = 8, 4.0  # snapshots
STREAKS_MS = 250.0  # of the waves in space and time
N_NETS, N_STAGES, N_UNITS, SIDE = 5, 8, 3, 5
COARSE = 90  # pixels per inch of many small pictures
CUT = analysis.receptive_fields.CUT / 2.5  # of the mean weight of a unit, above which a node belongs to its field


def wave_figures(study: WaveStudy) -> list[Drawing | Film]:
    """What fires where and when."""
    return [_snapshots(study), _streaks(study)]


def growth_figures(study: WaveStudy) -> list[Drawing | Film]:
    """How fields and maps come about; only the end without a history."""
    film = growth_film(study)
    if film is None:
        return []
    return [film, _unfolding(study), _curves(study)]


def field_figures(study: WaveStudy) -> list[Drawing | Film]:
    """Receptive fields of the grown network."""
    stages = [_stages(study)] if len(study.snapshots) > 1 else []
    return [*stages, _fields(study), _sizes(study)]


def order_figures(study: WaveStudy) -> list[Drawing | Film]:
    """How fields tile the sheet below, and in which order."""
    far = [_composed(study)] if len(study.projections) > len(study.direct) else []
    return [_order(study), *far]


def _quiet_start(study: WaveStudy) -> float:
    """A moment within the first half of the recording from which the first sheet is most active."""
    counts = waves.spikes_per_frame(study.spikes(study.recording)[0][0], study.recording.duration_ms)
    length = round(N_MOMENTS * APART_MS / waves.FRAME_MS)
    within = np.convolve(np.minimum(counts, np.median(counts[counts > 0]) if counts.any() else 1), np.ones(length))
    last = len(counts) // 2
    return float(round(within[length - 1 : length - 1 + last].argmax() * waves.FRAME_MS))


def _snapshots(study: WaveStudy) -> Drawing:
    moments = _quiet_start(study) + APART_MS * np.arange(N_MOMENTS)
    names = [f"sheet {k}" for k in range(len(study.positions))]

    def draw(figure: Figure) -> None:
        spikes = study.spikes(study.recording)
        plots.plot_wave_snapshots(spikes, study.positions, moments, names=names, silent=False, figure=figure)

    return Drawing(
        "snapshots",
        "A wave climbs the sheets",
        f"What has fired within {plots.waves.TRAIL_MS:g} ms, every {APART_MS:g} ms after growth; the first sheet is at "
        "the bottom. The sheet above answers the wave below within a fraction of a millisecond, in a place that "
        "depends on the place of the wave.",
        draw,
        (WIDE, 0.35 + 1.36 * len(study.positions)),
        "compressed",
        COARSE,
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
    return np.unique(np.linspace(0, len(study.snapshots) - 1, n).round().astype(int)).tolist()


def _unfolding(study: WaveStudy) -> Drawing:
    stages, n_rows = _stages_of(study, N_NETS), len(study.positions) - 1

    def draw(figure: Figure) -> None:
        axes = figure.subplots(n_rows, len(stages), squeeze=False)
        for k, row in enumerate(axes[::-1]):
            lower, upper = study.positions[k], study.positions[k + 1]
            for ax, stage in zip(row, stages, strict=True):
                plots.plot_net(
                    analysis.field_centres(study.snapshots[stage].weights[k], lower), upper, sheet=lower, ax=ax
                )
            row[0].set_ylabel(f"sheet {k} → {k + 1}")
        for ax, stage in zip(axes[0], stages, strict=True):
            time = study.snapshots[stage].time_ms / 1000.0
            ax.set_title(f"{time:.1f} s", fontsize="medium", fontweight="normal", loc="center")

    return Drawing(
        "unfolding",
        "The net over growth",
        "Each dot is a unit at the centre of its receptive field on the sheet below; lines join neighbours, and "
        "colours show the units' places on their own sheet. An ordered map spreads like a smooth net. Where it is "
        "folded, lines lie over each other; without order it is a tangle.",
        draw,
        (WIDE, 0.3 + 1.85 * n_rows),
        "compressed",
        COARSE,
    )


def _curves(study: WaveStudy) -> Drawing:
    times = [snapshot.time_ms for snapshot in study.snapshots]
    measures = ("compactness", "topography")

    def draw(figure: Figure) -> None:
        for ax, measure in zip(figure.subplots(1, 2), measures, strict=True):
            curves = {
                found.name: [getattr(order[k], measure) for order in study.orders]
                for k, found in enumerate(study.direct)
            }
            plots.plot_growth(times, curves, ylabel=measure, ax=ax)

    return Drawing(
        "curves",
        "Compactness and topography over growth",
        "Left: how small receptive fields are beside the sheet below, 0 for a unit that listens to all of it. Right: "
        "how well distances of fields agree with distances of their units. While fields are large, tiny shifts of "
        "their centres count as well, so read both together. All projections learn at the same time.",
        draw,
        (WIDE, 3.3),
    )


def _stages(study: WaveStudy) -> Drawing:
    stages, n_projections = _stages_of(study, N_STAGES), len(study.positions) - 1

    def draw(figure: Figure) -> None:
        axes = figure.subplots(n_projections, 1, squeeze=False)[:, 0]
        for k, ax in enumerate(axes[::-1]):
            units = spread_units(study.positions[k + 1], N_UNITS)[:: N_UNITS + 1]  # a diagonal
            fields = np.stack([study.snapshots[stage].weights[k][units] for stage in stages])
            times = [round(study.snapshots[stage].time_ms, -2) for stage in stages]
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


def _fields(study: WaveStudy) -> Drawing:
    shown = study.projections
    columns = max(3, min(4, len(shown)))
    rows = -(-len(shown) // columns)
    through = "" if len(shown) == len(study.direct) else " Across several projections fields are composed."

    def draw(figure: Figure) -> None:
        axes = figure.subplots(rows, columns, squeeze=False).ravel()
        for ax, found in zip(axes, shown, strict=False):
            units = spread_units(study.positions[found.above], SIDE)
            lower = study.positions[found.below]
            plots.plot_sheet_fields(found.weights, lower, units=units, n_cols=SIDE, ax=ax)
            ax.set_title(found.name, fontweight="normal")
        for ax in axes[len(shown) :]:
            ax.remove()

    return Drawing(
        "fields",
        "Receptive fields, arranged as their units are",
        "Fields of units all over the sheet above, in the places of these units, each on a scale of its own. In an "
        "ordered map the bright patch moves a little from picture to picture; by the authors' rule it jumps." + through,
        draw,
        (WIDE if len(shown) > 1 else HALF, 0.3 + rows * WIDE / columns),
        "compressed",
    )


def _sizes(study: WaveStudy) -> Drawing:
    direct = study.direct
    measured = "; ".join(
        f"{found.name}: radius {found.order.radius:.2f} over all units, {found.order.sheet:.2f} for the sheet, "
        f"{100 * found.order.compact:.0f} % compact"
        for found in direct
    )

    def draw(figure: Figure) -> None:
        for ax, found in zip(figure.subplots(1, max(2, len(direct))), direct, strict=False):
            before = None
            if len(study.snapshots) > 1:
                lower = study.positions[found.below]
                before = analysis.field_radius(study.snapshots[0].weights[found.below], lower)
            plots.plot_field_sizes(found.radii, found.order.sheet, before=before, ax=ax)
            ax.set_xlabel(f"radius of the receptive field, {found.name}")
        for ax in figure.axes[len(direct) :]:
            ax.remove()

    return Drawing(
        "sizes",
        "Sizes of receptive fields",
        f"Root mean square radii. {measured}: below half of the sheet.",
        draw,
        (WIDE, 3.3),
    )


def _order(study: WaveStudy) -> Drawing:
    direct = study.direct
    measured = [
        f"{found.name}: correlation of distances {found.order.topography:.2f}, R² of an affine map "
        f"{found.order.affine:.2f}; {found.order.overlap:.0f} fields over a node, standard deviation "
        f"{100 * found.order.evenness:.0f} % of it, {100 * found.order.coverage:.1f} % covered."
        for found in direct
    ]

    def draw(figure: Figure) -> None:
        for row, found in zip(figure.subplots(len(direct), 3, squeeze=False), direct, strict=True):
            lower, upper = study.positions[found.below], study.positions[found.above]
            plots.plot_net(upper, upper, sheet=upper, neighbours=[], ax=row[0])
            row[0].set_title(f"units of sheet {found.above}", fontweight="normal")
            plots.plot_net(found.centres, upper, sheet=lower, ax=row[1])
            row[1].set_title(f"their fields on sheet {found.below}", fontweight="normal")
            plots.plot_coverage(_covering(found), lower, ax=row[2])
            row[2].set_title(f"tiling of sheet {found.below}", fontweight="normal")

    return Drawing(
        "order",
        "Where units are, where they look, what they cover",
        "Left and middle: the same units in the same colours, at their own places and at the centres of their "
        "receptive fields. An ordered map keeps the order of the colours, turned or mirrored as it may be. Right: how "
        "many fields of compact units cover each node; crosses mark nodes without any. " + " ".join(measured),
        draw,
        (WIDE, 3.5 * len(direct)),
        "compressed",
    )


def _covering(projection: Projection) -> NDArray[np.int64]:
    """Number of receptive fields of compact units over each node."""
    W = projection.weights[projection.radii < 0.5 * projection.order.sheet]
    return np.asarray((CUT * W.mean(axis=1, keepdims=True) < W).sum(axis=0), dtype=np.int64)


def _composed(study: WaveStudy) -> Drawing:
    far = [found for found in study.projections if found.above > found.below + 1]

    def draw(figure: Figure) -> None:
        axes = figure.subplots(1, max(3, len(far)))
        for ax, found in zip(axes, far, strict=False):
            upper = study.positions[found.above]
            plots.plot_net(found.centres, upper, sheet=study.positions[0], ax=ax)
            ax.set_title(f"fields of sheet {found.above} on sheet 0", fontweight="normal")
        for ax in axes[len(far) :]:
            ax.remove()

    measured = ", ".join(f"{found.name} {found.order.topography:.2f}" for found in far)
    return Drawing(
        "composed",
        "Through the whole stack",
        f"Receptive fields composed down to the first sheet. Correlation of distances: {measured}. Fields widen with "
        "every sheet, as each pools the pools below; order survives only where every step has kept it.",
        draw,
        (WIDE if len(far) > 1 else HALF, 3.7),
        "compressed",
    )
