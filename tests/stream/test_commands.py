import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipelines.errors import CameraError, ParamsError, StoreError, VigiaError
from stream.commands import app
from stream.store import CameraRecord, PredictionStore
from tests.stream.camera.servers import MjpegServer, serve_mjpeg
from tests.stream.fakes import NOON, draw_jpeg
from tests.stream.test_store import LETTER

ROOT = Path(__file__).parents[2]
runner = CliRunner()


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "a.jpg").write_bytes(draw_jpeg(side=48))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VIGIA_HOME", str(tmp_path / "home"))
    for name in ("VIGIA_KAFKA_BOOTSTRAP", "VIGIA_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def store(workspace: Path) -> PredictionStore:
    store = PredictionStore(f"sqlite:///{workspace / 'home' / 'store' / 'vigia.db'}")
    store.migrate()
    return store


def run(*arguments: str) -> str:
    """What the command prints on stdout; an error is raised as it is."""
    result = runner.invoke(app, arguments, catch_exceptions=False, standalone_mode=False)
    return result.stdout


def refuse(*arguments: str) -> VigiaError:
    with pytest.raises(VigiaError) as caught:
        run(*arguments)
    return caught.value


def test_a_camera_is_added_listed_tried_and_removed(workspace: Path) -> None:
    run("camera", "add", "gate", "pictures", "--rate", "2", "--classifier", "cars", "--no-loop")

    (row,) = json.loads(run("camera", "list", "--json"))
    assert (row["camera_id"], row["source"], row["rate"], row["loop"]) == ("gate", "pictures", 2.0, False)
    assert (row["classifiers"], row["state"], row["frames_sent"]) == (["cars"], None, 0)
    assert not (workspace / "home").exists(), "looking makes no state"
    tried = json.loads(run("camera", "test", "gate", "--json"))
    assert (tried["pictures"], tried["first"]["width"], tried["kind"], tried["codec"]) == (1, 48, "folder", "jpeg")
    assert Path(tried["picture"]).read_bytes() == (workspace / "pictures" / "a.jpg").read_bytes()
    run("camera", "remove", "gate")
    assert json.loads(run("camera", "list", "--json")) == []


def test_the_list_shows_what_a_camera_last_did(workspace: Path, store: PredictionStore) -> None:
    run("camera", "add", "gate", "pictures")
    store.record_cameras([CameraRecord("gate", "pictures", "online", NOON, 7, 1, None)])

    (row,) = json.loads(run("camera", "list", "--json"))

    assert (row["state"], row["frames_sent"], row["frames_dropped"]) == ("online", 7, 1)


def test_a_camera_without_pictures_or_of_an_unknown_format_is_refused(workspace: Path) -> None:
    assert isinstance(refuse("camera", "add", "gate", "nowhere"), CameraError)
    assert isinstance(refuse("camera", "add", "gate", "pictures", "--format", "v3"), ParamsError)
    assert isinstance(refuse("camera", "test", "gate"), CameraError)
    assert not (workspace / "cameras.yaml").exists()


def test_a_live_camera_is_added_unchecked_and_shown_without_its_password(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = "rtsp://anna:pw-of-gate@127.0.0.1:9/s"
    assert "connection refused" in str(refuse("camera", "add", "gate", source))
    assert not (workspace / "cameras.yaml").exists()

    run("camera", "add", "gate", source, "--no-check", "--resize", "640", "--mode", "realtime")

    (row,) = json.loads(run("camera", "list", "--json"))
    assert (row["source"], row["resize"], row["mode"]) == ("rtsp://***@127.0.0.1:9/s", 640, "realtime")
    assert source in (workspace / "cameras.yaml").read_text()
    assert "connection refused" in str(refuse("camera", "test", "gate"))
    assert "pw-of-gate" not in "".join(capsys.readouterr())


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (("0",), "/dev/video0"),
        (("ftp://gate/x",), "ftp://"),
        (("pictures", "--mode", "fast"), "mode"),
        (("pictures", "--resize", "3"), "resize"),
        (("notes.mp4",), "Expected a video"),
        (("rtsp://${NOT_SET}@gate/x",), "NOT_SET"),
    ],
)
def test_a_camera_that_cannot_be_is_refused_in_one_line(workspace: Path, options: tuple[str, ...], named: str) -> None:
    (workspace / "notes.mp4").write_text("")

    error = refuse("camera", "add", "gate", *options)

    assert named in str(error)
    assert "\n" not in str(error)


@dataclass
class TimedServer(MjpegServer):
    """Knows when it sent, which on a busy machine is not when it should."""

    sent_at: list[float] = field(default_factory=list)

    def send(self, write: Callable[[bytes], object]) -> None:
        def note(part: bytes) -> None:
            self.sent_at.append(time.monotonic())
            write(part)

        super().send(note)


@pytest.mark.integration
def test_a_look_through_a_live_camera_saves_what_it_sees_and_measures_its_rate(workspace: Path) -> None:
    server = TimedServer([draw_jpeg(5, side=64)], pause_seconds=0.05)
    with serve_mjpeg(server):
        run("camera", "add", "gate", server.url)
        server.sent_at.clear()
        seen = json.loads(
            run("camera", "test", "gate", "--seconds", "1.5", "--json", "--picture", str(workspace / "a.jpg"))
        )

    assert (seen["kind"], seen["codec"], seen["width"], seen["view"]) == ("http", "mjpeg", 64, "dark")
    given = (len(server.sent_at) - 1) / (server.sent_at[-1] - server.sent_at[0])
    assert seen["fps"] == pytest.approx(given, rel=0.5)
    assert seen["fps"] <= 25
    assert (workspace / "a.jpg").read_bytes() == draw_jpeg(5, side=64)


def test_dead_letters_have_the_keys_of_the_contract(store: PredictionStore) -> None:
    store.store_batch([], [LETTER, replace(LETTER, position=replace(LETTER.position, topic="a-b", offset=9))])

    rows = {row["id"]: row for row in json.loads(run("dead-letters", "list", "--json"))}

    assert set(rows) == {"t-0-4", "a-b-0-9"}
    assert rows["a-b-0-9"] == {
        "id": "a-b-0-9",
        "topic": "a-b",
        "partition": 0,
        "offset": 9,
        "reason": "truncated_picture",
        "stage": "image",
        "camera_id": None,
        "size_bytes": 7,
        "created_at": "2025-06-01T12:00:00+00:00",
        "replayed_at": None,
    }
    assert json.loads(run("dead-letters", "show", "a-b-0-9", "--json"))["message"] == "Expected a picture."


def test_there_are_no_dead_letters_before_anything_ran(workspace: Path) -> None:
    assert json.loads(run("dead-letters", "list", "--json")) == []


@pytest.mark.parametrize("letter_id", ["t-0-5", "rubbish", "t-0-x"])
def test_an_unknown_dead_letter_is_refused(store: PredictionStore, letter_id: str) -> None:
    assert isinstance(refuse("dead-letters", "show", letter_id), StoreError)


def test_cameras_and_worker_name_the_way_out_when_there_is_no_broker(workspace: Path) -> None:
    for command in ("cameras", "worker"):
        assert "VIGIA_KAFKA_BOOTSTRAP" in str(refuse(command))


def test_a_wrong_cameras_file_is_one_line_and_exit_code_1(workspace: Path) -> None:
    (workspace / "cameras.yaml").write_text("cameras: {gate: {folder: pictures}}")

    result = subprocess.run(
        [sys.executable, "-m", "vigia", "cameras"],
        cwd=workspace,
        env={**os.environ, "PYTHONPATH": str(ROOT), "VIGIA_KAFKA_BOOTSTRAP": "127.0.0.1:9"},
        capture_output=True,
        text=True,
        timeout=180,
    )

    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith("error: cameras.yaml: ")
    assert "cameras.gate.folder: unknown key" in line


def test_the_help_of_the_live_side_imports_nothing_heavy() -> None:
    heavy = ("faust", "aiokafka", "sqlalchemy", "pydantic", "PIL", "mlflow")
    code = f"import sys, stream.commands; print([name for name in {heavy} if name in sys.modules])"

    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert result.stdout.strip() == "[]"
