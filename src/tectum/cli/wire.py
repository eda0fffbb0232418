"""The command ``tectum wire``, and its demonstration: sensors of unknown place are laid out, then wired by waves."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
import typer
from numpy.typing import NDArray

from tectum.cli import waves as cli_waves
from tectum.cli.options import DataArgument, ReportOption, SeedOption, with_groups
from tectum.cli.output import Output, save_or_keep
from tectum.cli.sources import VIDEOS
from tectum.cli.support import announce_report, shell_command
from tectum.cli.tables import check_no_table, load_data, words_of
from tectum.core.compile_time import seconds_without_compiling

EVENTS = (".aedat", ".aedat4", ".bin", ".dat", ".raw")
FRAME = (24, 40)  # pixels of the frames of videos, 960 sensors
CELL = 4  # pixels of an event camera that are one sensor, along each side
WINDOW_MS = 10.0
DIGITS_SIDE, DIGIT, PHOTOGRAPH_SIDE = 20, 11, 32  # sensors along the sides of the demonstrations; size of a digit
N_GLIMPSES = 3000
DEMOS = ("digits", "photograph")


class Activity(NamedTuple):
    """Activity of sensors, and where they are if that is known."""

    X: NDArray[Any]  # (n_samples, n_sensors)
    true: NDArray[np.float64] | None = None  # (n_sensors, 2)

    def scrambled(self, seed: int) -> "Activity":
        """The same in another order of the sensors."""
        order = np.random.default_rng(seed).permutation(self.X.shape[1])
        return Activity(self.X[:, order], None if self.true is None else self.true[order])


@with_groups
def wire(
    context: typer.Context,
    table: dict[str, Any],
    data: DataArgument,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="File for the grown network.")],
    report: ReportOption = None,
    layers: Annotated[str, typer.Option(help="Units of the other sheets, lowest first: 300,100.")] = "300",
    duration: Annotated[float | None, typer.Option(help="Time of growth in ms; the whole schedule by default.")] = None,
    layout: Annotated[Path | None, typer.Option(metavar="FILE", help="Also save the layout of the sensors.")] = None,
    scramble: Annotated[
        bool, typer.Option("--scramble", help="Shuffle the sensors first, to show that their order does not matter.")
    ] = False,
    seed: SeedOption = None,
) -> None:
    """Find where sensors lie from their activity alone, and let waves wire layers to them.

    Columns of DATA are sensors, in any order; pixels of a video, cells of an event camera count as such.
    """
    out: Output = context.obj
    out.check_destination(output, data)
    for path, others in ((report, (output, layout)), (layout, (output,))):
        if path:
            out.check_destination(path, data, *others)
    sizes = _sizes(layers)
    activity = read_activity(data, table)
    activity = activity.scrambled(seed or 0) if scramble else activity
    words = ["wire", data, *words_of(table)]
    options = {"layers": layers, "duration": duration, "scramble": scramble or None, "seed": seed}
    command = shell_command(*words, **options, o=output, report=report)
    out.result(_wire(out, activity, sizes, seed or 0, duration, report, Path(data).stem, command, output, layout))


def demonstrate(out: Output, report: Path, seed: int | None) -> None:
    """The demo `wire`: a stream of digits, and glimpses of a photograph, both in an unknown order."""
    results = {}
    for name in DEMOS:
        path = report if name == DEMOS[0] else report.with_name(f"{report.stem}-{name}{report.suffix}")
        out.check_destination(path)
        out.say(f"sensors in an unknown order watch {'digits drift by' if name == DEMOS[0] else 'a photograph'} ...")
        activity = (digit_stream if name == DEMOS[0] else glimpses)(seed or 0).scrambled(seed or 0)
        command = shell_command("demo", "wire", seed=seed)
        results[name] = _wire(out, activity, (150,), seed or 0, None, path, f"{name}, scrambled", command, None, None)
    out.result(results)


def _wire(
    out: Output,
    activity: Activity,
    sizes: tuple[int, ...],
    seed: int,
    duration: float | None,
    report: Path | None,
    title: str,
    command: str,
    output: Path | None,
    layout_path: Path | None,
) -> dict[str, Any]:
    """Lay out, grow, save, report; the results for machines."""
    from tectum import SensorLayout, UncertainLayoutWarning, WaveNetwork
    from tectum.report import write_wiring_report

    started = seconds_without_compiling()
    out.say(f"laying out {activity.X.shape[1]:,} sensors from {len(activity.X):,} samples ...")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UncertainLayoutWarning)
        layout = SensorLayout().fit(activity.X)
    if doubt := layout.uncertainty():
        typer.echo(f"warning: {doubt}", err=True)
    if activity.true is not None and layout.groups_.max() >= 0:
        layout.align(activity.true)  # which way is up, for the eye
    n_placed = int((layout.groups_ >= 0).sum())
    out.say(f"{n_placed:,} sensors have a place; quality {layout.quality_:.2f}, precision {layout.precision_:.2f}")
    if layout_path:
        save_or_keep(layout_path, layout.save)
    network = WaveNetwork.from_activity(activity.X, sizes, layout=layout, duration=0.0, random_state=seed)
    try:
        growth = cli_waves.grow(network, duration, follow=report is not None, progress=out.progress)
    finally:
        if output and hasattr(network, "weights_"):
            save_or_keep(output, network.set_params(verbose=False).save)
            out.say(f"network in {output.resolve()}")
    seconds = seconds_without_compiling() - started
    result: dict[str, Any] = {"sensors": len(layout.groups_), "placed": n_placed, "quality": layout.quality_}
    result |= {"precision": layout.precision_, "warnings": [doubt] if doubt else [], "seconds": seconds}
    result |= {"model": str(output.resolve())} if output else {}
    if report:
        network.set_params(verbose=False)
        written = write_wiring_report(
            report,
            network,
            layout,
            activity.X,
            growth=growth,
            true_positions=activity.true,
            title=title,
            command=command,
            seconds=seconds,
        )
        result |= announce_report(out, report, written.study, warnings=result["warnings"])
    return result


def read_activity(data: str, table: dict[str, Any]) -> Activity:
    """Activity of sensors from a data set, a table, arrays, a video or a recording of an event camera."""
    suffix = Path(data).suffix.lower()
    if suffix in (*VIDEOS, *EVENTS):
        check_no_table(table)
        return _video(Path(data).expanduser()) if suffix in VIDEOS else _events(Path(data).expanduser())
    X = load_data(data, table).data
    side = round(np.sqrt(X.shape[1]))
    return Activity(np.asarray(X), _grid(side, side) if side**2 == X.shape[1] else None)


def _video(path: Path) -> Activity:
    from tectum import streams

    chunks = [chunk.X for chunk in streams.video(path, size=FRAME, grey=True, area=True, thumbnails=None)]
    return Activity(np.concatenate(chunks), _grid(*FRAME))


def _events(path: Path) -> Activity:
    """Counts of both kinds of events in squares of pixels, square roots, which have the same noise everywhere."""
    from tectum import streams

    stream = streams.event_frames(path, window_ms=WINDOW_MS)
    rows, cols = (n // CELL for n in stream.shape)
    counts = np.concatenate([chunk.X for chunk in stream]).reshape(-1, 2, *stream.shape).sum(axis=1)
    cells = counts[:, : rows * CELL, : cols * CELL].reshape(-1, rows, CELL, cols, CELL).sum(axis=(2, 4))
    return Activity(np.sqrt(cells.reshape(len(cells), -1)), _grid(rows, cols))


def digit_stream(seed: int) -> Activity:
    """Digits of scikit-learn that drift over an array of 20 x 20 sensors, with a little noise."""
    from scipy.ndimage import zoom
    from sklearn.datasets import load_digits

    rng, images = np.random.default_rng(seed), load_digits().images / 16.0
    size, hidden = DIGIT, DIGIT // 3  # as far as a digit may leave the array
    X = np.empty((N_GLIMPSES, DIGITS_SIDE, DIGITS_SIDE))
    scene = np.zeros((DIGITS_SIDE + 2 * hidden,) * 2)
    for k in range(N_GLIMPSES):
        if k % 25 == 0:
            digit = zoom(images[rng.integers(len(images))], size / 8.0, order=1)
            place, speed = rng.uniform(0.0, len(scene) - size, 2), rng.normal(0.0, 0.4, 2)
        speed = np.where((place + speed < 0.0) | (place + speed > len(scene) - size), -speed, speed)
        place = np.clip(place + speed, 0.0, len(scene) - size)
        row, col = np.rint(place).astype(int)
        scene[:] = 0.0
        scene[row : row + size, col : col + size] = digit
        X[k] = scene[hidden:-hidden, hidden:-hidden]
    X += rng.normal(0.0, 0.02, X.shape)
    return Activity(X.reshape(len(X), -1), _grid(DIGITS_SIDE, DIGITS_SIDE))


def glimpses(seed: int) -> Activity:
    """What 32 x 32 sensors see of the photograph of a temple that comes with scikit-learn, as they look around."""
    from sklearn.datasets import load_sample_image

    rng, side = np.random.default_rng(seed), PHOTOGRAPH_SIDE
    photograph = load_sample_image("china.jpg").mean(axis=2)[:424] / 255.0
    photograph = photograph.reshape(106, 4, 160, 4).mean(axis=(1, 3))
    last = np.array(photograph.shape) - side
    walk: Callable[[float], NDArray[Any]] = lambda top: np.abs(  # noqa: E731  back from the borders
        (np.cumsum(rng.normal(0.0, 4.0, N_GLIMPSES)) + top / 2) % (2 * top) - top
    )
    corners = np.rint(np.stack([walk(last[0]), walk(last[1])], axis=1)).astype(int)
    X = np.array([photograph[r : r + side, c : c + side].ravel() for r, c in np.minimum(corners, last)])
    return Activity(X, _grid(side, side))


def _grid(rows: int, cols: int) -> NDArray[np.float64]:
    return np.indices((rows, cols)).reshape(2, -1).T.astype(np.float64)


def _sizes(layers: str) -> tuple[int, ...]:
    try:
        sizes = tuple(int(item) for item in layers.split(","))
    except ValueError:
        sizes = ()
    if not sizes or min(sizes) < 2:
        raise typer.BadParameter(f"--layers must be numbers of units with commas between, got {layers!r}; try 300,100")
    return sizes
