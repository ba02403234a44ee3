import errno
from pathlib import Path
from typing import Any

import pytest

from pipelines.artefact import ServingCard
from pipelines.errors import ModelError, WorkspaceError
from pipelines.export.packing import add_companions, check_out, check_room, stage_folder


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")

    with pytest.raises(ModelError, match="holds something"):
        check_out(tmp_path)
    with pytest.raises(ModelError, match="holds something"):
        check_out(tmp_path / "mine.txt")

    (tmp_path / "empty").mkdir()
    check_out(tmp_path / "empty")
    check_out(tmp_path / "new" / "deep")


def test_without_room_nothing_is_begun(tmp_path: Path) -> None:
    check_room(tmp_path / "new" / "deep", 1000)

    with pytest.raises(WorkspaceError, match=r"MB of free disk at .* Make room"):
        check_room(tmp_path / "new" / "deep", 10**18)


def test_what_is_made_appears_whole(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "out"

    with stage_folder(out) as folder:
        (folder / "network").write_text("half", encoding="utf-8")
        assert not out.exists()

    assert [file.name for file in out.iterdir()] == ["network"]
    assert list(out.parent.iterdir()) == [out]


def test_what_is_refused_leaves_nothing(tmp_path: Path) -> None:
    def stray() -> None:
        with stage_folder(tmp_path / "out") as folder:
            (folder / "network").write_text("half", encoding="utf-8")
            raise ModelError("It strays.")

    with pytest.raises(ModelError, match="strays"):
        stray()

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("error", "mend"),
    [(OSError(errno.ENOSPC, "No space left on device"), "Make room"), (OSError(errno.EROFS, "Read-only"), "--out")],
)
def test_a_disk_that_refuses_is_told_with_the_mend(tmp_path: Path, error: OSError, mend: str) -> None:
    with pytest.raises(WorkspaceError, match=mend), stage_folder(tmp_path / "out"):
        raise error


def test_everything_that_serving_needs_goes_along(make_artefact: Any, tmp_path: Path) -> None:
    artefact = make_artefact("cars")
    (artefact / "serving" / "reference.npz").write_bytes(b"features")
    (artefact / "serving" / "golden.npz").write_bytes(b"pictures")
    folder = tmp_path / "out"
    folder.mkdir()

    add_companions(artefact, folder, ServingCard.load(artefact))

    assert sorted(file.name for file in folder.iterdir()) == [
        "classifier.json",
        "golden.npz",
        "labels.txt",
        "reference.npz",
    ]
    assert (folder / "labels.txt").read_text(encoding="utf-8") == "a\nb\n"
