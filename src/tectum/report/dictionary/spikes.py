"""Figures of the spikes of a dictionary: one presentation, its reconstruction step by step, and the rule."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from tectum import analysis, plots
from tectum.parts.event_plasticity import NEVER, ResidualSTDP, memory, pair, unexplained
from tectum.parts.steps import discretise
from tectum.plots.style import accent, ink
from tectum.report.content import HALF, WIDE
from tectum.report.dictionary.study import MEAN, DictionaryStudy
from tectum.report.render import Drawing

N_AVERAGED = 200  # samples over which the error within a presentation is averaged
MOST_UNITS = 10  # neurons in the raster
WEIGHTS = (0.1, 0.5, 0.9)  # before the change
N_LAGS = 6  # steps shown of a window without traces
Shape = tuple[int, int]


def spike_figures(dictionary: Any, study: DictionaryStudy, image_shape: Shape | None) -> list[Drawing]:
    """What happens inside a presentation; the rule."""
    return [_raster(dictionary, study, image_shape), _error_over_steps(dictionary, study), *_window(dictionary)]


def _typical_sample(study: DictionaryStudy) -> int:
    """A sample that several components represent, with a smaller error than three of four such samples."""
    active = np.count_nonzero(study.counts, axis=1)
    enough = min(4.0, float(active.max()))
    among = np.flatnonzero((active >= enough) & (active <= MOST_UNITS))
    if len(among) == 0:
        return int(active.argmax())
    left = np.linalg.norm(study.X - study.reconstruction, axis=1)[among] / np.linalg.norm(study.X[among], axis=1)
    return int(among[np.argsort(left, kind="stable")[len(among) // 4]])


def _raster(dictionary: Any, study: DictionaryStudy, image_shape: Shape | None) -> Drawing:
    m = _typical_sample(study)
    x, n_steps = study.X[m], dictionary.chosen_parts().encoder.n_steps
    recording = dictionary.record(x[None])
    inputs, units = recording.spikes["inputs"], recording.spikes["units"]
    step_ms = recording.presentation_ms / n_steps
    spikes = np.bincount(units.neuron, minlength=units.n_neurons)
    active = np.argsort(-spikes, kind="stable")[: min(MOST_UNITS, np.count_nonzero(spikes))]
    fired = np.bincount(inputs.neuron, minlength=inputs.n_neurons)
    driven = np.argsort(-fired, kind="stable")[: np.count_nonzero(fired)]
    both = np.concatenate([dictionary.components_, -dictionary.components_])  # ON and OFF neurons
    components = [(f"{spikes[j]}", both[j]) for j in active]
    signed = bool(dictionary.on_off_)

    def draw(figure: Figure) -> None:
        pictures = image_shape is not None
        grid = figure.add_gridspec(2, 2 if pictures else 1, width_ratios=(1, 6.5) if pictures else None)
        above, below = (figure.add_subplot(grid[row, -1]) for row in (0, 1))
        _draw_spikes(above, inputs, driven, step_ms, ink(0.75))
        above.set(ylabel="input, by rate", xlim=(-0.5, n_steps - 0.5))
        above.tick_params(labelbottom=False)
        _draw_spikes(below, units, active[::-1], step_ms, accent(0))
        below.set(xlabel="step", ylabel="neuron", xlim=(-0.5, n_steps - 0.5))
        below.set_yticks(range(len(active)), [str(j) for j in active[::-1]])
        if image_shape is not None:
            decoded = study.reconstruction[m]
            faces = grid[0, 0].subgridspec(2, 1).subplots(squeeze=False)[:, 0]
            limit = float(np.abs(x).max()) or 1.0
            _draw_image(faces[0], x.reshape(image_shape), (-limit if signed else 0.0, limit), "sample")
            _draw_image(faces[1], decoded.reshape(image_shape), (-limit if signed else 0.0, limit), "decoded")
            if components:
                faces = grid[1, 0].subgridspec(len(components), 1, hspace=0.08).subplots(squeeze=False)[:, 0]
                largest = float(np.abs([part for _, part in components]).max())
                for ax, (n, part) in zip(faces, components, strict=True):
                    _draw_image(ax, part.reshape(image_shape), (-largest if signed else 0.0, largest), f"{n} ×")

    faces = " The pictures show the sample, its reconstruction, and the components with their number of spikes."
    return Drawing(
        "raster",
        "One presentation, spike by spike",
        "Top: spikes of the inputs, the strongest driven at the bottom. Bottom: the neurons that answer. Most neurons "
        f"never fire for this sample; several spikes of one may fall into a step.{faces * (image_shape is not None)}",
        draw,
        (WIDE, 3.0 + 0.26 * max(4, len(active))),
    )


def _draw_spikes(ax: Any, train: Any, order: NDArray[np.intp], step_ms: float, colour: Any) -> None:
    """A raster over steps instead of ms."""
    if len(order) > 0:
        steps = train.time_ms / step_ms
        plots.plot_raster(steps, train.neuron, n_neurons=train.n_neurons, order=order, colour=colour, ax=ax)
    ax.set_xlabel("")
    ax.xaxis.set_major_locator(MaxNLocator(nbins=10, integer=True))


def _draw_image(ax: Any, image: NDArray, limits: tuple[float, float], name: str) -> None:
    ax.imshow(image, cmap="gray", vmin=limits[0], vmax=limits[1])
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    ax.set_ylabel(name, rotation=0, ha="right", va="center", fontsize="small")


def _error_over_steps(dictionary: Any, study: DictionaryStudy) -> Drawing:
    """Error of the reconstruction from the spikes so far, over the steps of a presentation."""
    some = study.X[np.unique(np.linspace(0, len(study.X) - 1, N_AVERAGED).astype(int))]
    n_steps, n_components = dictionary.chosen_parts().encoder.n_steps, len(dictionary.components_)
    recording = dictionary.record(some)
    units = recording.spikes["units"]
    within = units.time_ms - units.presentation * recording.presentation_ms
    step = np.rint(within * n_steps / recording.presentation_ms).astype(int)
    stops = np.unique(np.linspace(1, n_steps, 25).astype(int))
    errors = []
    for last in stops:
        so_far = step < last
        counts = np.zeros((len(some), n_components))
        polarity = np.where(units.neuron[so_far] < n_components, 1.0, -1.0)  # ON neurons, then OFF neurons
        np.add.at(counts, (units.presentation[so_far], units.neuron[so_far] % n_components), polarity)
        errors.append(analysis.reconstruction_error(some, dictionary.inverse_transform(counts * (n_steps / last))))
    trivial = analysis.trivial_errors(some, reference=study.X)["mean_patch"]

    def draw(figure: Figure) -> None:
        ax = figure.subplots()
        plots.plot_error_curve(stops, errors, {MEAN: trivial}, label="spikes so far", ax=ax)
        ax.set_xlabel("steps of the presentation")
        ax.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True))

    return Drawing(
        "steps",
        "The longer it looks, the smaller the error",
        f"Error of the reconstruction after each step, mean over {len(some)} samples: spikes so far, extrapolated "
        "at the same rate. A presentation can be cut short where the curve is flat.",
        draw,
        (HALF, 3.4),
    )


def total_change(rule: Any, w: float, lag: int) -> float:
    """Change of a weight by one spike of the input and one of the neuron, which comes `lag` steps later."""
    start = changed = np.float32(w)
    for step in range(memory(rule)):
        since_input = step + lag if step + lag >= 0 else NEVER
        changed = pair(rule, changed, np.float32(rule.eta), np.int64(since_input), np.int64(step))
    return float(changed - start)


def followed_change(rule: Any, w: float, residual: float, eta: float) -> float:
    """Change of one weight of a component of length 1 by a spike that leaves `residual` at this input alone."""
    changed = unexplained(rule, np.float32(w), np.float32(eta), np.float32(residual))
    return float(changed / np.sqrt(1.0 - w**2 + changed**2) - w)


def _window(dictionary: Any) -> list[Drawing]:
    """The rule as its law has it; none for a rule of the user's own that follows neither law."""
    rule, n_steps = (chosen := dictionary.chosen_parts()).rule, chosen.encoder.n_steps
    if isinstance(rule, ResidualSTDP):
        lowest = -float(dictionary.on_off_) if rule.w_min is None else rule.w_min
        circuit_rule = discretise(rule._replace(w_min=lowest), 1.0)
        residuals = np.linspace(-n_steps / 4.0, n_steps / 4.0, 801)  # so many that the steps are not seen
        eta = rule.eta / n_steps
        changes = [[followed_change(circuit_rule, w, r, eta) for r in residuals.tolist()] for w in WEIGHTS]
        text = (
            "What one spike of a neuron does to one of its weights, at the first learning rate: the weight follows "
            "what of this input is not yet explained, in spikes; then all weights of the neuron are scaled to length "
            "1 again. Where the spike explained too much, the weight falls."
        )
        return [_window_drawing(residuals, changes, "input left unexplained (spikes)", text)]
    try:
        span = N_LAGS if memory(rule) <= 2 * N_LAGS else 20
        lags = np.arange(-span, span + 1)
        changes = [[total_change(rule, w, lag) for lag in lags.tolist()] for w in WEIGHTS]
    except TypeError:
        return []
    text = (
        "Change of a weight by one spike of an input and one of the neuron, at the first learning rate. To the right "
        "of zero the input came first. Weights settle where growth and loss cancel."
    )
    return [_window_drawing(lags, changes, r"$t_\mathrm{post} - t_\mathrm{pre}$ (steps)", text)]


def _window_drawing(x: NDArray, changes: list[list[float]], xlabel: str, text: str) -> Drawing:
    return Drawing(
        "window",
        "The rule that learns",
        text,
        lambda figure: plots.plot_event_window(x, changes, WEIGHTS, xlabel=xlabel, ax=figure.subplots()),
        (HALF, 3.4),
    )
