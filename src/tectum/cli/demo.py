"""The command `tectum demo`: a model learns from data at hand, and a report says what came of it."""

from pathlib import Path
from typing import Annotated

import typer

from tectum.cli import recordings as cli_recordings, streams as cli_streams, support, waves as cli_waves
from tectum.cli.cortex import demonstrate as demonstrate_cortex
from tectum.cli.options import CheckpointOption, FrameOptions, ReportOption, SeedsOption
from tectum.cli.output import Output
from tectum.cli.wire import demonstrate as demonstrate_wiring
from tectum.core.compile_time import seconds_without_compiling


def demo(
    context: typer.Context,
    frames: FrameOptions,
    name: Annotated[
        str,
        typer.Argument(
            metavar="[NAME]",
            help="A data set (tectum info lists them); dictionary: patches of photographs; events: an event camera; "
            "waves: sheets without data; wire: sensors in an unknown order; cortex: orientation columns; "
            "driving: maps of maps on video.",
            autocompletion=support.demonstrations,
        ),
    ] = "iris",
    videos: Annotated[
        list[str] | None,
        typer.Argument(metavar="[VIDEO...]", help="Clips for driving, a camera (0) or a URL; chosen by default."),
    ] = None,
    presentations: Annotated[int | None, typer.Option(help="Presentations of a sample; chosen by default.")] = None,
    report: ReportOption = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Save what driving has learned to this file.")
    ] = None,
    resume: Annotated[Path | None, typer.Option(help="Continue the interrupted driving demo in this file.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of driving, wire and cortex; 0 by default.")] = None,
    seeds: SeedsOption = None,
    checkpoint_every: CheckpointOption = 5.0,
) -> None:
    """Train a spiking map or dictionary, let sheets wire themselves by waves, or maps of maps watch a drive; report."""
    out: Output = context.obj
    support.check_name("NAME", name, support.demonstrations())
    path = report or Path(f"tectum-{name}.html")
    out.check_destination(path, output, resume, frames.cnn, frames.segments, *(videos or []))
    if name in ("driving", "events", "wire", "cortex", "waves"):
        support.check_seeds(seeds, name)
    if name == "driving":
        if presentations is not None:
            raise typer.BadParameter("--presentations is for samples; leave it out for driving, which sees frames once")
        files = videos or []
        cli_streams.demonstrate(
            out, files, frames, path, output=output, resume=resume, seed=seed, every=checkpoint_every
        )
        return
    if name in ("wire", "cortex"):
        cli_streams.check_unused(frames, videos=videos, output=output, resume=resume, presentations=presentations)
        (demonstrate_wiring if name == "wire" else demonstrate_cortex)(out, path, seed)
        return
    cli_streams.check_unused(frames, videos=videos, output=output, resume=resume, seed=seed)
    if name == "events":
        return cli_recordings.demonstrate(out, path, presentations)
    if name == "waves":
        if presentations is not None:
            raise typer.BadParameter("--presentations is for samples; leave it out for waves, which need none")
        command = support.shell_command("demo", "waves")
        cli_waves.run(out, cli_waves.demonstration(), None, path, command, saying="three sheets wire themselves ...")
        return
    model, data = support.demonstration(name, presentations)
    started = seconds_without_compiling()
    model.set_params(verbose=out.progress).fit(data.data)
    seconds = seconds_without_compiling() - started
    model.set_params(verbose=False)
    command = support.shell_command("demo", name, presentations=presentations, seeds=seeds)
    study = support.report_on(out, path, model, data, command, seconds, seeds=seeds)
    out.result(support.announce_report(out, path, study, data=data.name, seconds=seconds))
