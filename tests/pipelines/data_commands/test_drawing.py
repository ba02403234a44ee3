import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipelines.commands import app


@pytest.fixture(autouse=True)
def in_workspace(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(workspace)


def test_a_video_tells_its_timeline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.datasets.drawn_video.SECONDS", 1)
    film = tmp_path / "street.mp4"

    answer = CliRunner().invoke(app, ["data", "sample", "simpsons", "--video", str(film), "--json"])

    assert answer.exit_code == 0, answer.output
    said = json.loads(answer.stdout)
    assert said["path"] == str(film)
    assert said["spans"] == json.loads(Path(said["timeline"]).read_text())
    assert said["spans"][0]["label"] in answer.stderr


def test_a_folder_of_drawings_leaves_the_dataset_alone(workspace: Path, tmp_path: Path) -> None:
    arguments = ["data", "sample", "simpsons", "--images", "11", "--out", str(tmp_path / "frames"), "--json"]

    answer = CliRunner().invoke(app, arguments)

    assert answer.exit_code == 0, answer.output
    assert json.loads(answer.stdout)["images"] == len(list((tmp_path / "frames").glob("*/*.jpg"))) == 11
    assert not (workspace / "data").exists()


def test_a_video_takes_no_number_of_pictures(tmp_path: Path) -> None:
    arguments = ["data", "sample", "cars", "--video", str(tmp_path / "street.mp4"), "--images", "20"]

    answer = CliRunner().invoke(app, arguments)

    assert answer.exit_code == 2
    assert "leave out --out and --images" in answer.stderr
