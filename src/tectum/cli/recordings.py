"""The commands on recordings of event cameras: fit a model to the events of a file, write the spikes to another."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tectum.cli.output import Output
from tectum.cli.support import new_model, winners_of

SUFFIXES = (".aedat", ".aedat2", ".aedat4", ".bin", ".dat", ".h5", ".hdf5", ".raw")


def is_recording(data: str | None) -> bool:
    """Whether it is a file of an event camera, by its suffix."""
    return data is not None and Path(data).suffix.lower() in SUFFIXES


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
) -> None:
    """Fit a dictionary, or a network of Diehl & Cook, to the events of a file, and save it."""
    import tectum
    from tectum.parts import EventPatches

    estimator = tectum.load(resume) if resume else new_model(model, config, settings, seed)
    if not hasattr(estimator, "fit_events"):
        raise ValueError(f"MODEL must take events for {data}, got {model!r}; use dictionary or diehl-cook")
    if isinstance(estimator, tectum.SpikingDictionary) and estimator.encoder is None:
        estimator.set_params(encoder=EventPatches())
    estimator.set_params(verbose=out.progress)
    try:
        (estimator.partial_fit_events if resume else estimator.fit_events)(data)
    finally:  # interrupted, too
        if hasattr(estimator, "weights_"):
            estimator.set_params(verbose=False).save(output)
    seen = estimator.n_presentations_seen_
    what = "events" if isinstance(estimator, tectum.SpikingDictionary) else "recordings"
    out.say(f"model in {output.resolve()} after {seen:,} {what}")
    out.result({"model": str(output.resolve()), "presentations": seen})


def transform(out: Output, estimator: Any, data: str, path: Path) -> None:
    """Write the spikes of a dictionary, one by one, or the counts of another model."""
    from tectum.persistence import write_atomically

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
