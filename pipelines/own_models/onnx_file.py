"""An ONNX file before any runtime opens it: no data outside the file, none but ONNX's own operators.

The file is a protobuf message; only the few fields that matter are read (onnx.proto3), and nothing is built from it.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pipelines.errors import ModelError

OWN_DOMAINS: Final = frozenset({b"", b"ai.onnx"})
MOST_DEPTH: Final = 16
MEND: Final = "Export the model again into one file, of ONNX's own operators."

# field numbers of onnx.proto3
_GRAPH, _FUNCTIONS = 7, 25
_NODE, _INITIALIZER, _SPARSE_INITIALIZER = 1, 5, 15
_OP_TYPE, _ATTRIBUTE, _DOMAIN = 4, 5, 7
_TENSOR, _SUBGRAPH, _TENSORS, _SUBGRAPHS, _SPARSE, _SPARSES = 5, 6, 10, 11, 22, 23
_EXTERNAL_DATA, _DATA_LOCATION, _EXTERNAL = 13, 14, 1
_LENGTHS: Final = {1: 8, 5: 4}

Field = tuple[int, int | memoryview]


def check_onnx(file: Path) -> None:
    """Raises ModelError for external data, operators of other domains, functions of its own, or a broken file."""
    try:
        graphs = 0
        for number, value in _fields(memoryview(file.read_bytes())):
            if number == _FUNCTIONS:
                raise ModelError(f"Expected ONNX's own operators, found functions that the file defines itself. {MEND}")
            if number == _GRAPH:
                graphs += 1
                _check_graph(_message(value), MOST_DEPTH)
    except (ValueError, IndexError) as error:
        raise ModelError(f"Expected a whole ONNX file, {file.name} is broken: {error}. {MEND}") from error
    if graphs != 1:
        raise ModelError(f"Expected one graph in {file.name}, found {graphs}. {MEND}")


def _check_graph(graph: memoryview, depth: int) -> None:
    if not depth:
        raise ValueError("its graphs are nested too deeply")
    for number, value in _fields(graph):
        if number == _NODE:
            _check_node(_message(value), depth)
        elif number == _INITIALIZER:
            _check_tensor(_message(value))
        elif number == _SPARSE_INITIALIZER:
            _check_sparse(_message(value))


def _check_node(node: memoryview, depth: int) -> None:
    operator = b""
    for number, value in _fields(node):
        if number == _OP_TYPE:
            operator = bytes(_message(value))
        elif number == _DOMAIN and bytes(_message(value)) not in OWN_DOMAINS:
            domain = bytes(_message(value)).decode(errors="replace")
            raise ModelError(
                f"Expected ONNX's own operators, found {operator.decode(errors='replace')!r:.60} of the domain "
                f"{domain!r:.60}. {MEND}"
            )
        elif number == _ATTRIBUTE:
            _check_attribute(_message(value), depth)


def _check_attribute(attribute: memoryview, depth: int) -> None:
    for number, value in _fields(attribute):
        if number in (_TENSOR, _TENSORS):
            _check_tensor(_message(value))
        elif number in (_SUBGRAPH, _SUBGRAPHS):
            _check_graph(_message(value), depth - 1)
        elif number in (_SPARSE, _SPARSES):
            _check_sparse(_message(value))


def _check_sparse(sparse: memoryview) -> None:
    for number, value in _fields(sparse):
        if number in (1, 2):  # its values and its indices
            _check_tensor(_message(value))


def _check_tensor(tensor: memoryview) -> None:
    for number, value in _fields(tensor):
        if number == _EXTERNAL_DATA or (number == _DATA_LOCATION and value == _EXTERNAL):
            detail = "" if isinstance(value, int) else f" ({bytes(value)[:80]!r})"
            raise ModelError(f"Expected all weights in the file, found external data{detail}. {MEND}")


def _message(value: int | memoryview) -> memoryview:
    if isinstance(value, int):
        raise ValueError("a number stands where a message should")
    return value


def _fields(message: memoryview) -> Iterator[Field]:
    """(field number, number or bytes) in order. Raises ValueError where the message ends early."""
    place = 0
    while place < len(message):
        key, place = _varint(message, place)
        number, wire = key >> 3, key & 7
        if wire == 0:
            found, place = _varint(message, place)
            yield number, found
            continue
        if wire == 2:
            length, place = _varint(message, place)
        elif wire in _LENGTHS:
            length = _LENGTHS[wire]
        else:
            raise ValueError(f"a field of unknown kind {wire}")
        if place + length > len(message):
            raise ValueError("it ends in the middle of a field")
        yield number, message[place : place + length]
        place += length


def _varint(message: memoryview, place: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        byte = message[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
    raise ValueError("a number that does not end")
