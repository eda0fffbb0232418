"""Figures of a dictionary of events: rates, components, reconstructions at some times."""

from typing import Any

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from numpy.typing import NDArray

from tectum import analysis, plots
from tectum.plots.style import accent, ink, readable_on
from tectum.report.content import HALF, WIDE
from tectum.report.dictionary.figures import MOST_DRAWN
from tectum.report.events.study import DICTIONARY, Clip, EventStudy, signed
from tectum.report.render import Drawing

N_BINS, N_TIMES = 120, 3
MOST_SIDE = 96  # pixels of the sensor that are shown
POLAR = {  # from OFF to ON: on a dark page, and on a light one
    False: ("#ffd9c9", "#ea5f3c", "#6b2c1c", "#14171c", "#2c3b7a", "#7d95f5", "#e3e9ff"),
    True: ("#5c1408", "#ca2a0c", "#f2a88f", "#ffffff", "#9db4f6", "#2a5aed", "#10205c"),
}


def rates(study: EventStudy) -> Drawing:
    """Events and spikes over the time of the first clip."""
    clip, spikes = study.clips[0], study.spikes[0]
    edges = np.linspace(0.0, clip.events["t"][-1] + 1.0, N_BINS + 1)
    width_s = (edges[1] - edges[0]) / 1e6
    on = clip.events["p"] > 0
    lines = {"ON events": clip.events["t"][on], "OFF events": clip.events["t"][~on], "spikes": spikes["t"]}

    def draw(figure: Figure) -> None:
        ax = figure.subplots()
        for k, (name, t) in enumerate(lines.items()):
            counts = np.histogram(t, edges)[0] / width_s / 1e3
            colour = accent(0) if name == "spikes" else ink(0.35 if k else 0.7)
            ax.plot(edges[:-1] / 1e3, counts, color=colour, label=name, linewidth=1.8 if name == "spikes" else 1.1)
        ax.set(xlabel="time in ms", ylabel="thousands a second", xlim=(0, edges[-1] / 1e3), ylim=(0, None))
        ax.legend(loc="upper right", ncols=3)

    return Drawing(
        "rates",
        "Events and spikes over time",
        f"The camera gave {len(clip.events):,} events, of which {100 * on.mean():.0f} % ON; the dictionary answered "
        f"with {len(spikes):,} spikes. It is silent while nothing moves.",
        draw,
        (WIDE, 2.6),
    )


def components(dictionary: Any, study: EventStudy) -> Drawing:
    """ON and OFF parts of each component, side by side."""
    size, n = dictionary.chosen_parts()["encoder"].size, dictionary.n_components
    counts = np.bincount(np.concatenate(study.spikes)["unit"], minlength=n)
    order = np.argsort(-counts, kind="stable")[:MOST_DRAWN]
    pairs = dictionary.components_.reshape(n, 2, size, size).transpose(0, 2, 1, 3).reshape(n, -1)
    columns = max(1, min(len(order), round(np.sqrt(1.6 * len(order)))))
    rows = -(-len(order) // columns)
    height = min(11.0, 0.5 + (WIDE - 1.2) * rows * (size + 1) / (columns * (2 * size + 1)))

    def draw(figure: Figure) -> None:
        plots.plot_components(pairs, (size, 2 * size), order=order, n_cols=columns, label="", ax=figure.subplots())

    return Drawing(
        "components",
        "Components, the most used first",
        "Patches of the sensor that a spike stands for: ON events in the left half of each, OFF events in the right "
        "half. One that is noise has hardly fired yet.",
        draw,
        (WIDE, max(height, 1.6)),
        "compressed",
    )


def snapshots(study: EventStudy) -> Drawing:
    """The liveliest part of the sensor at some times, and what each method reconstructs of it."""
    clip, which = study.clips[0], np.linspace(0, len(study.clips[0].at_us) - 1, N_TIMES + 1).astype(int)[1:]
    part = _liveliest(clip, study.shape)
    rows = {"events": clip.traces} | {name: method.restored[0] for name, method in study.methods.items()}
    shown = {name: signed(traces[which])[:, *part] for name, traces in rows.items()}
    strongest = np.abs(shown["events"][shown["events"] != 0])
    limit = max(float(np.percentile(strongest, 99)) if len(strongest) else 1.0, 1e-9)
    height, width = shown["events"].shape[1:]

    def draw(figure: Figure) -> None:
        axes = figure.subplots(N_TIMES, len(rows), squeeze=False)
        colours = LinearSegmentedColormap.from_list("polar", POLAR[readable_on(ink()) == "#ffffff"])
        for m, row in enumerate(axes):
            for ax, (name, frames) in zip(row, shown.items(), strict=True):
                ax.imshow(frames[m], cmap=colours, vmin=-limit, vmax=limit, interpolation="nearest")
                ax.set(xticks=[], yticks=[])
                ax.spines[:].set_color(ink(0.2))
                if m == 0:
                    ax.set_title(name, fontsize="medium", fontweight="normal", loc="center")
            row[0].set_ylabel(f"{clip.at_us[which[m]] / 1e3:.0f} ms", color=ink(0.8))

    return Drawing(
        "snapshots",
        "Reconstructions by each method",
        f"The trace of the events at three times, ON in blue and OFF in red, in the busiest {width} × {height} pixels, "
        "and its reconstructions. The untrained dictionary fires as often as the one that has learned.",
        draw,
        (WIDE, 0.4 + (WIDE - 0.5) / len(rows) * N_TIMES * height / width),
        "compressed",
        pixels_per_inch=110,
    )


def _liveliest(clip: Clip, shape: tuple[int, int]) -> tuple[slice, slice]:
    """The square of the sensor with the most events."""
    side = min(MOST_SIDE, *shape)
    counts = analysis.event_counts(clip.events, shape=shape)[0].sum(axis=0).cumsum(axis=0).cumsum(axis=1)
    whole = np.pad(counts, ((1, 0), (1, 0)))
    inside = whole[side:, side:] - whole[:-side, side:] - whole[side:, :-side] + whole[:-side, :-side]
    top, left = np.unravel_index(inside.argmax(), inside.shape)
    return slice(top, top + side), slice(left, left + side)


def errors(study: EventStudy) -> Drawing:
    """Error at each of the times that are measured."""
    clip = study.clips[0]
    own = _course(clip, study.methods[DICTIONARY].restored[0])

    def draw(figure: Figure) -> None:
        ax = figure.subplots()
        for k, (name, method) in enumerate(study.methods.items()):
            colour = accent(0) if name == DICTIONARY else accent(k)
            ax.plot(
                clip.at_us / 1e3,
                _course(clip, method.restored[0]),
                color=colour,
                label=name,
                linewidth=2.2 if name == DICTIONARY else 1.2,
            )
        ax.set(xlabel="time in ms", ylabel="error of the trace", ylim=(0, max(1.25, 1.1 * own.max())))
        ax.legend(loc="best", fontsize="small")

    return Drawing(
        "errors",
        "Error over time",
        "Error of the trace at each time, relative to the trace. It is large after few events: a patch below the "
        "threshold is not coded. Curves that leave the figure are worse than no code at all.",
        draw,
        (HALF, 3.4),
    )


def usage(study: EventStudy, n: int) -> Drawing:
    """Share of the spikes of each component."""
    counts = np.sort(np.bincount(np.concatenate(study.spikes)["unit"], minlength=n))[::-1]

    def draw(figure: Figure) -> None:
        ax = figure.subplots()
        ax.bar(np.arange(1, n + 1), 100.0 * counts / max(1, counts.sum()), width=0.9, color=accent(0), linewidth=0)
        ax.axhline(100.0 / n, color=ink(0.7), linewidth=1.0, linestyle="--", label="even use")
        ax.set(xlabel="component, by use", ylabel="% of the spikes", xlim=(0.4, n + 0.6))
        ax.legend(loc="upper right")

    return Drawing(
        "usage",
        "Use of the components",
        f"Which share of the spikes each component fires; {int((counts == 0).sum())} of {n} never fire.",
        draw,
        (HALF, 3.4),
    )


def _course(clip: Clip, restored: NDArray[Any]) -> NDArray[np.float64]:
    missed = np.square(clip.traces - restored).sum(axis=(1, 2, 3))
    return np.sqrt(missed / np.maximum(np.square(clip.traces).sum(axis=(1, 2, 3)), 1e-12))
