"""The page of a network of Diehl & Cook: its sections in words, its figures."""

from dataclasses import replace
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from sklearn.utils import _safe_indexing

from tectum import plots
from tectum.report.content import HALF, WIDE, Content, Health, Section, grey_shape, sample_fact
from tectum.report.dictionary.figures import by_use, draw_components, draw_sparsity, draw_usage
from tectum.report.maps.figures import ImageShape
from tectum.report.numbers import K_MEANS, UNTRAINED
from tectum.report.render import Drawing
from tectum.report.standard.study import NETWORK, ResponderStudy

TITLES = {
    NETWORK: "Weights of the neurons, the busiest first",
    UNTRAINED: "The same network before learning",
    K_MEANS: "Centres of k-means",
}
CAPTIONS = {
    NETWORK: "What each neuron has learned, in reading order from the one that fires most on these samples. Noise at "
    "the end means more neurons than the data need.",
    UNTRAINED: "Random weights, and neurons that fire for whatever they happen to be near to.",
    K_MEANS: "As many centres as the network has neurons.",
}


def responder_content(
    net: Any, study: ResponderStudy, *, image_shape: ImageShape | None, facts: list[tuple[str, str]]
) -> Content:
    """What the page of a network says; `facts` are those that every page shows."""
    compared = len(study.methods) > 1
    shape = None if image_shape is None or len(image_shape) == 3 else grey_shape(image_shape, net.weights_.shape[1])
    return Content(
        kind="Diehl & Cook",
        eyebrow="Spiking neurons with adaptive thresholds",
        untitled="A network and its data",
        estimator="DiehlCook",
        facts=[
            sample_fact(study.n_given, len(study.counts)),
            ("Features", f"{net.weights_.shape[1]:,}"),
            ("Neurons", f"{len(net.weights_):,}"),
            *facts,
        ],
        numbers="Measured on the samples of this page, weights and thresholds frozen."
        + " Beside it are the same network before learning, and k-means with as many centres, whose nearest centre "
        "responds"
        * compared
        + (", both from samples of their own." if study.held_out else ", from the samples of this page.") * compared,
        study=study,
        sections=_sections(net, study, shape),
        health=Health.of(
            "Health of the network",
            "Nothing to complain about: every sample has an answer, and no neuron takes them all.",
            study.diagnosis,
        ),
        units="Times in ms, potentials in mV.",
        footer="The network: after Diehl & Cook (2015), Unsupervised learning of digit recognition using "
        "spike-timing-dependent plasticity, Frontiers in Computational Neuroscience 9, 99, in the form of "
        "BindsNET, Hazan et al. (2018), Frontiers in Neuroinformatics 12, 89.",
    )


def _sections(net: Any, study: ResponderStudy, shape: tuple[int, int] | None) -> list[Section]:
    fields: list[Drawing] = []
    for name, method in study.methods.items():
        drawing = draw_components(method.patterns, by_use(method.responses), shape, signed=False)
        key = f"fields-{len(fields)}"
        fields.append(replace(drawing, key=key, title=TITLES[name], caption=CAPTIONS[name]))
    return [
        Section(
            "fields",
            "What it learned",
            "Samples were presented one by one, as random spikes. Whoever fires inhibits the others and moves its "
            "weights towards what has just arrived, and finds it harder to fire again. Labels played no part.",
            fields,
        ),
        Section(
            "responses",
            "How it responds",
            "Spikes of the neurons to the samples of this page, weights and thresholds frozen.",
            [draw_usage(study.counts), draw_sparsity(study.counts), *_confusion(study)],
        ),
        Section(
            "spikes", "The spikes", "What happens while a sample is presented, weights frozen.", [_raster(net, study)]
        ),
    ]


def _confusion(study: ResponderStudy) -> list[Drawing]:
    """Voted against true classes; none without classes."""
    if study.labels is None or NETWORK not in study.voted:
        return []
    true, n = study.labels[1::2], len(study.target_names)
    table = np.zeros((n, n))
    np.add.at(table, (true, study.voted[NETWORK]), 1.0)
    shares = table / np.maximum(table.sum(axis=1, keepdims=True), 1.0)

    def draw(figure: Figure) -> None:
        ax = figure.subplots()
        image = ax.imshow(100.0 * shares, cmap="Blues", vmin=0.0, vmax=100.0)
        ax.set_xticks(range(n), study.target_names, rotation=45 if n > 4 else 0)
        ax.set_yticks(range(n), study.target_names)
        ax.set(xlabel="class that the neurons vote for", ylabel="class")
        figure.colorbar(image, ax=ax, label="% of a class")

    return [
        Drawing(
            "confusion",
            "Which classes it takes for which",
            "Every second sample, by its class and the one that the labelled neurons vote for; a good network fills "
            "the diagonal.",
            draw,
            (HALF, 4.4),
        )
    ]


def _raster(net: Any, study: ResponderStudy) -> Drawing:
    spikes = study.counts.sum(axis=1)
    m = int(np.argsort(spikes, kind="stable")[len(spikes) // 2])
    recording = net.record(_safe_indexing(study.samples, [m]))
    inputs, units = recording.spikes["inputs"], recording.spikes["units"]

    def draw(figure: Figure) -> None:
        axes = figure.subplots(2, 1, sharex=True)
        for ax, train, name in ((axes[0], inputs, "input"), (axes[1], units, "neuron")):
            plots.plot_raster(train.time_ms, train.neuron, n_neurons=train.n_neurons, ax=ax)
            ax.set(ylabel=name, xlim=(0.0, recording.presentation_ms))
        axes[0].set_xlabel("")

    return Drawing(
        "raster",
        "One presentation, spike by spike",
        f"Top: {len(inputs):,} spikes of the inputs, at random with rates in proportion to their values. Bottom: "
        f"{len(units)} of the neurons, each of which silences the others for a while.",
        draw,
        (WIDE, 4.0),
    )
