"""A new dataset version comes into force: recorded by DVC beside its place, then moved in.

`<name>.incoming/<name>` is filled and given to `dvc add`, which takes seconds and leaves its record beside it. Only
renames follow: the old folder away, the new one in, the new record over the old one. A kill during `dvc add` therefore
finds the old version untouched, and one between the renames is undone by the next command that changes the dataset.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipelines.datasets.catalogue import write_classes, write_pictures
from pipelines.datasets.dvc import run_dvc
from pipelines.datasets.objects import find_cache, object_path
from pipelines.datasets.planning import ImportPlan
from pipelines.datasets.staging import (
    clear_disk_errors,
    forget_copies,
    recover_folder,
    replace_folder,
    restore_folder,
    unchanged_on_failure,
)
from pipelines.datasets.versions import DatasetVersion, dataset_path, pointer_path, read_dataset_version
from pipelines.errors import DatasetError
from pipelines.params import PARAMS_FILE, add_dataset, load_params


@contextmanager
def incoming_folder(workspace: Path, classifier: str) -> Iterator[Path]:
    """An empty folder that may become the dataset, removed at the end unless it did."""
    incoming = _incoming(workspace, classifier)
    with clear_disk_errors(incoming.parent):
        shutil.rmtree(incoming, ignore_errors=True)
        (incoming / classifier).mkdir(parents=True)
        try:
            (incoming / ".gitignore").write_text(f"/{classifier}\n/waiting\n")
            yield incoming / classifier
        finally:
            shutil.rmtree(incoming, ignore_errors=True)


def waiting_room(staged: Path) -> Path:
    """A folder beside an incoming one, on the same disk and removed with it, for files that have no place yet."""
    room = staged.with_name("waiting")
    room.mkdir(exist_ok=True)
    return room


def lay_out(raw: Path, staged: Path, plan: ImportPlan) -> None:
    """Lay the planned version out; present files are linked, so they take no room."""
    for folder in sorted({(staged / file).parent for file in (*plan.kept.values(), *plan.new)}):
        folder.mkdir(parents=True, exist_ok=True)
    for file, target in plan.kept.items():
        _link(raw / file, staged / target)
    for file, each in plan.new.items():
        if each.waiting:
            os.replace(each.waiting, staged / file)
    if plan.rows:
        write_pictures(staged, plan.rows)
    write_classes(staged, plan.classes)


def install_dataset(workspace: Path, classifier: str, staged: Path) -> DatasetVersion:
    """Record `staged`, an incoming folder, and put it into force; whatever goes wrong, the old version stays."""
    raw, pointer = workspace / dataset_path(classifier), workspace / pointer_path(classifier)
    run_dvc(workspace, "add", staged.relative_to(workspace).as_posix())
    record = staged.with_name(pointer.name)

    def put_into_force() -> DatasetVersion:
        with unchanged_on_failure(pointer), unchanged_on_failure(workspace / PARAMS_FILE):
            os.utime(record)  # later than the old folder's move, by which `recover_folder` knows it
            os.replace(record, pointer)
            add_dataset(workspace, classifier)
            return read_dataset_version(workspace, classifier)

    with unchanged_on_failure(raw.with_name(".gitignore")):
        _ignore_in_git(raw)
        return replace_folder(raw, staged, put_into_force)


def recover_dataset(workspace: Path, classifier: str) -> None:
    """After a kill: the new version where it was recorded, else the old one."""
    raw, pointer = workspace / dataset_path(classifier), workspace / pointer_path(classifier)
    incoming = _incoming(workspace, classifier)
    if (incoming / pointer.name).exists():  # never came into force
        restore_folder(raw, replaced=not (incoming / classifier).exists())
    else:
        recover_folder(raw, pointer)
    shutil.rmtree(incoming, ignore_errors=True)
    forget_copies(pointer, raw.with_name(".gitignore"), workspace / PARAMS_FILE)


def is_in_force(workspace: Path, classifier: str, md5: str) -> bool:
    """Whether the version of that hash is the recorded one, in the DVC cache, and named in params.yaml."""
    try:
        recorded = read_dataset_version(workspace, classifier).md5
    except DatasetError:
        return False
    params = load_params(workspace)
    listing = object_path(find_cache(workspace), md5)
    return recorded == md5 and listing.exists() and classifier in params.datasets and classifier in params.classifiers


def _incoming(workspace: Path, classifier: str) -> Path:
    return workspace / f"{dataset_path(classifier)}.incoming"


def _ignore_in_git(raw: Path) -> None:
    """What `dvc add` writes beside a folder, here beside the place where the folder goes."""
    file, line = raw.with_name(".gitignore"), f"/{raw.name}"
    known = file.read_text(encoding="utf-8") if file.exists() else ""
    if line not in known.splitlines():
        file.write_text(f"{known.rstrip()}\n{line}\n".lstrip(), encoding="utf-8")


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system, or one without hard links
        shutil.copy2(source, target)
