"""Prepared pictures in TFRecord shards: `<split>-00000-of-00003.tfrecord`."""

import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from pipelines.datasets.splits import Split
from pipelines.datasets.tfrecord import decode_example, encode_example, read_records, write_record
from pipelines.errors import DatasetError

CLASS_NAMES_FILE = "class_names.json"


@dataclass(frozen=True, slots=True)
class PreparedPicture:
    """One record of a shard."""

    file: str
    """Path below data/raw/<classifier>, such as `cats/cat.1.jpg`."""
    sha256: str
    """Of the file as it was imported, before any scaling."""
    label_index: int
    """Place in the class names."""
    encoded: bytes
    """A JPEG that pipelines.images decodes."""


def write_split(
    folder: Path, split: Split, pictures: Iterable[PreparedPicture], count: int, shard_pictures: int
) -> None:
    """Write `count` pictures as shards of `shard_pictures` each; one is in memory at a time."""
    shards = math.ceil(count / shard_pictures)
    remaining = iter(pictures)
    for shard in range(shards):
        with (folder / f"{split}-{shard:05d}-of-{shards:05d}.tfrecord").open("wb") as stream:
            for picture in islice(remaining, shard_pictures):
                write_record(stream, _encode(picture))


def read_split(prepared: Path, split: str) -> Iterator[PreparedPicture]:
    """Pictures of a split in the order they were written, which is by hash: classes come mixed.

    Raises DatasetError when the folder or a shard is missing, or a shard is damaged.
    """
    for file in list_shards(prepared, split):
        for record in read_records(file):
            yield _decode(record)


def load_class_names(prepared: Path) -> tuple[str, ...]:
    """Class names by label index. Raises DatasetError when the folder was never prepared."""
    try:
        names: list[str] = json.loads((prepared / CLASS_NAMES_FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DatasetError(f"Expected prepared pictures in {prepared}, found none. Run `dvc repro`.") from None
    return tuple(names)


def list_shards(prepared: Path, split: str) -> list[Path]:
    """Files of a split, in order. Raises DatasetError when one is missing."""
    files = sorted(prepared.glob(f"{split}-*-of-*.tfrecord"))
    if not files:
        raise DatasetError(f"Expected shards of the {split} split in {prepared}, found none. Run `dvc repro`.")
    expected = int(files[0].stem.rsplit("-", 1)[1])
    if len(files) != expected:
        raise DatasetError(f"Expected {expected} {split} shards in {prepared}, found {len(files)}. Run `dvc repro`.")
    return files


def _encode(picture: PreparedPicture) -> bytes:
    return encode_example(
        {
            "image": picture.encoded,
            "label": picture.label_index,
            "sha256": picture.sha256.encode(),
            "file": picture.file.encode(),
        }
    )


def _decode(record: bytes) -> PreparedPicture:
    features = decode_example(record)
    match features:
        case {"image": bytes(image), "label": int(label), "sha256": bytes(sha256), "file": bytes(file)}:
            return PreparedPicture(file.decode(), sha256.decode(), label, image)
        case _:
            raise DatasetError(
                f"Expected image, label, sha256 and file in a record, received {sorted(features)}. Run `dvc repro`."
            )
