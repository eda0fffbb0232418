"""What a worker does: one shard through the model into one file."""

import hashlib
import os
import time
from functools import lru_cache
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from scipy import sparse

from tectum import persistence
from tectum.datasets.columns import Preparation, preparation_of
from tectum.encode.shards import Shard, blocks, file_hash


class Task(NamedTuple):
    """All that a worker on any machine needs to know."""

    model: str  # path
    model_sha256: str
    shard: Shard
    output: str  # path
    sparse: bool


class Outcome(NamedTuple):
    """What a worker reports; the names are those of the manifest."""

    sha256: str | None = None  # of the content of the shard
    n_rows: int | None = None
    n_bytes: int | None = None  # that were read
    output_size: int | None = None
    output_sha256: str | None = None
    seconds: float | None = None
    error: str | None = None


def encode_shard(task: Task) -> Outcome:
    """Write the response to each sample of a shard; what goes wrong is said in the outcome, for this shard alone."""
    try:
        return _encode(task)
    except Exception as error:
        return Outcome(error=str(error) or repr(error))


def _encode(task: Task) -> Outcome:
    started = time.perf_counter()
    model, names, preparation = _load(task.model, task.model_sha256)
    digest = hashlib.sha256()
    responses, n_bytes = [], 0
    for block in blocks(task.shard, digest, names, preparation):
        responses.append(_response(model, block, task.sparse))
        n_bytes += block.nbytes
    stat = os.stat(task.shard.path)
    if (stat.st_size, stat.st_mtime_ns) != (task.shard.size, task.shard.mtime_ns):
        raise ValueError(f"{task.shard.path} changed while it was read; go on with resume (--resume) once it is whole")
    with persistence.replacing(task.output) as file:
        _write(file, responses, task.sparse)
        size = file.tell()
        file.seek(0)
        written = hashlib.file_digest(file, "sha256").hexdigest()
    return Outcome(
        sha256=digest.hexdigest(),
        n_rows=sum(response.shape[0] for response in responses),
        n_bytes=task.shard.size if task.shard.rows is None else n_bytes,
        output_size=size,
        output_sha256=written,
        seconds=time.perf_counter() - started,
    )


@lru_cache(maxsize=1)
def _load(path: str, sha256: str) -> tuple[Any, list[str] | None, Preparation | None]:
    """The model, once in a process, the names of its features and how its table was prepared."""
    if (found := file_hash(path)) != sha256:
        raise ValueError(f"{path} changed while shards were encoded: SHA-256 {found}, {sha256} at the start")
    model = persistence.load(path)
    names = vars(model).pop("feature_names_in_", None)  # blocks are arranged by them, and bear none
    return model.set_params(n_jobs=1, verbose=False), names, preparation_of(path, names)


def _response(model: Any, block: np.ndarray, as_sparse: bool) -> Any:
    """Float32 response of the model, dense or in rows of what is not 0."""
    response = model.transform(block)
    if as_sparse:
        return sparse.csr_array(response, dtype=np.float32)
    return (response.toarray() if sparse.issparse(response) else response).astype(np.float32, copy=False)


def _write(file: BinaryIO, responses: list[Any], as_sparse: bool) -> None:
    if as_sparse:
        sparse.save_npz(file, sparse.vstack(responses, format="csr"))
        file.seek(0, os.SEEK_END)
        return
    shape = (sum(len(response) for response in responses), responses[0].shape[1])
    np.lib.format.write_array_header_1_0(file, {"descr": "<f4", "fortran_order": False, "shape": shape})
    for response in responses:
        file.write(np.ascontiguousarray(response, dtype="<f4").data)
