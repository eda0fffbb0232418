"""`encode_shards`: which shards are left, who encodes them, and what is noted on the way."""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tectum import persistence
from tectum.encode.executors import Executor, in_processes
from tectum.encode.manifest import Entry, Manifest, is_changed
from tectum.encode.shards import Shard, file_hash, list_shards
from tectum.encode.work import Task
from tectum.models.common.progress import progress_bar

Paths = Iterable[str | os.PathLike[str]]
MOST_NAMED = 5  # failed shards in a message; the manifest has all


class Encoded(NamedTuple):
    """What `encode_shards` did."""

    manifest: Path  # the JSON file
    n_shards: int  # in the manifest
    n_encoded: int  # in this run; the others were done before
    n_rows: int  # samples of all shards
    bytes_read: int  # of the inputs of this run
    bytes_written: int  # of the outputs of this run
    worker_seconds: float  # of this run, summed over workers


def encode_shards(
    model_path: str | os.PathLike[str],
    inputs: Paths,
    output_folder: str | os.PathLike[str],
    *,
    shard_rows: int | None = None,
    sparse: bool = False,
    executor: Executor | None = None,
    resume: bool = False,
    overwrite: bool = False,
    verbose: bool = False,
) -> Encoded:
    """Write the response of a frozen model to each sample of a data set that need not fit in memory.

    Each shard of the input becomes one file of the output; rows keep their order. ``manifest.json`` in the folder says
    which shards are done. Files are written beside their place and renamed when they are whole, so that a run can be
    stopped at any moment and resumed: what is done is not done again.

    Parameters
    ----------
    model_path : str or path
        A model that `tectum.save` wrote.
    inputs : iterable of paths
        ``.npy``, ``.npz``, ``.parquet`` and ``.csv`` files of shape (n_samples, n_features), and folders of them.
    output_folder : str or path
        Made if it does not exist.
    shard_rows : int or None, default=None
        Cut ``.npy`` files into shards of so many rows; they are read in place, through a memory map.
    sparse : bool, default=False
        Write ``.npz`` files for `scipy.sparse.load_npz` instead of ``.npy`` arrays; both hold float32.
    executor : Executor or None, default=None
        Where shards are encoded: `in_processes` or `on_dask`. None: ``in_processes()``.
    resume : bool, default=False
        Go on in a folder that has a manifest; shards may have been added to the inputs. Begins if there is none.
    overwrite : bool, default=False
        Forget the manifest of the folder and encode everything anew; an old output goes when its replacement is
        written, those without one when all shards are done.
    verbose : bool, default=False
        Show a progress bar.

    Returns
    -------
    Encoded

    Raises
    ------
    ValueError
        If the folder has a manifest and neither `resume` nor `overwrite` is set; if the model, an input or the cut has
        changed since; after all others are done, if shards cannot be encoded.
    FileNotFoundError
        If the model or an input does not exist.
    OSError
        If a worker process dies, or no scheduler answers.
    """
    if resume and overwrite:
        raise ValueError("encode: resume and overwrite exclude each other; resume keeps what is done")
    if shard_rows is not None and shard_rows < 1:
        raise ValueError(
            f"encode: shard_rows (--shard-rows) must be 1 or more, got {shard_rows}; leave it out for whole files"
        )
    folder = Path(output_folder)
    model = Path(model_path).resolve()
    known = {"path": str(model), "class": type(persistence.load(model)).__name__, "sha256": file_hash(model)}
    shards = list_shards(inputs, shard_rows)
    with _alone_in(folder):
        manifest = _manifest(folder, known, sparse, shards, resume=resume, overwrite=overwrite)
        manifest.remove_remains()
        left = [entry for entry in manifest.entries if not manifest.is_done(entry)]
        for entry in left:
            entry.state, entry.error = "waiting", None
        manifest.write()
        _encode(manifest, left, executor or in_processes(), verbose)
        _report_failed(manifest)
        if manifest.replaced:
            manifest.remove_replaced()
            manifest.write()
    return Encoded(
        manifest.path.resolve(),
        len(manifest.entries),
        len(left),
        sum(entry.n_rows or 0 for entry in manifest.entries),
        sum(entry.n_bytes or 0 for entry in left),
        sum(entry.output_size or 0 for entry in left),
        sum(entry.seconds or 0.0 for entry in left),
    )


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """The folder is there, and no other run writes to it; OSError if one does."""
    if not folder.exists() and not folder.parent.is_dir():
        raise FileNotFoundError(f"cannot make {folder}: the folder {folder.parent} does not exist; create it first")
    folder.mkdir(exist_ok=True)
    if persistence.fcntl is None:
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            persistence.fcntl.flock(descriptor, persistence.fcntl.LOCK_EX | persistence.fcntl.LOCK_NB)
        except BlockingIOError:
            raise OSError(f"another run encodes into {folder}; wait for its end, or choose another folder") from None
        except OSError:
            pass  # some network folders know no locks
        yield
    finally:
        os.close(descriptor)


def _encode(manifest: Manifest, left: Sequence[Entry], executor: Executor, verbose: bool) -> None:
    """Encode the entries that are left, and note each as it comes."""
    model, sha256, folder = str(manifest.model["path"]), str(manifest.model["sha256"]), manifest.folder.resolve()
    tasks = [Task(model, sha256, entry.shard, str(folder / entry.output), manifest.sparse) for entry in left]
    try:
        with progress_bar(len(manifest.entries), "encode", verbose, unit="shards") as advance:
            advance(len(manifest.entries) - len(left))
            for number, outcome in executor(tasks):
                left[number].take(outcome)
                manifest.write(at_once=False)
                advance(1)
    finally:  # an interrupted run goes on from here
        manifest.write()
        manifest.remove_remains()


def _manifest(
    folder: Path, model: dict[str, str], sparse: bool, shards: Sequence[Shard], *, resume: bool, overwrite: bool
) -> Manifest:
    """The manifest to go on with, or a new one."""
    if any(Path(shard.path).parent == folder.resolve() for shard in shards):
        raise ValueError(f"encode: the output folder must not hold inputs, got {folder}; choose another one")
    old, replaced = _old_manifest(folder, overwrite)
    if old is not None and not resume:
        n_done = sum(entry.state == "done" for entry in old.entries)
        raise ValueError(
            f"{folder} has a manifest already ({n_done} of {len(old.entries)} shards done); pass resume (--resume) to "
            "go on, overwrite (--overwrite) to encode everything anew, or another folder"
        )
    manifest = old or Manifest(folder, model, sparse, [], replaced=replaced)
    new = _compare(manifest, model, sparse, shards)
    if manifest.versions[-1:] != [persistence.versions()]:
        manifest.versions.append(persistence.versions())
    manifest.add(new)
    added = [entry.output for entry in manifest.entries[-len(new) :] if new and (folder / entry.output).exists()]
    taken = [name for name in added if name not in manifest.replaced]
    if taken and not overwrite:
        raise ValueError(
            f"{folder / taken[0]} exists and is not in the manifest; choose another folder, or pass overwrite "
            "(--overwrite) to replace it"
        )
    return manifest


def _old_manifest(folder: Path, overwrite: bool) -> tuple[Manifest | None, list[str]]:
    """The manifest in the folder; with `overwrite` none, but the outputs it lists."""
    try:
        old = Manifest.read(folder)
    except ValueError:
        if overwrite:
            return None, []
        raise
    return (None, old.outputs()) if old is not None and overwrite else (old, [])


def _compare(manifest: Manifest, model: dict[str, str], sparse: bool, shards: Sequence[Shard]) -> list[Shard]:
    """The shards that are new to a manifest, after checking that what it has of the others still holds."""
    anew = "pass overwrite (--overwrite) to encode everything anew, or choose another folder"
    if manifest.model["sha256"] != model["sha256"]:
        raise ValueError(
            f"{manifest.path} is about another model: SHA-256 {manifest.model['sha256'][:12]}, {model['path']} has "
            f"{model['sha256'][:12]}; name the same model, {anew}"
        )
    if manifest.sparse != sparse:
        kind = "sparse" if manifest.sparse else "dense"
        raise ValueError(f"{manifest.path} is about {kind} outputs; ask for these (--sparse), {anew}")
    manifest.model = model
    now = {(shard.path, shard.rows): shard for shard in shards}
    for entry in manifest.entries:
        shard = now.pop((entry.input, entry.rows), None)
        if shard is None:
            raise ValueError(
                f"{manifest.path} has {entry.name}, which is not among the shards now; name the same inputs, cut in "
                f"the same way (--shard-rows), further ones may be added; or {anew}"
            )
        if is_changed(entry, shard):
            raise ValueError(f"{entry.name} has changed since it was encoded; bring the old file back, {anew}")
        entry.size, entry.mtime_ns = shard.size, shard.mtime_ns
    return list(now.values())


def _report_failed(manifest: Manifest) -> None:
    """Raise ValueError if shards could not be encoded, naming some."""
    failed = [entry for entry in manifest.entries if entry.state == "failed"]
    if failed:
        named = "; ".join(f"{entry.name}: {entry.error}" for entry in failed[:MOST_NAMED])
        raise ValueError(
            f"{len(failed)} of {len(manifest.entries)} shards could not be encoded, all others are done: {named}"
            f"{'; ...' if len(failed) > MOST_NAMED else ''}. Mend them and go on with resume (--resume)"
        )
