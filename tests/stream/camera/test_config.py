import os
from pathlib import Path

import pytest

from pipelines.errors import ParamsError
from stream.camera.config import CameraConfig, CamerasWatch, load_cameras, set_camera
from tests.waiting import wait_until

ROOT = Path(__file__).parents[3]


def write(folder: Path, text: str) -> Path:
    file = folder / "cameras.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_file_that_is_not_there_has_no_cameras(tmp_path: Path) -> None:
    assert load_cameras(tmp_path / "cameras.yaml").cameras == {}


@pytest.mark.parametrize("text", ["", "cameras:\n", "cameras: {}\n", "# nothing\n"])
def test_a_file_without_entries_has_no_cameras(tmp_path: Path, text: str) -> None:
    assert load_cameras(write(tmp_path, text)).cameras == {}


def test_the_file_that_is_shipped_is_right_and_its_example_too(tmp_path: Path) -> None:
    shipped = (ROOT / "cameras.yaml").read_text(encoding="utf-8")
    example = "\n".join(line[2:] for line in shipped.splitlines()[2:-1])

    assert load_cameras(ROOT / "cameras.yaml").cameras == {}
    assert load_cameras(write(tmp_path, example)).cameras["gate"].classifiers == ("cars",)


def test_a_camera_needs_a_source_alone(tmp_path: Path) -> None:
    config = load_cameras(write(tmp_path, "cameras: {gate: {source: pictures}}"))

    assert config.cameras["gate"] == CameraConfig(source="pictures", rate=5, format="v2", loop=True, enabled=True)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("cameras: {gate: {source: p, fps: 3}}", "cameras.gate.fps: unknown key"),
        ("cameras: {gate: {rate: 3}}", "cameras.gate.source"),
        ("cameras: {gate: {source: p, rate: 0}}", "cameras.gate.rate"),
        ("cameras: {gate: {source: p, rate: .nan}}", "cameras.gate.rate"),
        ("cameras: {gate: {source: p, format: v3}}", "cameras.gate.format"),
        ("cameras: {gate: {source: p, classifiers: [Cars!]}}", "cameras.gate.classifiers.0"),
        ("camera: {}", "camera: unknown key"),
        ("cameras: [gate]", "cameras"),
        ("cameras: {' ': {source: p}}", "cameras. "),
        ("- 1", "file"),
        ("cameras: {gate: {source: p}, gate: {source: q}}", "gate"),
        ("cameras: {", "cameras.yaml"),
    ],
)
def test_a_wrong_key_or_value_is_named_with_its_path(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(ParamsError) as caught:
        load_cameras(write(tmp_path, text))

    assert named in str(caught.value)
    assert "Correct the file" in str(caught.value)


PASSWORD = "pw-of-gate"
ADDRESS = f"rtsp://anna:{PASSWORD}@gate/s"


@pytest.mark.parametrize(
    "text",
    [
        f"cameras: {{gate: {{source: '{ADDRESS}'}}, gate: {{source: '{ADDRESS}'}}}}",
        f"cameras: {{gate: {{url: '{ADDRESS}'}}}}",
        f"cameras: {{gate: '{ADDRESS}'}}",
        f"cameras: {{gate: {{source: ['{ADDRESS}']}}}}",
        f"cameras: {{gate: {{source: p, rate: '{ADDRESS}', mode: '{ADDRESS}', order: '{ADDRESS}'}}}}",
        f"cameras: {{'{ADDRESS}': {{source: p, rate: 0}}}}",
        f"cameras: {{gate: {{source: 'ftp://anna:{PASSWORD}@gate'}}}}",
        f"cameras:\n  gate: {{source: {ADDRESS}\n",
        f"cameras:\n  gate:\n    source: {ADDRESS}\n   rate: 3\n",
        f"cameras: *{PASSWORD}",
        f"'{ADDRESS}'",
        f"[{{'{ADDRESS}': 1}}]",
        f"cameras: !!int '{ADDRESS}'",
        f"cameras: {{gate: {{source: '{ADDRESS}', rate: 2026-99-99}}}}",
    ],
)
def test_what_is_said_of_a_faulty_file_never_holds_a_password(tmp_path: Path, text: str) -> None:
    with pytest.raises(ParamsError) as caught:
        load_cameras(write(tmp_path, text))

    assert PASSWORD not in str(caught.value)
    assert caught.value.__cause__ is None


def test_the_number_of_a_webcam_may_be_a_number(tmp_path: Path) -> None:
    config = load_cameras(write(tmp_path, "cameras: {gate: {source: 0, resize: 640, mode: realtime}}"))

    assert config.cameras["gate"] == CameraConfig(source="0", resize=640, mode="realtime")


def test_adding_and_removing_a_camera_keeps_the_comments(tmp_path: Path) -> None:
    file = write(tmp_path, "# mine\ncameras:\n  gate:\n    source: a  # the gate\n")

    set_camera(file, "yard", {"source": "b", "rate": 2.5})
    set_camera(file, "gate", {"source": "c"})
    set_camera(file, "yard", None)

    assert file.read_text(encoding="utf-8").startswith("# mine\n")
    assert {name: camera.source for name, camera in load_cameras(file).cameras.items()} == {"gate": "c"}


def test_the_first_camera_makes_the_file(tmp_path: Path) -> None:
    file = tmp_path / "cameras.yaml"

    set_camera(file, "gate", {"source": "a"})

    assert load_cameras(file).cameras["gate"].source == "a"


def test_nothing_is_written_when_the_outcome_would_be_wrong(tmp_path: Path) -> None:
    file = write(tmp_path, "cameras: {}\n")

    with pytest.raises(ParamsError, match="rate"):
        set_camera(file, "gate", {"source": "a", "rate": -1})
    with pytest.raises(ParamsError, match="none"):
        set_camera(file, "yard", None)

    assert file.read_text(encoding="utf-8") == "cameras: {}\n"


def test_a_change_is_taken_up_and_a_wrong_one_is_said_once_and_ignored(tmp_path: Path) -> None:
    file = write(tmp_path, "cameras: {gate: {source: a, classifiers: [cars]}, yard: {source: b}}")
    said: list[str] = []
    watch = CamerasWatch(file, said.append)
    assert watch.routes() == {"gate": ("cars",)}

    write(tmp_path, "cameras: {gate: {source: a, classifiers: [simpsons]}}")
    wait_until(lambda: watch.routes() == {"gate": ("simpsons",)}, timeout_seconds=60, what="the change")
    write(tmp_path, "cameras: {gate: {rubbish: 1}}")
    wait_until(lambda: watch.current() is not None and said, timeout_seconds=60, what="the word about it")

    assert watch.routes() == {"gate": ("simpsons",)}
    assert len(said) == 1
    assert "rubbish" in (watch.error or "")
    os.unlink(file)
    wait_until(lambda: watch.routes() == {}, timeout_seconds=60, what="no cameras")
    assert watch.error is None
