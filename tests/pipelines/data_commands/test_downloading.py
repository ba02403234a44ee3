import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from pipelines.commands import app
from pipelines.datasets.downloads.sources import SOURCES
from pipelines.errors import DatasetError
from tests.pipelines.datasets.downloads.server import run_server
from tests.pipelines.datasets.downloads.test_unpacking import make_zip

SIMPSONS = {"simpsons_dataset/lisa/pic_0001.jpg": b"a", "simpsons_dataset/bart/pic_0001.jpg": b"b"}


def call(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["data", "download", *arguments])


def test_an_archive_becomes_a_folder_and_the_next_command(tmp_path: Path) -> None:
    archive = make_zip(tmp_path / "got.zip", SIMPSONS)
    arguments = ("simpsons", "--from", str(archive), "--into", str(tmp_path / "in"))

    first, again = call(*arguments), call(*arguments)

    assert (first.exit_code, again.exit_code) == (0, 0)
    assert first.stdout == ""
    assert f"next: vigia data import {tmp_path}/in/simpsons --classifier simpsons --layout simpsons" in first.stderr
    assert "nothing to do" in again.stderr


def test_json_is_the_only_thing_on_stdout(tmp_path: Path) -> None:
    archive = make_zip(tmp_path / "got.zip", SIMPSONS).read_bytes()
    with run_server() as server:
        address = server.serve("/got.zip", archive, statuses=[503])

        answer = call("simpsons", "--from", address, "--into", str(tmp_path / "in"), "--json")

    document = json.loads(answer.stdout)
    assert document["name"] == "simpsons"
    assert document["pieces"] == 2
    assert "Again in" in answer.stderr


def test_without_into_it_lands_below_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIGIA_HOME", str(tmp_path / "home"))

    call("simpsons", "--from", str(make_zip(tmp_path / "got.zip", SIMPSONS)))

    assert (tmp_path / "home" / "downloads" / "simpsons" / "simpsons_dataset").is_dir()


def test_what_is_given_on_request_only_is_refused_with_the_exact_steps(tmp_path: Path) -> None:
    answer = call("compcars", "--into", str(tmp_path))

    assert isinstance(answer.exception, DatasetError)
    assert "2. Follow http://mmlab.ie.cuhk.edu.hk/datasets/comp_cars/instruction.txt" in answer.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_list_names_every_source_with_size_and_terms() -> None:
    words, document = call("--list"), call("--list", "--json")

    assert all(f"{source.name}: {source.title}" in words.stdout for source in SOURCES)
    assert "825 MB" in words.stdout
    assert [each["name"] for each in json.loads(document.stdout)] == [source.name for source in SOURCES]


def test_neither_a_name_nor_a_list_is_wrong_usage() -> None:
    assert call().exit_code == 2
