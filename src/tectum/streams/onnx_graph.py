"""The graph of an ONNX file, and how to have other layers as outputs, without the package onnx.

An ONNX file is a message of Protocol Buffers: fields, each a number, a type and a value, one after the other. Few
fields matter here: of the model (ModelProto) the graph is field 7; of the graph (GraphProto) nodes are field 1 and
outputs field 12; of a node (NodeProto) inputs are field 1, outputs field 2 and attributes field 5; of an output
(ValueInfoProto) its name is field 1. All else is handed on as it is. Source: onnx.proto3 of the ONNX specification, and
the description of the encoding by Protocol Buffers.
"""

from collections.abc import Iterator
from typing import NamedTuple

MODEL_GRAPH, GRAPH_NODE, GRAPH_OUTPUT = 7, 1, 12
NODE_INPUT, NODE_OUTPUT, NODE_ATTRIBUTE, VALUE_NAME = 1, 2, 5, 1
ATTRIBUTE_GRAPHS = (6, 11)  # fields of an attribute (AttributeProto) that hold graphs of their own
VARINT, FIXED64, MESSAGE, FIXED32 = 0, 1, 2, 5  # types of a field


class Field(NamedTuple):
    """A field of a message."""

    number: int  # which field
    content: bytes  # value of a message, text or bytes; empty for numbers
    encoded: bytes  # the field as it stands in the message


class Node(NamedTuple):
    """An operation of a graph."""

    inputs: list[str]  # names of what it reads
    outputs: list[str]  # names of what it makes
    has_graph: bool  # whether it holds a graph of its own, which may read more
    encoded: bytes  # the field as it stands in the graph


def layers(model: bytes) -> list[str]:
    """Names of all that the nodes of an ONNX model make, in their order; ValueError if the bytes are not one."""
    return [name for node in _nodes(_graph(model)) for name in node.outputs if name]


def with_output(model: bytes, layer: str) -> bytes:
    """An ONNX model with one of its `layers` as its only output, without the nodes that it does not need; ValueError
    if the bytes are not a model.
    """
    graph = _graph(model)
    nodes = _nodes(graph)
    needed, kept = {layer}, set()
    everything = any(node.has_graph for node in nodes)  # what an inner graph reads is not looked up
    for node in reversed(nodes):  # nodes stand in the order in which they run
        if everything or needed.intersection(node.outputs):
            needed.update(node.inputs)
            kept.add(node.encoded)
    parts = [
        field.encoded
        for field in graph
        if field.number != GRAPH_OUTPUT and (field.number != GRAPH_NODE or field.encoded in kept)
    ]
    parts.append(_encode(GRAPH_OUTPUT, _encode(VALUE_NAME, layer.encode())))
    outside = [field.encoded for field in _fields(model) if field.number != MODEL_GRAPH]
    return b"".join(outside) + _encode(MODEL_GRAPH, b"".join(parts))


def _graph(model: bytes) -> list[Field]:
    """Fields of the graph of a model."""
    try:
        graph = b"".join(field.content for field in _fields(model) if field.number == MODEL_GRAPH)
        fields = list(_fields(graph))
    except (IndexError, ValueError) as error:
        raise ValueError(f"not an ONNX file ({error})") from error
    if not any(field.number == GRAPH_NODE for field in fields):
        raise ValueError("not an ONNX file (no graph in it)")
    return fields


def _nodes(graph: list[Field]) -> list[Node]:
    """The nodes of a graph."""
    nodes = []
    for field in graph:
        if field.number != GRAPH_NODE:
            continue
        inside = list(_fields(field.content))
        attributes = [part for item in inside if item.number == NODE_ATTRIBUTE for part in _fields(item.content)]
        nodes.append(
            Node(
                [item.content.decode() for item in inside if item.number == NODE_INPUT],
                [item.content.decode() for item in inside if item.number == NODE_OUTPUT],
                any(part.number in ATTRIBUTE_GRAPHS for part in attributes),
                field.encoded,
            )
        )
    return nodes


def _fields(message: bytes) -> Iterator[Field]:
    """The fields of a message."""
    at = 0
    while at < len(message):
        start = at
        key, at = _varint(message, at)
        number, kind = key >> 3, key & 7
        content = b""
        if kind == VARINT:
            _, at = _varint(message, at)
        elif kind in (FIXED64, FIXED32):
            at += 8 if kind == FIXED64 else 4
        elif kind == MESSAGE:
            length, at = _varint(message, at)
            content = message[at : at + length]
            at += length
        else:
            raise ValueError(f"field of unknown type {kind}")
        if at > len(message):
            raise ValueError("it ends in the middle of a field")
        yield Field(number, content, message[start:at])


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """A number of seven bits a byte, the lowest first, and where it ends."""
    value, shift = 0, 0
    while True:
        byte = message[at]
        if shift > 63:
            raise ValueError("a number of more than ten bytes")
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def _encode(number: int, content: bytes) -> bytes:
    """A field that holds a message or text."""
    return _encode_varint(number << 3 | MESSAGE) + _encode_varint(len(content)) + content


def _encode_varint(value: int) -> bytes:
    """The encoding that `_varint` reads."""
    encoded = bytearray()
    while value >= 0x80:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
