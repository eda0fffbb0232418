"""The page of a map: its sections in words, its state of health."""

from typing import Any

from tectum.report.content import Content, Health, Section, sample_fact
from tectum.report.maps.figures import ImageShape, learning_figures, map_figures
from tectum.report.maps.spikes import response_figures, spike_figures
from tectum.report.maps.study import Study


def map_content(
    som: Any, study: Study, *, image_shape: ImageShape | None, random_state: int | None, facts: list[tuple[str, str]]
) -> Content:
    """What the page of a map says; `facts` are those that every page shows."""
    rows, columns = som.grid_
    topology = "" if som.grid_.topology == "rectangular" else f", {som.grid_.topology}"
    compared = any(len(measure.values) > 1 for measure in study.measures)
    return Content(
        kind="spiking map",
        eyebrow="Spiking self-organising map",
        untitled="A map and its data",
        estimator="SpikingSOM",
        facts=[
            sample_fact(study.n_given, len(study.X)),
            ("Features", f"{study.X.shape[1]:,}"),
            ("Map", f"{rows} × {columns}{topology}"),
            *facts,
        ],
        numbers="Measured on the samples of this page, features scaled to [0, 1]."
        + " All methods learned from other samples." * study.held_out
        + " Untrained is the same map before it learns, with the radius that it has now. The baselines are a Kohonen "
        "map of the same shape that saw as many presentations with a shrinking radius, "
        "and k-means with as many centres as the map has neurons; k-means has no neighbourhoods, so nothing holds it "
        "back." * compared,
        study=study,
        sections=_sections(som, study, image_shape, random_state),
        health=Health.of(
            "Health of the map",
            "Nothing to complain about: the layer oscillates, every sample has a winner, and competition works.",
            study.diagnosis,
        ),
        units="Times in ms.",
        footer="The map: Rumbell, Denham & Wennekers (2014), A spiking self-organizing map combining STDP, "
        "oscillations, and continuous learning, IEEE Transactions on Neural Networks and Learning Systems 25(5), "
        "894–907.",
    )


def _sections(som: Any, study: Study, image_shape: ImageShape | None, random_state: int | None) -> list[Section]:
    return [
        Section(
            "learning",
            "How the map formed",
            "Each sample was presented for a few cycles of the oscillation. Whoever fires first excites its neighbours "
            "and silences the rest, and spike-timing-dependent plasticity makes those that fired answer earlier next "
            "time. Labels played no part.",
            learning_figures(som, study),
        ),
        Section(
            "map",
            "The map",
            "Every cell is a neuron, in its place on the grid. A good map gives similar inputs to neighbours, and "
            "more neurons to where there are more inputs.",
            map_figures(som, study, image_shape),
        ),
        Section(
            "spikes",
            "The spikes",
            "What happens in the circuit while a sample is presented, weights frozen.",
            spike_figures(som, study),
        ),
        Section(
            "responses",
            "Inputs and responses",
            "What the map does to the data as a whole.",
            response_figures(som, study, random_state),
        ),
    ]
