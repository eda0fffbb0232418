"""Figures of the reproduction, from the results that `reproduce.py` has written."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tectum import analysis, plots

LINES = {  # methods of the comparison: the beginning of their names
    "tectum, on average": ("tectum, ", " on average"),
    "tectum, at most": ("tectum, at most ", ""),
    "sparse coding": ("sparse coding, ", ""),
    "principal components": ("PCA, ", ""),
}
PANELS = {
    "mnist": "MNIST 5x5, 64 components",
    "blank": "MNIST 5x5 with blank, 64 components",
    "mnist10": "MNIST 10x10, 100 components",
    "photographs": "photographs 16x16, 64 components",
    "whitened": "whitened 16x16, 100 components",
}
TOLERANCE = "rms / sparse coding, tolerance"
AIMS = {  # measure: aim and label
    "winner / k-means": (1.02, "error of the winner,\nin units of k-means"),
    "rms / sparse coding": (1.10, "error, in units of sparse coding\nwith equally many coefficients in each patch"),
    TOLERANCE: (1.10, "error, in units of sparse coding\nwith equally many on average"),
}


class Point(NamedTuple):
    """One code of `plot_comparison`."""

    method: str
    active_units: float
    rms: float


def draw(folder: Path) -> None:
    """Draw every figure whose results are there."""
    matplotlib.use("Agg")
    stored = {file.stem: json.loads(file.read_text()) for file in sorted(folder.glob("*.json"))}
    results = {section: content["results"] for section, content in stored.items() if "results" in content}
    components = {file.stem: np.load(file) for file in folder.glob("*.npz")}
    for name, (needed, size, function) in FIGURES.items():
        if needed & results.keys():
            with plots.style("light", transparent=False):
                figure = Figure(size, layout="constrained")
                function(figure, results, components)
                figure.savefig(folder / f"tavanaei2018_{name}.png", dpi=130)


def comparison(figure: Figure, results: dict[str, Any], components: dict[str, Any]) -> None:
    """Error against the length of the code, for each data set."""
    shown = [(section, title) for section, title in PANELS.items() if title in results.get(section, {})]
    axes = list(figure.subplots(2 if len(shown) > 2 else 1, 3).flat)  # the last one is for the legend
    for ax, (section, title) in zip(axes, shown, strict=False):
        rows = results[section][title]
        points = [
            Point(label, float(np.mean(row["active"])), float(np.mean(row["rms"])))
            for label, (start, end) in LINES.items()
            for method, row in rows.items()
            if method.startswith(start) and method.endswith(end) and np.mean(row["active"]) < 10
        ]
        points += [
            Point("sparse coding, tolerance", float(np.mean(row["active"])), float(np.mean(tolerated)))
            for method, row in rows.items()
            if method.endswith("on average") and np.mean(row["active"]) < 10
            for tolerated in [np.divide(row["rms"], row[TOLERANCE])]
        ]
        points.append(Point("k-means", 1.0, float(np.mean(rows["k-means"]["rms"]))))
        points.append(Point("quantiser, winner", 1.0, float(np.mean(rows["quantiser"]["winner"]))))
        plots.plot_comparison(points, ax=ax)
        ax.set_title(title.removesuffix(" components"))
        handles, labels = ax.get_legend_handles_labels()
        ax.get_legend().remove()
        ax.set(xlabel="active units per patch", ylabel="error (RMS)")
    for ax in axes[len(shown) :]:
        ax.set_axis_off()
    axes[-1].legend(handles, labels, loc="center", title="code")


def ratios(figure: Figure, results: dict[str, Any], components: dict[str, Any]) -> None:
    """Error in units of k-means and of sparse coding, for each data set and number of components."""
    blocks = {title: rows for section in PANELS for title, rows in results.get(section, {}).items()}
    labels = [title.removesuffix(" components") for title in blocks]
    for ax, (measure, (aim, label)) in zip(figure.subplots(1, 3, sharey=True), AIMS.items(), strict=True):
        methods = dict.fromkeys(method for rows in blocks.values() for method in rows if measure in rows[method])
        for k, method in enumerate(m for m in methods if "at most" not in m):
            has = [(y, rows[method][measure]) for y, rows in enumerate(blocks.values()) if method in rows]
            spread = [np.std(values) for _, values in has]
            ax.errorbar(
                [np.mean(values) for _, values in has],
                [y for y, _ in has],
                xerr=spread,
                fmt="osD^v"[k % 5],
                color=plots.class_colours(5)[k % 5],
                markersize=5,
                label=method,
            )
        ax.axvline(aim, color="0.4", linestyle="--", linewidth=1.0)
        ax.axvline(1.0, color="0.4", linewidth=0.8)
        ax.set(xlabel=label)
        ax.set_yticks(range(len(labels)), labels)
        ax.grid(axis="x")
        if measure != TOLERANCE:
            ax.legend(fontsize="small", loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2)
        if not ax.yaxis_inverted():
            ax.invert_yaxis()


def digits(figure: Figure, results: dict[str, Any], components: dict[str, Any]) -> None:
    """Components of patches of digits."""
    learned = components["mnist"]
    _images(
        figure,
        {
            "explaining away, 2 active on average": learned["MNIST 5x5, 64: tectum, 2 on average"],
            "vector quantiser": learned["MNIST 5x5, 64: quantiser"],
        },
        symmetric=False,
    )


def filters(figure: Figure, results: dict[str, Any], components: dict[str, Any]) -> None:
    """Components of patches of whitened natural images."""
    learned = components["whitened"]
    _images(
        figure,
        {
            "3 active on average": learned["whitened 16x16, 100: tectum, 3 on average"],
            "vector quantiser": learned["whitened 16x16, 100: quantiser"],
        },
        symmetric=True,
    )


def orientations(figure: Figure, results: dict[str, Any], components: dict[str, Any]) -> None:
    """Orientations of these filters, and the share of their variance that Gabor functions explain."""
    fit = analysis.fit_gabors(components["whitened"]["whitened 16x16, 100: tectum, 3 on average"], (16, 16))
    left, right = figure.subplots(1, 2)
    plots.plot_orientations(fit.orientation[fit.r2 > 0.6], ax=left)
    right.hist(fit.r2, bins=np.linspace(0.0, 1.0, 21), color=plots.class_colours(1)[0])
    right.axvline(float(np.nanmedian(fit.r2)), color="0.3", linestyle="--", linewidth=1.0)
    right.set(xlabel="$R^2$ of a Gabor function (dashed: median)", ylabel="components", xlim=(0, 1))


def training(figure: Figure, results: dict[str, Any], components: dict[str, Any]) -> None:
    """Error after learning from more and more patches."""
    (rows,) = results["training"].values()
    ax = figure.subplots()
    for k, (label, row) in enumerate(rows.items()):
        seen = [int(name.replace(",", "")) for name in row if name != "largest rise"]
        errors = np.array([values for name, values in row.items() if name != "largest rise"])
        ax.plot(seen, errors.mean(axis=1), marker="osDv^"[k], markersize=4, label=label)
        ax.fill_between(seen, errors.min(axis=1), errors.max(axis=1), alpha=0.2)
    ax.set(xscale="log", xlabel="patches seen", ylabel="error (RMS)", ylim=(0, None))
    ax.grid(axis="y")
    ax.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2)


def _images(figure: Figure, learned: dict[str, Any], *, symmetric: bool) -> None:
    """Several sets of components side by side."""
    axes: list[Axes] = list(figure.subplots(1, len(learned)))
    for ax, (title, images) in zip(axes, learned.items(), strict=True):
        side = round(images.shape[1] ** 0.5)
        images = images / np.abs(images).max(axis=1, keepdims=True)
        plots.plot_components(images, (side, side), symmetric=symmetric, label="relative value", ax=ax)
        ax.set_title(title)


Draw = Callable[[Figure, dict[str, Any], dict[str, Any]], None]
FIGURES: dict[str, tuple[set[str], tuple[float, float], Draw]] = {
    "comparison": (set(PANELS), (9.6, 5.6), comparison),
    "ratios": (set(PANELS), (11.0, 5.0), ratios),
    "components": ({"mnist"}, (8.0, 4.2), digits),
    "filters": ({"whitened"}, (11.5, 4.0), filters),
    "orientations": ({"whitened"}, (8.0, 3.0), orientations),
    "training": ({"training"}, (5.6, 3.6), training),
}
