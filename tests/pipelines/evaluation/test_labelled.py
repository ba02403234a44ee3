from pathlib import Path

import pytest

from pipelines.errors import DatasetError
from pipelines.evaluation.labelled import decode_pictures, read_any_pictures, read_labelled_folder
from pipelines.stage_params import PrepareParams
from tests.pipelines.datasets.pictures import make_class_folders


def test_the_readable_pictures_of_a_folder_come_with_their_labels(tmp_path: Path) -> None:
    folder = make_class_folders(tmp_path / "in", cat=2, dog=1)
    (folder / "dog" / "broken.jpg").write_bytes(b"no picture")

    pictures = read_labelled_folder(folder, "pets", PrepareParams())

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

    with pytest.raises(DatasetError, match="none that can be read"):
        read_labelled_folder(tmp_path, "pets", PrepareParams())


def test_labels_are_named_as_the_classifier_names_them(tmp_path: Path) -> None:
    folder = make_class_folders(tmp_path / "in", cat=1, dog=1)

    pictures = read_labelled_folder(folder, "pets", PrepareParams(label_names={"cat": "feline"}))

    assert sorted(picture.label for picture in pictures) == ["dog", "feline"]


def test_pictures_of_anything_need_no_class_folders(tmp_path: Path) -> None:
    folder = make_class_folders(tmp_path / "in", cat=1, dog=1)
    (folder / "cat" / "cat0.jpg").rename(folder / "loose.jpg")
    (folder / "broken.jpg").write_bytes(b"no picture")

    assert [picture.name for picture in read_any_pictures(folder)] == ["dog/dog0.jpg", "loose.jpg"]
    with pytest.raises(DatasetError, match="none that can be read"):
        read_any_pictures(tmp_path / "nothing")
