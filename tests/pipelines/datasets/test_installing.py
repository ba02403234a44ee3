import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.datasets import importing, installing, staging
from pipelines.datasets.importing import import_dataset
from pipelines.datasets.installing import incoming_folder, install_dataset, recover_dataset
from pipelines.datasets.versions import read_dataset_version
from pipelines.errors import WorkspaceError
from pipelines.params import load_params
from tests.pipelines.datasets.pictures import FakeDvc, encode_picture, make_class_folders

Patch = Callable[[], None]


def files_of(workspace: Path) -> dict[str, bytes]:
    """Everything below data and params.yaml."""
    found = [path for path in (workspace / "data").rglob("*") if path.is_file()]
    return {path.relative_to(workspace).as_posix(): path.read_bytes() for path in [*found, workspace / "params.yaml"]}


def kill_during(module: object, name: str, *, call: int = 1, after: bool = False) -> Patch:
    """Makes the process kill itself with -9 at the n-th call of a function, before or after its work."""

    def patch() -> None:
        original, calls = getattr(module, name), iter(range(1, 1000))

        def dying(*arguments: object, **options: object) -> object:
            here = next(calls) == call
            if here and not after:
                os.kill(os.getpid(), signal.SIGKILL)
            outcome = original(*arguments, **options)
            if here:
                os.kill(os.getpid(), signal.SIGKILL)
            return outcome

        setattr(module, name, dying)

    return patch


def import_and_die(workspace: Path, source: Path, patch: Patch) -> None:
    child = os.fork()
    if not child:
        try:
            patch()
            import_dataset(workspace, source, "pets")
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), "the import came to its end"


BEFORE_IN_FORCE = {
    "reading": kill_during(importing, "plan_import"),
    "filling": kill_during(installing, "_link", call=3),
    "before dvc add": kill_during(installing, "run_dvc"),
    "after dvc add": kill_during(installing, "run_dvc", after=True),
}
BETWEEN_RENAMES = {
    "old one away": kill_during(os, "replace", call=3, after=True),  # two pictures take their places before
    "new one in": kill_during(os, "replace", call=4, after=True),
}
IN_FORCE = {
    "record in place": kill_during(os, "replace", call=5, after=True),
    "before the old one is deleted": kill_during(staging, "_discard"),
}


@pytest.fixture
def pets(workspace: Path, tmp_path: Path, fake_dvc: FakeDvc) -> Path:
    """A workspace with six pets."""
    import_dataset(workspace, make_class_folders(tmp_path / "in", cat=3, dog=3), "pets")
    return workspace


@pytest.fixture
def more(tmp_path: Path) -> Path:
    """Two pictures more."""
    (tmp_path / "more" / "cat").mkdir(parents=True)
    for number in range(2):
        (tmp_path / "more" / "cat" / f"new{number}.jpg").write_bytes(encode_picture(500 + number))
    return tmp_path / "more"


@pytest.mark.parametrize("point", BEFORE_IN_FORCE)
def test_a_kill_before_the_renames_leaves_the_old_version_untouched(pets: Path, more: Path, point: str) -> None:
    before = files_of(pets)

    import_and_die(pets, more, BEFORE_IN_FORCE[point])

    after = files_of(pets)
    assert {name: content for name, content in after.items() if ".incoming/" not in name} == before
    assert import_dataset(pets, more, "pets").added == 2
    assert not any(".incoming/" in name for name in files_of(pets))


@pytest.mark.parametrize("point", BETWEEN_RENAMES)
def test_a_kill_between_the_renames_is_undone_by_the_next_change(pets: Path, more: Path, point: str) -> None:
    before = files_of(pets)

    import_and_die(pets, more, BETWEEN_RENAMES[point])
    recover_dataset(pets, "pets")

    assert files_of(pets) == before
    assert import_dataset(pets, more, "pets").added == 2


@pytest.mark.parametrize("point", IN_FORCE)
def test_a_kill_behind_the_renames_leaves_the_new_version(pets: Path, more: Path, point: str) -> None:
    import_and_die(pets, more, IN_FORCE[point])

    again = import_dataset(pets, more, "pets")

    assert (again.added, again.changed, again.images) == (0, False, 8)
    assert not list((pets / "data" / "raw").glob("*.partial"))


def test_a_first_import_that_is_killed_leaves_no_dataset(workspace: Path, tmp_path: Path, fake_dvc: FakeDvc) -> None:
    source = make_class_folders(tmp_path / "in", cat=3, dog=3)

    import_and_die(workspace, source, kill_during(os, "utime"))
    recover_dataset(workspace, "pets")

    assert not (workspace / "data/raw/pets").exists()
    assert load_params(workspace).datasets == ()


def test_what_cannot_be_named_in_params_is_not_in_force(
    pets: Path, more: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = files_of(pets)

    def refuse(workspace: Path, classifier: str) -> None:
        raise WorkspaceError("no")

    monkeypatch.setattr(installing, "add_dataset", refuse)

    with pytest.raises(WorkspaceError):
        import_dataset(pets, more, "pets")
    assert files_of(pets) == before


def test_pictures_of_a_dataset_are_ignored_in_git_beside_the_others(workspace: Path, fake_dvc: FakeDvc) -> None:
    ignored = workspace / "data" / "raw" / ".gitignore"
    ignored.parent.mkdir(parents=True)
    ignored.write_text("/cars")

    with incoming_folder(workspace, "pets") as staged:
        (staged / "any").write_text("word")
        install_dataset(workspace, "pets", staged)

    assert ignored.read_text() == "/cars\n/pets\n"


def test_a_cache_that_was_moved_away_is_filled_anew(workspace: Path, tmp_path: Path, fake_dvc: FakeDvc) -> None:
    source = make_class_folders(tmp_path / "in", cat=3, dog=3)
    import_dataset(workspace, source, "pets")
    shutil.rmtree(workspace / ".dvc" / "cache")

    import_dataset(workspace, source, "pets")

    assert list((workspace / ".dvc" / "cache").rglob("*.dir"))


@pytest.mark.integration
def test_dvc_itself_finds_an_installed_dataset_unchanged(workspace: Path, tmp_path: Path) -> None:
    (workspace / ".dvc").rmdir()
    dvc = [sys.executable, "-m", "dvc"]
    subprocess.run([*dvc, "init", "--quiet"], cwd=workspace, check=True)
    source = make_class_folders(tmp_path / "in", cat=3, dog=3)

    first = import_dataset(workspace, source, "pets")
    again = import_dataset(workspace, source, "pets")

    status = subprocess.run([*dvc, "status"], cwd=workspace, check=True, capture_output=True, text=True)
    assert "up to date" in status.stdout
    assert not again.changed, "our hash of the folder is not DVC's"
    assert read_dataset_version(workspace, "pets").md5 == first.md5
    shown = subprocess.run(["git", "-C", str(workspace), "status", "--porcelain"], check=True, capture_output=True)
    assert b"incoming" not in shown.stdout
