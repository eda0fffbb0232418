"""The page of a dictionary of events: a film, numbers beside rivals, figures."""

import os
from typing import Any

from tectum.report.content import Comparison, Content, Health, Section
from tectum.report.events.figures import components, errors, rates, snapshots, usage
from tectum.report.events.film import event_film
from tectum.report.events.study import DICTIONARY, EventStudy, Method, Pair, error_of, examine_events
from tectum.report.numbers import number
from tectum.report.page import Report, training_facts, write_content


def write_events_report(
    path: str | os.PathLike[str],
    dictionary: Any,
    events: Any,
    *,
    shape: Pair | None = None,
    baselines: bool = True,
    random_state: int | None = 0,
    study: EventStudy | None = None,
    title: str | None = None,
    command: str | None = None,
    seconds: float | None = None,
) -> Report:
    """Write one HTML page about a dictionary of events: a film of a recording, numbers beside rivals, figures.

    Parameters
    ----------
    dictionary : SpikingDictionary
        Fitted by `fit_events`.
    events : path, structured array, `EventStream`, data set, or list of these
        Recordings, as in `SpikingDictionary.fit_events`. Of one recording rivals learn from the first half, and all is
        measured on the second; of several, on every second.
    shape : (height, width), optional
        Size of the camera in pixels.
    baselines : bool, default=True
        Whether to fit rivals: the untrained dictionary that fires as often, the mean trace of each pixel, k-means and
        sparse coding of windows.
    random_state : int or None, default=0
        Of the rivals.
    study : EventStudy, optional
        What `examine_events` gave for the same arguments, which is then not computed again.
    path, title, command, seconds
        As in `write_report`.

    Returns
    -------
    Report
        The path of the file, which a notebook shows with the headline numbers.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If the dictionary is not fitted.
    ValueError
        If it is not made for events, or its patches are larger than the camera.
    StreamError
        If a recording cannot be read.
    OSError
        If the file cannot be written; nothing is left behind.

    Examples
    --------
    >>> from tectum import report
    >>> report.write_events_report("events.html", dictionary, "recording.aedat4")  # doctest: +SKIP
    """
    if study is None:
        study = examine_events(dictionary, events, shape=shape, baselines=baselines, random_state=random_state)
    content = _content(dictionary, study, training_facts(dictionary, seconds))
    called = command or f"tectum.{dictionary!r}.fit_events(events)"
    return write_content(path, content, dictionary, title, called)


def _content(dictionary: Any, study: EventStudy, facts: list[tuple[str, str]]) -> Content:
    height, width = study.shape
    encoder = dictionary.chosen_parts()["encoder"]
    measured = sum(len(clip.events) for clip in study.clips)
    several = len(study.names) > 1
    how = (
        f"Measured on {len(study.clips)} of {len(study.names)} recordings; rivals learned from the others."
        if several
        else "Measured on the second half of the recording; rivals learned from the first."
    )
    return Content(
        kind="dictionary of events",
        eyebrow="Dictionary of spiking neurons, on events",
        untitled="A dictionary and a recording",
        estimator="SpikingDictionary",
        facts=[
            ("Recordings", f"{len(study.names):,}") if several else ("Length", f"{study.duration_us / 1e6:.3g} s"),
            ("Events", f"{study.n_events:,}" + f" ({measured:,} measured)"),
            ("Camera", f"{width} × {height} pixels"),
            ("Components", f"{dictionary.n_components:,} of {encoder.size} × {encoder.size} pixels"),
            *facts,
        ],
        numbers=f"{how} The dictionary may have learned from all of it, as it does in tectum fit.",
        study=study,
        sections=_sections(dictionary, study),
        n_opening=1,
        tables=(_costs(study),),
        health=Health.of(
            "Health of the dictionary", "Nothing to complain about: all components are in use.", study.diagnosis
        ),
        units="Times in ms, lengths in pixels.",
        footer="The dictionary: after Tavanaei, Masquelier & Maida (2018), Representation learning using event-based "
        "STDP, Neural Networks 105, 294–303; traces of events after Lagorce et al. (2017), HOTS: a hierarchy of "
        "event-based time-surfaces for pattern recognition, IEEE TPAMI 39, 1346–1359.",
    )


def _sections(dictionary: Any, study: EventStudy) -> list[Section]:
    return [
        Section(
            "events",
            "Events in, spikes out",
            "Each event drives the neurons of the patches that see it, at its own time. A neuron above its threshold "
            "fires, and takes what it stands for from the others. There are no frames and no windows.",
            [event_film(dictionary, study), rates(study)],
        ),
        Section(
            "components",
            "What it learned",
            "Whenever a neuron fired, and only then, its weights moved towards what it had to explain. It was not told "
            "what to look for.",
            [components(dictionary, study), usage(study, dictionary.n_components), errors(study)],
        ),
        Section(
            "reconstruction",
            "What the code keeps",
            "The trace of the events can be reconstructed from the spikes.",
            [snapshots(study)],
        ),
    ]


def _costs(study: EventStudy) -> Comparison:
    rows = []
    for name, method in study.methods.items():
        rows.append([name, f"{error_of(study.clips, method):.3f}", *_row(method), method.code])
    dictionary = study.methods[DICTIONARY].operations or 0.0
    return Comparison(
        "What it costs",
        ["Method", "Error", "Coefficients per event", "Operations per event", "Million events/s", "Code"],
        rows,
        f"Operations are additions where spikes pass synapses ({dictionary:.0f} per event: each event reaches all "
        "components of its patches, each spike all components of one), and multiplications with an addition where "
        "windows are multiplied with centres or atoms, patches without events left out. LCA: a dictionary learned by "
        "Rozell et al. (2008), codes by matching pursuit. Speed is that of this computer, one core, for spikes alone.",
    )


def _row(method: Method) -> list[str]:
    speed = None if method.speed is None else method.speed / 1e6
    return [number(method.per_event, ".3g"), number(method.operations, ",.0f"), number(speed, ".2f")]
