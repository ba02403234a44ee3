"""Small ONNX files, written field by field: the project needs no library for them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FLOAT = 1


def write_pooled_classifier(
    file: Path,
    weights: NDArray[np.floating],
    *,
    size: int = 16,
    head: str | None = "Softmax",
    domain: str = "",
    external: bool = False,
    batch: int | None = None,
) -> Path:
    """Mean colour of an NCHW picture times `weights` (3, classes), then `head`."""
    nodes = [
        _node("GlobalAveragePool", ["pixels"], "pooled", domain=domain),
        _node("Flatten", ["pooled"], "flat"),
        _node("MatMul", ["flat", "weights"], "scores" if head else "answers"),
    ]
    if head:
        nodes.append(_node(head, ["scores"], "answers"))
    shape: list[int | None] = [batch, 3, size, size]
    graph = b"".join(
        (
            *(_message(1, node) for node in nodes),
            _text(2, "graph"),
            _message(5, _external("weights") if external else _tensor("weights", weights)),
            _message(11, _value("pixels", shape)),
            _message(12, _value("answers", [batch, weights.shape[1]])),
        )
    )
    opset = _text(1, "") + _number(2, 13)
    file.write_bytes(_number(1, 8) + _message(7, graph) + _message(8, opset))
    return file


def _node(operator: str, inputs: Sequence[str], output: str, domain: str = "") -> bytes:
    names = b"".join(_text(1, name) for name in inputs)
    return names + _text(2, output) + _text(3, output) + _text(4, operator) + (_text(7, domain) if domain else b"")


def _tensor(name: str, values: NDArray[np.floating]) -> bytes:
    sides = b"".join(_number(1, side) for side in values.shape)
    return sides + _number(2, FLOAT) + _text(8, name) + _message(9, values.astype("<f4").tobytes())


def _external(name: str) -> bytes:
    place: Mapping[str, str] = {"location": "/etc/hostname", "offset": "0", "length": "24"}
    entries = b"".join(_message(13, _text(1, key) + _text(2, value)) for key, value in place.items())
    return _number(1, 3) + _number(1, 2) + _number(2, FLOAT) + _text(8, name) + entries + _number(14, 1)


def _value(name: str, shape: Sequence[int | None]) -> bytes:
    sides = b"".join(_message(1, _text(2, "n") if side is None else _number(1, side)) for side in shape)
    tensor = _number(1, FLOAT) + _message(2, sides)
    return _text(1, name) + _message(2, _message(1, tensor))


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _text(field: int, value: str) -> bytes:
    return _message(field, value.encode())


def _message(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    parts = []
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*parts, value])
