"""Progress bars."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress_bar(
    total: int | None, title: str, shown: bool, unit: str = "presentations"
) -> Iterator[Callable[..., None]]:
    """A bar with rate and time left on stderr.

    Yields a function to call with the number of steps just done, and with a note that is shown behind the bar from then
    on, if there is one. A total of None is not known.
    """
    if not shown:
        yield lambda done, note="": None
        return
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

    from tectum.core.compiler import announced

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
