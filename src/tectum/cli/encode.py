"""The command ``tectum encode``: a data set larger than memory through a saved model."""

from pathlib import Path
from typing import Annotated

import typer

from tectum.cli.output import Output
from tectum.cli.support import shell_command


def encode(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A model file.")],
    data: Annotated[
        list[Path],
        typer.Argument(metavar="DATA...", help="Shards: .npy .npz .csv .parquet files, or folders of them."),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FOLDER", help="Folder for the encoded shards and manifest.json.")
    ],
    shard_rows: Annotated[int | None, typer.Option(help="Cut .npy files into shards of this many rows.")] = None,
    sparse: Annotated[
        bool, typer.Option("--sparse", help="Write sparse .npz files, for responses that are mostly 0.")
    ] = False,
    jobs: Annotated[int | None, typer.Option(help="Processes of this machine; -1: one per core (default 1).")] = None,
    scheduler: Annotated[
        str | None, typer.Option(help="Dask scheduler, tcp://HOST:PORT; or local, local:N for N processes of Dask.")
    ] = None,
    resume: Annotated[
        bool | None,
        typer.Option(
            "--resume/--overwrite", help="Continue in a folder that has a manifest, or start over.", show_default=False
        ),
    ] = None,
) -> None:
    """Stream a data set of any size through a frozen model, shard by shard; Ctrl-C stops, --resume goes on."""
    from tectum.encode import encode_shards, in_processes, on_dask

    out: Output = context.obj
    if jobs is not None and scheduler is not None:
        raise typer.BadParameter("--jobs is for processes of this machine; leave it out with --scheduler")
    try:
        found = encode_shards(
            file,
            data,
            output,
            shard_rows=shard_rows,
            sparse=sparse,
            executor=in_processes(jobs) if scheduler is None else on_dask(scheduler),
            resume=resume is True,
            overwrite=resume is False,
            verbose=out.progress,
        )
    except KeyboardInterrupt:
        options = {"o": output, "shard_rows": shard_rows, "jobs": jobs, "scheduler": scheduler}
        command = shell_command("encode", str(file), *map(str, data), **options, sparse=sparse or None, resume=True)
        typer.echo(f"interrupted; what is finished is kept. To go on: {command}", err=True)
        raise
    out.say(
        f"{found.n_rows:,} samples in {found.n_shards} shards, {found.n_encoded} of them encoded now: {found.manifest}"
    )
    out.result(found._asdict())
