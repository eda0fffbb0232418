"""How a command speaks: results, errors, and what it may write over."""

import json
import math
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import typer
from typer.core import TyperGroup

from tectum.cli import INTERRUPTED
from tectum.models.common.checkpoints import interruptible

ERRORS = (ValueError, TypeError, OSError, ImportError)  # what tectum raises for bad input, shown without a traceback
ANYWHERE = ("--quiet", "-q", "--json", "--force")  # options of the whole command that may also follow a subcommand


class Group(TyperGroup):
    """Commands whose errors are one line, with exit code 1, or 130 after an interrupt; wrong usage gives 2."""

    def parse_args(self, ctx: Any, args: list[str]) -> Any:
        end = args.index("--") if "--" in args else len(args)
        first = [arg for arg in args[:end] if arg in ANYWHERE]
        with _reporting_errors("--json" in first):
            return super().parse_args(ctx, first + [arg for arg in args[:end] if arg not in ANYWHERE] + args[end:])

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        near = get_close_matches(args[0], self.list_commands(ctx), n=1) if args else []
        if near and near != args[:1] and self.get_command(ctx, args[0]) is None:
            ctx.fail(f"No such command {args[0]!r}; did you mean {near[0]!r}?")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        with _reporting_errors(ctx.params["as_json"]):
            return super().invoke(ctx)


@contextmanager
def _reporting_errors(as_json: bool) -> Iterator[None]:
    """Errors as a line for people, or as JSON on standard output; then the exit."""
    try:
        with interruptible():
            yield
    except BrokenPipeError:
        raise  # the reader of our output has seen enough
    except KeyboardInterrupt as error:
        code = getattr(error, "code", INTERRUPTED)
        _print_error("; ".join([str(error) or "interrupted", *getattr(error, "__notes__", [])]), as_json, code)
        raise typer.Exit(code) from error
    except ERRORS as error:
        _print_error(str(error), as_json, code=1)
        raise typer.Exit(1) from error
    except Exception as error:
        if type(error).__name__ == "NoSuchOption":
            _point_to_set(error)
        if not as_json or not hasattr(error, "format_message"):
            raise  # wrong usage is reported by typer
        _print_error(error.format_message(), as_json, code=2)
        raise typer.Exit(2) from error


def _point_to_set(error: Any) -> None:
    """Say that parameters of models are no options, where a command takes them."""
    if any(parameter.name == "settings" for parameter in getattr(error.ctx, "command", error.ctx).params):
        said = error.message.rstrip(".")
        error.message = f"{said}; parameters of a model are given by --set, for instance --set n_presentations=500"


def _print_error(message: str, as_json: bool, code: int) -> None:
    if as_json:
        typer.echo(json.dumps({"error": message, "code": code}))
    elif code >= INTERRUPTED - 1:
        typer.echo(message, err=True)
    else:
        typer.secho(f"error: {message}", err=True, fg="red")


class Output(NamedTuple):
    """Where and how to print."""

    quiet: bool
    as_json: bool
    force: bool = False  # whether existing files may be replaced

    @property
    def progress(self) -> bool:
        """Whether to show progress bars."""
        return not (self.quiet or self.as_json)

    def check_destination(self, path: Path, *inputs: str | Path | None, goes_on: Path | None = None) -> None:
        """Raise OSError if a file cannot be written there, or names an input; asked before the work starts.

        Another existing file is replaced if `force` is set, if it is the one that the command goes on with, or if the
        person at the terminal says so.
        """
        from tectum.persistence import destination

        folder = destination(path).parent
        if not os.access(folder, os.W_OK):
            raise PermissionError(f"cannot write {path}: no permission in {folder.resolve()}; choose another folder")
        for given in inputs:
            if given is not None and is_same(path, given) and (path.exists() or not Path(given).is_dir()):
                raise FileExistsError(f"cannot write {path}: it is an input or another output; choose another name")
        if not path.exists() or self.force or (goes_on is not None and is_same(path, goes_on)):
            return
        if not (_at_terminal() and typer.confirm(f"{path} exists; replace it?", err=True)):
            raise FileExistsError(f"cannot write {path}: it exists; pass --force to replace it, or choose another name")

    def say(self, text: str) -> None:
        """Print a line for people."""
        if self.progress:
            typer.echo(text)

    def result(self, values: dict[str, Any]) -> None:
        """Print the result for machines; NaN becomes null."""
        if self.as_json:
            typer.echo(json.dumps(_finite(values), default=str))


def save_or_keep(path: Path, save: Callable[[Path], object]) -> None:
    """Save a model to a file; if that fails, to a folder for temporary files, which the error names.

    An interrupt waits until the file is there; a second one does not.
    """
    try:
        save(path)
    except KeyboardInterrupt as interrupt:
        save(path)
        interrupt.add_note(f"the model is in {path}")
        raise
    except OSError as error:
        for folder in (None, "/dev/shm"):  # that of the system, and memory
            try:
                save(refuge := _refuge(folder) / path.name)
            except OSError:
                continue
            raise OSError(f"{error}; the model is in {refuge}: move it to where there is room") from error
        raise


@cache
def _refuge(folder: str | None) -> Path:
    """A new folder in this one, the same for all of this process."""
    return Path(tempfile.mkdtemp(prefix="tectum-", dir=folder))


def _at_terminal() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


def _finite(value: Any) -> Any:
    """The value with None in place of NaN and infinities, which JSON does not know."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def is_same(one: str | Path, other: str | Path) -> bool:
    """Whether two paths lead to the same file, by links or another case too, or the first lies in that folder."""
    one, other = Path(one).expanduser(), Path(other).expanduser()
    if one.exists() and other.exists():
        return one.samefile(other) or (other.is_dir() and one.resolve().is_relative_to(other.resolve()))
    return os.path.realpath(one) == os.path.realpath(other)  # which also ends for a link to itself
