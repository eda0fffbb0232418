"""How long kernels took to compile in this process, and who is called when one is; needs no Numba."""

import contextlib
import time
from collections.abc import Callable, Iterator

SPENT = [0.0]  # s that kernels took to compile in this process
LISTENERS: list[Callable[[], None]] = []


def compile_seconds() -> float:
    """Seconds that this process has spent compiling kernels."""
    return SPENT[0]


def seconds_without_compiling() -> float:
    """A clock that stands still while a kernel is compiled; only differences mean something."""
    return time.perf_counter() - SPENT[0]


@contextlib.contextmanager
def announced(say: Callable[[], None]) -> Iterator[None]:
    """Call `say` once, before the first kernel that is compiled in the block."""

    def once() -> None:
        LISTENERS.remove(once)
        say()

    LISTENERS.append(once)
    try:
        yield
    finally:
        if once in LISTENERS:
            LISTENERS.remove(once)
