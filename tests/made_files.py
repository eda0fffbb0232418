"""Files of other programs, made byte by byte: event cameras, networks."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from tectum.streams import onnx_graph
from tectum.streams.event_files import AEDAT4, AEDAT4_EVENT


def aedat4(
    path: Path, events: np.ndarray, pack: Callable[[bytes], bytes] = bytes, method: int = 0, table: bool = False
) -> None:
    """Write events as an AEDAT 4 file in two packets, with a packet of another kind between them."""

    def flatbuffer(sign: bytes, content: np.ndarray) -> bytes:
        # root offset, sign, table of fields (size 6, table 8, field 0 at 4), root table, vector
        head = np.array([16], "<u4").tobytes() + sign + np.array([6, 8, 4, 0], "<u2").tobytes()
        root = np.array([8], "<i4").tobytes() + np.array([4], "<u4").tobytes()
        body = head + root + np.array([len(content)], "<u4").tobytes() + content.tobytes()
        return np.array([len(body)], "<u4").tobytes() + body

    packets = []
    for number, part in enumerate(np.array_split(events, 2)):
        structs = np.zeros(len(part), AEDAT4_EVENT)
        for name in "txyp":
            structs[name] = part[name]
        packets.append((0, pack(flatbuffer(b"EVTS", structs))))
        if number == 0:
            packets.append((1, pack(flatbuffer(b"IMUS", structs[:3]))))
    content = b"".join(np.array([s, len(p)], "<i4").tobytes() + p for s, p in packets)
    # root offset, sign, table of fields (size 8: compression at 4, position of the table at 8), root table
    fields = np.array([8, 16, 4, 8], "<u2").tobytes()
    header_size = 4 + 4 + 8 + 16
    end = len(AEDAT4) + 4 + header_size + len(content) if table else -1
    root = np.array([8, method], "<i4").tobytes() + np.array([end], "<i8").tobytes()
    header = np.array([16], "<u4").tobytes() + b"IOHE" + fields + root
    beyond = b"anything" * 4 if table else b""
    path.write_bytes(AEDAT4 + np.array([header_size], "<u4").tobytes() + header + content + beyond)


def prophesee(path: Path, events: np.ndarray, encoding: str) -> None:
    """Write events as a file of Prophesee's, word by word: "dat", "evt2", "evt3" or, by vectors, "evt3v"."""
    words: list[int] = []
    last_high = last_y = -1
    for t, x, y, p in events.tolist():
        if encoding == "dat":
            words += [t, x | y << 14 | p << 28]
        elif encoding == "evt2":
            words += [0x80000000 | t >> 6] * (t >> 6 != last_high) + [p << 28 | (t & 0x3F) << 22 | x << 11 | y]
            last_high = t >> 6
        else:
            high = t >> 12
            words += [0x8000 | high & 0xFFF] * (high != last_high) + [0x6000 | t & 0xFFF] + [y] * (y != last_y)
            words += (
                [0x3000 | p << 11 | 0, 0x4000, 0x5000, 0x4000 | 1 << x - 20] if encoding == "evt3v" and x > 19 else []
            )
            words += [0x2000 | p << 11 | x] if not (encoding == "evt3v" and x > 19) else [0xA000]
            last_high, last_y = high, y
    header = "" if encoding == "dat" else f"% evt {encoding[3]}.0\n"
    begin = f"% Date 2026-01-01 00:00:00\n{header}".encode() + (b"\x0c\x08" if encoding == "dat" else b"")
    path.write_bytes(begin + np.array(words, "<u2" if "evt3" in encoding else "<u4").tobytes())


def message(number: int, content: bytes) -> bytes:
    return onnx_graph._encode(number, content)


def number_field(number: int, value: int) -> bytes:
    return onnx_graph._encode_varint(number << 3) + onnx_graph._encode_varint(value)


def tensor_type(name: str, dims: tuple[int | str, ...]) -> bytes:
    """A ValueInfoProto of float32."""
    sides = b"".join(
        message(1, message(2, side.encode()) if isinstance(side, str) else number_field(1, side)) for side in dims
    )
    return message(1, name.encode()) + message(2, message(1, number_field(1, 1) + message(2, sides)))


def onnx_network() -> bytes:
    """An ONNX file: relu = Relu(data), minus = Neg(relu), then out = Abs(minus)."""
    nodes = [("data", "relu", "Relu"), ("relu", "minus", "Neg"), ("minus", "out", "Abs")]
    encoded = [
        message(1, message(1, a.encode()) + message(2, b.encode()) + message(4, op.encode())) for a, b, op in nodes
    ]
    graph = b"".join(encoded) + message(2, b"graph")
    graph += message(11, tensor_type("data", ("n", 3, "h", "w"))) + message(12, tensor_type("out", ("n", 3, "h", "w")))
    return number_field(1, 7) + message(7, graph) + message(8, number_field(2, 12))
