import importlib
import io
from pathlib import Path

import pytest

from pipelines.datasets.tfrecord import crc32c, decode_example, encode_example, read_records, write_record
from pipelines.errors import DatasetError

FEATURES: dict[str, bytes | int] = {"image": b"\xff\xd8 picture", "label": 0, "file": b"cat/a.jpg"}


@pytest.mark.parametrize(
    ("content", "checksum"),
    [
        (b"", 0x00000000),
        (b"123456789", 0xE3069283),
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
    ],
)
def test_checksums_are_those_of_rfc_3720(content: bytes, checksum: int) -> None:
    assert crc32c(content) == checksum


@pytest.mark.parametrize("size", [1, 3, 4, 5, 511, 512, 513, 515, 1024, 6000])
def test_a_checksum_does_not_depend_on_the_block_size(size: int) -> None:
    content = bytes(number * 7 % 251 for number in range(size))
    table = [_shift(byte) for byte in range(256)]
    state = 0xFFFFFFFF
    for byte in content:
        state = (state >> 8) ^ table[(state ^ byte) & 0xFF]

    assert crc32c(content) == state ^ 0xFFFFFFFF


def test_records_come_back_in_order(tmp_path: Path) -> None:
    write_records(tmp_path / "a.tfrecord", [b"one", b"", b"three" * 1000])

    assert list(read_records(tmp_path / "a.tfrecord")) == [b"one", b"", b"three" * 1000]


@pytest.mark.parametrize("damage", ["cut", "flipped"])
def test_a_damaged_record_is_refused(tmp_path: Path, damage: str) -> None:
    file = write_records(tmp_path / "a.tfrecord", [b"one", b"two"])
    content = bytearray(file.read_bytes())
    content[-6] ^= 1
    file.write_bytes(bytes(content) if damage == "flipped" else bytes(content[:-5]))

    with pytest.raises(DatasetError, match=r"damaged one\. Run `dvc repro --force prepare@"):
        list(read_records(file))


def test_an_example_comes_back_with_its_features() -> None:
    assert decode_example(encode_example(FEATURES)) == FEATURES


def test_tensorflow_reads_what_was_written(tmp_path: Path) -> None:
    tf = importlib.import_module("tensorflow")  # has no types

    file = write_records(tmp_path / "a.tfrecord", [encode_example(FEATURES)])
    kinds = {
        "image": tf.io.FixedLenFeature([], tf.string),
        "label": tf.io.FixedLenFeature([], tf.int64),
        "file": tf.io.FixedLenFeature([], tf.string),
    }

    (record,) = tf.data.TFRecordDataset(str(file)).map(lambda each: tf.io.parse_single_example(each, kinds))

    assert {name: value.numpy() for name, value in record.items()} == FEATURES


def write_records(file: Path, records: list[bytes]) -> Path:
    stream = io.BytesIO()
    for record in records:
        write_record(stream, record)
    file.write_bytes(stream.getvalue())
    return file


def _shift(byte: int) -> int:
    for _ in range(8):
        byte = (byte >> 1) ^ (0x82F63B78 if byte & 1 else 0)
    return byte
