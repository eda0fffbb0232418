"""Data sets larger than memory through a frozen model: one shard in, one shard out."""

from tectum.encode.executors import Executor, in_processes, on_dask
from tectum.encode.manifest import MANIFEST
from tectum.encode.run import Encoded, encode_shards

__all__ = ["MANIFEST", "Encoded", "Executor", "encode_shards", "in_processes", "on_dask"]
