"""Figures of a hierarchy that learned a stream: the stream at a glance, the map, frames in the plane."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from tectum import analysis, plots
from tectum.plots.layout import ELONGATED, shorten
from tectum.plots.style import accent, ink
from tectum.report.content import HALF, WIDE, on_grid
from tectum.report.numbers import MAP
from tectum.report.render import Drawing
from tectum.report.streams.study import N_REGIONS, MapStudy, Plane, StreamStudy

PHOTOGRAPHS = 150  # pixels per inch of drawings with photographs
DOTS = 130  # of drawings with thousands of dots
MOST_CROPPED = 0.7  # share of the rows of a map up to which the empty ones below are left out
N_TYPICAL = 8  # frames that stand for a region
IN_A_ROW = 12  # neurons in use, where the grid is not drawn
LEAST_FULL = 0.5  # share of its neurons in use from which a grid is drawn


def clip_name(name: str) -> str:
    """A name of a clip without its suffix, short enough for a legend."""
    return shorten(name.rsplit(".", 1)[0], 18)


def regions_in_time(m: MapStudy) -> NDArray[np.intp]:
    """Regions of the neurons, numbered by the first frame that falls into each."""
    met = m.region_of(m.winners)
    first = [np.flatnonzero(met == k)[0] if (met == k).any() else len(met) for k in range(m.regions.max() + 1)]
    rank = np.empty(len(first) + 1, np.intp)
    rank[np.argsort(first, kind="stable")] = np.arange(len(first))
    rank[-1] = -1
    return rank[m.regions]


def rows_in_use(m: MapStudy) -> int:
    """Rows of a map down to the last neuron that won a frame, all of them where hardly any are empty."""
    used = np.flatnonzero(np.isfinite(m.codebook[:, 0]))
    last = int(used.max()) // m.shape[1] + 1 if len(used) else m.shape[0]
    last = max(last, -(-m.shape[1] // ELONGATED))  # plots stretch what is longer
    return last if last <= MOST_CROPPED * m.shape[0] else m.shape[0]


def glance_figures(study: StreamStudy) -> list[Drawing]:
    """The stream over time, and the frames of each region."""
    return [_timeline(study), *_groups(study)]


def _timeline(study: StreamStudy) -> Drawing:
    frames, eye = study.frames, study.eye
    pictures = frames.thumbnails
    used = np.unique(eye.winners[eye.winners >= 0])
    row = np.full(eye.shape[0] * eye.shape[1], -1)
    row[used] = np.arange(len(used))
    won = np.where(eye.winners >= 0, row[eye.winners], -1)
    when = [np.median(frames.time_s[won == k]) for k in range(len(used))]
    order = np.argsort(when, kind="stable")
    names = [clip_name(name) for name in study.names]
    bands = {f"regions of {m.name}": regions_in_time(m)[m.winners] for m in study.maps}
    for (name, band), m in zip(bands.items(), study.maps, strict=True):
        bands[name] = np.where(m.winners >= 0, band, -1)
    if study.labels is not None:
        bands = {"clips": study.labels} | bands
    heights = [0.75] * (pictures is not None) + [2.6, 0.24 * len(bands) + 0.1]

    def draw(figure: Figure) -> None:
        axes = list(figure.subplots(len(heights), 1, height_ratios=heights))
        if pictures is not None:
            width = WIDE - 1.3 - 1.5 * (study.labels is not None)
            zoom = 72.0 * width / 11 / pictures.shape[2] * 0.97
            plots.plot_frame_strip(frames.time_s, pictures, n=11, zoom=zoom, ax=axes[0])
            axes[0].set_xlim(frames.time_s[0], frames.time_s[-1])
        plots.plot_winner_time_line(
            frames.time_s, won, n_units=len(used), scenes=study.labels, scene_names=names, order=order, ax=axes[-2]
        )
        axes[-2].set(xlabel="", ylabel=f"winner of {eye.name}")
        axes[-2].tick_params(labelbottom=False)
        own = [None if name == "clips" else plots.ordered_colours(band.max() + 1) for name, band in bands.items()]
        plots.plot_group_bands(frames.time_s, list(bands.values()), names=list(bands), colours=own, ax=axes[-1])
        for ax in axes:
            ax.set_xlim(axes[-1].get_xlim())

    labelled = "Shaded are the clips, which the maps never knew. " * (study.labels is not None)
    every = "" if study.diary.every == 1 else f"Every {_ordinal(study.diary.every)} frame. "
    return Drawing(
        "timeline",
        "The stream, frame by frame",
        f"Each dot is a frame, at the neuron of map {eye.name} that wins it after learning; neurons are sorted by when "
        f"they respond. A staircase means that each stretch of it has its own neurons. {labelled}{every}Below: the "
        "region of each map in which the winner lies, coloured by first appearance. A region that comes back later is "
        "a returning scene, or a mistake: the pictures show which.",
        draw,
        (WIDE, sum(heights) + 0.75),
        pixels_per_inch=PHOTOGRAPHS if pictures is not None else None,
        photographs=pictures is not None,
    )


def _ordinal(n: int) -> str:
    return {2: "second", 3: "third"}.get(n, f"{n}th")


def _groups(study: StreamStudy) -> list[Drawing]:
    pictures = study.frames.thumbnails
    if pictures is None:
        return []
    eye, regions = study.eye, regions_in_time(study.eye)
    region = np.where(eye.winners >= 0, regions[eye.winners], -1)
    distance = _own_distances(study)
    groups, names = [], []
    for k in range(regions.max() + 1):
        members = np.flatnonzero(region == k)
        if len(members) == 0:
            continue
        groups.append(_spread(members, distance))
        names.append(f"region {k + 1}: {100 * len(members) / len(region):.0f} %")
    aspect = pictures.shape[1] / pictures.shape[2]
    shades = plots.ordered_colours(regions.max() + 1)
    own = [shades[k] for k in range(regions.max() + 1) if (region == k).any()]
    return [
        Drawing(
            "regions-frames",
            "What the regions stand for",
            f"Neurons of map {eye.name} joined to at most {N_REGIONS} regions by Ward's method on their weights alone, "
            "each as heavy as the frames that it wins, with the share of frames of each. Pictures are spread over "
            "the time of a region, each the one nearest to the weights of its winner in its stretch. A row that looks "
            "like one kind of scene is a good cluster; two rows that look alike are one scene cut in two.",
            lambda figure: plots.plot_frame_groups(
                pictures, groups, names=names, most=N_TYPICAL, colours=own, ax=figure.subplots()
            ),
            (WIDE, 0.3 + len(groups) * (WIDE - 1.4) / N_TYPICAL * aspect),
            "compressed",
            PHOTOGRAPHS,
            photographs=True,
        )
    ]


def _own_distances(study: StreamStudy) -> NDArray[np.float64]:
    """Distance of the code of each frame to the weights of its winner, 1 for none."""
    own = np.ones(len(study.codes))
    won = study.eye.winners >= 0
    own[won] = 1.0 - np.einsum("ij,ij->i", study.codes[won], study.eye.codebook[study.eye.winners[won]])
    return own


def _spread(members: NDArray[np.intp], distance: NDArray[np.float64]) -> NDArray[np.intp]:
    """The nearest frame of each of some equal stretches of the members."""
    stretches = np.array_split(members, min(N_TYPICAL, len(members)))
    return np.array([stretch[distance[stretch].argmin()] for stretch in stretches])


def map_figures(study: StreamStudy) -> list[Drawing]:
    """The eye of the hierarchy: on its grid, if that is not mostly empty, or neuron by neuron."""
    eye, rows = study.eye, rows_in_use(study.eye)
    regions = regions_in_time(eye)
    cuts = [] if study.labels is None else [_cuts(study)]
    if _share_in_use(eye) < LEAST_FULL:
        return [*_contact_sheet(study, regions), *cuts]
    hits = analysis.hit_map(eye.winners, eye.shape)
    u = analysis.u_matrix(eye.codebook, eye.shape)
    drawings = [
        *_frame_map(study, regions),
        on_grid(
            "u-matrix",
            "U-matrix",
            "How far the weights of each neuron, scaled to length 1, lie from those of its neighbours. Dark "
            "valleys are groups of similar scenes, bright ridges the borders; hatched neurons never won a frame.",
            lambda ax: plots.plot_u_matrix(u[:rows], topology=eye.shape.topology, ax=ax),
        ),
        on_grid(
            "hits",
            "Who wins",
            f"Frames that each neuron won; {np.count_nonzero(hits)} of {hits.size} won any. Hatched ones are left for "
            "what is still to come: a neuron is recruited when no other answers.",
            lambda ax: plots.plot_hit_map(hits[:rows], label="frames won", topology=eye.shape.topology, ax=ax),
        ),
    ]
    if study.labels is not None:
        known = analysis.label_units(eye.winners, study.labels, eye.shape)
        known = np.where(np.isfinite(eye.codebook[:, 0]), known, -1).reshape(eye.shape)
        names = [clip_name(name) for name in study.names]
        drawings.append(
            on_grid(
                "labels",
                "Clips on the map",
                "The clip that most frames of each neuron come from; large squares won many. Clips were never shown to "
                "the map: compact patches of one colour mean that it found them by itself.",
                lambda ax: plots.plot_label_map(
                    known[:rows], target_names=names, hits=hits[:rows], topology=eye.shape.topology, ax=ax
                ),
            )
        )
    return [*drawings, *cuts]


def _share_in_use(eye: MapStudy) -> float:
    """Share of the neurons that have won a frame, in the rows that are drawn."""
    rows = rows_in_use(eye)
    return float(np.isfinite(eye.codebook[: rows * eye.shape[1], 0]).mean())


def _typical_frames(study: StreamStudy) -> NDArray[np.intp]:
    """By neuron the frame nearest to its weights of those that it won, -1 for none."""
    eye, distance = study.eye, _own_distances(study)
    best = np.full(len(eye.codebook), -1)
    for j in np.unique(eye.winners[eye.winners >= 0]):
        members = np.flatnonzero(eye.winners == j)
        best[j] = members[distance[members].argmin()]
    return best


def _contact_sheet(study: StreamStudy, regions: NDArray[np.intp]) -> list[Drawing]:
    """The neurons in use, in the order of their first frames."""
    pictures, eye = study.frames.thumbnails, study.eye
    used, first = np.unique(eye.winners[eye.winners >= 0], return_index=True)
    if pictures is None or not len(used):
        return []
    order = used[np.argsort(first, kind="stable")]
    columns = min(IN_A_ROW, len(order))
    rows = -(-len(order) // columns)
    best, group = np.full((2, rows * columns), -1)
    best[: len(order)], group[: len(order)] = _typical_frames(study)[order], regions[order]
    height = 0.5 + (WIDE - 0.6) * rows / columns * pictures.shape[1] / pictures.shape[2]

    def draw(figure: Figure) -> None:
        own = plots.ordered_colours(regions.max() + 1)
        ax = plots.plot_frame_map(pictures, best, (rows, columns), regions=group, colours=own, ax=figure.subplots())
        ax.set_axis_off()  # these are no places on the map

    return [
        Drawing(
            "frames",
            "The neurons in use",
            f"{len(order)} of {len(eye.codebook)} neurons of map {eye.name} have won a frame, so that its grid would "
            "show mostly nothing. Here they stand in the order in which they came, each as the frame nearest to its "
            "weights of those that it won; borders are the regions.",
            draw,
            (WIDE, height),
            "compressed",
            PHOTOGRAPHS,
            photographs=True,
        )
    ]


def _frame_map(study: StreamStudy, regions: NDArray[np.intp]) -> list[Drawing]:
    pictures, eye = study.frames.thumbnails, study.eye
    if pictures is None:
        return []
    best = _typical_frames(study)
    rows, columns = rows_in_use(eye), eye.shape[1]
    shown = (rows, columns)
    cut = "" if rows == eye.shape[0] else f" Rows from {rows} on are all empty and left out, here and below."
    height = 0.5 + (WIDE - 0.6) * rows / columns * pictures.shape[1] / pictures.shape[2]
    return [
        Drawing(
            "frames",
            "The map as pictures",
            f"Each neuron of map {eye.name} at its place, as the frame nearest to its weights of those that it won; "
            f"borders are the regions. Neighbours should look alike. Empty places never won a frame.{cut}",
            lambda figure: plots.plot_frame_map(
                pictures,
                best[: rows * columns],
                shown,
                regions=regions[: rows * columns],
                colours=plots.ordered_colours(regions.max() + 1),
                ax=figure.subplots(),
            ),
            (WIDE, height),
            "compressed",
            PHOTOGRAPHS,
            photographs=True,
        )
    ]


def _cuts(study: StreamStudy) -> Drawing:
    curves = {MAP: study.eye.curve, **study.curves}
    others = {m.name: m.curve for m in study.maps if m.name != study.eye.name}

    def draw(figure: Figure) -> None:
        ax = figure.subplots()
        for k, (name, curve) in enumerate(curves.items()):
            ax.plot(list(curve), [found["ami"] for found in curve.values()], color=accent(k), marker="o", label=name)
        for k, (name, curve) in enumerate(others.items()):
            dash = (0, (4 - k % 3, 1.5))
            ax.plot(
                list(curve), [found["ami"] for found in curve.values()], color=ink(0.55), linestyle=dash, label=name
            )
        ax.set(xlabel="regions, or centres of k-means", ylabel="AMI with the clips", xscale="log", ylim=(0, 1.02))
        ax.axvline(len(study.names), color=ink(0.3), linewidth=0.8, zorder=0.5)
        shown = [n for n in (2, 4, 8, 16, 32) if n <= max(max(curve, default=2) for curve in curves.values())]
        ax.set_xticks(shown, [str(n) for n in shown])
        ax.minorticks_off()
        figure.legend(loc="outside lower center", ncols=2)

    return Drawing(
        "cuts",
        "Agreement with the clips, for any number of regions",
        f"{MAP.capitalize()} is {study.eye.name}; dashed, in grey, are the other maps of the hierarchy. The vertical "
        "line is the number of clips. K-means and the Kohonen map saw all frames at random as often as they liked, the "
        "maps each frame once, in order. A clip need not be one scene, so 1 is not the aim at every number.",
        draw,
        (HALF, 5.0),
    )


def plane_figures(study: StreamStudy) -> list[Drawing]:
    """Features and responses in the plane, by clip, by time and by winner."""
    titles = {
        "features": ("The features in the plane", f"as {study.diary.features} describe it, scaled to length 1"),
        "codes": ("The codes in the plane", f"as the inputs of map {study.eye.name} encode them"),
        "responses": (f"The responses of {study.eye.name} in the plane", "as the whole map responds"),
    }
    return [_plane(study, f"plane-{key}", *titles[key], plane) for key, plane in study.planes.items()]


def _plane(study: StreamStudy, key: str, title: str, what: str, plane: Plane) -> Drawing:
    eye, time = study.eye, study.frames.time_s
    names = [clip_name(name) for name in study.names]
    region = np.where(eye.winners >= 0, regions_in_time(eye)[eye.winners], -1)
    region_names = [f"region {k + 1}" for k in range(region.max() + 1)]

    def draw(figure: Figure) -> None:
        heads = [*(["t-SNE, by clip"] * (study.labels is not None)), "t-SNE, by region of the winner", "PCA, by time"]
        axes = figure.subplots(1, len(heads), squeeze=False)[0]
        tsne, pca = ("dimension 1", "dimension 2"), ("component 1", "component 2")
        if study.labels is not None:
            plots.plot_embedding(plane.tsne, labels=study.labels, target_names=names, axis_names=tsne, ax=axes[0])
        own = plots.ordered_colours(len(region_names))
        plots.plot_embedding(
            plane.tsne, labels=region, target_names=region_names, colours=own, axis_names=tsne, ax=axes[-2]
        )
        plots.plot_embedding(plane.pca, values=time, label="time (s)", axis_names=pca, ax=axes[-1])
        for ax, head in zip(axes, heads, strict=True):
            legend = ax.get_legend()
            if legend is not None:
                legend.remove()
            ax.set_title(head, fontsize="medium", fontweight="normal")
            ax.set(xticks=[], yticks=[])
        if study.labels is not None:
            _legend_below(figure, names, plots.class_colours(len(names)), "clips", "outside lower left")
        _legend_below(figure, region_names, own, f"regions of {eye.name}", "outside lower right")

    return Drawing(
        key,
        title,
        f"Each dot is a frame, {what}. Effective number of dimensions (participation ratio) {plane.dimension:.1f}. PCA "
        "keeps large distances; t-SNE keeps neighbourhoods, while distances between its groups and their sizes mean "
        "nothing.",
        draw,
        (WIDE, 4.6),
        pixels_per_inch=DOTS,
    )


def _legend_below(figure: Figure, names: list[str], colours: list[Any], title: str, place: Any) -> None:
    from matplotlib.patches import Patch

    handles = [Patch(facecolor=colour, label=name) for colour, name in zip(colours, names, strict=True)]
    figure.legend(handles=handles, title=title, loc=place, ncols=min(4, len(names)), handlelength=0.9)
