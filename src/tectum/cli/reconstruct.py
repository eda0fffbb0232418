"""The command ``tectum reconstruct``: images as a dictionary sees them."""

from pathlib import Path
from typing import Annotated

import typer

import tectum
from tectum.cli import images as cli_images, support
from tectum.cli.options import PatchOption, WhitenOption
from tectum.cli.output import Output


def reconstruct(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A model file with a dictionary.")],
    images: Annotated[str, typer.Argument(metavar="IMAGES", help="A folder, an image, an array or a data set.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="OUT", help="A .png file for one image, else a folder.")
    ],
    active: Annotated[int | None, typer.Option(help="Most components per patch.")] = None,
    steps: Annotated[int | None, typer.Option(help="Steps of a presentation.")] = None,
    most: Annotated[int, typer.Option(help="Most images to write.")] = 20,
    patch: PatchOption = None,
    stride: Annotated[
        int | None, typer.Option(help="Pixels between patches; a third of their side by default.")
    ] = None,
    whiten: WhitenOption = None,
) -> None:
    """Write images beside their reconstructions from the spikes of a dictionary."""
    out: Output = context.obj
    dictionary = tectum.load(file)
    if not support.takes(dictionary, "images"):
        raise ValueError(f"{file} must hold a dictionary to reconstruct images, got a {type(dictionary).__name__}")
    cut = support.cut_of(dictionary, file, support.changes(patch=patch, whiten=whiten))
    found = cli_images.write_reconstructions(
        output,
        cli_images.with_budget(dictionary, active, steps),
        images,
        cut,
        lambda path: out.check_destination(path, file, images),
        stride=stride,
        most=most,
    )
    for row in found:
        out.say(
            f"{row['file']}: error {row['error']:.3g} (a blank picture {row['trivial']:.3g}), "
            f"{row['active']:.2f} components active in a patch"
        )
    out.result({"images": found})
