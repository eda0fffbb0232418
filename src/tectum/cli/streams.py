"""What the commands share about hierarchies of maps: videos and features as streams, one pass with saves, the page."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

import tectum
from tectum.cli.options import FrameOptions, option_words
from tectum.cli.output import Output, save_or_keep
from tectum.cli.sources import Source, data_file, network_of, open_source, sources_in
from tectum.cli.support import announce_report, line_of, quality_of, shell_command, takes
from tectum.models.common.checkpoints import checkpoints

if TYPE_CHECKING:
    from tectum.report import Diary
    from tectum.streams import Stream

PERMITTED = ("solidWhiteRight.mp4", "carnd_vehicle_test_video.mp4")  # of the data folder, MIT licence of Udacity
NOTE = "stream"  # in the header of a model file: the files it was learning, and how many frames it had learned before
SCENES, SCENE_SECONDS = ("country road", "desert", "night", "city, rain"), 8.0  # of the generated clip


def demonstrate(
    out: Output,
    videos: Sequence[str],
    frames: FrameOptions,
    report: Path,
    *,
    output: Path | None,
    resume: Path | None,
    seed: int | None,
    every: float,
) -> None:
    """The demo `driving`: clips, or those of the data folder, or a generated one."""
    if output is not None:
        out.check_destination(output, frames.cnn, frames.segments, report, *videos, goes_on=resume)
    network_of(frames)  # what is wrong with it is said before a clip is generated
    words = ["demo", "driving", *map(str, videos), *option_words(**frames._asdict(), seed=seed)]
    with tempfile.TemporaryDirectory() as folder:
        known = _known(resume)
        source = _clips(out, list(videos), frames, Path(folder), known)
        hierarchy = _hierarchy(None, {}, seed, source) if known is None else known
        _learn(
            out,
            hierarchy,
            source,
            _diary(source, frames),
            title="Driving",
            words=words,
            resuming=words,
            every=60.0 * every,
            output=output,
            report=report,
            resume=resume,
        )


def fit(
    out: Output,
    data: str,
    frames: FrameOptions,
    *,
    output: Path,
    config: Path | None,
    settings: Sequence[str],
    seed: int | None,
    report: Path | None,
    resume: Path | None,
    every: float,
) -> None:
    """Let a hierarchy learn a video, a folder of videos or images, or a file of features, once, in order."""
    source, hierarchy = opened(data, frames, config=config, settings=settings, seed=seed, resume=resume, tell=out.say)
    options = frames._asdict() | {"seed": seed, "config": config, "set": [*settings]}
    words = ["fit", "hierarchy", data]
    resuming, words = [*words, *option_words(**frames._asdict())], [*words, *option_words(**options)]
    _learn(
        out,
        hierarchy,
        source,
        _diary(source, frames),
        title=Path(data).expanduser().stem,
        words=words,
        resuming=resuming,
        every=60.0 * every,
        output=output,
        report=report,
        resume=resume,
    )


def opened(
    data: str,
    frames: FrameOptions,
    *,
    config: Path | None,
    settings: Sequence[str],
    seed: int | None,
    resume: Path | None,
    tell: Callable[[str], object] | None = None,
) -> tuple[Source, Any]:
    """The stream of DATA, and a new hierarchy for it or the one to go on with."""
    from tectum.models.common.settings import parse_assignments

    if resume and (config or settings or seed is not None):
        raise typer.BadParameter(
            "--resume goes on with the hierarchy in the file; leave out --config, --set and --seed"
        )
    known = _known(resume)
    source = open_source(sources_in(data), frames, known, with_more=config is None, tell=tell)
    return source, _hierarchy(config, parse_assignments(settings), seed, source) if known is None else known


def report_on(out: Output, hierarchy: Any, data: str, frames: FrameOptions, file: str, path: Path) -> None:
    """Write a page about a hierarchy and a stream that it does not learn from."""
    from tectum.models.common.progress import progress_bar

    source = open_source(sources_in(data), frames, hierarchy)
    diary = _diary(source, frames)
    with progress_bar(source.stream.n_announced, "watch", out.progress, unit="frames") as advance:
        diary.watch(source.stream, progress=advance)
    command = shell_command("report", file, data, **frames._asdict(), o=path)
    out.result(_report(out, hierarchy, diary, Path(data).stem, command, path))


def check_unused(frames: FrameOptions, **others: Any) -> None:
    """Raise for options of hierarchies with another model."""
    given = [f"--{name}" for name, value in (frames._asdict() | others).items() if value is not None and value != []]
    if given:
        names = ", ".join(given).replace("--videos", "VIDEO")
        raise typer.BadParameter(f"{names} belongs to hierarchies of maps; leave it out here")


def _diary(source: Source, frames: FrameOptions) -> "Diary":
    """A diary of a stream, with what somebody saw in it, which is read before anything is computed."""
    from tectum.report import Diary
    from tectum.streams import read_segments

    segments = None if frames.segments is None else read_segments(frames.segments)
    return Diary(source.stream.names, source.features, step=frames.every or 1, segments=segments)


def _clips(out: Output, videos: list[str], frames: FrameOptions, folder: Path, known: Any) -> Source:
    """Features of the clips named, of those of the data folder, or of a generated one."""
    if videos:
        given = [sources_in(video) for video in videos]
        live = [one for one in given if not isinstance(one, list)]
        if live and len(given) > 1:
            raise ValueError(f"VIDEO must be files, or one camera or URL by itself, got {', '.join(videos)}")
        several = live[0] if live else [file for files in given if isinstance(files, list) for file in files]
        return open_source(several, frames, known, tell=out.say)
    found = [path for path in data_file("driving", "*.mp4") if path.name in PERMITTED]
    found.sort(key=lambda path: PERMITTED.index(path.name))
    if found:
        out.say(f"clips of the data folder: {', '.join(path.name for path in found)}")
        return open_source(found, frames, known)
    from tectum import streams

    out.say("no video was named: generating a clip of four scenes")
    clip = streams.write_clip(folder / "generated.mp4", seconds=SCENE_SECONDS * len(SCENES), scenes=len(SCENES))
    source = open_source([clip], frames, known)
    return source._replace(stream=_in_scenes(source.stream))


def _in_scenes(stream: "Stream") -> "Stream":
    """The generated clip with a source for each scene, to score by."""
    import numpy as np

    from tectum.streams import Stream

    class Scenes(Stream):
        def __init__(self) -> None:
            self.names = list(SCENES)
            self.n_features, self.n_announced = stream.n_features, stream.n_announced

        def __iter__(self) -> Iterator[Any]:
            for chunk in stream:
                scene = np.minimum((chunk.time_s / SCENE_SECONDS).astype(np.int64), len(SCENES) - 1)
                yield chunk._replace(source=scene)

    return Scenes()


def _known(resume: Path | None) -> Any:
    """The hierarchy to go on with, if there is one."""
    if resume is None:
        return None
    hierarchy = tectum.load(resume)
    if not takes(hierarchy, "frames"):
        raise ValueError(
            f"{resume} must hold a MapHierarchy to go on with, got a {type(hierarchy).__name__}; "
            "name its own file, or leave out --resume to begin anew"
        )
    return hierarchy


def _hierarchy(config: Path | None, settings: dict[str, Any], seed: int | None, source: Source) -> Any:
    """A new hierarchy."""
    from tectum import MapHierarchy

    if "maps" in settings:
        raise ValueError("maps must be given in the file of --config, got a setting; write [[maps]] there")
    settings = {"random_state": 0} | settings | ({} if seed is None else {"random_state": seed})
    if config is not None:
        given = MapHierarchy.from_toml(config).get_params(deep=False)
        if "random_state" in settings and seed is None and given["random_state"] is not None:
            settings.pop("random_state")
        hierarchy = MapHierarchy.from_toml(config, **settings)
    else:
        from tectum.models.common.settings import constructor_arguments

        hierarchy = MapHierarchy(**constructor_arguments(MapHierarchy, settings))
    if hierarchy.maps is None and source.shape is not None:
        from tectum.models.hierarchy.driving import driving_maps

        hierarchy.set_params(maps=driving_maps(source.shape, source.n_motion, source.n_colours))
    return hierarchy


def _learn(
    out: Output,
    hierarchy: Any,
    source: Source,
    diary: "Diary",
    *,
    title: str,
    words: list[str],
    resuming: list[str],
    every: float,
    output: Path | None,
    report: Path | None,
    resume: Path | None,
) -> None:
    """One pass with a progress bar; saves what was learned whatever happens, then writes the page."""
    from tectum.streams import StreamError

    before = getattr(hierarchy, "n_presentations_seen_", 0)
    skip = _learned_of(source, resume, before)
    notes = {NOTE: {"files": source.files, "before": before - skip}}
    out.say(f"features: {source.features}")
    if before:
        first = f"the first {skip:,} of this stream, learned before, are passed over" if skip else "this stream is new"
        out.say(f"going on after {before:,} frames; {first}")
    command = shell_command(*words, o=output)
    error: StreamError | None = None
    resumed = shell_command(*resuming, o=output, resume=output)
    try:
        kept: Any = nullcontext()
        if output is not None:
            save, go_on = (lambda: _keep(hierarchy, output, notes)), (lambda: resumed)
            kept = checkpoints(hierarchy, output, every, save=save, go_on=go_on)
        with kept:
            _pass(out, hierarchy, source, diary, skip)
    except KeyboardInterrupt as interrupt:
        if output is None:
            interrupt.add_note("add --output FILE to keep what is learned")
        raise
    except StreamError as met:
        if not hasattr(hierarchy, "n_presentations_seen_"):
            raise
        error = met
    seen = hierarchy.n_presentations_seen_
    _keep(hierarchy, output, notes)
    result: dict[str, Any] = {"frames": seen, "features": source.features}
    result["discoveries"] = [found.event._asdict() for found in diary.discoveries]
    result |= {key: getattr(diary.costs[-1], key) for key in ("reading", "learning")} if diary.costs else {}
    if output is not None:
        apart = 0 if skip else diary.n_frames - diary.n_learned
        held_out = f"; {apart:,} more were held out to score it" if apart else ""
        out.say(f"hierarchy in {output.resolve()} after {seen:,} frames{held_out}")
        result["model"] = str(output.resolve())
    if not out.quiet and diary.n_frames:
        result["quality"] = _quality_of(hierarchy, diary)
        out.say(line_of(result["quality"]))
    if report is not None and diary.n_frames:
        result |= _report(out, hierarchy, diary, title, command, report)
    if before == seen and error is None:
        missed = "" if report is None or diary.n_frames else ", and no report was written"
        out.say(
            f"warning: nothing was left to learn{missed}; name another video to learn on, or use tectum report for "
            "what this model makes of one"
        )
    if error is not None:
        how = "" if output is None else f"; mended, go on with {resumed}"
        raise StreamError(f"{error}{how}") from error
    out.result(result)


def _learned_of(source: Source, resume: Path | None, n_seen: int) -> int:
    """How many frames of a stream the hierarchy in a file has learned: 0 if its last stream had other files."""
    from tectum.persistence import load_arrays

    note = None if resume is None or source.live else load_arrays(resume)[1].get(NOTE)
    if note is None or not note["files"] or (*note["files"],) != source.files[: len(note["files"])]:
        return 0
    return n_seen - int(note["before"])


def _pass(out: Output, hierarchy: Any, source: Source, diary: "Diary", skip: int) -> None:
    import warnings

    from tectum import MapFullWarning
    from tectum.models.common.progress import progress_bar

    end = hierarchy.subscribe(lambda event: _tell(out, hierarchy, event))
    with (
        warnings.catch_warnings(),
        progress_bar(source.stream.n_announced, "learn", out.progress, unit="frames") as advance,
    ):

        def step(n: int) -> None:
            each = diary.per_frame()
            used = sum(int((hierarchy.usage(m.name) > 0).sum()) for m in getattr(hierarchy, "maps_", []))
            times = "" if each is None else f"features {each.features:.0f} + maps {each.learning:.0f} ms, "
            advance(n, f"{times}{used} neurons")

        warnings.simplefilter("ignore", MapFullWarning)  # reported as an event
        try:
            diary.learn(hierarchy, source.stream, reading=source.reading, progress=step, skip=skip)
        finally:
            end()


def _tell(out: Output, hierarchy: Any, event: Any) -> None:
    """A line for what is new to the map that stands for all, and for maps that fill."""
    from tectum.report.streams.study import eye_of

    if event.why in ("growth", "grown") or event.map != eye_of(hierarchy):
        return
    remedy = "; --set reserve=0.1 lets it grow" if event.why in ("nearly full", "full") else ""
    out.say(f"{event.time_s:8.1f} s  {event}{remedy}")


def _quality_of(hierarchy: Any, diary: "Diary") -> dict[str, Any]:
    """Share of the neurons of each map that have learned, and what may be wrong."""
    used = {f"{m.name}_neurons_in_use": float((hierarchy.usage(m.name) > 0).mean()) for m in hierarchy.maps_}
    frames = diary.frames()
    return used | quality_of(hierarchy, frames.X, time_s=frames.time_s, source=frames.source)


def _keep(hierarchy: Any, output: Path | None, notes: dict[str, Any]) -> None:
    from tectum.persistence import save

    if output is not None:
        hierarchy.set_params(verbose=False)
        save_or_keep(output, lambda path: save(hierarchy, path, notes))


def _report(out: Output, hierarchy: Any, diary: "Diary", title: str, command: str, path: Path) -> dict[str, Any]:
    """Write the page and return the numbers in it."""
    from tectum.report import write_report
    from tectum.report.streams.study import examine_stream

    out.say("measuring and drawing the report ...")
    study = examine_stream(hierarchy, diary)
    seconds = diary.costs[-1].learning if diary.costs else None
    write_report(path, hierarchy, study=study, title=title, command=command, seconds=seconds)
    return announce_report(out, path, study)
