"""Long runs: states that are saved on the way, and signals that end a run as Ctrl-C does."""

import os
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

SIGNALS = ("SIGTERM", "SIGHUP")


class Ended(KeyboardInterrupt):
    """The process was asked to end, by a signal of this number other than that of Ctrl-C."""

    def __init__(self, number: int) -> None:
        super().__init__(f"ended by {signal.Signals(number).name}")
        self.code = 128 + number


class Keeper(NamedTuple):
    """Who saves the state of an estimator that learns, and when it is due."""

    estimator: Any
    save: Callable[[], object]
    every: float  # seconds; 0 is never
    last: list[float]  # INOUT when it was saved


_KEEPER: ContextVar[Keeper | None] = ContextVar("keeper", default=None)


@contextmanager
def interruptible() -> Iterator[None]:
    """Within the block SIGTERM and SIGHUP interrupt as Ctrl-C does, unless the process ignores or handles them."""

    def end(number: int, frame: Any) -> None:
        raise Ended(number)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = [getattr(signal, name) for name in SIGNALS if hasattr(signal, name)]
    ours = [number for number in numbers if signal.getsignal(number) is signal.SIG_DFL]
    for number in ours:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


@contextmanager
def checkpoints(
    estimator: Any,
    path: str | os.PathLike[str],
    every: float = 300.0,
    *,
    save: Callable[[], object] | None = None,
    go_on: Callable[[], str] | None = None,
) -> Iterator[None]:
    """Save an estimator to a file while it learns, and when it is interrupted by Ctrl-C, SIGTERM or SIGHUP.

    Parameters
    ----------
    estimator : estimator
        What learns in the block, by `fit`, `partial_fit` or `grow`.
    path : str or path
        File that is replaced in one step each time; where that fails while it learns, a warning says so.
    every : float, default=300.0
        Seconds between two saves; 0 saves only if the block is interrupted.
    save : callable or None, default=None
        What saves, in place of ``estimator.save(path)``.
    go_on : callable or None, default=None
        Gives the text that says how to go on, which is noted on the exception.

    Examples
    --------
    >>> import tectum
    >>> from sklearn.datasets import load_iris
    >>> som = tectum.SpikingSOM((4, 4), n_presentations=100, random_state=0)
    >>> with tectum.checkpoints(som, "som.tectum", every=60.0):
    ...     som = som.fit(load_iris().data)
    """
    keeper = Keeper(estimator, save or (lambda: estimator.save(path)), every, [time.monotonic()])
    token = _KEEPER.set(keeper)
    try:
        with interruptible():
            yield
    except KeyboardInterrupt as error:
        if hasattr(estimator, "_state"):
            keeper.save()
            how = go_on() if go_on else f"tectum.load({os.fspath(path)!r}){estimator._go_on()}"
            error.add_note(f"the state so far is in {os.fspath(path)}. To go on: {how}")
        raise
    finally:
        _KEEPER.reset(token)


def pause(estimator: Any) -> None:
    """Where what an estimator has learned is complete: it is saved if that is due."""
    keeper = _KEEPER.get()
    if keeper is None or keeper.estimator is not estimator or not keeper.every:
        return
    if time.monotonic() - keeper.last[0] >= keeper.every:
        estimator._publish()
        try:
            keeper.save()
        except OSError as error:  # hours of learning are worth more than one of its copies
            warnings.warn(f"{error}; learning goes on", UserWarning, stacklevel=2)
        keeper.last[0] = time.monotonic()
