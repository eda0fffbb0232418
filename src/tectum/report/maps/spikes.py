"""Figures of the spikes: the oscillation, the latency code, the bubble, and the responses as a whole."""

import math
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.utils import _safe_indexing, check_random_state

from tectum import analysis, plots
from tectum.parts.lateral import lateral_weight, radius
from tectum.report.content import HALF, WIDE
from tectum.report.maps.study import Study
from tectum.report.maps.tips import sample_tips
from tectum.report.render import Drawing, Tips

MOST_EMBEDDED = 2000
MOST_RASTER_ROWS = 400
N_BUBBLES = 30  # samples recorded for the bubble
TRACE_MS = 0.25


def spike_figures(som: Any, study: Study) -> list[Drawing]:
    """What happens inside a presentation."""
    k = _typical_sample(study)
    sample = _safe_indexing(study.samples, [k])
    recording = som.record(sample, trace_ms=TRACE_MS)
    u, drive = recording.spikes["u"], som.currents(sample)[0]
    first = analysis.first_spike_latency(u.time_ms, u.neuron, u.presentation, u.n_neurons, 1)[0]
    return [
        _raster(recording, drive, study, k),
        _latency(drive, first),
        _first_spikes(som, study, k),
        _bubble(som, study),
        _lateral(som),
    ]


def _typical_sample(study: Study) -> int:
    """The sample whose distance to its winner's codebook row is the median of those that have a winner."""
    won = np.flatnonzero(study.winners >= 0)
    if len(won) == 0:
        return 0
    distance = np.linalg.norm(study.X[won] - study.codebook[study.winners[won]], axis=1)
    return int(won[np.argsort(distance, kind="stable")[len(won) // 2]])


def _raster(recording: Any, drive: NDArray, study: Study, k: int) -> Drawing:
    u, h, v = (recording.spikes[name] for name in "uhv")
    by_drive = np.argsort(drive, kind="stable")
    rows = by_drive[np.unique(np.linspace(0, len(drive) - 1, MOST_RASTER_ROWS).astype(int))]
    row_of = np.full(len(drive), -1)
    row_of[rows] = np.arange(len(rows))
    kept = row_of[u.neuron] >= 0
    some = f" Shown are {len(rows)} of {len(drive)} input neurons." * (len(rows) < len(drive))

    def draw(figure: Figure) -> None:
        plots.plot_oscillation_raster(
            u.time_ms[kept],
            row_of[u.neuron[kept]],
            h.time_ms,
            v.time_ms,
            v.neuron,
            n_u=len(rows),
            n_v=v.n_neurons,
            t_range=(0.0, recording.duration_ms),
            drive=drive[rows],
            inhibition=(recording.traces["time_ms"], recording.traces["y_h"]),
            figure=figure,
        )

    period = study.diagnosis.period_ms
    rhythm = "" if math.isnan(period) else f" Here a cycle takes {period:.1f} ms, {1000 / period:.0f} per second."
    return Drawing(
        "oscillation",
        "One presentation, spike by spike",
        f"Sample {k} in the trained circuit. Top: the input layer u, the strongest driven neurons at the bottom; each "
        "volley starts with them, so time carries the strength. Red lines: the inhibitory neuron fires at the end of "
        "a volley, and its inhibition (middle) holds u silent until it has faded: the oscillation. Bottom: the map v "
        f"answers each volley with a short burst, the winner first.{rhythm}{some}",
        draw,
        (WIDE, 5.2),
    )


def _latency(drive: NDArray, first: NDArray) -> Drawing:
    correlation = analysis.latency_rank_correlation(first, drive)
    return Drawing(
        "latency",
        "The latency code",
        "First spike of each input neuron after the onset of the same sample, against its input current. A falling, "
        "narrow curve means that the order of the spikes carries the input; rank correlation here "
        f"{correlation:.3f} (-1 is perfect).",
        lambda figure: plots.plot_latency(drive, first, ax=figure.subplots()),
        (HALF, 3.9),
    )


def _first_spikes(som: Any, study: Study, k: int) -> Drawing:
    grid = study.latency[k].reshape(som.grid_)
    return Drawing(
        "first-spikes",
        "The wave from the winner",
        "When each neuron of the map first fired for the same sample, ringed the winner. Early neurons (bright) "
        "should form one patch; pale neurons were kept silent by the lateral inhibition.",
        lambda figure: plots.plot_first_spike_map(grid, topology=som.grid_.topology, ax=figure.subplots()),
        (HALF, 4.4),
        "compressed",
    )


def _bubble(som: Any, study: Study) -> Drawing:
    some = np.unique(np.linspace(0, len(study.X) - 1, N_BUBBLES).astype(int))
    v = som.record(_safe_indexing(study.samples, some)).spikes["v"]
    profile = analysis.bubble_profile(v.time_ms, v.neuron, analysis.volleys(v.time_ms, v.presentation), som.grid_)
    known = np.isfinite(profile["probability"])
    values = [profile[name][known] for name in ("distance", "probability", "extra_latency_ms")]
    return Drawing(
        "bubble",
        "The bubble of activity",
        f"Who fires with the winner, over all cycles of {len(some)} samples: bars give the share of neurons at a "
        "distance that fire in a cycle, the line how much later. The bars should fall within a few neurons and the "
        "line rise: neighbours learn with the winner, the rest stays silent.",
        lambda figure: plots.plot_bubble(*values, ax=figure.subplots()),
        (HALF, 3.9),
    )


def _lateral(som: Any) -> Drawing:
    chosen = som.chosen_parts()
    distance = np.linspace(0.0, max(som.grid_) - 1.0, 200)
    radii = dict.fromkeys((float(radius(chosen.radius, 0.0)), float(som.radius_)))
    profiles = np.array([[lateral_weight(chosen.lateral, d, X) for d in distance.tolist()] for X in radii])
    names = ["at the start", "now"] if len(radii) == 2 else ["always"]

    def draw(figure: Figure) -> None:
        ax = figure.subplots()
        labels = [f"{name}: radius {X:.1f}" for name, X in zip(names, radii, strict=True)]
        plots.plot_lateral_profile(distance, profiles / profiles[:, :1], labels=labels, ax=ax)
        ax.set_ylabel("lateral weight, share of its peak")

    return Drawing(
        "lateral",
        "The wiring behind the bubble",
        "Weight between two neurons of the map against their distance: excitation above zero, inhibition below. A wide "
        "profile orders the map as a whole, a narrow one lets neighbours specialise.",
        draw,
        (HALF, 3.9),
    )


def response_figures(som: Any, study: Study, random_state: int | None) -> list[Drawing]:
    """Inputs and responses in the plane; none for fewer than five samples."""
    if len(study.X) < 5:
        return []
    chosen = np.sort(check_random_state(random_state).permutation(len(study.X))[:MOST_EMBEDDED])
    if study.labels is None:
        colours = np.where(study.winners >= 0, study.clusters[study.winners], -1)[chosen]
        names = [f"region {k}" for k in range(study.clusters.max() + 1)]
        colouring = "coloured by the region of the map in which its winner lies"
    else:
        colours, names, colouring = study.labels[chosen], study.target_names, "coloured by class"
    few = f" Shown are {len(chosen)} samples drawn at random." * (len(chosen) < study.n_given)
    responses = som.transform(_safe_indexing(study.samples, chosen))

    def drawing(key: str, title: str, caption: str, points: NDArray) -> Drawing:
        views = (
            (analysis.project_pca(points), "PCA", ("component 1", "component 2")),
            (analysis.project_tsne(points, random_state=random_state), "t-SNE", ("dimension 1", "dimension 2")),
        )

        def draw(figure: Figure) -> None:
            axes = figure.subplots(1, 2)
            for ax, (coords, view, axis_names) in zip(axes, views, strict=True):
                plots.plot_embedding(
                    coords, labels=colours, target_names=names, title=view, axis_names=axis_names, ax=ax
                )
            if axes[0].get_legend() is not None:
                axes[0].get_legend().remove()

        def tips(figure: Figure) -> list[Tips]:
            return [sample_tips(study, chosen, view[0], ax) for ax, view in zip(figure.axes, views, strict=False)]

        return Drawing(key, title, caption, draw, (WIDE, 4.3), tips=tips)

    return [
        drawing(
            "inputs",
            "The inputs in the plane",
            f"Each dot is a sample, {colouring}; features scaled to [0, 1]. PCA keeps large distances; t-SNE keeps "
            "neighbourhoods, while its distances between groups and sizes of groups mean nothing. Point at a dot to "
            f"see which sample it is.{few}",
            study.X[chosen],
        ),
        drawing(
            "responses",
            "The responses of the map in the plane",
            f"The same samples, placed by the response of the whole map to each, {colouring}. Groups that are tighter "
            "and farther apart than in the figure above are easier to tell apart for what comes after the map.",
            responses,
        ),
    ]
