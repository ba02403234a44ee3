import csv
import hashlib
import io
import json
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from PIL import Image

from pipelines.datasets.shards import PreparedPicture, load_class_names, read_split
from pipelines.datasets.splits import SPLITS
from pipelines.errors import DatasetError
from pipelines.images import decode_image
from pipelines.stages.prepare import prepare
from tests.pipelines.datasets.pictures import encode_picture, make_class_folders

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


def read_manifest(workspace: Path) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = pq.read_table(prepared(workspace) / "manifest.parquet").to_pylist()
    return rows


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

    rows = read_manifest(workspace)
    in_shards = {each.file: split for split in SPLITS for each in read_split(prepared(workspace), split)}
    assert list(rows[0]) == ["file", "sha256", "label", "split", "width", "height"]
    assert {row["file"]: row["split"] for row in rows} == in_shards
    assert {(row["width"], row["height"]) for row in rows} == {(40, 30)}
    summary = json.loads((prepared(workspace) / "summary.json").read_text())
    assert summary["pictures"] == 40
    assert summary["rejected"] == 0
    assert sum(summary["splits"].values()) == 40
    assert all(summary["per_class"][split][label] >= 1 for split in SPLITS for label in ("cat", "dog"))


def test_adding_pictures_moves_no_other_picture(workspace: Path) -> None:
    prepare(workspace, "pets")
    before = {row["file"]: row["split"] for row in read_manifest(workspace)}
    for number in range(30):
        (workspace / "data/raw/pets/cat" / f"new{number}.jpg").write_bytes(encode_picture(500 + number))

    prepare(workspace, "pets")

    after = {row["file"]: row["split"] for row in read_manifest(workspace)}
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

    splits = {row["file"]: row["split"] for row in read_manifest(workspace)}
    assert all(splits[f"cat/twin{number}.jpg"] == splits[f"cat/cat{number}.jpg"] for number in range(20))


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
    row = next(row for row in read_manifest(workspace) if row["file"] == f"cat/{name}")
    assert (row["width"], row["height"]) == size, "the manifest tells the size in data/raw"


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
