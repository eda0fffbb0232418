"""The page of a hierarchy that learned a stream: its sections in words, its tables, its state of health."""

import math
from typing import Any

import numpy as np

from tectum import analysis
from tectum.report.content import Comparison, Content, Health, Section
from tectum.report.streams.course import cost_figures, course_figures, rhythm_figures
from tectum.report.streams.figures import clip_name, glance_figures, map_figures, plane_figures
from tectum.report.streams.novelty import discoveries_table, novelty_figures
from tectum.report.streams.planes import N_COMPONENTS
from tectum.report.streams.rivals import HEIGHT, WIDTH
from tectum.report.streams.study import MapStudy, StreamStudy, regions_of


def stream_content(hierarchy: Any, study: StreamStudy, *, facts: list[tuple[str, str]]) -> Content:
    """What the page of a hierarchy says; `facts` are those that every page shows."""
    diary = study.diary
    each = diary.per_frame()
    ms = 0.0 if each is None else each.reading + each.features + each.learning
    speed = "not measured" if ms == 0.0 else f"{1e3 / ms:,.1f} frames/s, read, described and learned"
    return Content(
        kind="stream",
        eyebrow="Spiking maps of maps, learning a stream",
        untitled="A hierarchy and its stream",
        estimator="MapHierarchy",
        facts=[
            ("Frames", f"{diary.n_frames:,}, {diary.n_learned:,} learned"),
            ("Clips", f"{len(study.names)}"),
            ("Features", f"{study.frames.X.shape[1]:,}, {diary.features}"),
            ("Maps", ", ".join(f"{m.name} {m.shape[0]} × {m.shape[1]}" for m in study.maps)),
            ("Speed", speed),
            *facts,
        ],
        numbers=_numbers(study),
        study=study,
        sections=_sections(study),
        health=_health(study),
        units="Times in ms, potentials in mV, conductances in units of the leak.",
        footer="The hierarchy: spiking maps after Rumbell, Denham & Wennekers (2014), IEEE Transactions on Neural "
        "Networks and Learning Systems 25(5), 894–907, coupled through their rhythms after Fries (2015), Neuron 88, "
        "220–235.",
        tables=(_maps_table(study),),
        n_opening=1,
    )


def _numbers(study: StreamStudy) -> str:
    learned = study.diary.n_learned > 0
    text = (
        "One pass, every frame once, in its natural order, no labels; one chunk of frames in eight was held out. "
        if learned
        else "None of these frames was learned from. "
    )
    text += (
        f"Measured on {len(study.codes):,} frames, weights frozen. Numbers of the spiking map are those of map "
        f"{study.eye.name}."
    )
    if study.labels is not None:
        text += " Names of clips serve to score the result and nothing else."
    if len(study.measures[-1].values) > 1:
        text += (
            " A Kohonen map of the same shape and k-means got the same codes, other k-means the features, thumbnails "
            f"of {WIDTH} x {HEIGHT} pixels, or one mean colour of each frame, all of them at random and over and over; "
            "equal stretches of time know nothing but the clock. What they find as well proves nothing about the map."
        )
    return text


def _maps_table(study: StreamStudy) -> Comparison:
    header = ["Map", "Neurons in use", "Silent", "Active per frame"]
    labelled = study.labels is not None
    header += ["AMI of regions", "ARI of regions", "AMI, frames held out", "Purity of neurons"] * labelled
    rows = [[m.name, *_map_cells(study, m), *(_score_cells(study, m) if labelled else [])] for m in study.maps]
    return Comparison(
        "The maps of the hierarchy",
        header,
        rows,
        "Silent: share of frames without a winner. Active: neurons that fire at least once for a frame. Regions: "
        "neurons joined to as many as there are clips."
        if labelled
        else "Silent: share of frames without a winner. Active: neurons that fire at least once for a frame.",
    )


def _map_cells(study: StreamStudy, m: MapStudy) -> list[str]:
    used = len(np.unique(m.winners[m.winners >= 0]))
    active = (m.response > 0).sum(axis=1).mean()
    return [f"{used} of {len(m.codebook)}", f"{100 * (m.winners < 0).mean():.1f} %", f"{active:.1f}"]


def _score_cells(study: StreamStudy, m: MapStudy) -> list[str]:
    labels = study.labels
    n = max(2, len(study.names))
    cut = max((k for k in m.curve if k <= n), default=None)
    if labels is None or cut is None:
        return ["–"] * 4
    regions = np.append(regions_of(m.codebook, m.shape, m.winners, cut), -1)[m.winners]
    held = study.frames.held_out
    apart = analysis.cluster_scores(labels[held], regions[held])["ami"] if held.any() else math.nan
    units = analysis.cluster_scores(labels, m.winners)
    return [f"{m.curve[cut]['ami']:.2f}", f"{m.curve[cut]['ari']:.2f}", _two(float(apart)), f"{units['purity']:.2f}"]


def _two(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.2f}"


def _sections(study: StreamStudy) -> list[Section]:
    return [
        Section(
            "glance",
            "The stream at a glance",
            "What the hierarchy made of the stream, before any number: do frames that belong together win together?",
            glance_figures(study),
        ),
        Section(
            "novelty",
            "What was new",
            "What the hierarchy noticed while it learned, without any name: scenes it had not met, and scenes that it "
            "knew when they came back.",
            novelty_figures(study),
            discoveries_table(study),
        ),
        Section(
            "map",
            "The map",
            f"Map {study.eye.name} sees the features: what its neurons stand for.",
            map_figures(study),
        ),
        *_within_section(study),
        Section(
            "planes",
            "From features to responses",
            "How the frames lie to each other before and after the map.",
            plane_figures(study),
            _stages_table(study),
        ),
        Section(
            "course",
            "Adoption and forgetting",
            "How soon new scenes find neurons of their own, and whether old ones keep theirs, in one pass without "
            "labels.",
            course_figures(study),
            _course_table(study),
        ),
        *_order_section(study),
        Section(
            "rhythm",
            "Coherence of the maps",
            "All maps share a cycle. A map that receives spikes must be open when they arrive, so its clock is a "
            "little later.",
            rhythm_figures(study),
            _rhythm_table(study),
        ),
        Section(
            "cost",
            "Where the time went",
            "Features and learning are timed separately; neither grows with the length of the stream.",
            cost_figures(study),
        ),
    ]


def _within_section(study: StreamStudy) -> list[Section]:
    """What happens inside the clips, as somebody saw it; none if nobody said so."""
    within = study.within
    if within is None:
        return []
    clips = list(dict.fromkeys(clip for scores in within.kinds.values() for of in scores.values() for clip in of))
    rows = [
        [
            f"{kind}: {method}",
            *(_two(of.get(clip, math.nan)) for clip in clips),
            _two(float(np.mean([*of.values()])) if of else math.nan),
        ]
        for kind, scores in within.kinds.items()
        for method, of in scores.items()
        if any(scores.values())
    ]
    units = ", ".join(f"{clip_name(name)} {n}" for name, n in within.n_units.items())
    table = Comparison(
        "Agreement inside each clip",
        ["Units of", *map(clip_name, clips), "mean"],
        rows,
        "Adjusted mutual information of single units with what a viewer saw, in each clip alone. Rivals are fitted "
        f"in that clip alone, with as many units as map {study.eye.name} uses there ({units}). Where equal stretches "
        "of time score as high, the number proves no meaning.",
    )
    sections = [
        Section(
            "within",
            "Inside the clips",
            "It is easy to recognise the clip of a frame, but not what happens in it, as annotated by one viewer.",
            [],
            table,
        )
    ]
    if within.recurring:
        methods = list(next(iter(within.recurring.values())))
        sections.append(
            Section(
                "recurring",
                "What comes back",
                "The one score that a clock cannot reach: recurring events, distinguished from their surroundings by "
                "units that have not met this occurrence.",
                [],
                Comparison(
                    "Recognised when it comes back, that occurrence left out of learning",
                    ["What", *methods],
                    [
                        [f"{clip_name(clip)}: {label}", *(_two(of.get(method, math.nan)) for method in methods)]
                        for (clip, label), of in within.recurring.items()
                    ],
                    "Area under the ROC curve; 0.5 is chance, 1 perfect.",
                ),
            )
        )
    return sections


def _order_section(study: StreamStudy) -> list[Section]:
    """The map, learned in one order and another."""
    if not study.orders:
        return []
    labelled = study.labels is not None
    rows = [[o.name, _two(o.topographic_error), *([_two(o.ami)] * labelled), f"{o.n_units}"] for o in study.orders]
    return [
        Section(
            "order",
            "Does the order form the map?",
            f"Map {study.eye.name}, learned anew from the frames kept, alone: in their natural order, in which one is "
            "like the one before, and shuffled.",
            [],
            Comparison(
                "The same frames in two orders",
                ["Frames", "Topographic error", *(["AMI of single units"] * labelled), "Neurons in use"],
                rows,
                "Topographic error: frames whose two highest neurons are not neighbours. If both rows are alike, the "
                "map owes nothing to what follows what.",
            ),
        )
    ]


def _stages_table(study: StreamStudy) -> Comparison:
    rows = [[name, f"{plane.dimension:.1f}", _two(plane.neighbours)] for name, plane in study.planes.items()]
    similarities = ", ".join(f"{name} {value:.2f}" for name, value in study.similarity.items())
    return Comparison(
        "What each stage keeps",
        ["Stage", "Dimensions", "Nearest frame is of the same clip"],
        rows,
        f"Dimensions: participation ratio. Nearest frame: by the first {N_COMPONENTS} principal components, frames "
        f"near in time left out. Correlation of the distances between frames at two stages: {similarities}.",
    )


def _course_table(study: StreamStudy) -> Comparison | None:
    course = study.course
    if course is None:
        return None
    rows = []
    for k, name in enumerate(study.names):
        begin, end = course.segments[k].astype(int)
        adopted = "never" if math.isnan(course.adopted[k]) else f"{course.adopted[k]:.0f} frames"
        rows.append(
            [
                clip_name(name),
                f"{begin:,} – {end:,}",
                adopted,
                f"{course.accuracy[-1, k]:.2f}",
                f"{course.forgetting[k]:.2f}",
                f"{course.drift[k]:+.3f}",
                f"{course.units[k]}",
            ]
        )
    header = ["Clip", "Learned at", "Adopted after", "Accuracy at the end", "Lost", "Error gained", "Neurons"]
    return Comparison(
        "Clip by clip",
        header,
        rows,
        f"On frames held out. Lost: fall from the best accuracy, mean {course.forgetting.mean():.3f}. Error gained "
        f"since the clip ended: mean {course.drift.mean():+.3f}. Measured at {len(course.times)} moments, so that "
        "times of adoption are too long by up to one interval.",
    )


def _rhythm_table(study: StreamStudy) -> Comparison:
    rhythm = study.rhythm
    rows = []
    for name in rhythm.phases:
        pulse = f"{rhythm.pulses_ms[name]:.1f} ms" if name in rhythm.pulses_ms else "no clock"
        lag = rhythm.lag_ms[name]
        rows.append(
            [
                name,
                pulse,
                "–" if math.isnan(lag) else f"{lag:.1f} ms",
                "–" if math.isnan(lag) else f"{_turned(lag - rhythm.lag_ms[study.eye.name], rhythm.period_ms):+.1f} ms",
                _two(rhythm.locking[name]),
                _two(rhythm.coherence[name]),
                f"{len(rhythm.phases[name]) / rhythm.recording.n_presentations:.1f}",
            ]
        )
    return Comparison(
        "Rhythm in numbers",
        [
            "Map",
            "Clock",
            "Mean time of spikes",
            f"After those of {study.eye.name}",
            "Phase locking",
            f"Coherence with {study.eye.name}",
            "Spikes per frame",
        ],
        rows,
        f"Of {rhythm.recording.n_presentations} frames; the cycle takes {rhythm.period_ms:g} ms. Phase locking of the "
        "spikes to the cycle, 1 is perfect. Coherence of the fields (mean inhibitory conductance) at the frequency of "
        f"the cycle. Kuramoto's order of all maps: mean {rhythm.order.mean:.2f}, standard deviation "
        f"{rhythm.order.sd:.2f}. Maps with clocks are coherent because of them: only the times of the spikes say "
        "whether a map is open when it is spoken to.",
    )


def _turned(ms: float, period: float) -> float:
    """The same time in a cycle between minus half a period and half a period."""
    return (ms + period / 2) % period - period / 2


def _health(study: StreamStudy) -> Health:
    rows = []
    for m in study.maps:
        rows.append((f"Frames without a winner, {m.name}", f"{100 * (m.winners < 0).mean():.1f} %"))
        rows.append((f"Neurons in use, {m.name}", f"{len(np.unique(m.winners[m.winners >= 0]))} of {len(m.codebook)}"))
    if study.diary.costs:
        last = study.diary.costs[-1]
        memory = [cost.memory for cost in study.diary.costs]
        rows += [
            ("Reading and decoding", f"{last.reading:.1f} s"),
            ("Features", f"{last.features:.1f} s"),
            ("Learning", f"{last.learning:.1f} s, {last.processor:.1f} s of the processor"),
            ("Length of the stream", f"{last.time_s:.1f} s"),
            ("Most memory", "not known" if math.isnan(max(memory)) else f"{max(memory):,.0f} MiB"),
        ]
    return Health(
        "Health of the hierarchy",
        "Nothing to complain about: every map answers, and learning keeps up with the stream.",
        study.warnings,
        rows,
    )
