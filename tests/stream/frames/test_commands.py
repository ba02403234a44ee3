import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from pipelines.errors import FrameStoreError, StoreError, VigiaError, WorkspaceError
from stream.commands import app
from stream.worker.latest_frames import LatestFrames, latest_frame_file
from tests.stream.fakes import draw_jpeg
from tests.stream.frames.places import KeptPlace, make_place

runner = CliRunner()
DAY = timedelta(days=1)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> KeptPlace:
    """The kept frames of a home of its own, where the commands look."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VIGIA_HOME", str(tmp_path / "home"))
    for name in ("VIGIA_DATABASE_URL", "VIGIA_FRAMES_URL", "VIGIA_FRAMES_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    return make_place(tmp_path / "home")


def run(*arguments: str) -> str:
    return runner.invoke(app, ["kept", *arguments], catch_exceptions=False, standalone_mode=False).stdout


def refuse(kind: type[VigiaError], *arguments: str) -> str:
    with pytest.raises(kind) as caught:
        run(*arguments)
    return str(caught.value)


def test_status_says_how_much_is_kept_of_whom_and_the_limits(place: KeptPlace, tmp_path: Path) -> None:
    (tmp_path / "cameras.yaml").write_text("keep: {max_gib: 1, enabled: false}\n")
    place.keep(b"a" * 10, offset=1)
    place.keep(b"a" * 10, offset=1, reason="unknown")

    document = json.loads(run("status", "--json"))

    assert (document["rows"], document["bytes"], document["max_bytes"]) == (2, 10, 1024**3)
    assert {(each["camera_id"], each["reason"], each["frames"]) for each in document["cameras"]} == {
        ("gate", "sampled", 1),
        ("gate", "unknown", 1),
    }
    assert (document["readers"], document["elsewhere"], document["enabled"]) == (0, [], False)
    assert "gate" in run("status")


def test_status_of_a_home_that_was_never_used_is_empty_and_makes_nothing(place: KeptPlace, tmp_path: Path) -> None:
    result = runner.invoke(app, ["kept", "status", "--json"], env={"VIGIA_HOME": str(tmp_path / "new")})

    assert json.loads(result.stdout)["bytes"] == 0
    assert not (tmp_path / "new").exists()


def test_frames_are_listed_shown_and_saved_byte_for_byte(place: KeptPlace, tmp_path: Path) -> None:
    place.keep(draw_jpeg(40), offset=1)
    place.keep(draw_jpeg(200), offset=2, camera_id="yard", reason="unknown")

    assert [each["frame_id"] for each in json.loads(run("list", "--json"))] == ["f2", "f1"]
    assert [each["frame_id"] for each in json.loads(run("list", "--camera", "gate", "--json"))] == ["f1"]
    assert "f2" in run("list", "--reason", "unknown")
    (shown,) = json.loads(run("show", "f2", "--save", "out.jpg", "--json"))
    assert (shown["reason"], shown["size_bytes"]) == ("unknown", len(draw_jpeg(200)))
    assert (tmp_path / "out.jpg").read_bytes() == draw_jpeg(200)
    assert "f1" in run("show", "taller_camara_stream-0-1")
    assert "vigia kept list" in refuse(FrameStoreError, "show", "nobody")
    refuse(WorkspaceError, "show", "f1", "--save", "no/such/folder/out.jpg")


def test_a_picture_in_the_store_of_another_machine_is_said_to_be_there(
    place: KeptPlace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    place.keep(b"a", offset=1)
    monkeypatch.setenv("VIGIA_FRAMES_URL", str(tmp_path / "elsewhere"))

    assert place.store.address in refuse(FrameStoreError, "show", "f1", "--save", "out.jpg")
    document = json.loads(run("status", "--json"))
    assert document["elsewhere"] == [{"store": place.store.address, "rows": 1}]


def test_a_sweep_by_hand_removes_what_is_due(place: KeptPlace) -> None:
    place.keep(b"old", offset=1, age=8 * DAY)
    place.keep(b"young", offset=2)

    assert json.loads(run("sweep", "--json")) == {"rows": 1, "files": 1, "bytes": 3, "orphans": 0}
    assert place.offsets() == [2]


def test_a_sweep_without_an_index_deletes_nothing(place: KeptPlace, tmp_path: Path) -> None:
    place.keep(b"a", offset=1, age=8 * DAY)
    Path(str(place.index.database.engine.url.database)).unlink()

    refuse(FrameStoreError, "sweep")

    assert len(place.files()) == 1


def test_a_folder_that_is_another_homes_is_not_swept(
    place: KeptPlace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.store.claim("another:/vigia.db")
    monkeypatch.setenv("VIGIA_FRAMES_URL", str(place.folder))

    assert "another:/vigia.db" in refuse(FrameStoreError, "sweep")


def test_a_cameras_pictures_are_deleted_with_the_one_on_the_page(place: KeptPlace, tmp_path: Path) -> None:
    place.keep(b"a", offset=1, reason="labelled")
    place.keep(b"b", offset=2, camera_id="yard")
    LatestFrames(tmp_path / "home").keep("gate", draw_jpeg())

    document = json.loads(run("delete", "--camera", "gate", "--yes", "--json"))

    assert (document["rows"], document["files"], document["elsewhere"]) == (1, 1, {})
    assert place.offsets() == [2]
    assert not latest_frame_file(tmp_path / "home", "gate").exists()


def test_deleting_asks_first(place: KeptPlace) -> None:
    place.keep(b"a", offset=1)

    result = runner.invoke(app, ["kept", "delete", "--camera", "gate"], input="n\n")

    assert result.exit_code == 1
    assert place.offsets() == [1]


def test_pictures_of_the_camera_in_another_store_make_the_deletion_fail_aloud(
    place: KeptPlace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    place.keep(b"a", offset=1)
    monkeypatch.setenv("VIGIA_FRAMES_URL", str(tmp_path / "elsewhere"))

    result = runner.invoke(app, ["kept", "delete", "--camera", "gate", "--yes", "--json"])

    assert json.loads(result.stdout)["elsewhere"] == {place.store.address: 1}
    assert result.exit_code == 1
    assert place.store.address in str(result.exception)


def test_a_store_of_an_older_version_is_told_with_its_mend(place: KeptPlace) -> None:
    with place.index.database.engine.begin() as connection:
        connection.execute(text("DROP TABLE kept_frames"))

    assert "vigia up" in refuse(StoreError, "list")
