"""Progress bars: in a terminal one that moves, in a notebook a line of text that stays readable in the saved file."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from importlib import import_module
from typing import Any

from tectum.core.compile_time import announced, seconds_without_compiling

NOTEBOOK_PERIOD = 0.25  # s between two changes of the line
Advance = Callable[..., None]

_busy: ContextVar[bool] = ContextVar("busy", default=False)


@contextmanager
def progress_bar(total: int | None, title: str, shown: bool, unit: str = "presentations") -> Iterator[Advance]:
    """A bar with rate and time left: in a terminal on stderr, in a notebook below the cell.

    Yields a function to call with the number of steps just done, and with a note that is shown behind the bar from then
    on, if there is one. A total of None is not known. Nothing is shown while another bar is, or in `without_progress`.
    """
    if not shown or _busy.get():
        yield lambda done, note="": None
        return
    with without_progress(), (_notebook_line if _in_notebook() else _terminal_bar)(total, title, unit) as advance:
        yield advance


@contextmanager
def without_progress() -> Iterator[None]:
    """Show no bars in the block: of work that is a step of something longer."""
    token = _busy.set(True)
    try:
        yield
    finally:
        _busy.reset(token)


def _in_notebook() -> bool:
    """Whether a kernel of Jupyter runs this."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return hasattr(shell, "kernel")


@contextmanager
def _notebook_line(total: int | None, title: str, unit: str) -> Iterator[Advance]:
    display: Any = import_module("IPython.display").display
    began, done, note, shown_at = seconds_without_compiling(), 0, "", 0.0
    handle: Any = None

    def show() -> None:
        nonlocal handle, shown_at
        shown_at = seconds_without_compiling()
        text = {"text/plain": progress_line(title, unit, done, total, shown_at - began, note)}
        if handle is None:
            handle = display(text, raw=True, display_id=True)
        else:
            handle.update(text, raw=True)

    def advance(steps: int, said: str = "") -> None:
        nonlocal done, note
        done, note = done + steps, said or note
        if seconds_without_compiling() - shown_at > NOTEBOOK_PERIOD:
            show()

    show()
    try:
        yield advance
    finally:
        show()


def progress_line(title: str, unit: str, done: int, total: int | None, seconds: float, note: str = "") -> str:
    """How far something is, in a line."""
    rate = done / seconds if seconds > 0 else 0.0
    parts = [f"{title}: {done:,}" + ("" if total is None else f" of {total:,}") + f" {unit}", f"{rate:,.0f}/s"]
    if total is None or done >= total or rate == 0:
        parts.append(f"{seconds:.1f} s")
    else:
        parts.append(f"{(total - done) / rate:.0f} s left")
    return ", ".join([*parts, *([note] if note else [])])


@contextmanager
def _terminal_bar(total: int | None, title: str, unit: str) -> Iterator[Advance]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class Rate(ProgressColumn):
        """Steps per second."""

        def render(self, task: Task) -> Text:
            speed = task.finished_speed or task.speed
            return Text("" if speed is None else f"{speed:,.0f} {unit}/s")

    columns = (
        *(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Rate(), TimeRemainingColumn()),
        TextColumn("{task.fields[note]}"),
    )
    console = Console(stderr=True)

    def say() -> None:
        if console.is_terminal:
            console.print("compiling, once on this machine ...")

    with Progress(*columns, console=console) as bar, announced(say):
        task = bar.add_task(title, total=total, note="")
        yield lambda done, note="": bar.update(task, advance=done, **({"note": note} if note else {}))
