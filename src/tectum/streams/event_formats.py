"""Event files of Prophesee's cameras, ``.dat`` and ``.raw``, and HDF5.

The package expelliarmus (1.1.12) reads the first two as well, but ends damaged files in silence, and gave back other
times than it had written as EVT 3.0 where there were pauses.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tectum.streams.stream import StreamError

EVENT = np.dtype([("t", np.int64), ("x", np.int32), ("y", np.int32), ("p", np.int8)])
Columns = dict[str, Any]  # t, x, y and p as arrays, perhaps the unit of t

LONGEST_LINE = 2**12  # bytes
AT_ONCE = 2**20  # words that are looked at
OTHERS = (0x7, 0xA, 0xE, 0xF)  # kinds of words that tell of no pixel: triggers, and what continues them
TURN = 2**11  # a clock that falls by more than half of its range has begun anew
NAMES = {"t": ("t", "ts", "timestamp", "timestamps"), "x": ("x", "xs"), "y": ("y", "ys"), "p": ("p", "ps", "polarity")}
GROUPS = ("events", "CD/events", "events/left", "/")  # where an HDF5 file keeps its events


def read_dat(file: Path, most: int) -> Iterator[Columns]:
    """Prophesee's DAT: lines of text that start with %, two bytes of type and size, then eight bytes an event.

    Time in us as 32 bits, then 14 bits of column, 14 of row and 1 of polarity, low byte first.
    """
    header, n_header = _header_of(file)
    n_bytes = file.stat().st_size - n_header - 2
    if not header or n_bytes < 0 or n_bytes % 8:
        raise StreamError(
            f"{file.name} must have lines of % and eight bytes an event, got {n_bytes} bytes after {n_header} of "
            "header; it is cut off, or no DAT file: copy it again"
        )
    last = turns = 0
    for words in _words(file, n_header + 2, "<u4", 2 * most):
        t, place = words.reshape(-1, 2).astype(np.int64).T
        turn = turns + np.cumsum(np.diff(t, prepend=last) < -(2**31))
        last, turns = t[-1], turn[-1]
        yield {"t": t + (turn << 32), "x": place & 0x3FFF, "y": place >> 14 & 0x3FFF, "p": place >> 28 & 1}


def read_raw(file: Path, most: int) -> Iterator[Columns]:
    """Prophesee's RAW: lines of text that start with %, which name the encoding, then words of EVT 2.0 or EVT 3.0."""
    header, n_header = _header_of(file)
    found = re.search(r"evt ([23])\.0|format EVT([23])\b", header, re.IGNORECASE)
    if found is None:
        raise StreamError(
            f"{file.name} must be of EVT 2.0 or EVT 3.0, got a header that says "
            f"{header[:80].strip() or 'nothing'!r}; convert it with Metavision to HDF5 or DAT"
        )
    yield from (_evt2 if "2" in (found[1], found[2]) else _evt3)(file, n_header, most)


def _evt2(file: Path, at: int, most: int) -> Iterator[Columns]:
    """EVT 2.0: words of 32 bits. Kinds 0 and 1 are OFF and ON events, 8 the high bits of the time."""
    high = last = turns = 0
    for words in _words(file, at, "<u4", most):
        words = words.astype(np.int64)
        kind = _kinds(file, words >> 28, (0x0, 0x1, 0x8, *OTHERS))
        clocks = words[kind == 8] & 0xFFFFFFF
        turn = turns + np.cumsum(np.diff(clocks, prepend=last) < -(2**27))
        epochs = np.concatenate([[high], clocks + (turn << 28)])
        epoch = epochs[np.cumsum(kind == 8)]
        if len(clocks):
            last, turns, high = clocks[-1], turn[-1], epochs[-1]
        is_event = kind <= 1
        word = words[is_event]
        t = (epoch[is_event] << 6) + (word >> 22 & 0x3F)
        yield {"t": t, "x": word >> 11 & 0x7FF, "y": word & 0x7FF, "p": kind[is_event]}


def _evt3(file: Path, at: int, most: int) -> Iterator[Columns]:
    """EVT 3.0: words of 16 bits, each of which changes what the camera is talking of.

    Kind 0 gives the row, 2 an event's column and polarity, 3 the first column and the polarity of vectors, 4 and 5
    vectors of 12 and 8 pixels of which bits say who had an event, 6 and 8 the low and high 12 bits of the time.
    """
    state = np.array([0x8000, 0x6000, 0x0000, 0x3000], np.int64)  # what was said before, as words
    turns = 0
    for words in _words(file, at, "<u2", most):
        words = np.concatenate([state, words.astype(np.int64)])
        kind = _kinds(file, words >> 12, (0x0, 0x2, 0x3, 0x4, 0x5, 0x6, 0x8, *OTHERS))
        place = np.arange(len(words))
        high, low, row, base = (np.maximum.accumulate(np.where(kind == k, place, 0)) for k in (8, 6, 0, 3))
        clock = words & 0xFFF
        turned = np.where(kind == 8, np.diff(clock[high], prepend=clock[0]) < -TURN, False)
        turn = turns + np.cumsum(turned)
        t = (turn << 24) + (clock[high] << 12) + np.where(low > high, clock[low], 0)
        t[:2] = 0
        width = np.select([kind == 4, kind == 5], [12, 8], 0)
        passed = np.cumsum(width) - width
        first = (words[base] & 0x7FF) + passed - passed[base]
        single, vector = np.flatnonzero(kind == 2), np.flatnonzero(width)
        bits = words[vector, None] >> np.arange(12) & 1 & (np.arange(12) < width[vector, None])
        which, pixel = np.nonzero(bits)
        at_word = np.concatenate([single, vector[which]])
        x = np.concatenate([words[single] & 0x7FF, first[vector[which]] + pixel])
        p = np.concatenate([words[single] >> 11 & 1, words[base[vector[which]]] >> 11 & 1])
        order = np.argsort(at_word, kind="stable")
        at_word = at_word[order]
        yield {"t": t[at_word], "x": x[order], "y": words[row[at_word]] & 0x7FF, "p": p[order]}
        reached = min(int(first[-1] + width[-1]), 0x7FF)
        said = 0x6000 | (clock[low[-1]] if low[-1] > high[-1] else 0)
        state = np.array([words[high[-1]], said, words[row[-1]], words[base[-1]] & ~0x7FF | reached], np.int64)
        turns = turn[-1]


def read_hdf5(file: Path, most: int) -> Iterator[Columns]:
    """HDF5: four arrays in a group, or an array of structures; ``t_offset`` of DSEC is added."""
    h5py = _package("h5py", file)
    with h5py.File(file, "r") as content:
        for name in GROUPS:
            group = content.get(name)
            columns = None if group is None else _columns(group)
            if columns is None:
                continue
            n, offset = len(columns["t"]), int(content["t_offset"][()]) if "t_offset" in content else 0
            unit = None if columns["t"].dtype.kind in "iu" else "s"
            if unit is not None:
                raise StreamError(
                    f"{file.name} must hold t in whole microseconds, got {columns['t'].dtype}, which has no unit; read "
                    "the arrays with h5py and pass them with unit='s', 'ms' or 'us'"
                )
            for at in range(0, n, min(most, AT_ONCE)):
                part = {key: np.asarray(values[at : at + min(most, AT_ONCE)]) for key, values in columns.items()}
                part["t"] = part["t"].astype(np.int64) + offset
                yield part
            return
        raise StreamError(
            f"{file.name} must hold t, x, y and p in a group {', '.join(GROUPS)}, got {list(content)}; name them so"
        )


def _columns(group: Any) -> dict[str, Any] | None:
    """The four columns of a group, or of an array of structures; None if they are not there."""
    names = getattr(getattr(group, "dtype", None), "names", None)
    keys = list(names) if names else list(group) if hasattr(group, "keys") else []
    found = {axis: next((key for key in candidates if key in keys), None) for axis, candidates in NAMES.items()}
    if None in found.values():
        return None
    columns = {axis: group.fields(key) if names else group[key] for axis, key in found.items()}
    if names:
        return {axis: _Field(group, key) for axis, key in found.items()}
    lengths = {axis: getattr(values, "shape", None) for axis, values in columns.items()}
    if any(shape is None or len(shape) != 1 or shape != lengths["t"] for shape in lengths.values()):
        raise StreamError(f"the file must hold as many t, x, y and p, got shapes {lengths}; mend it")
    return columns


class _Field:
    """A field of an array of structures in an HDF5 file, read piece by piece."""

    def __init__(self, array: Any, key: Any) -> None:
        self._array, self._key, self.dtype = array, key, array.dtype[key]

    def __len__(self) -> int:
        return len(self._array)

    def __getitem__(self, part: slice) -> NDArray[Any]:
        return np.asarray(self._array[part][self._key])


def _header_of(file: Path) -> tuple[str, int]:
    """The lines at the begin of a file that start with %, and their length in bytes."""
    lines = []
    with file.open("rb") as content:
        while content.peek(1)[:1] == b"%":
            lines.append(content.readline(LONGEST_LINE))
            if lines[-1].startswith(b"% end"):
                break
    return b"".join(lines).decode("latin-1"), sum(map(len, lines))


def _words(file: Path, at: int, word: str, most: int) -> Iterator[NDArray[Any]]:
    """Words of a file from a place on, at most so many at a time."""
    size = np.dtype(word).itemsize
    with file.open("rb") as content:
        content.seek(at)
        while bytes_read := content.read(size * most):
            if len(bytes_read) % size:
                raise StreamError(f"{file.name} ends in the middle of a word; it is cut off: copy it again")
            yield np.frombuffer(bytes_read, word)


def _kinds(file: Path, kind: NDArray[np.int64], known: tuple[int, ...]) -> NDArray[np.int64]:
    """The kinds of words, or an error if no camera writes such."""
    if not (is_known := np.isin(kind, known)).all():
        raise StreamError(
            f"{file.name} must hold words of kinds {', '.join(map(hex, sorted(known)))}, got "
            f"{hex(int(kind[~is_known][0]))}; it is damaged: copy it again"
        )
    return kind


def _package(name: str, file: Path) -> Any:
    import importlib

    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ImportError(f'{file.name} is read with {name}; install it with: pip install "tectum[events]"') from error
