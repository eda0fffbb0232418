"""The commands on recordings of event cameras: fit a model to the events of a file, write the spikes to another."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tectum.cli.options import option_words
from tectum.cli.output import Output, save_or_keep
from tectum.cli.support import announce_report, model_to_fit, shell_command, winners_of
from tectum.core.compile_time import seconds_without_compiling

N_DIGITS, PAUSE_US = 40, 30_000  # of the demonstration
SUFFIXES = (".aedat", ".aedat2", ".aedat4", ".bin", ".dat", ".h5", ".hdf5", ".raw")


def is_recording(data: str | None) -> bool:
    """Whether it is a file of an event camera, by its suffix, or by the fields t, x and y of an array."""
    if data is None:
        return False
    from tectum.streams.event_files import holds_events

    return Path(data).suffix.lower() in SUFFIXES or holds_events(Path(data))


def fit(
    out: Output,
    model: str,
    data: str,
    output: Path,
    *,
    config: Path | None,
    settings: Sequence[str],
    seed: int | None,
    resume: Path | None,
    report: Path | None,
) -> None:
    """Fit a dictionary, or a network of Diehl & Cook, to the events of a file, and save it."""
    import tectum
    from tectum.parts import EventPatches

    estimator = model_to_fit(model, resume, config, settings, seed)
    if not hasattr(estimator, "fit_events"):
        raise ValueError(f"MODEL must take events for {data}, got {model!r}; use dictionary or diehl-cook")
    if isinstance(estimator, tectum.SpikingDictionary) and estimator.encoder is None:
        estimator.set_params(encoder=EventPatches())
    is_dictionary = isinstance(estimator, tectum.SpikingDictionary)
    if report and not is_dictionary:
        raise ValueError(f"--report must be left out for {model!r} on recordings, got {str(report)!r}; it has no page")
    estimator.set_params(verbose=out.progress)
    started = seconds_without_compiling()
    try:
        (estimator.partial_fit_events if resume else estimator.fit_events)(data)
    finally:  # interrupted, too
        if hasattr(estimator, "weights_"):
            save_or_keep(output, estimator.set_params(verbose=False).save)
    seconds, seen = seconds_without_compiling() - started, estimator.n_presentations_seen_
    out.say(f"model in {output.resolve()} after {seen:,} {'events' if is_dictionary else 'recordings'}")
    result = {"model": str(output.resolve()), "presentations": seen, "seconds": seconds}
    if report:
        options = {"config": config, "seed": seed, "resume": resume, "set": list(settings), "o": output}
        words, took = ["fit", model, data, *option_words(**options)], None if resume else seconds
        result |= report_on(out, estimator, data, report, words, seconds=took, option="report")
    out.result(result)


def report_on(
    out: Output,
    estimator: Any,
    data: Any,
    path: Path,
    words: Sequence[str],
    *,
    seconds: float | None = None,
    title: str | None = None,
    option: str = "o",
) -> dict[str, Any]:
    """Write the page of a dictionary and recordings; what it shows, for machines. `words` and the option for the path
    repeat the command.
    """
    from tectum.models.dictionary_events import EventDictionary
    from tectum.report import write_events_report

    if not isinstance(estimator, EventDictionary):
        raise ValueError(
            f"FILE must hold a SpikingDictionary for a page about a recording, got a {type(estimator).__name__}; use "
            "transform"
        )
    out.say("comparing with the baselines and drawing the report ...")
    estimator.set_params(verbose=False)
    title, command = title or Path(data).name, shell_command(*words, **{option: path})
    written = write_events_report(path, estimator, data, title=title, command=command, seconds=seconds)
    return announce_report(out, path, written.study)


def demonstrate(out: Output, path: Path, presentations: int | None) -> None:
    """Digits that move once around a circle before a simulated camera, or jump as eyes do, and a dictionary that
    learns from their events.
    """
    from scipy.ndimage import zoom
    from sklearn.datasets import load_digits

    import tectum
    from tectum import datasets, streams

    digits = np.stack([zoom(image, 3.0, order=1) for image in load_digits().images[:N_DIGITS]])
    half = N_DIGITS // 2
    circling = datasets.moving(digits[:half], radius=6.0, margin=7, random_state=0)
    jumping = datasets.saccades(digits[half:], reach=6.0, margin=7, random_state=0)
    seen = [both for pair in zip(circling.recordings, jumping.recordings, strict=True) for both in pair]
    out.say(f"simulated: {sum(map(len, seen)):,} events of {N_DIGITS} digits that move before a camera")
    scene = _one_after_another(seen)
    model = tectum.SpikingDictionary.for_events(64, n_presentations=presentations or 400_000, random_state=0)
    stream = streams.events(scene, shape=circling.shape)
    started = seconds_without_compiling()
    model.set_params(verbose=out.progress).fit_events(stream)
    seconds = seconds_without_compiling() - started
    words, title = ["demo", "events", *option_words(presentations=presentations)], "Digits that move (simulated)"
    out.result(report_on(out, model, stream, path, words, seconds=seconds, title=title, option="report"))


def _one_after_another(recordings: list[Any]) -> Any:
    """Recordings as one."""
    later, parts = 0, []
    for part in recordings:
        parts.append(part.copy())
        parts[-1]["t"] += later
        later = int(parts[-1]["t"][-1]) + PAUSE_US
    return np.concatenate(parts)


def transform(out: Output, estimator: Any, data: str, path: Path) -> None:
    """Write the spikes of a dictionary, one by one, or the counts of another model."""
    from tectum.persistence import write_atomically

    if not hasattr(estimator, "transform_events"):
        raise ValueError(
            f"FILE must hold a model that takes events for {data}, got a {type(estimator).__name__}; fit a dictionary "
            "to recordings, or pass counts of events (tectum.streams.event_frames) in a .npy file"
        )
    buffer = io.BytesIO()
    if hasattr(estimator, "record_events"):
        found = estimator.set_params(verbose=out.progress).record_events(data)
        said, columns = f"{len(found):,} spikes", {name: found[name] for name in found.dtype.names}
    else:
        found = estimator.transform_events(data)
        said, columns = f"counts of {int(found.sum()):,} spikes", {"data": found, "winners": winners_of(found)}
    if path.suffix.lower() == ".npy":
        np.save(buffer, found)
    elif path.suffix.lower() == ".npz":
        np.savez_compressed(buffer, **columns)
    else:
        names = found.dtype.names or range(found.shape[1])
        table = np.column_stack([found[name] for name in names]) if found.dtype.names else found
        np.savetxt(buffer, table, delimiter=",", fmt="%d", header=",".join(map(str, names)), comments="")
    write_atomically(path, buffer.getvalue())
    out.say(f"{said} in {path.resolve()}")
    out.result({"output": str(path.resolve()), "shape": list(found.shape)})
