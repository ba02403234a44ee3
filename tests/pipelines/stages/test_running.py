import errno
import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.errors import ModelError
from pipelines.stages.running import StagePaths, run_stage
from tests.tree import ROOT

FILL = """
    from pipelines.stages.running import run_stage

    def fill(paths):
        with (paths.workspace / "models").open("wb") as stream:
            for _ in range(64):
                stream.write(bytes(1 << 20))
                stream.flush()

    run_stage(fill)
"""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte; for those who may mount none, a file on which the kernel says that the disk is full."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ("mount", "-t", "tmpfs", "-o", "size=1m", "vigia-test", str(folder))
    if subprocess.run(mount, capture_output=True, check=False).returncode == 0:
        yield folder
        subprocess.run(["umount", folder], check=True)
    else:
        (folder / "models").symlink_to("/dev/full")
        yield folder


def run(stage: object, monkeypatch: pytest.MonkeyPatch) -> str:
    """What the stage says when it ends with an error."""
    monkeypatch.setattr("pipelines.stages.running.die_with_parent", lambda: None)
    monkeypatch.setattr(sys, "argv", ["stage", "cars"])
    with pytest.raises(SystemExit) as ended:
        run_stage(stage)  # type: ignore[arg-type]
    return str(ended.value.code)


def test_a_refusal_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(paths: StagePaths) -> None:
        raise ModelError(f"Expected a model of {paths.classifier},\n found none.")

    assert run(refuse, monkeypatch) == "error: Expected a model of cars, found none."


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_one_line_whatever_was_being_written(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def fill(paths: StagePaths) -> None:
        raise OSError(number, os.strerror(number))

    assert run(fill, monkeypatch).startswith("error: Expected room on the disk of")


def test_any_other_trouble_of_the_system_keeps_its_story(monkeypatch: pytest.MonkeyPatch) -> None:
    def stumble(paths: StagePaths) -> None:
        raise FileNotFoundError("a bug")

    monkeypatch.setattr("pipelines.stages.running.die_with_parent", lambda: None)
    monkeypatch.setattr(sys, "argv", ["stage", "cars"])
    with pytest.raises(FileNotFoundError):
        run_stage(stumble)


@pytest.mark.integration
def test_a_stage_on_a_disk_that_fills_up_ends_with_one_line(small_disk: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(FILL), "cars"],
        cwd=small_disk,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr.startswith(f"error: Expected room on the disk of {small_disk}, it is full.")
    assert len(done.stderr.splitlines()) == 1
