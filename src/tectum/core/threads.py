"""Frozen passes in threads."""

from collections.abc import Callable, Iterator
from typing import TypeVar

from joblib import Parallel, delayed, effective_n_jobs

Result = TypeVar("Result")


def in_threads(
    work: Callable[[slice], Result], n: int, n_jobs: int | None, most: int | None = None
) -> Iterator[tuple[slice, Result]]:
    """Each part of n samples with the result of `work` on it, in order; parts are worked on side by side.

    All that is done for a sample belongs into `work`, since what is left outside takes its time on one thread. Other
    backends of joblib than threads are not used, whatever `joblib.parallel_config` says, so `work` may write to arrays.

    Parameters
    ----------
    work : callable
        Takes a slice of the samples.
    n : int
        Number of samples.
    n_jobs : int or None
        Threads, as in joblib.
    most : int or None
        Samples of a part; None: one part per thread.
    """
    n_threads = max(1, min(effective_n_jobs(n_jobs), n))
    rounds = -(-n // (n_threads * most)) if most else 1
    n_parts = min(max(1, n), max(1, rounds) * n_threads)  # as many for each thread
    ends = [k * n // n_parts for k in range(n_parts + 1)]
    parts = [slice(*ends[k : k + 2]) for k in range(n_parts)]
    results = Parallel(n_jobs=n_threads, require="sharedmem", return_as="generator")(delayed(work)(p) for p in parts)
    return zip(parts, results, strict=True)
