"""TFRecord files without TensorFlow, whose import costs eight seconds: framing, checksum and `tf.train.Example`.

A record is its length (uint64, little endian), a masked CRC-32C of the length, the bytes, and a masked CRC-32C of
the bytes. Source: tensorflow/core/lib/io/record_writer.h; the messages: tensorflow/core/example/example.proto.
"""

import struct
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory  # type: ignore[import-untyped]  # no types
from numpy.typing import NDArray

from pipelines.errors import DatasetError

POLYNOMIAL: Final = 0x82F63B78
BLOCK: Final = 512
"""Bytes; its table of half a megabyte stays in a core's cache."""
LENGTH: Final = struct.Struct("<Q")
CHECKSUM: Final = struct.Struct("<I")

Features = dict[str, bytes | int]


def write_record(stream: BinaryIO, record: bytes) -> None:
    """Append one record."""
    length = LENGTH.pack(len(record))
    stream.write(length + CHECKSUM.pack(_masked_crc(length)) + record + CHECKSUM.pack(_masked_crc(record)))


def read_records(file: Path) -> Iterator[bytes]:
    """Every record of a file. Raises DatasetError where the file is cut short or its bytes have changed."""
    with file.open("rb") as stream:
        while head := stream.read(LENGTH.size + CHECKSUM.size):
            length = _checked(head, LENGTH.size, file)
            (size,) = LENGTH.unpack(length)
            yield _checked(stream.read(size + CHECKSUM.size), size, file)


def encode_example(features: Mapping[str, bytes | int]) -> bytes:
    """A serialized `tf.train.Example` with one value a feature."""
    example = _example_type()()
    for name, value in features.items():
        feature = example.features.feature[name]
        if isinstance(value, bytes):
            feature.bytes_list.value.append(value)
        else:
            feature.int64_list.value.append(value)
    return bytes(example.SerializeToString(deterministic=True))


def decode_example(record: bytes) -> Features:
    """The first value of each feature of a serialized `tf.train.Example`."""
    example = _example_type().FromString(record)
    return {
        name: feature.bytes_list.value[0] if feature.bytes_list.value else feature.int64_list.value[0]
        for name, feature in example.features.feature.items()
    }


def crc32c(content: bytes) -> int:
    """CRC-32C (Castagnoli): what a byte adds depends on its distance to the end of its block alone, so all blocks are
    summed at once; a block's state then goes through the next one as four bytes more at its beginning."""
    padding, head = -len(content) % BLOCK, min(4, len(content))
    values = np.zeros(padding + len(content), np.uint8)  # noughts in front change nothing
    values[padding:] = np.frombuffer(content, np.uint8)
    values[padding : padding + head] ^= 0xFF  # the state that a checksum begins with
    table, places, carried = _block_tables()
    blocks = np.bitwise_xor.reduce(table.take(values.reshape(-1, BLOCK) + places), axis=1)
    first, second, third, fourth = carried
    state = 0
    for share in blocks.tolist():
        state = share ^ first[state & 255] ^ second[state >> 8 & 255] ^ third[state >> 16 & 255] ^ fourth[state >> 24]
    # of fewer than four bytes some of the beginning is left
    return int(state ^ (0xFFFFFFFF >> 8 * head) ^ 0xFFFFFFFF)


def _masked_crc(content: bytes) -> int:
    crc = crc32c(content)
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def _checked(content: bytes, size: int, file: Path) -> bytes:
    body, checksum = content[:size], content[size:]
    if len(checksum) != CHECKSUM.size or CHECKSUM.unpack(checksum)[0] != _masked_crc(body):
        # --force: DVC goes by the time of change, and would take the file, or its own damaged copy, for what it wrote
        raise DatasetError(
            f"Expected whole records in {file}, found a damaged one. "
            f"Run `dvc repro --force prepare@{file.parent.name}` to write it again."
        )
    return body


@cache
def _block_tables() -> tuple[NDArray[np.uint32], NDArray[np.intp], tuple[list[int], ...]]:
    """What a byte adds by its place in a block, (BLOCK * 256,); where each place's part begins; the first four."""
    row: NDArray[np.uint32] = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        row = np.where(row & 1, row >> 1 ^ np.uint32(POLYNOMIAL), row >> 1)
    first, rows = row, [row]
    for _ in range(BLOCK - 1):
        row = (row >> 8) ^ first[row & 0xFF]
        rows.append(row)
    table = np.stack(rows[::-1]).astype(np.uint32)
    return table.ravel(), np.arange(BLOCK, dtype=np.intp) * 256, tuple(table[place].tolist() for place in range(4))


@cache
def _example_type() -> Any:
    """Message class of `tensorflow.Example`, in a pool of its own so that TensorFlow's may be loaded beside it."""
    file = descriptor_pb2.FileDescriptorProto(name="example.proto", package="tensorflow", syntax="proto3")
    _message(file, "BytesList", [("value", 1, "TYPE_BYTES", None)], repeated=True)
    _message(file, "FloatList", [("value", 1, "TYPE_FLOAT", None)], repeated=True)
    _message(file, "Int64List", [("value", 1, "TYPE_INT64", None)], repeated=True)
    feature = _message(
        file,
        "Feature",
        [
            ("bytes_list", 1, "TYPE_MESSAGE", "BytesList"),
            ("float_list", 2, "TYPE_MESSAGE", "FloatList"),
            ("int64_list", 3, "TYPE_MESSAGE", "Int64List"),
        ],
    )
    feature.oneof_decl.add(name="kind")
    for field in feature.field:
        field.oneof_index = 0
    features = _message(file, "Features", [("feature", 1, "TYPE_MESSAGE", "Features.FeatureEntry")], repeated=True)
    entry = features.nested_type.add(name="FeatureEntry")
    entry.options.map_entry = True
    _add_fields(entry, [("key", 1, "TYPE_STRING", None), ("value", 2, "TYPE_MESSAGE", "Feature")])
    _message(file, "Example", [("features", 1, "TYPE_MESSAGE", "Features")])
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("tensorflow.Example"))


def _message(file: Any, name: str, fields: list[tuple[str, int, str, str | None]], *, repeated: bool = False) -> Any:
    message = file.message_type.add(name=name)
    _add_fields(message, fields, repeated=repeated)
    return message


def _add_fields(message: Any, fields: list[tuple[str, int, str, str | None]], *, repeated: bool = False) -> None:
    kinds = descriptor_pb2.FieldDescriptorProto
    label = kinds.LABEL_REPEATED if repeated else kinds.LABEL_OPTIONAL
    for name, number, kind, type_name in fields:
        field = message.field.add(name=name, number=number, type=getattr(kinds, kind), label=label)
        if type_name:
            field.type_name = f".tensorflow.{type_name}"
