"""``tectum transform`` on frames: the response of a hierarchy of maps to each frame of a stream, as it comes."""

import io
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
import typer
from numpy.lib import format as npy
from numpy.typing import NDArray

from tectum.cli.options import FrameOptions
from tectum.cli.output import Output
from tectum.cli.sources import open_source, sources_in
from tectum.cli.support import check_for_dictionary, winners_of
from tectum.cli.tables import check_no_table, is_text_table

if TYPE_CHECKING:
    from tectum.streams import Chunk

Add = Callable[["Chunk", NDArray[np.float64]], None]


def is_table(data: str) -> bool:
    """Whether it is a data set, a table or an archive with labels, rather than frames."""
    from tectum import datasets

    path = Path(data).expanduser()
    if path.suffix.lower() == ".npz" and zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            return "target.npy" in archive.namelist()
    return data in datasets.names() or is_text_table(data)


def transform(
    out: Output,
    hierarchy: Any,
    data: str,
    frames: FrameOptions,
    path: Path,
    *,
    table: dict[str, Any],
    cut: dict[str, Any],
) -> None:
    """Write the responses to a video, a folder of videos or images, or a file of features, with times."""
    from tectum.models.common.progress import progress_bar
    from tectum.persistence import replacing

    check_for_dictionary(False, cut)
    check_no_table(table)
    source = open_source(sources_in(data), frames, hierarchy, tell=out.say)
    if source.live and not frames.seconds:
        raise typer.BadParameter("transform needs an end: give --seconds with a camera or URL")
    stream, names = source.stream, list(hierarchy.get_feature_names_out())
    n_frames = silent = 0
    kept: list[Chunk] = []

    def samples() -> Iterator["Chunk"]:
        for chunk in stream:
            kept[:] = [chunk]
            yield chunk

    out.say(f"features: {source.features}")
    with (
        replacing(path) as file,
        _writer(file, path, names, stream.names) as add,
        progress_bar(stream.n_announced, "transform", out.progress, unit="frames") as advance,
    ):
        for responses in hierarchy.set_params(verbose=False).transform_chunks(samples()):
            add(kept[0], responses)
            n_frames, silent = n_frames + len(responses), silent + int((winners_of(responses) < 0).sum())
            advance(len(responses))
    out.say(f"responses of the map {hierarchy.maps_[-1].name!r} to {n_frames:,} frames in {path.resolve()}")
    shape = [n_frames, len(names)]
    out.result({"output": str(path.resolve()), "shape": shape, "samples_without_winner": silent})


@contextmanager
def _writer(file: IO[bytes], path: Path, names: list[str], sources: Sequence[str]) -> Iterator[Add]:
    """What adds frames to a file that will have that path, of which a chunk is in memory at a time."""
    suffix = path.suffix.lower()
    if suffix == ".csv":
        file.write((",".join(["time_s", "source", "winner", *names]) + "\n").encode())
        form = ["%.6f", "%d", "%d"] + ["%.6g"] * len(names)
        yield lambda chunk, responses: np.savetxt(
            file, np.column_stack([chunk.time_s, chunk.source, winners_of(responses), responses]), form, delimiter=","
        )
        return
    columns: dict[str, list[NDArray[Any]]] = {"winners": [], "time_s": [], "source": []}
    kind: list[np.dtype[Any]] = [np.dtype(np.float32)]  # precision of the responses, which is that of the samples
    with tempfile.TemporaryFile(dir=path.parent) as rows:

        def add(chunk: "Chunk", responses: NDArray[np.floating[Any]]) -> None:
            kind[0] = responses.dtype
            rows.write(responses.tobytes())
            for column, values in zip(
                columns.values(), (winners_of(responses), chunk.time_s, chunk.source), strict=True
            ):
                column.append(values)

        yield add
        shape = (sum(map(len, columns["winners"])), len(names))
        rows.seek(0)
        if suffix == ".npy":
            _write_rows(file, rows, shape, kind[0])
            return
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            with archive.open("data.npy", "w", force_zip64=True) as member:
                _write_rows(member, rows, shape, kind[0])
            others = {name: np.concatenate(column) for name, column in columns.items() if column}
            for name, array in (others | {"names": np.array(sources)}).items():
                buffer = io.BytesIO()
                np.save(buffer, array)
                archive.writestr(f"{name}.npy", buffer.getvalue())


def _write_rows(file: IO[bytes], rows: IO[bytes], shape: tuple[int, int], kind: "np.dtype[Any]") -> None:
    """Numbers of one kind as an array."""
    npy.write_array_header_1_0(file, {"descr": npy.dtype_to_descr(kind), "fortran_order": False, "shape": shape})
    shutil.copyfileobj(rows, file)
