"""What was new in a stream: novelty over time, with a picture of each discovery."""

import numpy as np
from matplotlib.figure import Figure

from tectum import plots
from tectum.report.content import WIDE, Comparison
from tectum.report.numbers import number
from tectum.report.render import Drawing
from tectum.report.streams.diary import Discovery
from tectum.report.streams.study import StreamStudy

PHOTOGRAPHS = 150  # pixels per inch
MOST_PICTURES = 11  # in a row
MOST_ROWS = 24  # of the table


def found_by_eye(study: StreamStudy) -> list[Discovery]:
    """Discoveries of the map that the page is about."""
    return [found for found in study.diary.discoveries if found.event.map == study.eye.name]


def novelty_figures(study: StreamStudy) -> list[Drawing]:
    """Novelty over time; none of a stream that was not learned."""
    series, found = study.diary.novelties, found_by_eye(study)
    if not series:
        return []
    times = np.array([at for at, _ in series])
    values = np.array([by_map[study.eye.name] for _, by_map in series])
    new = [d for d in found if d.event.why != "return"]
    back = [d for d in found if d.event.why == "return"]
    shown = [d for d in new if d.picture is not None][:MOST_PICTURES]
    heights = [0.95] * bool(shown) + [2.4]

    def draw(figure: Figure) -> None:
        axes = list(figure.subplots(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0])
        plots.plot_novelty(
            times,
            values,
            new=[(d.time_s, d.event.novelty) for d in new],
            returns=[(d.time_s, d.event.novelty) for d in back],
            ax=axes[-1],
        )
        if shown:
            stack = np.stack([d.picture for d in shown if d.picture is not None])
            titles = [f"{d.event.label}: {d.time_s:.1f} s" for d in shown]
            plots.plot_picture_row(stack, titles=titles, n=MOST_PICTURES, ax=axes[0])

    return [
        Drawing(
            "novelty",
            "Novelty and discoveries",
            f"How new each frame was to map {study.eye.name} when it was learned: one less the drive of the neuron "
            f"that it fitted best, over that of a perfect match. Filled circles: {len(new)} new classes, a neuron was "
            f"recruited where the picture changed at once; above, how they looked. Open circles: {len(back)} "
            "returns, the picture changed and a neuron answered that knew it. Neurons recruited while a scene goes on "
            "extend its class and are not marked.",
            draw,
            (WIDE, sum(heights) + 0.6),
            pixels_per_inch=PHOTOGRAPHS if shown else None,
            photographs=bool(shown),
        )
    ]


def discoveries_table(study: StreamStudy) -> Comparison | None:
    """When which class came."""
    found = found_by_eye(study)
    if not found:
        return None
    rows = [
        [
            f"{d.event.label}",
            number(d.time_s, ".1f", " s"),
            d.event.why,
            f"{d.event.neuron}",
            f"{d.event.novelty:.2f}",
        ]
        for d in found[:MOST_ROWS]
    ]
    left = f" {len(found) - MOST_ROWS} more are in events_." if len(found) > MOST_ROWS else ""
    return Comparison(
        "Discoveries",
        ["Class", "Time", "What", "Neuron", "Novelty"],
        rows,
        f"Of map {study.eye.name}; classes are numbered as they came.{left}",
    )
