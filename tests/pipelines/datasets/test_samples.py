from pathlib import Path

import pytest

from pipelines.datasets.drawn_mark import is_drawn
from pipelines.datasets.importing import import_dataset
from pipelines.datasets.samples import DRAWINGS, draw_sample
from pipelines.errors import DatasetError, ParamsError
from tests.pipelines.datasets.pictures import FakeDvc, make_class_folders


def test_the_sample_is_drawn_with_the_numbers_of_params_and_says_so(workspace: Path, fake_dvc: FakeDvc) -> None:
    change = draw_sample(workspace, "cars")

    folder = workspace / "data/raw/cars"
    readme = (folder / "README.md").read_text()
    assert (change.images, change.added, change.classes) == (30, 30, 10)
    assert len(list(folder.glob("*/*.jpg"))) == 30
    assert is_drawn(folder)
    assert "drawn" in readme
    assert "seed 7" in readme


def test_the_same_numbers_give_the_same_version(workspace: Path, fake_dvc: FakeDvc) -> None:
    first = draw_sample(workspace, "cars", images=40, seed=1)
    other = draw_sample(workspace, "cars", images=40, seed=2)
    again = draw_sample(workspace, "cars", images=40, seed=1)

    assert first.md5 == again.md5 != other.md5


def test_imported_pictures_are_not_overwritten(workspace: Path, tmp_path: Path, fake_dvc: FakeDvc) -> None:
    import_dataset(workspace, make_class_folders(tmp_path / "in", saloon=3, estate=3), "cars")

    with pytest.raises(DatasetError, match="were not drawn"):
        draw_sample(workspace, "cars")

    assert len(list((workspace / "data/raw/cars").rglob("*.jpg"))) == 6


def test_each_built_in_classifier_has_a_drawing_of_its_own(workspace: Path, fake_dvc: FakeDvc) -> None:
    change = draw_sample(workspace, "simpsons", images=33)

    folder = workspace / "data/raw/simpsons"
    assert (change.images, change.classes) == (33, 11)
    assert {path.name for path in folder.iterdir() if path.is_dir()} == set(DRAWINGS["simpsons"].CLASS_NAMES)
    assert "33 pictures of 11 invented cartoon characters (seed 7)" in (folder / "README.md").read_text()


def test_a_classifier_without_a_drawing_says_how_to_import(workspace: Path) -> None:
    params = workspace / "params.yaml"
    params.write_text(params.read_text().replace("simpsons:", "pets:"))

    with pytest.raises(DatasetError, match="vigia data import FOLDER --classifier pets"):
        draw_sample(workspace, "pets")


def test_an_unknown_classifier_is_refused_with_the_known_ones(workspace: Path) -> None:
    with pytest.raises(ParamsError, match="cars, simpsons"):
        draw_sample(workspace, "boats")


def test_too_few_pictures_for_the_classes_are_refused(workspace: Path) -> None:
    with pytest.raises(DatasetError, match="at least 30 pictures"):
        draw_sample(workspace, "cars", images=29)
