"""Figures of a dictionary: what its components look like, how they are used, what they make of samples and images."""

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike, NDArray

from tectum import analysis, plots
from tectum.image import extract_patches, reconstruct_images
from tectum.plots.style import accent, ink
from tectum.report.content import HALF, WIDE
from tectum.report.dictionary.study import DICTIONARY, MEAN, ZERO, DictionaryStudy
from tectum.report.render import Drawing

MOST_DRAWN = 240  # components
MOST_FITTED = 64  # components, and samples as a control, to which Gabor functions are fitted
SMALLEST_FITTED = 8  # pixels: a Gabor function fits any smaller image
N_SHOWN = 16  # samples beside their reconstructions
SMALL, MOST_SMALL, MOST_LARGE = 48, 10, 2  # pixels of an image that is drawn with others in a row, and how many
MOST_PIXELS = 200  # side of what is shown of a large image
GOOD_FIT = 0.6  # R2
Shape = tuple[int, int]


def component_figures(dictionary: Any, study: DictionaryStudy, image_shape: Shape | None) -> list[Drawing]:
    """What was learned, how it is used, and how the error fell."""
    order, signed = by_use(study.counts), bool(dictionary.on_off_)
    drawings = [draw_components(dictionary.components_, order, image_shape, signed=signed), draw_usage(study.counts)]
    if study.curve is not None:
        drawings.append(_training(study))
    if image_shape is not None and min(image_shape) >= SMALLEST_FITTED:
        drawings += _gabors(dictionary, study, image_shape)
    return drawings


def by_use(counts: NDArray) -> NDArray[np.intp]:
    """Components from the most to the least used, by their spikes (n_samples, n_components)."""
    return np.argsort(-counts.sum(axis=0), kind="stable")


def draw_components(
    components: NDArray, order: NDArray[np.intp], image_shape: Shape | None, *, signed: bool
) -> Drawing:
    """Components (n_components, n_features) as images, or as rows of values, in an order."""
    n, order = len(components), order[:MOST_DRAWN]
    shape = image_shape or (1, components.shape[1])
    columns = max(1, min(len(order), round(np.sqrt(3.2 * len(order) * shape[0] / shape[1]))))
    rows = -(-len(order) // columns)
    height = min(11.0, 0.5 + (WIDE - 1.2) * rows * shape[0] / (columns * shape[1]))
    sign = " Grey is zero; white is driven by what is brighter, black by what is darker." * signed
    some = f" Shown are {len(order)} of {n}." * (len(order) < n)

    def draw(figure: Figure) -> None:
        plots.plot_components(
            components, shape, order=order, n_cols=columns, symmetric=signed, label="", ax=figure.subplots()
        )

    return Drawing(
        "components",
        "Components, the most used first",
        "What each neuron stands for, in reading order from the one that fires most on these samples. Those at the "
        f"start carry most of the code; noise at the end means more neurons than the data need.{sign}{some}",
        draw,
        (WIDE, max(height, 1.6)),
        "compressed",
    )


def draw_usage(counts: NDArray) -> Drawing:
    """In how many samples each component is active, by its spikes (n_samples, n_components)."""
    active = np.sort((counts > 0).mean(axis=0))[::-1]
    n = len(active)
    perplexity = analysis.usage_perplexity(counts)

    def draw(figure: Figure) -> None:
        ax = figure.subplots()
        ax.bar(np.arange(1, n + 1), 100.0 * active, width=1.0 if n > 60 else 0.86, color=accent(0), linewidth=0)
        ax.axhline(100.0 * active.mean(), color=ink(0.7), linewidth=1.0, linestyle="--", label="mean")
        ax.set(xlabel="component, by use", ylabel="active in % of the samples", xlim=(0.4, n + 0.6))
        ax.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
        ax.legend(loc="upper right")

    return Drawing(
        "usage",
        "Use of the components",
        f"In how many samples each component is active. The spikes are spread as evenly as over {perplexity:.0f} of "
        f"{n} components that fire equally often; {int((active == 0).sum())} never fire.",
        draw,
        (HALF, 3.4),
    )


def _training(study: DictionaryStudy) -> Drawing:
    assert study.curve is not None
    seen, errors = study.curve
    finals = {MEAN: next(score.rms for score in study.scores if score.method == MEAN)}
    same = [score for score in study.scores if score.method == "sparse coding"]
    if same:
        nearest = min(same, key=lambda score: abs(score.active_units - study.diagnosis.active_units))
        finals[f"sparse coding, {nearest.code}"] = nearest.rms

    def draw(figure: Figure) -> None:
        ax = figure.subplots()
        plots.plot_error_curve(seen, errors, finals, label=DICTIONARY, ax=ax)
        ax.set_xlabel("samples seen")
        low = min(*errors, *finals.values())
        ax.set_ylim(0.75 * low, 1.05 * max(*errors, *finals.values()))

    return Drawing(
        "training",
        "Error over training",
        "Error on the samples of this page while the training was repeated, with the same parameters and in "
        f"{int(seen[-1]):,} presentations. It should fall, and settle while the learning rate falls. The threshold "
        "settles as well, so that the code may grow longer or shorter on the way.",
        draw,
        (HALF, 3.4),
    )


def _gabors(dictionary: Any, study: DictionaryStudy, image_shape: Shape) -> list[Drawing]:
    used = by_use(study.counts)[:MOST_FITTED]
    components = dictionary.components_[used]
    strongest = np.argsort(-np.square(study.X).sum(axis=1), kind="stable")[: max(1, len(study.X) // 2)]
    control = study.X[strongest[np.unique(np.linspace(0, len(strongest) - 1, len(used)).astype(int))]]
    fits, chance = (analysis.fit_gabors(table, image_shape) for table in (components, control))
    good = fits.r2 > GOOD_FIT
    shares = [analysis.gabor_share(fit.r2, GOOD_FIT) for fit in (fits, chance)]
    some = f"the {len(used)} most used components" if len(used) < len(dictionary.components_) else "the components"

    def draw_fits(figure: Figure) -> None:
        ax = figure.subplots()
        bins = np.linspace(0.0, 1.0, 21)
        names = ("components", "samples themselves")
        for k, (fit, name) in enumerate(zip((fits, chance), names, strict=True)):
            values = np.nan_to_num(fit.r2)
            weights = np.full(len(values), 100.0 / len(values))
            style = {"color": accent(0)} if k == 0 else {"color": ink(0.8), "histtype": "step", "linewidth": 1.3}
            ax.hist(values, bins.tolist(), weights=weights, label=name, **style)
        ax.axvline(GOOD_FIT, color=ink(0.5), linewidth=0.8, linestyle=":")
        ax.set(xlabel="share of the variance that a Gabor function explains", ylabel="%", xlim=(0, 1))
        ax.legend(loc="upper left")

    drawings = [
        Drawing(
            "gabors",
            "Do they look like simple cells?",
            f"Fit of a Gabor function (a stripe pattern in a window, like the receptive fields of simple cells in "
            f"V1) to {some}: {100 * shares[0]:.0f} % are fitted well, beyond {GOOD_FIT:g}. The same for samples "
            f"themselves: {100 * shares[1]:.0f} %.",
            draw_fits,
            (HALF, 3.4),
        )
    ]
    if good.any():
        drawings.append(
            Drawing(
                "orientations",
                "Orientations",
                f"Orientation of the stripes of the {int(good.sum())} components that are fitted well. Photographs of "
                "buildings and of landscapes hold more horizontal and vertical edges than oblique ones.",
                lambda figure: plots.plot_orientations(fits.orientation[good], ax=figure.subplots()),
                (HALF, 3.4),
            )
        )
    return drawings


def code_figures(
    dictionary: Any, study: DictionaryStudy, image_shape: Shape | None, images: Sequence[ArrayLike] | None
) -> list[Drawing]:
    """What the code keeps of samples and of images, how long it is, and how it compares."""
    drawings = []
    if images is not None and image_shape is not None:
        drawings.append(_images(dictionary, study, image_shape, images))
    if image_shape is not None:
        drawings.append(_samples(dictionary, study, image_shape))
    return [*drawings, *_comparison(study), draw_sparsity(study.counts)]


def _samples(dictionary: Any, study: DictionaryStudy, image_shape: Shape) -> Drawing:
    strong = np.argsort(np.square(study.X).sum(axis=1), kind="stable")[len(study.X) // 4 :]
    chosen = strong[np.unique(np.linspace(0, len(strong) - 1, N_SHOWN).astype(int))]
    X = study.X[chosen]
    rows = {budget.name: budget.reconstruct(X)[1].reshape(-1, *image_shape) for budget in study.budgets}
    # Each column on the scale of its own sample: else weak samples would all be grey.
    scale = np.abs(X).max(axis=1)[:, None, None]
    scale[scale == 0] = 1.0

    def draw(figure: Figure) -> None:
        plots.plot_reconstructions(
            X.reshape(-1, *image_shape) / scale,
            {name: images / scale for name, images in rows.items()},
            symmetric=bool(dictionary.on_off_),
            ax=figure.subplots(),
        )

    n_rows = len(rows) + 1
    return Drawing(
        "samples",
        "Samples and their reconstructions",
        "Samples from weak to strong, each on its own scale, and their reconstructions from longer and longer codes. "
        "Weak samples stay below the threshold and get no spike.",
        draw,
        (WIDE, 0.3 + (WIDE - 1.3) * n_rows * image_shape[0] / (len(X) * image_shape[1])),
        "compressed",
    )


def code_image(budget: Any, image: NDArray[np.float64], image_shape: Shape) -> tuple[NDArray[np.float64], float]:
    """An image from the codes of its overlapping patches, and the mean number of active units of a patch."""
    step = (max(1, image_shape[0] // 3), max(1, image_shape[1] // 3))
    # Up to the border: patches at the last rows and columns, where the steps do not end there.
    margin = [(0, -(side - size) % by) for side, size, by in zip(image.shape, image_shape, step, strict=True)]
    padded = np.pad(image, margin, mode="reflect" if min(image.shape) > max(step) else "edge")
    counts, patches = budget.reconstruct(extract_patches(padded[None], image_shape, stride=step))
    whole = reconstruct_images(patches, padded.shape, image_shape, stride=step)[0]
    return whole[: image.shape[0], : image.shape[1]], analysis.active_units(counts)


def _images(dictionary: Any, study: DictionaryStudy, image_shape: Shape, images: Sequence[ArrayLike]) -> Drawing:
    shown = [_cropped(np.asarray(image, dtype=np.float64), image_shape) for image in images]
    small = max(max(image.shape) for image in shown) <= SMALL
    shown = shown[: MOST_SMALL if small else MOST_LARGE]
    budgets = study.budgets[-5:] if len(study.budgets) > 5 else study.budgets
    decoded = {budget.name: [code_image(budget, image, image_shape)[0] for image in shown] for budget in budgets}
    signed = bool(dictionary.on_off_)

    def draw_small(figure: Figure) -> None:
        rows = {name: np.stack(row) for name, row in decoded.items()}
        plots.plot_reconstructions(np.stack(shown), rows, symmetric=signed, ax=figure.subplots())

    def draw_large(figure: Figure) -> None:
        axes = figure.subplots(len(shown), len(decoded) + 1, squeeze=False)
        for row, (image, line) in enumerate(zip(shown, axes, strict=True)):
            panels = {"original": image} | {name: row_of[row] for name, row_of in decoded.items()}
            limit = np.percentile(np.abs(image), 99.5)
            low, high = (-limit, limit) if signed else (float(image.min()), float(image.max()))
            for ax, (name, panel) in zip(line, panels.items(), strict=True):
                ax.imshow(panel, cmap="gray", vmin=low, vmax=high)
                ax.set(xticks=[], yticks=[])
                ax.spines[:].set_visible(False)
                if row == 0:
                    ax.set_title(name, fontsize="medium", fontweight="normal", loc="center")

    same = len({image.shape for image in shown}) == 1
    columns, rows = (len(shown), len(decoded) + 1) if small else (len(decoded) + 1, len(shown))
    aspect = max(image.shape[0] / image.shape[1] for image in shown)
    return Drawing(
        "images",
        "Images and their reconstructions",
        f"Images reconstructed from the spikes of their patches of {image_shape[0]} × {image_shape[1]} pixels, with "
        "longer and longer codes; where patches overlap, pixels are means. Flat parts cost no spike and stay flat.",
        draw_small if small and same else draw_large,
        (WIDE, 0.4 + (WIDE - (1.3 if small else 0.2)) / columns * rows * aspect),
        "compressed",
    )


def _cropped(image: NDArray[np.float64], image_shape: Shape) -> NDArray[np.float64]:
    """The part of an image with the most contrast, at most `MOST_PIXELS` high and wide."""
    if image.ndim != 2 or image.shape[0] < image_shape[0] or image.shape[1] < image_shape[1]:
        raise ValueError(
            f"write_report.images must be grey images of shape (height, width), no smaller than image_shape "
            f"{tuple(image_shape)}, got shape {image.shape}; leave images out to show patches alone"
        )
    side = min(MOST_PIXELS, *image.shape) if min(image.shape) > SMALL else max(image.shape)
    places = product(*(range(0, max(1, length - side + 1), max(1, side // 4)) for length in image.shape))
    top, left = max(places, key=lambda at: image[at[0] : at[0] + side, at[1] : at[1] + side].std())
    return image[top : top + side, left : left + side]


def _comparison(study: DictionaryStudy) -> list[Drawing]:
    """Errors against code lengths; none where no code says anything."""
    longest = max(2.0 * max((score.active_units for score in study.scores if score.length), default=1.0), 4.0)
    rows = [score for score in study.scores if 0 < score.active_units <= longest]
    if not rows:
        return []
    trivial = {score.method: score.rms for score in study.scores if score.method in (MEAN, ZERO)}
    low = min(score.rms for score in study.scores if score in rows or score.method == MEAN)

    def draw(figure: Figure) -> None:
        ax = figure.subplots()
        plots.plot_comparison(rows, {MEAN: trivial[MEAN]}, ax=ax)
        if low > 0.4 * trivial[MEAN]:
            ax.set_ylim(0.85 * low, 1.05 * max(trivial[MEAN], *(score.rms for score in rows)))

    drawing = Drawing(
        "comparison",
        "Error against the length of the code",
        "Lower and further left is better: fewer active components, smaller error. The code of the dictionary is spike "
        "counts; the coefficients of the others are exact, signed real numbers, which carry more than a count does.",
        draw,
        (HALF + 1.0, 3.5),
    )
    return [drawing]


def draw_sparsity(counts: NDArray) -> Drawing:
    """How many components are active in a sample, by their spikes (n_samples, n_components)."""
    silent = analysis.silent_share(counts)
    return Drawing(
        "sparsity",
        "How many components represent a sample",
        f"{100 * silent:.0f} % of the samples, the weakest ones, cause no spike at all. Population "
        f"sparseness {analysis.treves_rolls(counts):.3f} (Treves & Rolls; 1 if all components are equally "
        f"active), over samples {analysis.treves_rolls(counts, 'lifetime'):.3f}.",
        lambda figure: plots.plot_sparsity(counts, ax=figure.subplots()),
        (HALF, 3.4),
    )
