"""Frozen passes in threads."""

from collections.abc import Callable, Iterator
from typing import TypeVar

from joblib import Parallel, delayed, effective_n_jobs

Result = TypeVar("Result")


def in_threads(
    work: Callable[[slice], Result], n: int, n_jobs: int | None, most: int | None = None
) -> Iterator[tuple[slice, Result]]:
    """Each part of n samples with the result of `work` on it, in order; parts are worked on side by side.

    `work` takes a slice of the samples; `n_jobs` are threads, as in joblib, and `most` samples of a part, None for one
    part per thread. All that is done for a sample belongs into `work`, since what is left outside takes its time on one
    thread. Other backends of joblib than threads are not used, whatever `joblib.parallel_config` says, so `work` may
    write to arrays.
    """
    n_threads = max(1, min(effective_n_jobs(n_jobs), n))
    rounds = -(-n // (n_threads * most)) if most else 1
    n_parts = min(max(1, n), max(1, rounds) * n_threads)  # as many for each thread
    ends = [k * n // n_parts for k in range(n_parts + 1)]
    parts = [slice(*ends[k : k + 2]) for k in range(n_parts)]
    results = Parallel(n_jobs=n_threads, require="sharedmem", return_as="generator")(delayed(work)(p) for p in parts)
    return zip(parts, results, strict=True)
