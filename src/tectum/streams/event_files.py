"""Files of event cameras: each event is a time, a pixel and a polarity."""

import re
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tectum.files import MOST_EXPANSION, read_arrays, reading
from tectum.streams.event_formats import EVENT, read_dat, read_hdf5, read_raw
from tectum.streams.stream import PathLike, StreamError, as_paths

SIDE = 128  # of a DVS128, in pixels
AEDAT4 = b"#!AER-DAT4.0\r\n"
# a flatbuffer struct
AEDAT4_EVENT = np.dtype([("t", "<i8"), ("x", "<i2"), ("y", "<i2"), ("p", "u1"), ("padding", "V3")])
UNITS = {"s": 10**6, "ms": 1000, "us": 1}  # in microseconds
LATEST = 2**53  # microseconds, 285 years
AT_ONCE = 2**20  # events
LONGEST_LINE = 2**16  # bytes of a header
NAMES = {"t": ("t", "ts", "timestamp", "time"), "x": ("x",), "y": ("y",), "p": ("p", "pol", "polarity", "on")}


def read_events(path: PathLike | ArrayLike, *, unit: str | None = None) -> NDArray[Any]:
    """Read the events of a recording.

    Parameters
    ----------
    path : path or structured array
        AEDAT 2.0 of a DVS128 (``.aedat``), AEDAT 4 (``.aedat4``, compressed or not), Prophesee's ``.dat`` and ``.raw``
        (EVT 2 and EVT 3), HDF5 (``.h5``, ``.hdf5``) with a group of t, x, y and p, N-MNIST (``.bin``), a ``.npz`` file
        with these arrays, a ``.npy`` file with a structured array, or such an array, for instance of the package tonic.
        Compressed AEDAT 4 and HDF5 need the extra ``events``.
    unit : {"s", "ms", "us"} or None, default=None
        Unit of the times in an array; None takes integers as microseconds, ``timedelta64`` and ``datetime64`` in
        the unit that they have.

    Returns
    -------
    ndarray of shape (n_events,)
        Structured: ``t`` microseconds from the first event, ascending; ``x`` and ``y`` pixels from the left and from
        above; ``p`` 1 for ON, 0 for OFF.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the kind of file is unknown.
    ImportError
        If a compressed file needs a package that is not installed.
    StreamError
        If the file is damaged, or holds no events, times of no known unit, or pixels that are no whole numbers from 0.
        Memory is that of the file, or if it is compressed at most 1,100 times that.

    Examples
    --------
    >>> events = np.zeros(3, [("t", "i8"), ("x", "i2"), ("y", "i2"), ("p", "i1")])
    >>> read_events(events).dtype.names
    ('t', 'x', 'y', 'p')
    """
    if unit is not None and unit not in UNITS:
        raise ValueError(f"read_events.unit must be one of {', '.join(UNITS)}, got {unit!r}; None for microseconds")
    if not isinstance(path, (str, Path)):
        return _in_order(_from_fields(np.asanyarray(path), "read_events.path", unit), "the array")
    file = event_file(path, "read_events.path")
    parts = list(events_in(file, unit, AT_ONCE))
    return _in_order(np.concatenate(parts) if parts else np.empty(0, EVENT), file.name)


def event_file(path: PathLike, name: str) -> Path:
    """A path to a file of a known kind."""
    (file,) = as_paths(path, name)
    if file.suffix.lower() not in READERS or file.is_dir():
        raise ValueError(f"{name} must end in {', '.join(READERS)}, got {file}; convert it, or rename it")
    return file


def events_in(file: Path, unit: str | None, most: int) -> Iterator[NDArray[Any]]:
    """Events of a file as they lie in it, about `most` at a time where its format allows; times are those of the
    camera's clock.
    """
    reader = READERS[file.suffix.lower()]
    with reading(file.name, "events", "it is damaged: copy it again", StreamError):
        if reader is _read_numpy:
            yield from _pieces(_read_numpy(file, unit), most)
        else:
            yield from reader(file, most)


def _pieces(events: NDArray[Any], most: int) -> Iterator[NDArray[Any]]:
    return (events[at : at + most] for at in range(0, len(events), most))


def _read_aedat2(file: Path, most: int) -> Iterator[NDArray[Any]]:
    """AEDAT 2.0: lines of text that start with #, then pairs of big-endian integers, address and time in us.

    Address of a DVS128: bit 0 is 0 for ON, bits 1 to 7 are the column, from the right, bits 8 to 14 the row, from
    below; a higher bit marks what is no event. Source: the class DVS128 of jAER.
    """
    with file.open("rb") as content:
        yield from _aedat2_events(content, file, most)


def _aedat2_events(content: IO[bytes], file: Path, most: int) -> Iterator[NDArray[Any]]:
    lines = []
    while content.peek(1)[:1] == b"#":  # type: ignore[attr-defined]
        lines.append(content.readline(LONGEST_LINE).decode("latin-1"))
    header = "".join(lines)
    if not header.startswith("#!AER-DAT2"):
        raise StreamError(f"{file.name} must be AEDAT 2.0, got {header[:14].strip() or 'no header'}; save it from jAER")
    chip = re.search(r"AEChip: (\S+)", header)
    if chip and not chip[1].endswith("DVS128"):
        raise StreamError(
            f"{file.name} must be of a DVS128, got one of {chip[1]}; convert it to AEDAT 4 with dv-processing"
        )
    last = turns = 0
    while len(bytes_read := content.read(8 * most)) >= 8:
        whole = len(bytes_read) // 8 * 8
        address, clock = np.frombuffer(bytes_read[:whole], ">i4").reshape(-1, 2).T.astype(np.int64)
        turn = turns + np.cumsum(np.diff(clock, prepend=last) < -(2**31))  # the clock starts anew after 71 minutes
        last, turns = clock[-1], turn[-1]
        is_event = address >> 15 == 0
        address = address[is_event]
        column, row = address >> 1 & 0x7F, address >> 8 & 0x7F
        yield _events((clock + 2**32 * turn)[is_event], SIDE - 1 - column, SIDE - 1 - row, 1 - (address & 1))


def _read_aedat4(file: Path, most: int) -> Iterator[NDArray[Any]]:
    """AEDAT 4: a header, then packets, compressed or not, of which those with events are flatbuffers.

    Header: a line, then a flatbuffer with its length before it (field 0 compression, field 1 where the packets end).
    Packet: number of the stream and length as 32-bit integers, then the content. A packet of events bears the sign
    EVTS; its field 0 is a vector of structs of 16 bytes. Source: the AEDAT 4.0 specification, iniVation.
    """
    n_bytes = file.stat().st_size
    with file.open("rb") as content:
        if (begin := content.read(len(AEDAT4))) != AEDAT4:
            raise StreamError(f"{file.name} must begin as an AEDAT 4 file, got {begin!r}; convert it, or rename it")
        (length,) = struct.unpack("<I", content.read(4))
        header = content.read(length)
        compression, end = _field(header, 0), _field(header, 1)
        method = 0 if compression is None else struct.unpack_from("<i", header, compression)[0]
        table = -1 if end is None else struct.unpack_from("<q", header, end)[0]
        unpack = _unpacker(method, file.name)
        end_of_packets = table if table > 0 else n_bytes
        while content.tell() + 8 <= end_of_packets:
            _, length = struct.unpack("<ii", content.read(8))
            if length < 0 or content.tell() + length > n_bytes:
                raise StreamError(f"{file.name} ends in the middle of a packet; it is cut off: copy it again")
            try:
                packet = unpack(content.read(length))[4:]  # without the length before it
            except Exception as error:  # each package has errors of its own
                raise StreamError(f"{file.name} holds a packet that is damaged ({error}); copy it again") from error
            if packet[4:8] != b"EVTS":
                continue  # frames and inertial measurements
            vector = _field(packet, 0)
            if vector is not None:
                vector += struct.unpack_from("<I", packet, vector)[0]
                (n,) = struct.unpack_from("<I", packet, vector)
                found = np.frombuffer(packet, AEDAT4_EVENT, n, vector + 4)
                yield from _pieces(_events(found["t"], found["x"], found["y"], found["p"]), most)


def _field(buffer: bytes, number: int) -> int | None:
    """Where a field of the root table of a flatbuffer is; None if it is left out."""
    (root,) = struct.unpack_from("<I", buffer, 0)
    (back,) = struct.unpack_from("<i", buffer, root)
    (size,) = struct.unpack_from("<H", buffer, root - back)
    if 4 + 2 * number >= size:
        return None
    (offset,) = struct.unpack_from("<H", buffer, root - back + 4 + 2 * number)
    return root + offset if offset else None


def _unpacker(method: int, name: str) -> Callable[[bytes], bytes]:
    """What unpacks the packets of an AEDAT 4 file."""
    if method == 0:
        return bytes
    try:
        if method in (1, 2):  # LZ4, fast or high
            import lz4.frame

            return lambda packed: lz4.frame.LZ4FrameDecompressor().decompress(packed, _most(packed))
        if method in (3, 4):
            import zstandard

            return lambda packed: zstandard.ZstdDecompressor().stream_reader(packed).read(_most(packed))
    except ImportError as error:
        raise ImportError(
            f'{name} is compressed, which needs {error.name}; install it with: pip install "tectum[events]"'
        ) from error
    raise StreamError(f"{name} is compressed in an unknown way ({method}); save it again without compression")


def _most(packed: bytes) -> int:
    """Bytes that a packet may become; what is longer is cut off there, and so ends in the middle of an event."""
    return MOST_EXPANSION * len(packed)


def _read_nmnist(file: Path, most: int) -> Iterator[NDArray[Any]]:
    """N-MNIST: five bytes an event: column, row, then one bit of polarity and 23 of time in us, high byte first.

    Row 240 is no pixel: the clock has overflowed, and what follows is 2^13 us later than it says.

    Source: Orchard et al. (2015), Frontiers in Neuroscience 9:437.
    """
    if file.stat().st_size % 5:
        raise StreamError(
            f"{file.name} must have five bytes an event, got {file.stat().st_size}; it is cut off: copy it again"
        )
    turns = 0
    with file.open("rb") as content:
        while bytes_read := content.read(5 * most):
            x, y, high, middle, low = np.frombuffer(bytes_read, np.uint8).reshape(-1, 5).astype(np.int64).T
            turn = turns + np.cumsum(y == 240)
            turns = turn[-1]
            time = ((high & 0x7F) << 16 | middle << 8 | low) + (turn << 13)
            is_event = y != 240
            yield _events(time[is_event], x[is_event], y[is_event], high[is_event] >> 7)


def holds_events(path: Path) -> bool:
    """Whether it is a ``.npy`` or ``.npz`` file of events: a structured array, or four arrays, with their fields."""
    if path.suffix.lower() not in (".npy", ".npz") or not path.is_file():
        return False
    try:
        found = np.load(path, mmap_mode="r", allow_pickle=False)
        present = found.dtype.names if isinstance(found, np.ndarray) else found.files
        if not isinstance(found, np.ndarray) and len(present) == 1:
            present = found[present[0]].dtype.names
    except Exception:  # whatever a damaged file leads to; its reader says so
        return False
    return all(any(name in (present or ()) for name in names) for names in NAMES.values())


def _read_numpy(file: Path, unit: str | None = None) -> NDArray[Any]:
    """A structured array, or four arrays."""
    content = read_arrays(file)
    return _from_fields(next(iter(content.values())) if len(content) == 1 else content, file.name, unit)


def _from_fields(fields: Any, name: str, unit: str | None) -> NDArray[Any]:
    """Events from the fields of a structured array, or from a dictionary of arrays, by any of their usual names."""
    present = list(fields) if isinstance(fields, dict) else list(fields.dtype.names or ())
    columns = [next((key for key in names if key in present), None) for names in NAMES.values()]
    if None in columns:
        raise StreamError(f"{name} must hold the fields t, x, y and p, got {present or 'a plain array'}; name them so")
    if any(np.ma.is_masked(fields[key]) for key in columns):
        raise StreamError(f"{name} must hold events without a mask; leave the masked ones out")
    t, x, y, p = (np.asarray(fields[key]) for key in columns)
    if any(field.shape != (len(t),) for field in (t, x, y, p)):
        raise StreamError(f"{name} must hold as many t, x, y and p, got shapes {t.shape, x.shape, y.shape, p.shape}")
    return _events(_microseconds(t, name, unit), x, y, p, name)


def _microseconds(t: NDArray[Any], name: str, unit: str | None) -> NDArray[np.int64]:
    """Times as whole microseconds."""
    if t.dtype.kind == "M":
        t = t - np.datetime64(0, "us")
    if t.dtype.kind == "m":
        t, unit = t / np.timedelta64(1, "us"), "us"
    if t.dtype.kind not in "iu" and (t.dtype.kind != "f" or unit is None):
        raise StreamError(
            f"{name} must hold t in whole microseconds, got {t.dtype}, which has no unit; pass unit='s', 'ms' or 'us' "
            "to streams.events or streams.read_events if these are numbers (for the command line, save what the latter "
            "returns with numpy.save), or convert them"
        )
    if unit is not None and unit != "us":
        t = t.astype(np.float64) * UNITS[unit]
    if not (np.isfinite(t).all() and (t > -LATEST).all() and (t < LATEST).all()):
        raise StreamError(f"{name} must hold finite t below 2^53 microseconds; mind the unit, or drop these events")
    return np.rint(t).astype(np.int64)


def _events(t: NDArray[Any], x: Any, y: Any, p: Any, name: str = "the file") -> NDArray[Any]:
    """Structured array of events."""
    for axis, values in (("x", x), ("y", y)):
        is_pixel = (values >= 0) & (values < 2**31) & (values == np.floor(values))
        if not is_pixel.all():
            raise StreamError(
                f"{name} must hold {axis} in whole pixels from 0 to 2^31 - 1, got {values[~is_pixel][0]}; "
                "drop these events, or check what the field holds"
            )
    if np.asarray(p).dtype.kind not in "biuf" or not np.isfinite(p).all():
        raise StreamError(f"{name} must hold p as numbers above 0 for ON, got {np.asarray(p).dtype}; convert them")
    events = np.empty(len(t), EVENT)
    events["t"], events["x"], events["y"], events["p"] = t, x, y, np.asarray(p) > 0
    return events


def _in_order(events: NDArray[Any], name: str) -> NDArray[Any]:
    """The events by time, which starts at 0."""
    if len(events) == 0:
        raise StreamError(f"{name} holds no events; it is empty or of another kind of data: check what it is")
    if (np.diff(events["t"]) < 0).any():
        events = events[np.argsort(events["t"], kind="stable")]
    events["t"] -= events["t"][0]
    return events


def _checked(reader: Callable[[Path, int], Iterator[Any]]) -> Callable[[Path, int], Iterator[NDArray[Any]]]:
    """A reader of columns t, x, y and p as one of events."""

    def events(file: Path, most: int) -> Iterator[NDArray[Any]]:
        for columns in reader(file, most):
            yield _from_fields(columns, file.name, columns.get("unit"))

    return events


READERS: dict[str, Callable[..., Iterator[NDArray[Any]]]] = {
    ".aedat": _read_aedat2,
    ".aedat2": _read_aedat2,
    ".aedat4": _read_aedat4,
    ".dat": _checked(read_dat),
    ".raw": _checked(read_raw),
    ".h5": _checked(read_hdf5),
    ".hdf5": _checked(read_hdf5),
    ".bin": _read_nmnist,
    ".npy": _read_numpy,  # type: ignore[dict-item]
    ".npz": _read_numpy,  # type: ignore[dict-item]
}
