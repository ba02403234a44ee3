from pathlib import Path

import pytest

from pipelines.errors import DatasetError
from pipelines.evaluation.labelled import decode_pictures, read_labelled_folder
from tests.pipelines.datasets.pictures import make_class_folders


def test_the_readable_pictures_of_a_folder_come_with_their_labels(tmp_path: Path) -> None:
    folder = make_class_folders(tmp_path / "in", cat=2, dog=1)
    (folder / "dog" / "broken.jpg").write_bytes(b"no picture")

    pictures = read_labelled_folder(folder)

    assert sorted((picture.label, Path(picture.name).name) for picture in pictures) == [
        ("cat", "cat0.jpg"),
        ("cat", "cat1.jpg"),
        ("dog", "dog0.jpg"),
    ]
    assert [image.shape for image in decode_pictures(pictures)] == [(30, 40, 3)] * 3


def test_a_folder_without_a_readable_picture_is_refused(tmp_path: Path) -> None:
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.jpg").write_bytes(b"no picture")

    with pytest.raises(DatasetError, match="none of them can be read"):
        read_labelled_folder(tmp_path)
