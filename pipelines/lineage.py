"""Where a model version comes from, as the tags it carries."""

import hashlib
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.artefact import ServingCard
from pipelines.errors import WorkspaceError
from pipelines.stage_params import ClassifierParams


@dataclass(frozen=True, slots=True)
class CodeVersion:
    """The workspace's git state."""

    commit: str
    dirty: bool
    """True when tracked files differ from the commit."""


def read_code_version(workspace: Path) -> CodeVersion:
    """Raises WorkspaceError when the workspace has no git commit."""
    try:
        commit = _git(workspace, "rev-parse", "HEAD")
        dirty = bool(_git(workspace, "status", "--porcelain", "--untracked-files=no"))
    except (OSError, subprocess.CalledProcessError) as error:
        raise WorkspaceError(
            f"Expected a git repository with a commit in {workspace}, found none. "
            f"Run `git init` and commit once, or work in a clone."
        ) from error
    return CodeVersion(commit, dirty)


def build_version_tags(
    *, artefact_sha256: str, card: ServingCard, dataset_path: str, code: CodeVersion, params: ClassifierParams
) -> dict[str, str]:
    """Tags of a registered version (docs/reference)."""
    return {
        "vigia.sha256": artefact_sha256,
        "vigia.dataset.md5": card.dataset_md5,
        "vigia.dataset.path": dataset_path,
        "vigia.git.commit": code.commit,
        "vigia.git.dirty": str(code.dirty).lower(),
        "vigia.params.sha256": hash_document(params.model_dump(mode="json")),
        "vigia.class_names.sha256": hash_document(list(card.class_names)),
        "vigia.preprocessing.sha256": hash_document({"steps": card.preprocessing, "image_size": card.image_size}),
    }


def hash_document(document: Any) -> str:
    """SHA-256 of the document as compact JSON with sorted keys."""
    return hashlib.sha256(json.dumps(document, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _git(workspace: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=workspace, check=True, capture_output=True, text=True).stdout.strip()
