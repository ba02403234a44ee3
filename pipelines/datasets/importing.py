"""Pictures from a folder into data/raw/<classifier>: checked, without duplicates, tracked by DVC."""

import hashlib
import os
import re
import shutil
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final, Literal, get_args

from pydantic import TypeAdapter, ValidationError

from pipelines.datasets.class_folders import (
    DATASET_LIMITS,
    LabelledFile,
    check_class_names,
    check_class_sizes,
    read_class_folders,
)
from pipelines.datasets.dvc import check_dvc
from pipelines.datasets.git import check_repository
from pipelines.datasets.manifest import Rejected
from pipelines.datasets.samples import is_drawn
from pipelines.datasets.staging import check_free_space, dataset_lock, recover_folder, replace_folder, staging_folder
from pipelines.datasets.threads import map_in_threads
from pipelines.datasets.versions import (
    DatasetChange,
    check_out_dataset,
    commit_dataset_version,
    dataset_path,
    pointer_path,
    record_dataset_version,
)
from pipelines.errors import DatasetError, ImageError
from pipelines.images import decode_image
from pipelines.params import ClassifierName, load_params
from pipelines.stage_params import ClassifierParams

Layout = Literal["auto", "class_folders"]
LAYOUTS: Final[tuple[Layout, ...]] = get_args(Layout)

UNSAFE: Final = re.compile(r"[^\w.()+,= -]+")
LONGEST_NAME: Final = 120


@dataclass(slots=True)
class _Collection:
    """Pictures of the dataset to be, by content."""

    labels: dict[str, str] = field(default_factory=dict)
    names: set[tuple[str, str]] = field(default_factory=set)
    added: int = 0
    duplicates: int = 0
    rejected: list[Rejected] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Candidate:
    file: LabelledFile
    content: bytes
    sha256: str
    reason: str | None
    """Why it is no picture; None when it is one."""


def import_dataset(
    workspace: Path, source: Path, classifier: str, layout: Layout = "auto", *, commit: bool = False
) -> DatasetChange:
    """Add the pictures of `source` to data/raw/<classifier> and record the new version.

    Pictures are copied. The old version stays in force until the new one is recorded, whatever happens between.
    A dataset that was drawn is replaced. Raises DatasetError or WorkspaceError; broken pictures are listed instead.
    """
    params = classifier_params(workspace, classifier)
    check_repository(workspace)
    check_dvc(workspace)
    raw = workspace / dataset_path(classifier)
    if source.resolve().is_relative_to(raw.resolve()):
        raise DatasetError(f"Expected a folder outside {raw}, received {source}. What lies there is imported already.")
    files = read_class_folders(source)  # the only layout so far; `auto` means it
    with dataset_lock(workspace):
        recover_folder(raw, workspace / pointer_path(classifier))
        check_out_dataset(workspace, classifier)
        check_free_space(raw, 2 * _size_bytes(files))  # data/raw and the DVC cache
        with staging_folder(raw) as staged:
            collection = _Collection()
            _keep_existing(raw, staged, collection)
            _add_pictures(source, files, staged, collection)
            classes = _check_classes(files, collection, params.prepare.min_per_class)
            record = partial(record_dataset_version, workspace, classifier)
            version = replace_folder(raw, staged, record) if collection.added else record()
        if commit:
            message = f"Dataset {classifier}: {len(collection.labels)} pictures of {len(classes)} classes"
            version = commit_dataset_version(workspace, classifier, message)
    return DatasetChange(
        classifier=classifier,
        path=version.path,
        md5=version.md5,
        images=len(collection.labels),
        classes=len(classes),
        added=collection.added,
        duplicates=collection.duplicates,
        rejected=tuple(collection.rejected),
        git_commit=None if version.dirty else version.git_commit,
    )


def check_layout(name: str) -> Layout:
    """Raises DatasetError naming the known layouts."""
    for layout in LAYOUTS:
        if layout == name:
            return layout
    raise DatasetError(f"Expected a layout of {', '.join(LAYOUTS)}, received {name!r}.")


def classifier_params(workspace: Path, classifier: str) -> ClassifierParams:
    """Its section of params.yaml, or the defaults. Raises DatasetError for a name that is not allowed."""
    try:
        TypeAdapter(ClassifierName).validate_python(classifier)
    except ValidationError:
        raise DatasetError(
            "Expected a classifier name of small letters, digits and _ that begins with a letter (40 at most), "
            f"received {classifier!r}. Choose another name."
        ) from None
    return load_params(workspace).classifiers.get(classifier, ClassifierParams())


def _keep_existing(raw: Path, staged: Path, collection: _Collection) -> None:
    """Link every file of the version in force into the new one."""
    if not raw.is_dir() or is_drawn(raw):
        return
    shutil.copytree(raw, staged, copy_function=_link, dirs_exist_ok=True)
    if not any(raw.iterdir()):
        return
    for candidate in map_in_threads(_hash, read_class_folders(raw)):
        collection.labels[candidate.sha256] = candidate.file.label
        collection.names.add((candidate.file.label, candidate.file.path.name.casefold()))


def _add_pictures(source: Path, files: Iterable[LabelledFile], staged: Path, collection: _Collection) -> None:
    known = frozenset(collection.labels)
    for candidate in map_in_threads(partial(_check, known), files):
        file = candidate.file
        known_label = collection.labels.get(candidate.sha256)
        if candidate.reason is not None:
            collection.rejected.append(Rejected(_shown(source, file), candidate.reason))
        elif known_label is None:
            target = staged / file.label / _free_name(source, file, collection)
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(candidate.content)
            collection.labels[candidate.sha256] = file.label
            collection.added += 1
        elif known_label == file.label:
            collection.duplicates += 1
        else:
            reason = f"The dataset has the same picture as {known_label}."
            collection.rejected.append(Rejected(_shown(source, file), reason))


def _check_classes(files: Iterable[LabelledFile], collection: _Collection, min_per_class: int) -> tuple[str, ...]:
    if not collection.labels:
        first = collection.rejected[0]
        raise DatasetError(
            f"Expected pictures, none of the {len(collection.rejected)} files can be used; {first.file}: {first.reason}"
        )
    counts = Counter({file.label: 0 for file in files})
    counts.update(collection.labels.values())
    check_class_sizes(counts, min_per_class)
    return check_class_names(counts)


def _check(known: frozenset[str], file: LabelledFile) -> _Candidate:
    try:
        content = file.path.read_bytes()
    except OSError as error:
        return _Candidate(file, b"", "", f"Expected a readable file. {error.strerror}")
    sha256 = hashlib.sha256(content).hexdigest()
    if sha256 in known:
        return _Candidate(file, b"", sha256, None)
    try:
        decode_image(content, limits=DATASET_LIMITS)
    except ImageError as error:
        return _Candidate(file, b"", sha256, " ".join(str(error).split()))
    return _Candidate(file, content, sha256, None)


def _hash(file: LabelledFile) -> _Candidate:
    return _Candidate(file, b"", hashlib.sha256(file.path.read_bytes()).hexdigest(), None)


def _free_name(source: Path, file: LabelledFile, collection: _Collection) -> str:
    """A readable, safe and free file name: folders below the class join into it, a taken name gets a number."""
    below = file.path.relative_to(source).parts[1:]
    plain = UNSAFE.sub("_", "_".join(below)).lstrip(". ") or "picture"
    suffix = Path(plain).suffix
    stem = plain.removesuffix(suffix)[:LONGEST_NAME]
    name, number = f"{stem}{suffix}", 2
    while (file.label, name.casefold()) in collection.names:
        name, number = f"{stem}-{number}{suffix}", number + 1
    collection.names.add((file.label, name.casefold()))
    return name


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system, or one without hard links
        shutil.copy2(source, target)


def _shown(source: Path, file: LabelledFile) -> str:
    return file.path.relative_to(source).as_posix()


def _size_bytes(files: Iterable[LabelledFile]) -> int:
    # a link that leads nowhere counts as itself here and is rejected when it is read
    return sum((file.path if file.path.exists() else file.path.parent).stat().st_size for file in files)
