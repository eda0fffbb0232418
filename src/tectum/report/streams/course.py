"""Figures of a hierarchy while it learned a stream: adoption and forgetting, the rhythm, the cost."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from tectum import plots
from tectum.plots.style import accent, ink
from tectum.report.content import HALF, WIDE
from tectum.report.render import Drawing
from tectum.report.streams.figures import clip_name
from tectum.report.streams.study import StreamStudy

N_CYCLES = 4  # shown of the spikes


def course_figures(study: StreamStudy) -> list[Drawing]:
    """Adoption and forgetting; none without clips."""
    course = study.course
    if course is None:
        return []
    names = [clip_name(name) for name in study.names]

    def curves(values: NDArray, ylabel: str, ax: Axes, marks: NDArray | None = None) -> None:
        plots.plot_class_curves(
            course.times, values, segments=course.segments, adopted=marks, target_names=names, ylabel=ylabel, ax=ax
        )

    def used(figure: Figure) -> None:
        ax = figure.subplots()
        ax.plot(course.times, course.used, color=accent(0))
        ax.set(xlabel="frames learned", ylabel="neurons", ylim=(0, None))
        ax.grid(axis="y")

    adopted = course.segments[:, 0] + course.adopted
    return [
        Drawing(
            "adoption",
            "Clips adopted and forgotten",
            "One chunk of frames in eight is held out; of a clip too short for that, all frames count. Share of those "
            "of each clip whose nearest neuron stands for that clip, from the frames learned so far. Bars on top: when "
            "the clip is learned; circles: when it has nine tenths of its final accuracy. A curve that "
            "falls after its bar is forgetting.",
            lambda figure: curves(course.accuracy, "accuracy, frames held out", figure.subplots(), adopted),
            (WIDE, 3.6),
        ),
        Drawing(
            "error",
            "Quantization error of each clip",
            "Mean cosine distance of the codes held out to the weights of the nearest neuron. It falls while a clip is "
            "learned and should stay low afterwards.",
            lambda figure: curves(course.error, "distance", figure.subplots()),
            (WIDE, 3.3),
        ),
        Drawing(
            "used",
            "Neurons in use",
            f"Neurons of map {study.eye.name} to which a frame seen so far is nearest. New scenes recruit new ones.",
            used,
            (HALF, 3.4),
        ),
    ]


def rhythm_figures(study: StreamStudy) -> list[Drawing]:
    """Spikes in the common cycle."""
    rhythm = study.rhythm
    recording, period = rhythm.recording, rhythm.period_ms
    names = list(rhythm.phases)
    span = N_CYCLES * period
    # the second frame of the recording: the first one starts from rest
    start = recording.presentation_ms if recording.n_presentations > 1 else 0.0
    spikes, n_shown = {}, []
    for name in names:
        who, row = np.unique(recording.spikes[name].neuron, return_inverse=True)
        spikes[name] = recording.spikes[name].time_ms, row
        n_shown.append(max(1, len(who)))
    pulses = {name: np.arange(0.0, recording.duration_ms, period) + phase for name, phase in rhythm.pulses_ms.items()}

    def rasters(figure: Figure) -> None:
        plots.plot_map_rasters(
            spikes,
            n_shown,
            t_range=(start, start + span),
            cycles_ms=np.arange(0.0, recording.duration_ms, period),
            pulses_ms=pulses,
            figure=figure,
        )

    def phases(figure: Figure) -> None:
        for k, (ax, name) in enumerate(zip(figure.subplots(1, len(names), squeeze=False)[0], names, strict=True)):
            ends = 0.5 * period, 1.5 * period
            at = (rhythm.phases[name] / (2.0 * np.pi) * period - ends[0]) % period + ends[0]
            ax.hist(at, bins=np.linspace(*ends, 51), color=accent(k), linewidth=0)
            if name in rhythm.pulses_ms:
                pulse = (rhythm.pulses_ms[name] - ends[0]) % period + ends[0]
                ax.axvline(pulse, color=ink(0.7), linewidth=1.2, linestyle=":")
            ax.set(xlabel="ms after the clock", ylabel="spikes" if k == 0 else "", xlim=ends, title=name)

    return [
        Drawing(
            "rasters",
            "One frame, spike by spike",
            "Spikes of each map while one frame is shown, weights frozen, a row for each neuron that fires in "
            "any frame recorded: solid lines begin the cycles, dotted lines "
            "are the pulses of the clock that pace the inhibition of a map. Upper maps should answer after the maps "
            "that they hear, within the same cycle; a wave in each volley is a winner that takes its neighbours along.",
            rasters,
            (WIDE, 0.7 + 1.15 * len(names)),
        ),
        Drawing(
            "phases",
            "When in the cycle",
            "Spikes of each map by their time after the clock of the first map, from half a cycle on, so that an "
            f"answer stands to the right of what it answers; over all {recording.n_presentations} frames "
            "recorded. Dotted, the pulses of the map's own clock: inhibition follows them. One narrow peak is a "
            "map that is locked to the rhythm.",
            phases,
            (WIDE, 2.7),
        ),
    ]


def cost_figures(study: StreamStudy) -> list[Drawing]:
    """Where the time went."""
    each = study.diary.per_frame()
    if each is None:
        return []
    table = np.array(study.diary.costs, np.float64)
    parts = {"reading and decoding": each.reading, "features": each.features, "maps": each.learning}

    def spent(figure: Figure) -> None:
        ax = figure.subplots()
        left = 0.0
        for k, (name, ms) in enumerate(parts.items()):
            ax.barh([0], [ms], left=left, color=accent(k), label=f"{name} {ms:.1f} ms")
            left += ms
        ax.axvline(40.0, color=ink(0.6), linestyle=":", linewidth=1.2, label="25 frames per second")
        ax.set(xlabel="ms per frame", yticks=[], ylim=(-0.7, 0.7))
        ax.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2)

    def memory(figure: Figure) -> None:
        ax = figure.subplots()
        ax.plot(table[:, 0], table[:, -1], color=accent(0))
        ax.set(xlabel="frames", ylabel="MiB", ylim=(0, None))
        ax.grid(axis="y")

    return [
        Drawing(
            "spent",
            "Time per frame",
            "Mean over the stream but its first chunk, in which code is compiled: to read and decode a frame, to "
            "compute its features, and for all maps to learn it. Left of the dotted line is faster than a video of 25 "
            f"frames per second. The maps took {each.processor:.1f} ms of processor time; what their bar has beyond "
            "that was waiting for other programs of the machine.",
            spent,
            (HALF, 2.6),
        ),
        Drawing(
            "memory",
            "Memory over the stream",
            "Memory of the process while it learned. It rises while frames for this page, at most 1,200, and looks at "
            "the maps are kept, and does not grow with the stream from then on.",
            memory,
            (HALF, 2.6),
        ),
    ]
