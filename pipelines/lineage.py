"""Where a model version comes from: its code with what was not committed, its environment, and the tags that say so."""

import hashlib
import json
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path, PurePosixPath
from typing import Any, Final

from pipelines.artefact import ServingCard, hash_file
from pipelines.errors import WorkspaceError
from pipelines.stage_params import SERVING_SECTIONS, ClassifierParams

LOCK_FILE: Final = "requirements.lock"
CODE_FOLDERS: Final = frozenset(("pipelines", "flows", "stream", "dashboard", "deploy"))
MATTERING_FILES: Final = frozenset(("params.yaml", "dvc.yaml", LOCK_FILE, ".dvc/config", ".dvcignore"))
"""With the code and the records of datasets: what a training reads."""
NOT_READ: Final = ("dvc.lock", "cameras.yaml")
"""What a training writes, and addresses of cameras, which may hold passwords."""
LIBRARIES: Final = ("keras", "tensorflow", "tensorflow-cpu", "numpy", "openvino", "pillow", "scikit-learn", "mlflow")
"""Those that change what a training computes, and the one that keeps it."""


@dataclass(frozen=True, slots=True)
class CodeVersion:
    """The workspace's git state: a commit, and what was changed since."""

    commit: str
    patch: bytes = b""
    """For `git apply` on that commit: changes of tracked files, and code and records that git does not know yet."""

    @property
    def dirty(self) -> bool:
        """True when the commit alone is not the code that ran."""
        return bool(self.patch)

    @property
    def patch_sha256(self) -> str | None:
        return hashlib.sha256(self.patch).hexdigest() if self.patch else None

    def tags(self) -> dict[str, str]:
        """Of a run, and of a version."""
        patch = {"vigia.git.patch_sha256": self.patch_sha256} if self.patch_sha256 else {}
        return patch | {"vigia.git.commit": self.commit, "vigia.git.dirty": str(self.dirty).lower()}


@dataclass(frozen=True, slots=True)
class Environment:
    """What a training runs on."""

    lock_sha256: str | None
    """Of requirements.lock in the workspace; None where there is none."""
    python: str
    processor: str
    libraries: Mapping[str, str]
    """Installed versions of those that matter."""

    def tags(self) -> dict[str, str]:
        """Of a run."""
        lock = {"vigia.lock.sha256": self.lock_sha256} if self.lock_sha256 else {}
        return lock | {
            "vigia.python": self.python,
            "vigia.processor": self.processor,
            "vigia.libraries": json.dumps(self.libraries, sort_keys=True),
        }


def read_code_version(workspace: Path) -> CodeVersion:
    """Raises WorkspaceError when the workspace has no git commit."""
    try:
        commit = _git(workspace, "rev-parse", "HEAD").decode().strip()
    except (OSError, subprocess.CalledProcessError) as error:
        raise WorkspaceError(
            f"Expected a git repository with a commit in {workspace}, found none. "
            f"Run `git init` and commit once, or work in a clone."
        ) from error
    try:
        return CodeVersion(commit, _read_patch(workspace))
    except subprocess.CalledProcessError as error:
        words = " ".join(error.stderr.decode(errors="replace").split())[:300]
        raise WorkspaceError(f"Expected git to tell what differs from {commit[:12]}, git said: {words}.") from error


def read_environment(workspace: Path) -> Environment:
    """Of this process; nothing is imported for it."""
    lock = workspace / LOCK_FILE
    return Environment(
        lock_sha256=hash_file(lock) if lock.is_file() else None,
        python=platform.python_version(),
        processor=f"{_name_processor()}, {os.cpu_count()} cores",
        libraries={name: found for name in LIBRARIES if (found := _installed(name))},
    )


def build_version_tags(
    *, artefact_sha256: str, card: ServingCard, dataset_path: str, code: CodeVersion, params: ClassifierParams
) -> dict[str, str]:
    """Tags of a registered version (docs/reference)."""
    return code.tags() | {
        "vigia.sha256": artefact_sha256,
        "vigia.dataset.md5": card.dataset_md5,
        "vigia.dataset.path": dataset_path,
        "vigia.params.sha256": hash_document(params.model_dump(mode="json", exclude=set(SERVING_SECTIONS))),
        "vigia.class_names.sha256": hash_document(list(card.class_names)),
        "vigia.precision": card.precision,
        "vigia.preprocessing.sha256": hash_document({"steps": card.preprocessing, "image_size": card.image_size}),
    }


def hash_document(document: Any) -> str:
    """SHA-256 of the document as compact JSON with sorted keys."""
    return hashlib.sha256(json.dumps(document, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _read_patch(workspace: Path) -> bytes:
    """Taken with an index of its own, so that what the user has staged stays as it is."""
    with tempfile.TemporaryDirectory(prefix="vigia-patch-") as folder:
        index = Path(folder) / "index"
        held = workspace / _git(workspace, "rev-parse", "--git-path", "index").decode().strip()
        if held.exists():
            shutil.copy2(held, index)  # with its time, by which git knows files that changed in the same second
        environment = os.environ | {"GIT_INDEX_FILE": str(index)}
        untracked = _git(workspace, "ls-files", "--others", "--exclude-standard", "-z", environment=environment)
        new = [name for name in os.fsdecode(untracked).split("\0") if _matters(name)]
        if new:
            _git(workspace, "add", "--intent-to-add", "--", *new, environment=environment)
        fixed = ("--binary", "--full-index", "--no-ext-diff", "--no-textconv", "--no-color", "--no-renames")
        prefixes = ("--src-prefix=a/", "--dst-prefix=b/")
        left_out = (f":(exclude){name}" for name in NOT_READ)
        return _git(workspace, "diff", *fixed, *prefixes, "HEAD", "--", ".", *left_out, environment=environment)


def _matters(name: str) -> bool:
    """Whether a training may read the file: code, params, and what git is told of datasets."""
    path = PurePosixPath(name)
    if path.parts[:2] == ("data", "raw"):
        return len(path.parts) == 3 and (path.suffix == ".dvc" or path.name == ".gitignore")
    return name in MATTERING_FILES or (path.suffix == ".py" and path.parts[0] in CODE_FOLDERS)


def _name_processor() -> str:
    """The model's name where the system tells it, else its kind."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:  # not Linux
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, "") or platform.processor() or platform.machine()


def _installed(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def _git(workspace: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> bytes:
    command = ["git", "-c", "core.quotepath=off", *arguments]
    return subprocess.run(command, cwd=workspace, env=environment, check=True, capture_output=True).stdout
