import subprocess
from pathlib import Path

import pytest

from pipelines.artefact import ServingCard
from pipelines.errors import WorkspaceError
from pipelines.lineage import CodeVersion, build_version_tags, read_code_version
from pipelines.stage_params import ClassifierParams

CARD = ServingCard("cars", ("a", "b"), 64, "squash", "0" * 32 + ".dir")


def tags(card: ServingCard = CARD, params: ClassifierParams | None = None) -> dict[str, str]:
    return build_version_tags(
        artefact_sha256="f" * 64,
        card=card,
        dataset_path="data/raw/cars",
        code=CodeVersion("c" * 40, b"diff --git a/params.yaml b/params.yaml"),
        params=params or ClassifierParams(),
    )


def test_a_version_carries_every_tag_of_the_contract() -> None:
    assert set(tags()) == {
        "vigia.sha256",
        "vigia.dataset.md5",
        "vigia.dataset.path",
        "vigia.git.commit",
        "vigia.git.dirty",
        "vigia.params.sha256",
        "vigia.class_names.sha256",
        "vigia.preprocessing.sha256",
    }
    assert tags()["vigia.git.dirty"] == "true"


def test_another_parameter_or_class_name_is_another_hash() -> None:
    other = ClassifierParams.model_validate({"train": {"epochs": 3}})
    renamed = ServingCard("cars", ("a", "c"), 64, "squash", CARD.dataset_md5)

    assert tags(params=other)["vigia.params.sha256"] != tags()["vigia.params.sha256"]
    assert tags(renamed)["vigia.class_names.sha256"] != tags()["vigia.class_names.sha256"]
    assert tags(renamed)["vigia.preprocessing.sha256"] == tags()["vigia.preprocessing.sha256"]


def test_the_git_state_tells_a_changed_work_tree(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        identity = ("-c", "user.name=test", "-c", "user.email=test@example.org")
        subprocess.run(["git", *identity, *arguments], cwd=tmp_path, check=True, capture_output=True)

    git("init")
    with pytest.raises(WorkspaceError, match="git repository with a commit"):
        read_code_version(tmp_path)
    (tmp_path / "file").write_text("1", encoding="utf-8")
    git("add", ".")
    git("commit", "-m", "first")

    clean = read_code_version(tmp_path)
    (tmp_path / "file").write_text("2", encoding="utf-8")

    assert not clean.dirty
    assert read_code_version(tmp_path) == CodeVersion(clean.commit, dirty=True)
