"""Arguments and options that several commands take, under the same names, and how they are typed."""

import inspect
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from tectum.cli.tables import TABLE_OPTIONS, table_from

DataArgument = Annotated[
    str,
    typer.Argument(
        metavar="DATA",
        help="A data set (see tectum info), a .npy .npz .csv .parquet file; for a dictionary also images or a folder, "
        "for a hierarchy videos, a folder of them or of images, features, events, a camera (0), a URL.",
    ),
]
PatchOption = Annotated[int | None, typer.Option(help="Side of the patches of images, in pixels; dictionaries only.")]
WhitenOption = Annotated[
    bool | None, typer.Option("--whiten/--no-whiten", help="Flatten the spectrum of images first; dictionaries only.")
]
SeedsOption = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Also report scores over so many seeds, on held-out samples; takes as long as that many fits.",
    ),
]
ReportOption = Annotated[Path | None, typer.Option(help="Also write a report to this HTML file.")]
ConfigOption = Annotated[Path | None, typer.Option(help="TOML file with parameters, one table per part.")]
SettingsOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="A parameter or a field of a part: shape=8,8, radius.end=1.5."),
]
SeedOption = Annotated[int | None, typer.Option(help="Seed; 0 by default.")]
CheckpointOption = Annotated[
    float,
    typer.Option("--checkpoint-every", min=0.0, help="Minutes between two checkpoints; 0: save only if interrupted."),
]
ModelArgument = Annotated[Path, typer.Argument(metavar="FILE", help="A model file.")]


class FrameOptions(NamedTuple):
    """How frames become features; None chooses."""

    cnn: Annotated[Path | None, typer.Option(help="ONNX network for features of frames; else chosen.")] = None
    layer: Annotated[str | None, typer.Option(help="Layer of the network whose activations are learned.")] = None
    pixels: Annotated[str | None, typer.Option(help="Pixels as the network needs them: caffe or pytorch.")] = None
    every: Annotated[int | None, typer.Option(help="Take every n-th frame of videos.")] = None
    segments: Annotated[
        Path | None, typer.Option(help="CSV of annotations of the clips, for scoring: clip, first, last, ...")
    ] = None
    seconds: Annotated[float | None, typer.Option(min=0.0, help="When to stop a camera or URL; else Ctrl-C.")] = None
    motion: Annotated[
        bool | None,
        typer.Option("--motion/--no-motion", help="Add a map of motion; by default yes, unless --config is given."),
    ] = None
    colours: Annotated[
        bool | None,
        typer.Option("--colours/--no-colours", help="Add a map of small colour pictures; same default as --motion."),
    ] = None


# argument of a command -> the options that it stands for, and what makes one value of those that were typed
GROUPS: dict[str, tuple[dict[str, Any], Callable[[dict[str, Any]], Any]]] = {
    "table": (TABLE_OPTIONS, table_from),
    "frames": (FrameOptions.__annotations__, lambda given: FrameOptions(**given)),
}


def with_groups(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options for which its arguments `table` and `frames` stand."""
    own = inspect.signature(command).parameters
    groups = {name: group for name, group in GROUPS.items() if name in own}

    @wraps(command)
    def call(**given: Any) -> None:
        made = {name: make({key: given.pop(key) for key in options}) for name, (options, make) in groups.items()}
        command(**given, **made)

    kept = [parameter.replace(kind=parameter.KEYWORD_ONLY) for name, parameter in own.items() if name not in groups]
    more = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=kind)
        for options, _ in groups.values()
        for name, kind in options.items()
    ]
    call.__signature__ = inspect.Signature([*kept, *more])  # type: ignore[attr-defined]
    call.__annotations__ = {parameter.name: parameter.annotation for parameter in [*kept, *more]}
    return call


def option_words(**options: Any) -> list[str]:
    """Options as they are typed: without those of None, one word for True or False, each item of a list by itself."""
    words = []
    for name, value in options.items():
        flag = f"-{name}" if len(name) == 1 else f"--{name.replace('_', '-')}"
        if isinstance(value, bool):
            words.append(flag if value else flag.replace("--", "--no-"))
        elif value is not None:
            words += [word for item in (value if isinstance(value, list) else [value]) for word in (flag, str(item))]
    return words
