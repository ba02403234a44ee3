import json
from pathlib import Path

import numpy as np
import pytest

from pipelines.datasets.shards import PreparedPicture, write_split
from pipelines.errors import DatasetError
from pipelines.training.digests import digest_arrays, digest_document, digest_split


def prepare(folder: Path, content: bytes, names: tuple[str, ...] = ("a", "b")) -> Path:
    folder.mkdir()
    write_split(folder, "train", [PreparedPicture("a/1.jpg", "0" * 64, 0, content)], 1, 512)
    (folder / "class_names.json").write_text(json.dumps(names), encoding="utf-8")
    return folder


def test_a_split_is_known_by_its_pictures_and_class_names_and_not_by_its_place(tmp_path: Path) -> None:
    digest = digest_split(prepare(tmp_path / "1", b"x"), "train")

    assert digest == digest_split(prepare(tmp_path / "2", b"x"), "train")
    assert digest != digest_split(prepare(tmp_path / "3", b"y"), "train")
    assert digest != digest_split(prepare(tmp_path / "4", b"x", ("a", "c")), "train")


def test_a_split_without_shards_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="validation"):
        digest_split(prepare(tmp_path / "1", b"x"), "validation")


def test_arrays_are_known_by_values_shapes_and_types() -> None:
    one = np.arange(6, dtype=np.float32)

    digests = [digest_arrays([array]) for array in (one, one.reshape(2, 3), one.astype(np.float64), one + 1)]

    assert len(set(digests)) == 4
    assert digest_arrays([one]) == digests[0]


def test_a_document_is_known_whatever_the_order_of_its_keys() -> None:
    assert digest_document({"a": 1, "b": [2]}) == digest_document({"b": [2], "a": 1})
    assert digest_document({"a": 1}) != digest_document({"a": 2})
