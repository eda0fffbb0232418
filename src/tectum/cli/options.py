"""Arguments and options that several commands take, under the same names."""

from pathlib import Path
from typing import Annotated

import typer

DataArgument = Annotated[
    str,
    typer.Argument(
        metavar="DATA",
        help="A data set (see tectum info), a .npy .npz .csv .parquet file; for a dictionary also images or a folder, "
        "for a hierarchy videos, a folder of them or of images, features.",
    ),
]
PatchOption = Annotated[int | None, typer.Option(help="Side of the patches of images, in pixels; dictionaries only.")]
WhitenOption = Annotated[
    bool | None, typer.Option("--whiten/--no-whiten", help="Flatten the spectrum of images first; dictionaries only.")
]
CNNOption = Annotated[Path | None, typer.Option(help="ONNX file of the network that sees frames; else chosen.")]
LayerOption = Annotated[str | None, typer.Option(help="Layer of the network whose activations are learned.")]
PixelsOption = Annotated[str | None, typer.Option(help="What the network wants, caffe (the default) or pytorch.")]
EveryOption = Annotated[int | None, typer.Option(help="Take every n-th frame of videos.")]
ReportOption = Annotated[Path | None, typer.Option(help="Also write a report to this HTML file.")]
