"""``tectum watch``: a hierarchy learns a stream before the eyes of whoever opens its page."""

import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from tectum.cli import streams as cli_streams
from tectum.cli.options import ConfigOption, FrameOptions, SeedOption, SettingsOption
from tectum.cli.output import Output, save_or_keep


def watch(
    context: typer.Context,
    frames: FrameOptions,
    data: Annotated[
        str, typer.Argument(metavar="SOURCE", help="What fit hierarchy takes: videos, a folder, features.")
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Save what is learned to this file.")
    ] = None,
    config: ConfigOption = None,
    settings: SettingsOption = None,
    seed: SeedOption = None,
    resume: Annotated[Path | None, typer.Option(help="Continue with the hierarchy in this file.")] = None,
    host: Annotated[
        str, typer.Option(help="Address of the page; by default, reachable from this machine only.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the page.")] = 8765,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Whether to open the page.")] = True,
    minutes: Annotated[float | None, typer.Option(min=0.0, help="When the page ends; else Ctrl-C.")] = None,
) -> None:
    """Let maps of maps learn a stream, and see them do so on a page: frame, map, rhythm, novelty, discoveries."""
    from tectum.live.server import is_loopback, serve
    from tectum.live.watching import Watching
    from tectum.report.streams.study import eye_of

    out: Output = context.obj
    if output is not None:
        out.check_destination(output, data, config, frames.cnn, goes_on=resume)
    source, hierarchy = cli_streams.opened(
        data, frames, config=config, settings=settings or [], seed=seed, resume=resume
    )
    recorded = source.stream.n_announced is not None
    watching = Watching(hierarchy, source.stream, eye_of, output=output, paced=recorded)
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    out.say(f"features: {source.features}")
    out.say(f"Ctrl-C ends{f', so do {minutes:g} minutes' if minutes else ''}; the page is at\n{address}")
    if not is_loopback(host):
        out.say("whoever reaches this address sees the stream, and can pause it and name neurons")
    if browser:
        webbrowser.open(address)
    try:
        serve(watching, host, port, seconds=60.0 * minutes if minutes else None)
    finally:
        if output is not None and hasattr(hierarchy, "n_presentations_seen_"):
            save_or_keep(output, hierarchy.save)
            out.say(f"hierarchy in {output.resolve()} after {hierarchy.n_presentations_seen_:,} frames")
    if watching.error:
        raise ValueError(watching.error)
