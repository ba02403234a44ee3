import csv
import hashlib
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from pipelines.datasets.audit.findings import read_audit
from pipelines.datasets.catalogue import CataloguePicture, write_pictures
from pipelines.datasets.manifest import ManifestRow, read_manifest
from pipelines.datasets.measures import read_measures
from pipelines.datasets.near_duplicates import read_near_duplicates
from pipelines.datasets.shards import PreparedPicture, load_class_names, read_split
from pipelines.datasets.splits import SPLITS
from pipelines.errors import DatasetError
from pipelines.images import decode_image
from pipelines.stages.prepare import prepare
from tests.pipelines.datasets.pictures import encode_picture, make_class_folders
from tests.pipelines.datasets.scenes import encode_scene

ROOT = Path(__file__).parents[3]


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    make_class_folders(tmp_path / "data/raw/pets", dog=20, cat=20)
    (tmp_path / "params.yaml").write_text("classifiers: {pets: {prepare: {max_side: 64, shard_pictures: 8}}}\n")
    return tmp_path


def prepared(workspace: Path) -> Path:
    return workspace / "data" / "prepared" / "pets"


def read_all(workspace: Path) -> dict[str, PreparedPicture]:
    return {each.file: each for split in SPLITS for each in read_split(prepared(workspace), split)}


def read_rows(workspace: Path) -> dict[str, ManifestRow]:
    return {row.path: row for row in read_manifest(prepared(workspace))}


def read_splits(workspace: Path) -> dict[str, str]:
    return {path: row.split for path, row in read_rows(workspace).items()}


def test_every_picture_lies_in_one_shard_with_its_label(workspace: Path) -> None:
    prepare(workspace, "pets")

    pictures = read_all(workspace)
    names = load_class_names(prepared(workspace))
    assert names == ("cat", "dog")
    assert len(pictures) == 40
    for file, picture in pictures.items():
        content = (workspace / "data/raw/pets" / file).read_bytes()
        assert picture.encoded == content, "a small JPEG keeps its bytes"
        assert picture.sha256 == hashlib.sha256(content).hexdigest()
        assert names[picture.label_index] == file.split("/")[0]


def test_the_manifest_agrees_with_the_shards(workspace: Path) -> None:
    prepare(workspace, "pets")

    rows = read_rows(workspace)
    in_shards = {each.file: split for split in SPLITS for each in read_split(prepared(workspace), split)}
    assert read_splits(workspace) == in_shards
    assert {(row.width, row.height) for row in rows.values()} == {(40, 30)}
    assert {row.origin for row in rows.values()} == set(rows), "nobody imported them"
    assert {row.group for row in rows.values()} == {row.sha256 for row in rows.values()}, "all look different"
    summary = json.loads((prepared(workspace) / "summary.json").read_text())
    assert summary["pictures"] == 40
    assert summary["rejected"] == 0
    assert sum(summary["splits"].values()) == 40
    assert all(summary["per_class"][split][label] >= 1 for split in SPLITS for label in ("cat", "dog"))


def test_adding_pictures_moves_no_other_picture(workspace: Path) -> None:
    prepare(workspace, "pets")
    before = read_splits(workspace)
    for number in range(30):
        (workspace / "data/raw/pets/cat" / f"new{number}.jpg").write_bytes(encode_picture(500 + number))

    prepare(workspace, "pets")

    after = read_splits(workspace)
    assert len(after) == 70
    assert {file: after[file] for file in before} == before


def test_the_same_pictures_give_the_same_bytes(workspace: Path) -> None:
    (workspace / "data/raw/pets/cat/broken.jpg").write_text("words")
    prepare(workspace, "pets")
    first = {path.name: path.read_bytes() for path in prepared(workspace).iterdir()}

    prepare(workspace, "pets")

    assert {path.name: path.read_bytes() for path in prepared(workspace).iterdir()} == first


def test_broken_pictures_are_reported_and_the_others_prepared(workspace: Path) -> None:
    folder = workspace / "data/raw/pets/cat"
    (folder / "cut.jpg").write_bytes(encode_picture(90)[:-300])
    (folder / "words.jpg").write_text("words")

    prepare(workspace, "pets")

    rows = list(csv.DictReader(io.StringIO((prepared(workspace) / "rejected.csv").read_text())))
    assert [row["file"] for row in rows] == ["cat/cut.jpg", "cat/words.jpg"]
    assert all(row["reason"].startswith("Expected") for row in rows)
    assert len(read_all(workspace)) == 40


def test_a_picture_under_two_labels_is_used_under_none(workspace: Path) -> None:
    folder = workspace / "data/raw/pets"
    (folder / "dog" / "twin.jpg").write_bytes((folder / "cat" / "cat0.jpg").read_bytes())

    prepare(workspace, "pets")

    report = (prepared(workspace) / "rejected.csv").read_text()
    assert "cat/cat0.jpg" in report
    assert "dog/twin.jpg" in report
    assert not {"cat/cat0.jpg", "dog/twin.jpg"} & read_all(workspace).keys()


def test_equal_pictures_share_a_split(workspace: Path) -> None:
    folder = workspace / "data/raw/pets/cat"
    for number in range(20):
        (folder / f"twin{number}.jpg").write_bytes((folder / f"cat{number}.jpg").read_bytes())

    prepare(workspace, "pets")

    splits = read_splits(workspace)
    assert all(splits[f"cat/twin{number}.jpg"] == splits[f"cat/cat{number}.jpg"] for number in range(20))


def test_pictures_that_look_alike_share_a_group_and_a_split_and_the_audit_finds_no_leak(workspace: Path) -> None:
    folder = workspace / "data/raw/pets/dog"
    for seed in range(12):
        (folder / f"scene{seed}.jpg").write_bytes(encode_scene(seed))
        (folder / f"scene{seed}_again.jpg").write_bytes(encode_scene(seed, quality=50))

    prepare(workspace, "pets")

    rows = read_rows(workspace)
    for seed in range(12):
        first, again = rows[f"dog/scene{seed}.jpg"], rows[f"dog/scene{seed}_again.jpg"]
        assert (first.split, first.group) == (again.split, again.group)
    assert len(read_near_duplicates(prepared(workspace))) == 12
    audit = read_audit(prepared(workspace))
    assert (audit.pictures, audit.leaks) == (64, 0)
    assert "near_duplicates" in {finding.check for finding in audit.findings}


def test_every_picture_has_its_measures(workspace: Path) -> None:
    prepare(workspace, "pets")

    measures = read_measures(prepared(workspace))
    assert measures.keys() == read_rows(workspace).keys()
    assert measures["cat/cat0.jpg"].size_bytes == (workspace / "data/raw/pets/cat/cat0.jpg").stat().st_size


def test_an_official_test_split_is_kept_whole_and_validation_comes_from_the_rest(workspace: Path) -> None:
    raw = workspace / "data/raw/pets"
    official = [f"{label}/{label}{number}.jpg" for label in ("cat", "dog") for number in range(5)]
    write_pictures(
        raw,
        (
            CataloguePicture(name, hashlib.sha256((raw / name).read_bytes()).hexdigest(), f"from/{name}", "test", None)
            for name in official
        ),
    )

    prepare(workspace, "pets")

    splits = read_splits(workspace)
    assert sorted(path for path, split in splits.items() if split == "test") == official
    assert set(splits.values()) == set(SPLITS)
    assert read_rows(workspace)[official[0]].origin == f"from/{official[0]}"


@pytest.mark.parametrize(
    ("name", "size", "expected"),
    [("wide.jpg", (256, 128), (64, 32)), ("tall.png", (32, 320), (8, 64)), ("small.webp", (30, 20), (30, 20)),
     ("thin.jpg", (640, 10), (64, 8))],
)  # fmt: skip
def test_large_and_other_pictures_become_jpegs_of_the_allowed_side(
    workspace: Path, name: str, size: tuple[int, int], expected: tuple[int, int]
) -> None:
    form = {"jpg": "JPEG", "png": "PNG", "webp": "WEBP"}[name.split(".")[1]]
    (workspace / "data/raw/pets/cat" / name).write_bytes(encode_picture(91, size=size, form=form))

    prepare(workspace, "pets")

    encoded = read_all(workspace)[f"cat/{name}"].encoded
    assert Image.open(io.BytesIO(encoded)).format == "JPEG"
    assert decode_image(encoded).shape == (expected[1], expected[0], 3)
    row = read_rows(workspace)[f"cat/{name}"]
    assert (row.width, row.height) == size, "the manifest tells the size in data/raw"


@pytest.mark.parametrize(
    ("counts", "words"),
    [({}, "no picture"), ({"cat": 5}, "at least two classes"), ({"cat": 5, "dog": 2}, r"dog \(2\)")],
)
def test_pictures_that_make_no_dataset_are_refused_and_the_last_outcome_stays(
    tmp_path: Path, counts: dict[str, int], words: str
) -> None:
    (tmp_path / "params.yaml").write_text("classifiers: {pets: {}}\n")
    (tmp_path / "data/raw/pets").mkdir(parents=True)
    make_class_folders(tmp_path / "data/raw/pets", **counts)
    prepared(tmp_path).mkdir(parents=True)
    (prepared(tmp_path) / "summary.json").write_text("the last outcome")

    with pytest.raises(DatasetError, match=words):
        prepare(tmp_path, "pets")

    assert [path.name for path in (tmp_path / "data/prepared").rglob("*")] == ["pets", "summary.json"]


def test_the_stage_runs_as_dvc_runs_it_without_tensorflow(workspace: Path) -> None:
    code = (
        "import runpy, sys; sys.argv = ['prepare', 'pets']; "
        "runpy.run_module('pipelines.stages.prepare', run_name='__main__'); "
        "assert 'tensorflow' not in sys.modules and 'keras' not in sys.modules"
    )
    environment = {"PYTHONPATH": str(ROOT), "PATH": ""}

    done = subprocess.run([sys.executable, "-c", code], cwd=workspace, env=environment, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    assert "40 pictures of 2 classes" in done.stderr


def test_a_failure_is_one_line_and_exit_1(workspace: Path) -> None:
    command = [sys.executable, "-m", "pipelines.stages.prepare", "boats"]
    environment = {"PYTHONPATH": str(ROOT), "PATH": ""}

    done = subprocess.run(command, cwd=workspace, env=environment, capture_output=True, text=True)

    assert done.returncode == 1
    assert done.stderr.startswith("error: Expected a classifier of params.yaml (pets)")
    assert done.stderr.count("\n") == 1
