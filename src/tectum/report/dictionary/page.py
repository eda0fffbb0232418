"""The page of a dictionary: its sections in words, its tables, its state of health."""

from collections.abc import Sequence
from typing import Any

from numpy.typing import ArrayLike

from tectum.parts.representation import ExplainingAway
from tectum.report.content import Comparison, Content, Health, Section, grey_shape, sample_fact
from tectum.report.dictionary.figures import code_figures, component_figures
from tectum.report.dictionary.spikes import spike_figures
from tectum.report.dictionary.study import DICTIONARY, UNTRAINED, DictionaryStudy, Score, without_names
from tectum.report.maps.figures import ImageShape

Shape = tuple[int, int]


def dictionary_content(
    dictionary: Any,
    study: DictionaryStudy,
    *,
    image_shape: ImageShape | None,
    images: Sequence[ArrayLike] | None,
    facts: list[tuple[str, str]],
) -> Content:
    """What the page of a dictionary says; `facts` are those that every page shows."""
    dictionary, n_features = without_names(dictionary), study.X.shape[1]
    shape = None if image_shape is None else grey_shape(image_shape, n_features)
    if images is not None and shape is None:
        raise ValueError("write_report.images must come with image_shape, got None; pass the shape of a patch")
    size = f"{shape[0]} × {shape[1]} pixels" if shape else f"{n_features:,}"
    return Content(
        kind="spiking dictionary",
        eyebrow="Dictionary of spiking neurons",
        untitled="A dictionary and its data",
        estimator="SpikingDictionary",
        facts=[
            sample_fact(study.n_given, len(study.X)),
            ("Features", size),
            ("Components", f"{len(dictionary.components_):,}"),
            *facts,
        ],
        numbers=_numbers(study),
        study=study,
        tables=(_comparison(study),),
        sections=_sections(dictionary, study, shape, images),
        health=Health.of(
            "Health of the dictionary",
            "Nothing to complain about: all components are in use, and the threshold keeps to its target.",
            study.diagnosis,
        ),
        units="Times in steps of a presentation.",
        footer="The dictionary: after Tavanaei, Masquelier & Maida (2018), Representation learning using event-based "
        "STDP, Neural Networks 105, 294–303; explaining away after Olshausen & Field (1996), Emergence of "
        "simple-cell receptive field properties by learning a sparse code for natural images, Nature 381, 607–609.",
    )


def _numbers(study: DictionaryStudy) -> str:
    apart = "samples drawn apart from those it learned from" if study.held_out else "the samples of this page"
    if not study.n_train:
        return f"Measured on {apart}, in their units."
    whose = "training samples" if study.held_out else "other samples of the same data"
    return (
        f"Measured on {apart}, in their units. The others that learn have as many components, learned from "
        f"{study.n_train:,} {whose}, and use as many coefficients; k-means has one centre for each sample. Principal "
        "and independent components (PCA, ICA) also store the mean sample."
    )


def _comparison(study: DictionaryStudy) -> Comparison:
    lengths = sorted({score.length for score in study.scores if score.length})
    rows = []
    for method in dict.fromkeys(score.method for score in study.scores):
        scores = [score for score in study.scores if score.method == method]
        own, components = method in (DICTIONARY, UNTRAINED), scores[0].n_components
        cells = [_cell([score for score in scores if score.length in (0, k)], own) for k in lengths]
        more = _cell([score for score in scores if score.length is None][-1:], own or components is not None)
        rows.append([method, "–" if components is None else f"{components}", *cells, more, scores[0].source])
    header = [f"{k} active" for k in lengths]
    left_out = "".join(f" {method} is left out: {why}." for method, why in study.left_out.items())
    return Comparison(
        "Error at every length of the code",
        ["Method", "Learned", *header, "No limit", "Source of the numbers"],
        rows,
        "Root mean square over a sample, mean over samples, in parentheses the number of active components where it "
        "is not that of the column. All was computed for this page on the same samples. Spike counts are whole "
        "numbers, below 0 only for signed input; the coefficients of the others are exact, signed real numbers."
        + left_out,
    )


def _cell(scores: list[Score], count: bool) -> str:
    """An error, with the number of active components if asked for."""
    if not scores:
        return "–"
    return f"{scores[0].rms:.3g}" + f" ({scores[0].active_units:.3g})" * count


def _sections(
    dictionary: Any, study: DictionaryStudy, shape: Shape | None, images: Sequence[ArrayLike] | None
) -> list[Section]:
    explaining = isinstance(dictionary.chosen_parts().competition, ExplainingAway)
    how = (
        "A spike takes the part of the input that its neuron stands for from all the others, so that a few neurons "
        "represent a sample by graded counts."
        if explaining
        else "Neurons compete through a softmax, and the components of those that fire are averaged."
    )
    return [
        Section(
            "components",
            "What it learned",
            "Samples were presented one by one, as spikes. Whenever a neuron fired, and only then, its weights moved "
            "towards what it had to explain. It was not told what to look for.",
            component_figures(dictionary, study, shape),
        ),
        Section(
            "codes",
            "What the code keeps",
            f"A sample becomes a few spike counts, from which it can be reconstructed. {how}",
            code_figures(dictionary, study, shape, images),
        ),
        Section(
            "spikes",
            "The spikes",
            "What happens while a sample is presented, weights frozen, and the rule that changes them in training.",
            spike_figures(dictionary, study, shape),
        ),
    ]
