from pathlib import Path

import pytest

from pipelines.datasets.shards import PreparedPicture, load_class_names, read_split, write_split
from pipelines.errors import DatasetError

PICTURES = [PreparedPicture(f"cat/{number}.jpg", f"{number:064x}", number % 2, bytes([number])) for number in range(5)]


def test_pictures_come_back_from_shards_of_the_asked_size(tmp_path: Path) -> None:
    write_split(tmp_path, "train", PICTURES, len(PICTURES), shard_pictures=2)

    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "train-00000-of-00003.tfrecord",
        "train-00001-of-00003.tfrecord",
        "train-00002-of-00003.tfrecord",
    ]
    assert list(read_split(tmp_path, "train")) == PICTURES


def test_a_missing_shard_is_noticed(tmp_path: Path) -> None:
    write_split(tmp_path, "train", PICTURES, len(PICTURES), shard_pictures=2)
    (tmp_path / "train-00001-of-00003.tfrecord").unlink()

    with pytest.raises(DatasetError, match="Expected 3 train shards"):
        list(read_split(tmp_path, "train"))


def test_a_folder_that_was_never_prepared_is_told(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="dvc repro"):
        list(read_split(tmp_path, "train"))
    with pytest.raises(DatasetError, match="dvc repro"):
        load_class_names(tmp_path)
