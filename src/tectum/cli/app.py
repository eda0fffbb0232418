"""The command ``tectum``: parses, calls the public functions, prints."""

import warnings
from pathlib import Path
from typing import Annotated, Any

import typer

import tectum
from tectum.cli import recordings as cli_recordings, streams as cli_streams, support, waves as cli_waves
from tectum.cli.demo import demo
from tectum.cli.encode import encode
from tectum.cli.environment import doctor, info
from tectum.cli.images import Cut
from tectum.cli.options import (
    CheckpointOption,
    ConfigOption,
    DataArgument,
    FrameOptions,
    ModelArgument,
    PatchOption,
    ReportOption,
    SeedOption,
    SeedsOption,
    SettingsOption,
    WhitenOption,
    with_groups,
)
from tectum.cli.output import Group, Output, save_or_keep
from tectum.cli.reconstruct import reconstruct
from tectum.cli.support import FITTED, MODELS
from tectum.cli.tables import check_no_table, is_text_table, what_was_read, words_of
from tectum.cli.warmup import warmup
from tectum.cli.watch import watch
from tectum.cli.wire import wire
from tectum.core.compile_time import seconds_without_compiling
from tectum.models.common.checkpoints import checkpoints

app = typer.Typer(
    cls=Group,
    help="Spiking neural networks that organise themselves.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tectum {tectum.__version__}")
        raise typer.Exit


@app.callback()
def start(
    context: typer.Context,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the result, or the error, as JSON on standard output.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace files that exist; never an input.")] = False,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """Spiking neural networks that organise themselves."""
    context.obj = Output(quiet, as_json, force)


app.command(epilog="Example: tectum demo digits")(with_groups(demo))


@app.command(epilog="Example: tectum fit spiking-som flowers.csv --target kind -o flowers.tectum")
@with_groups
def fit(
    context: typer.Context,
    table: dict[str, Any],
    frames: FrameOptions,
    model: Annotated[
        str,
        typer.Argument(metavar="MODEL", help=f"What to fit: {', '.join(FITTED)}.", autocompletion=lambda: [*FITTED]),
    ],
    data: DataArgument,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="File for the fitted model.")],
    config: ConfigOption = None,
    settings: SettingsOption = None,
    report: ReportOption = None,
    resume: Annotated[Path | None, typer.Option(help="Continue a fit saved in this file, interrupted or not.")] = None,
    seed: SeedOption = None,
    seeds: SeedsOption = None,
    patch: PatchOption = None,
    stride: Annotated[int | None, typer.Option(help="Pixels between patches that may be drawn; 1 by default.")] = None,
    patches: Annotated[int | None, typer.Option(help="Patches drawn at random; 20,000 by default.")] = None,
    whiten: WhitenOption = None,
    checkpoint_every: CheckpointOption = 5.0,
) -> None:
    """Fit a model to data and save it; Ctrl-C saves what was learned so far."""
    out: Output = context.obj
    support.check_name("MODEL", model, FITTED)
    out.check_destination(output, data, config, frames.cnn, frames.segments, goes_on=resume)
    if report:
        out.check_destination(report, data, config, frames.cnn, frames.segments, output, resume)
    else:
        support.check_seeds(seeds, "a fit without --report")
    if MODELS[model].data == "frames" or cli_recordings.is_recording(data):
        support.check_seeds(seeds, "frames and events")
    paths: dict[str, Path | None] = {"config": config, "report": report, "resume": resume}
    if cli_recordings.is_recording(data) and MODELS[model].data != "frames":  # hierarchies see events as counts
        check_no_table(table)
        support.check_for_dictionary(False, support.changes(patch=patch, whiten=whiten))
        cli_recordings.fit(out, model, data, output, settings=settings or [], seed=seed, **paths)
        return
    drop = support.share_of(table, data) if MODELS[model].data == "images" else None
    changes = support.changes(patch=patch, stride=stride, patches=patches, drop=drop, whiten=whiten)
    if MODELS[model].data == "frames":
        support.check_for_dictionary(False, changes)
        check_no_table(table)
        cli_streams.fit(
            out, data, frames, output=output, settings=settings or [], seed=seed, every=checkpoint_every, **paths
        )
        return
    cli_streams.check_unused(frames)
    if resume and (config or settings or seed is not None or changes):
        raise typer.BadParameter(
            "--resume goes on with the parameters in the file; leave out --config, --set, --seed and those of patches"
        )
    support.check_for_dictionary(MODELS[model].data == "images", changes)
    estimator = support.model_to_fit(model, resume, config, settings or [], seed)
    cut = support.cut_of(estimator, resume, {}) if resume else Cut(**changes)
    loaded = support.load_samples(estimator, data, table, cut, resume)
    if resume:
        support.check_classes(estimator, data, loaded, resume)
    cut = getattr(loaded, "cut", cut)
    if isinstance(loaded, tectum.datasets.Dataset) and is_text_table(data):
        out.say(what_was_read(data, loaded))
    warm_start = estimator.warm_start
    words = ["fit", model, data, *words_of(table)]

    def save() -> None:
        estimator.set_params(verbose=False, warm_start=warm_start)
        save_or_keep(output, lambda path: support.save_model(estimator, path, cut, loaded))

    def go_on() -> str:
        return support.shell_command(*words, o=output, resume=output)

    started = seconds_without_compiling()
    with checkpoints(estimator, output, 60.0 * checkpoint_every, save=save, go_on=go_on):
        estimator.set_params(verbose=out.progress, warm_start=bool(resume) or warm_start)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", tectum.BrokenMapWarning)  # the diagnosis says it below
            estimator.fit(loaded.data, getattr(loaded, "target", None))
    seconds = seconds_without_compiling() - started
    save()
    seen = estimator.n_presentations_seen_
    out.say(f"model in {output.resolve()} after {seen:,} presentations")
    result: dict[str, Any] = {"model": str(output.resolve()), "presentations": seen, "seconds": seconds}
    if not out.quiet:
        result["quality"] = support.quality_of(estimator, loaded.data, getattr(loaded, "target", None))
        out.say(support.line_of(result["quality"], " in units of the data"))
    if report:
        options = {"config": config, "seed": seed, "patch": patch, "stride": stride, "patches": patches, "drop": drop}
        command = support.shell_command(*words, **options, whiten=whiten, set=settings, seeds=seeds, o=output)
        study = support.report_on(out, report, estimator, loaded, command, None if resume else seconds, seeds=seeds)
        result |= support.announce_report(out, report, study, data=loaded.name)
    out.result(result)


@app.command(epilog="Example: tectum grow --layers 40x40,300 -o sheets.tectum")
def grow(
    context: typer.Context,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="File for the grown network.")],
    layers: Annotated[
        str | None,
        typer.Option(
            help="Sheets, lowest first: nodes or ROWSxCOLUMNS, optionally @SIDE: 40x40,300 (default 1600,300)."
        ),
    ] = None,
    configuration: Annotated[
        str,
        typer.Option(
            help="topographic, continuous, scheduled: neighbours pool neighbouring places; authors, precursor: "
            "unordered; budding: ordered from the start; growing: from one cell."
        ),
    ] = "topographic",
    duration: Annotated[float | None, typer.Option(help="Time of growth in ms; the whole schedule by default.")] = None,
    config: ConfigOption = None,
    settings: SettingsOption = None,
    report: ReportOption = None,
    resume: Annotated[Path | None, typer.Option(help="Continue growing the network in this file.")] = None,
    seed: SeedOption = None,
    checkpoint_every: CheckpointOption = 5.0,
) -> None:
    """Let sheets of spiking neurons wire themselves by waves, without data; Ctrl-C saves what has grown so far."""
    out: Output = context.obj
    if configuration not in cli_waves.CONFIGURATIONS:
        names = ", ".join(cli_waves.CONFIGURATIONS)
        raise typer.BadParameter(f"--configuration must be one of {names}, got {configuration!r}")
    if resume and (layers or config or settings or seed is not None or configuration != "topographic"):
        raise typer.BadParameter(
            "--resume goes on with the network in the file; leave out --layers, --configuration, --config, --set "
            "and --seed"
        )
    out.check_destination(output, config, goes_on=resume)
    if report:
        out.check_destination(report, config, output, resume)
    if resume:
        network = tectum.load(resume)
        if not support.takes(network, "none"):
            raise ValueError(f"{resume} must hold a WaveNetwork to grow, got a {type(network).__name__}")
    else:
        network = cli_waves.new_network(configuration, layers, config, settings or [], seed)
    options: dict[str, Any] = {"resume": resume, "layers": layers, "duration": duration, "config": config, "seed": seed}
    options |= {"configuration": None if configuration == "topographic" else configuration, "set": settings}
    end = None if duration is None else duration + getattr(network, "n_steps_grown_", 0) * network.step_ms

    def go_on() -> str:
        left = None if end is None else end - network.n_steps_grown_ * network.step_ms
        return support.shell_command("grow", duration=left, resume=output, o=output)

    try:
        with checkpoints(network, output, 60.0 * checkpoint_every, go_on=go_on):
            cli_waves.run(out, network, duration, report, support.shell_command("grow", **options, o=output))
    finally:
        if hasattr(network, "weights_"):
            save_or_keep(output, network.set_params(verbose=False).save)
            out.say(
                f"network in {output.resolve()} after {network.n_steps_grown_ * network.step_ms / 1000.0:g} s of growth"
            )


@app.command(epilog="Example: tectum transform flowers.tectum new.csv -o responses.csv")
@with_groups
def transform(
    context: typer.Context,
    table: dict[str, Any],
    frames: FrameOptions,
    file: ModelArgument,
    data: DataArgument,
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="OUT",
            help=".npy: responses; .npz: responses, winners, index, target; .csv: index, label, winner, responses. "
            "For frames also times.",
        ),
    ],
    patch: PatchOption = None,
    stride: Annotated[int | None, typer.Option(help="Pixels between patches; their side by default.")] = None,
    whiten: WhitenOption = None,
) -> None:
    """Write the response of a fitted model to each sample, to each patch of images, or to each frame of videos."""
    out: Output = context.obj
    if output.suffix.lower() not in support.FORMATS:
        raise typer.BadParameter(f"OUT must end in {', '.join(support.FORMATS)}, got {str(output)!r}")
    if frames.segments is not None:
        raise typer.BadParameter("--segments is for reports; leave it out here")
    out.check_destination(output, file, data, frames.cnn)
    estimator = tectum.load(file)
    if cli_recordings.is_recording(data) and not support.takes(estimator, "frames"):
        check_no_table(table)
        cli_recordings.transform(out, estimator, data, output)
        return
    from tectum.cli import frames as cli_frames

    if support.takes(estimator, "frames") and not cli_frames.is_table(data):
        cut = support.changes(patch=patch, stride=stride, whiten=whiten)
        cli_frames.transform(out, estimator, data, frames, output, table=table, cut=cut)
        return
    cli_streams.check_unused(frames)
    samples, others = support.samples_to_transform(estimator, file, data, table, patch, stride, whiten)
    responses = estimator.set_params(verbose=out.progress).transform(samples)
    silent = support.write_responses(output, responses, list(estimator.get_feature_names_out()), others)
    out.say(f"responses of {len(responses):,} samples in {output.resolve()}")
    out.result({"output": str(output.resolve()), "shape": list(responses.shape), "samples_without_winner": silent})


@app.command(epilog="Example: tectum report flowers.tectum new.csv -o new.html")
@with_groups
def report(
    context: typer.Context,
    table: dict[str, Any],
    frames: FrameOptions,
    file: ModelArgument,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="HTML", help="File for the report.")],
    data: Annotated[
        str | None, typer.Argument(metavar="[DATA]", help="As for fit; none for a network of sheets.")
    ] = None,
    seeds: SeedsOption = None,
    patch: PatchOption = None,
    whiten: WhitenOption = None,
) -> None:
    """Write a report about a fitted model and data."""
    out: Output = context.obj
    out.check_destination(output, file, data, frames.cnn, frames.segments)
    estimator = tectum.load(file)
    if (data is None) != support.takes(estimator, "none"):
        said = "leave DATA out" if data is not None else "name the DATA to report on"
        raise typer.BadParameter(f"{file} holds a {type(estimator).__name__}; {said}")
    if data is None or support.takes(estimator, "frames") or cli_recordings.is_recording(data):
        support.check_seeds(seeds, f"a {type(estimator).__name__}" if data is None else data)
    if cli_recordings.is_recording(data) and not support.takes(estimator, "frames"):
        check_no_table(table)
        support.check_for_dictionary(False, support.changes(patch=patch, whiten=whiten))
        out.result(cli_recordings.report_on(out, estimator, data, output, ["report", str(file), str(data)]))
        return
    support.check_page(estimator)
    cut = support.cut_of(estimator, file, support.changes(patch=patch, whiten=whiten))
    if data is not None and support.takes(estimator, "frames"):
        check_no_table(table)
        cli_streams.report_on(out, estimator, data, frames, str(file), output)
        return
    cli_streams.check_unused(frames)
    if data is None:
        command = support.shell_command("report", str(file), o=output)
        out.result(cli_waves.report_on(out, output, estimator, None, command, None))
        return
    loaded = support.load_samples(estimator, data, table, cut, file)
    words = ["report", str(file), data, "-o", str(output), *words_of(table)]
    command = support.shell_command(*words, seeds=seeds, patch=patch, whiten=whiten)
    study = support.report_on(out, output, estimator, loaded, command, None, learned=False, seeds=seeds)
    out.result(support.announce_report(out, output, study, data=loaded.name))


app.command(epilog="Example: tectum reconstruct dictionary.tectum pictures -o rebuilt")(reconstruct)
app.command(epilog="Example: tectum encode flowers.tectum shards -o codes --jobs 4")(encode)
app.command(epilog="Example: tectum watch drive.mp4 -o drive.tectum")(with_groups(watch))
app.command(epilog="Example: tectum warmup spiking-som")(warmup)
app.command(epilog="Example: tectum wire recording.npy -o net.tectum --report wiring.html")(wire)
app.command(epilog="Example: tectum info --json")(info)
app.command(epilog="Example: tectum doctor")(doctor)
