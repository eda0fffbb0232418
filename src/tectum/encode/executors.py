"""Where shards are encoded: in processes of this machine, or on a Dask cluster."""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

from tectum.encode.work import Outcome, Task, encode_shard

Executor = Callable[[Sequence[Task]], Iterator[tuple[int, Outcome]]]  # numbers and outcomes, as they come
IN_FLIGHT = 4  # tasks handed to a cluster for each of its threads; what waits there costs it memory


def in_processes(jobs: int | None = None) -> Executor:
    """Shards go to processes of this machine, or to the backend that `joblib.parallel_config` has set.

    Parameters
    ----------
    jobs : int or None, default=None
        Processes, -1 for one per core; None: 1, or what `joblib.parallel_config` says.

    Returns
    -------
    Executor

    Raises
    ------
    OSError
        While it runs, if a process dies.

    Examples
    --------
    >>> callable(in_processes(1))
    True
    """

    def run(tasks: Sequence[Task]) -> Iterator[tuple[int, Outcome]]:
        from joblib import Parallel, delayed
        from joblib.externals.loky.process_executor import BrokenProcessPool

        parallel = Parallel(n_jobs=jobs, return_as="generator_unordered", batch_size=1)
        try:
            yield from parallel(delayed(_numbered)(number, task) for number, task in enumerate(tasks))
        except BrokenProcessPool as error:
            raise OSError(
                "a process died while it encoded a shard, perhaps for want of memory; what is finished is kept: go on "
                "with resume (--resume), with fewer jobs (--jobs) or smaller shards (--shard-rows)"
            ) from error

    return run


def on_dask(scheduler: str) -> Executor:
    """Shards go to the workers of a Dask cluster, which see the files under the same paths.

    What a worker had in hand when it was lost goes to another one.

    Parameters
    ----------
    scheduler : str
        Address of a scheduler, such as ``tcp://host:8786``; or ``local`` or ``local:N`` for a cluster of one or N
        processes on this machine that ends with the run.

    Returns
    -------
    Executor

    Raises
    ------
    ImportError
        If Dask distributed is not installed.
    ValueError
        If N is no positive number.
    OSError
        When it begins, if no scheduler answers.
    """
    try:
        import distributed
    except ImportError as error:
        raise ImportError("--scheduler needs Dask distributed; pip install 'tectum[dask]'") from error
    kind, _, number = scheduler.partition(":")
    n_workers = int(number) if number.isdigit() else 0 if number else 1
    if kind == "local" and n_workers < 1:
        raise ValueError(f"scheduler must be local, local:N with N of 1 or more, or an address, got {scheduler!r}")

    def run(tasks: Sequence[Task]) -> Iterator[tuple[int, Outcome]]:
        if kind == "local":
            cluster: Any = distributed.LocalCluster(n_workers=n_workers, threads_per_worker=1, dashboard_address=None)
            with cluster, distributed.Client(cluster) as client:
                yield from _as_they_come(client, tasks)
            return
        try:
            client = distributed.Client(scheduler, timeout="20s")
        except OSError as error:
            raise OSError(
                f"no Dask scheduler answers at {scheduler} ({error}); start one with dask scheduler"
            ) from error
        with client:
            yield from _as_they_come(client, tasks)

    return run


def _as_they_come(client: Any, tasks: Sequence[Task]) -> Iterator[tuple[int, Outcome]]:
    """Outcomes of all tasks, of which the cluster holds a limited number at any time."""
    from distributed import as_completed

    waiting = iter(enumerate(tasks))
    n_threads = max(1, sum(client.nthreads().values()))

    def submit(number: int, task: Task) -> Any:
        future = client.submit(encode_shard, task, pure=False)
        numbers[future.key] = number
        return future

    numbers: dict[str, int] = {}
    results = as_completed([submit(*item) for item in islice(waiting, IN_FLIGHT * n_threads)])
    for future in results:
        error = future.exception() if future.status == "error" else None  # that of a worker, not of the shard
        yield numbers.pop(future.key), future.result() if error is None else Outcome(error=f"{error!r}")
        for item in islice(waiting, 1):
            results.add(submit(*item))


def _numbered(number: int, task: Task) -> tuple[int, Outcome]:
    return number, encode_shard(task)
