"""Figures of the map: how it unfolded, how it lies in the data, what its neurons stand for."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from tectum import analysis, plots
from tectum.parts import PlaneStart, SampleStart
from tectum.plots.layout import legend_above
from tectum.plots.style import ink
from tectum.report.content import HALF, WIDE, on_grid
from tectum.report.maps.study import Study
from tectum.report.maps.tips import neuron_tips
from tectum.report.numbers import KOHONEN, MAP, UNTRAINED
from tectum.report.render import Drawing

MOST_PLANES = 12
MOST_CURVE_SAMPLES = 1000  # samples on which every snapshot is measured
ImageShape = tuple[int, int] | tuple[int, int, int]


class Plane:
    """The plane in which the lattice is drawn: the two features themselves, else two principal components."""

    def __init__(self, study: Study) -> None:
        self._study = study
        self._middle = study.X.mean(axis=0)
        _, values, self._axes = np.linalg.svd(study.X - self._middle, full_matrices=False)
        share = values**2 / max(float((values**2).sum()), 1e-12)
        self.is_features = study.X.shape[1] == 2
        names = [f"component {k + 1} ({100 * part:.0f} % of variance)" for k, part in enumerate(share[:2])]
        self.names = study.feature_names if self.is_features else [*names, "no second component"][:2]

    def project(self, scaled: NDArray[np.float64]) -> NDArray[np.float64]:
        """Points (..., 2) for points (..., n_features) with features scaled as in the study."""
        if self.is_features:
            return self._study.low + scaled * self._study.span
        points = (scaled - self._middle) @ self._axes[:2].T
        return np.concatenate([points, np.zeros((*points.shape[:-1], 2 - points.shape[-1]))], axis=-1)

    @property
    def sentence(self) -> str:
        """What the axes are, for captions."""
        if self.is_features:
            return "The axes are the two features."
        return "The axes are the first two principal components of the data, features scaled to [0, 1]."


def learning_figures(som: Any, study: Study) -> list[Drawing]:
    """Unfolding and quality over training; none for a map without snapshots."""
    if len(som.snapshots_) < 2:
        return []
    plane = Plane(study)
    scaled = (som.snapshots_.astype(np.float64) - study.low) / study.span
    points, samples = plane.project(scaled), plane.project(study.X)
    short = [name.split(" (")[0] for name in plane.names]

    def unfolding(figure: Figure) -> None:
        axes = plots.plot_unfolding(
            points,
            som.grid_,
            som.snapshot_presentations_,
            data=samples,
            feature_names=short,
            topology=som.grid_.topology,
            figure=figure,
        )
        for ax in axes:  # the random map of the start may reach far beyond the samples
            ax.set(**_limits(np.concatenate([samples, points[-1]])))

    return [
        Drawing(
            "unfolding",
            "The map unfolds",
            "Each panel is the map at one moment of training: a dot per neuron at what it prefers, lines between "
            f"neighbours, samples in grey. {_begins(som.chosen_parts().start)} and then spread over the data; lines "
            f"that cross are folds, or a net that bends out of this plane. {plane.sentence}",
            unfolding,
            (WIDE, 1.1 + 1.6 * _proportion(samples)),
        ),
        _quality(som, study, scaled),
    ]


def _begins(start: Any) -> str:
    """What the first net looks like, and what becomes of it."""
    if isinstance(start, PlaneStart):
        return "The net begins flat, on the plane of the two widest directions of the data. It should draw together"
    if isinstance(start, SampleStart):
        return "Each neuron begins at a sample drawn at random, so the first net is a tangle. It should draw together"
    return "Random weights at the start mean nothing, so the first net is a tangle. It should contract to a knot"


def _limits(points: NDArray[np.float64]) -> dict[str, tuple[float, float]]:
    """Limits of axes around all points (n, 2), with a margin."""
    low, high = np.nanmin(points, axis=0), np.nanmax(points, axis=0)
    margin = 0.06 * (high - low) + 1e-9
    return {"xlim": (low[0] - margin[0], high[0] + margin[0]), "ylim": (low[1] - margin[1], high[1] + margin[1])}


def _proportion(points: NDArray[np.float64]) -> float:
    """Height of a plot of points (n, 2) as a share of its width, between 0.5 and 1; 1 for units that differ."""
    width, height = np.ptp(points, axis=0)
    return float(np.clip(height / width, 0.5, 1.0)) if width < 5 * height else 1.0


def _quality(som: Any, study: Study, snapshots: NDArray[np.float64]) -> Drawing:
    X = study.X[np.unique(np.linspace(0, len(study.X) - 1, MOST_CURVE_SAMPLES).astype(int))]
    curves = {
        "quantization_error": [analysis.quantization_error(X, codebook) for codebook in snapshots],
        "topographic_error": [
            analysis.topographic_error(analysis.best_matching_units(X, codebook), som.grid_) for codebook in snapshots
        ],
    }
    finals = {measure.key: measure.values for measure in study.measures}
    course = "Both should fall and settle."
    if curves["topographic_error"][0] < max(curves["topographic_error"]) / 2:
        course = (
            "The left one should fall. The right one rises while the flat net bends into the data, and should settle."
        )

    def draw(figure: Figure) -> None:
        for ax, (name, curve) in zip(figure.subplots(1, 2), curves.items(), strict=True):
            plots.plot_quality_curve(som.snapshot_presentations_, {name: curve}, ax=ax)
            for method, value in finals[name].items():
                if method not in (MAP, UNTRAINED):
                    dash = "--" if method == KOHONEN else ":"
                    ax.axhline(value, color=ink(0.6), linestyle=dash, linewidth=1.1, label=f"{method}, trained")
            if len(finals[name]) > 1:
                legend_above(ax)

    return Drawing(
        "quality",
        "Quality over training",
        "Left: mean distance from a sample to the nearest codebook row. Right: share of samples whose two nearest "
        f"rows belong to neurons that are not neighbours. {course} A rise at the end means that the radius ends too "
        "small or too early. Grey lines are the trained baselines.",
        draw,
        (WIDE, 2.9),
    )


def map_figures(som: Any, study: Study, image_shape: ImageShape | None) -> list[Drawing]:
    """The trained map in input space and on its grid."""
    drawings = [_lattice(som, study), _u_matrix(som, study), _hits(som, study)]
    last = _planes(som, study) if image_shape is None else _images(som, image_shape)
    return [*drawings, *_label_map(som, study), _clusters(som, study), last]


def _lattice(som: Any, study: Study) -> Drawing:
    plane = Plane(study)
    nodes, samples = plane.project(study.codebook), plane.project(study.X)

    def draw(figure: Figure) -> None:
        names, topology = plane.names, som.grid_.topology
        plots.plot_lattice(nodes, som.grid_, data=samples, feature_names=names, topology=topology, ax=figure.subplots())

    caption = (
        "The trained map among the samples (grey): a dot per neuron, lines between neighbours. Where the net is dense, "
        f"many neurons share few inputs; where lines cross, the map is folded. {plane.sentence}"
    )
    height = 0.6 + 3.9 * _proportion(samples)
    return Drawing("lattice", "The map in the space of the data", caption, draw, (HALF, height))


def _u_matrix(som: Any, study: Study) -> Drawing:
    u = analysis.u_matrix(study.codebook, som.grid_)
    return on_grid(
        "u-matrix",
        "U-matrix",
        "How far each neuron's codebook row lies from those of its neighbours, features scaled to [0, 1]. Dark "
        "valleys are groups of similar inputs, bright ridges the borders between them.",
        lambda ax: plots.plot_u_matrix(u, topology=som.grid_.topology, ax=ax),
        lambda ax: neuron_tips(som, study, ax),
    )


def _hits(som: Any, study: Study) -> Drawing:
    hits = analysis.hit_map(study.winners, som.grid_)
    return on_grid(
        "hits",
        "Who wins",
        f"Number of samples for which each neuron fired first. {np.count_nonzero(hits)} of {hits.size} neurons won a "
        "sample; pale ones won none, which is normal where the map bridges a gap in the data. Point at one to see what "
        "it won.",
        lambda ax: plots.plot_hit_map(hits, topology=som.grid_.topology, ax=ax),
        lambda ax: neuron_tips(som, study, ax),
    )


def _label_map(som: Any, study: Study) -> list[Drawing]:
    if study.labels is None or (study.winners < 0).all():
        return []
    labels = analysis.label_units(study.winners, study.labels, som.grid_).reshape(som.grid_)
    hits = analysis.hit_map(study.winners, som.grid_)
    caption = (
        "Most frequent class among the samples each neuron won; large squares won many. Pale neurons won none and "
        "take the class of the nearest that did. Classes were never shown to the map: compact regions mean that it "
        "found them by itself."
    )
    drawing = on_grid(
        "labels",
        "Label map",
        caption,
        lambda ax: plots.plot_label_map(
            labels, target_names=study.target_names, hits=hits, topology=som.grid_.topology, ax=ax
        ),
        lambda ax: neuron_tips(som, study, ax),
    )
    return [drawing]


def _clusters(som: Any, study: Study) -> Drawing:
    n = len(np.unique(study.clusters[study.clusters >= 0]))
    chosen = "the number with the clearest separation (silhouette)" if study.labels is None else "as many as classes"
    scores = {measure.key: measure.values[MAP] for measure in study.measures}
    agreement = ""
    if study.labels is not None:
        agreement = f" Agreement with the classes: ARI {scores['ari']:.2f}, AMI {scores['ami']:.2f}."
    return on_grid(
        "clusters",
        "Regions of the map",
        f"Neurons joined to {n} connected regions of similar codebook rows by Ward's method, {chosen}.{agreement}",
        lambda ax: plots.plot_clusters(study.clusters.reshape(som.grid_), topology=som.grid_.topology, ax=ax),
        lambda ax: neuron_tips(som, study, ax),
    )


def _planes(som: Any, study: Study) -> Drawing:
    spread = np.nan_to_num(np.nanstd(study.codebook, axis=0))
    shown = np.sort(np.argsort(-spread, kind="stable")[:MOST_PLANES])
    planes = analysis.component_planes(som.codebook_, som.grid_)[shown]
    names = [study.feature_names[k] for k in shown]
    some = f" Shown are the {MOST_PLANES} of {len(spread)} features that vary most." * (len(spread) > MOST_PLANES)
    return Drawing(
        "planes",
        "Component planes",
        "The map once per feature: the value of the feature that each neuron prefers, in its own units and on its own "
        f"scale. Features with the same pattern go together; a feature without a pattern plays no part.{some}",
        lambda figure: plots.plot_component_planes(
            planes, feature_names=names, topology=som.grid_.topology, figure=figure
        ),
        (WIDE * min(1.0, len(shown) / 4), 0.4 + 2.5 * -(-len(shown) // 4)),
        "compressed",
    )


def _images(som: Any, image_shape: ImageShape) -> Drawing:
    return Drawing(
        "images",
        "What each neuron prefers",
        "The codebook row of each neuron as an image, at the neuron's place. Neighbours should look alike, and one "
        "kind of image should change into the next without jumps.",
        lambda figure: plots.plot_codebook_images(som.codebook_, som.grid_, image_shape, ax=figure.subplots()),
        (WIDE, 8.6),
        "compressed",
    )
