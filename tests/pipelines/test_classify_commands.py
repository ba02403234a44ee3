import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from pipelines.errors import VigiaError
from tests.pipelines.classifying.artefacts import encode_picture, write_colour_artefact, write_picture, write_video
from tests.pipelines.classifying.conftest import register
from vigia import app

__all__ = ["register"]

Classify = Callable[..., "subprocess.CompletedProcess[bytes]"]


@pytest.fixture(scope="module")
def artefact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_colour_artefact(tmp_path_factory.mktemp("colours"))


@pytest.fixture
def home(artefact: Path, register: Callable[[Path], Path]) -> Path:
    return register(artefact)


@pytest.fixture
def classify(home: Path, tmp_path: Path) -> Classify:
    """`classify("a.jpg")`: the command in a process of its own, as a person types it."""
    environment = {**os.environ, "VIGIA_HOME": str(home), "PYTHONPATH": str(Path(__file__).parents[2])}

    def run(*words: str, stdin: bytes = b"", python: Sequence[str] = ()) -> "subprocess.CompletedProcess[bytes]":
        command = [sys.executable, *python, "-m", "vigia", "classify", *words, "--classifier", "colours"]
        return subprocess.run(command, cwd=tmp_path, env=environment, input=stdin, capture_output=True, check=False)

    return run


@pytest.fixture
def here(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """The same within this process, as a second costs less so."""
    monkeypatch.setenv("VIGIA_HOME", str(home))
    monkeypatch.chdir(tmp_path)

    def run(*words: str, stdin: bytes = b"") -> Result:
        return CliRunner().invoke(app, ["classify", *words, "--classifier", "colours"], input=stdin, terminal_width=300)

    return run


def test_a_picture_is_answered_without_tensorflow_or_mlflow(classify: Classify, tmp_path: Path) -> None:
    write_picture(tmp_path / "a.jpg", "red")

    done = classify("a.jpg", "--json", "--top", "2", python=("-X", "importtime"))

    (element,) = json.loads(done.stdout)
    assert done.returncode == 0
    assert (element["path"], element["label"], element["model_version"]) == (str(tmp_path / "a.jpg"), "red", 4)
    assert element["precision"] == "f32"
    assert element["confidence"] == element["top"][0][1]
    assert len(element["top"]) == 2
    imported = {line.rsplit(b"|", 1)[-1].strip().decode() for line in done.stderr.splitlines() if b"|" in line}
    assert "openvino" in imported
    assert imported & {"tensorflow", "keras", "mlflow", "sklearn", "prefect", "faust", "av", "requests"} == set()


def test_what_cannot_be_read_is_named_and_the_others_go_on(classify: Classify, tmp_path: Path) -> None:
    for name, colour in (("1.jpg", "red"), ("3.jpg", "blue")):
        write_picture(tmp_path / "in" / name, colour)
    (tmp_path / "in" / "2.jpg").write_bytes(b"no picture")

    done = classify("in", "gone/*.png", "--json")

    elements = json.loads(done.stdout)
    assert done.returncode == 1
    assert [element["label"] for element in elements] == ["red", None, "blue", None]
    assert "Expected a JPEG" in elements[1]["error"]
    errors = done.stderr.decode().splitlines()
    assert errors[0] == f"{tmp_path}/in/2.jpg: {elements[1]['error']}"
    assert errors[-1] == "error: Expected 4 files that can be read, 2 cannot. They are named above."


def test_standard_input_is_a_picture_or_a_list_of_paths(here: Callable[..., Result], tmp_path: Path) -> None:
    write_picture(tmp_path / "a.jpg", "blue")

    piped = here("-", "--json", "--heatmap", "map.png", stdin=encode_picture("green"))
    listed = here("--paths-from", "-", "--json", stdin=b"a.jpg\n")

    assert [(each["path"], each["label"]) for each in json.loads(piped.stdout)] == [("-", "green")]
    assert (tmp_path / "map.png").is_file()
    assert [(each["path"], each["label"]) for each in json.loads(listed.stdout)] == [(str(tmp_path / "a.jpg"), "blue")]


def test_a_video_comes_as_json_as_csv_and_as_lines(here: Callable[..., Result], tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", ["red", "blue"])

    elements = json.loads(here("a.mp4", "--json", "--rate", "2", "--video-out", "out.mp4").stdout)
    rows = list(csv.DictReader(io.StringIO(here("a.mp4", "--csv", "--rate", "2").stdout)))
    text = here("a.mp4", "--rate", "2").stdout.splitlines()

    assert [each["label"] for each in elements if "time_seconds" in each] == ["red", "red", "blue", "blue"]
    (whole,) = [each for each in elements if "consensus" in each]
    assert whole["video_out"] == str(tmp_path / "out.mp4")
    assert [each["label"] for each in whole["segments"]] == ["red", "blue"]
    assert (tmp_path / "out.mp4").is_file()
    assert [row["kind"] for row in rows] == ["frame"] * 4 + ["video"] + ["segment"] * 2
    assert len(text) == 3


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ((), 2, "at least one PATH"),
        (("a.jpg", "--top", "0"), 2, "greater than or equal to 1"),
        (("a.jpg", "--rate", "0"), 2, "--rate"),
        (("a.jpg", "--video-out", "b.mp4"), 2, "one video for --video-out, received 0 videos"),
        (("a.mp4", "--video-out", "b.avi"), 2, "ending in .mp4"),
        (("a.mp4", "--video-out", "a.mp4"), 2, "than the video itself"),
        (("a.mp4", "--heatmap", "maps"), 2, "Expected pictures for --heatmap"),
        (("a.jpg", "--json", "--csv"), 2, "received both"),
        (("-", "--paths-from", "-"), 2, "for both"),
        (("a.jpg", "--model", "9"), 1, "Expected a version of colours (registered: 4), received 9."),
        (("gone.mp4", "--video-out", "b.mp4"), 1, "there is nothing here. Correct the path."),
        (("gone.jpg",), 1, "there is nothing here. Correct the path."),
        (("*.bmp",), 1, "match this pattern, found none."),
        (("empty",), 1, "in this folder, found none."),
        (("words.mp4",), 1, "Expected a video file, it cannot be opened."),
    ],
)
def test_a_wrong_word_is_answered_in_one_line(
    here: Callable[..., Result], tmp_path: Path, words: tuple[str, ...], code: int, says: str
) -> None:
    write_picture(tmp_path / "a.jpg", "red")
    (tmp_path / "a.mp4").write_bytes(b"its content is not looked at")
    (tmp_path / "words.mp4").write_text("no video", encoding="utf-8")
    (tmp_path / "empty").mkdir()

    done = here(*words)

    if code == 2:
        assert done.exit_code == 2
        assert says in done.stderr.splitlines()[-1]
    else:
        # `vigia` prints it as its one line and exits with 1
        assert isinstance(done.exception, VigiaError)
        assert says in str(done.exception)
        assert done.stderr == ""
