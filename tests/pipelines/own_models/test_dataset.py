import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

from pipelines.errors import DatasetError, ModelError
from pipelines.own_models.dataset import check_labels, check_prepared, load_splits
from tests.pipelines.own_models.workspace import make_workspace
from tests.pipelines.training.colours import write_colours


def test_labels_without_a_class_are_named_and_a_near_spelling_with_them() -> None:
    with pytest.raises(ModelError, match=r"missing: 'cats' \(the file spells it 'Cats'\), 'owls'"):
        check_labels(["cats", "dogs", "owls"], ("Cats", "dogs"), "cats_dogs")


def test_classes_without_pictures_are_warned_of() -> None:
    assert check_labels(["cats", "dogs"], ("cats", "dogs"), "cats_dogs") == ()
    (warning,) = check_labels(["cats", "dogs"], ("owls", "dogs", "cats"), "cats_dogs")
    assert warning.startswith("no picture of owls")


def test_label_indices_are_those_of_the_models_class_names(tmp_path: Path) -> None:
    prepared = write_colours(tmp_path, train=4, validation=4)

    splits = load_splits(prepared, ("blue", "green", "red"), 8)

    reds = splits.test.images[..., 0].mean(axis=(1, 2)) > splits.test.images[..., 2].mean(axis=(1, 2))
    assert np.array_equal(splits.test.labels, np.where(reds, 2, 0))


def test_a_classifier_without_pictures_and_one_whose_pictures_are_not_prepared_are_refused(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path, "paints")
    assert check_prepared(workspace, "paints").classifier == "paints"

    with pytest.raises(DatasetError, match="vigia data import"):
        check_prepared(workspace, "others")
    (workspace / "data" / "prepared" / "paints" / "class_names.json").unlink()
    with pytest.raises(DatasetError, match=r"found none\. Run `vigia data audit paints`"):
        check_prepared(workspace, "paints")


def test_pictures_prepared_from_an_earlier_version_are_refused(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path, "paints")
    pointer = workspace / "data" / "raw" / "paints.dvc"
    pointer.write_text(pointer.read_text().replace("0" * 32, "1" * 32))

    with pytest.raises(DatasetError, match="those of an earlier version"):
        check_prepared(workspace, "paints")


def test_the_workspace_of_these_tests_is_one(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path, "paints")

    said = subprocess.run(["git", "status", "--porcelain"], cwd=workspace, capture_output=True, text=True, check=True)
    assert said.stdout == ""
    assert json.loads((workspace / "data/prepared/paints/class_names.json").read_text()) == ["red", "blue"]
