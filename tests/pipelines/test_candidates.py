"""The way into the registry: what cannot be traced is refused, and a kill -9 after any single step leaves it whole."""

import json
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from pipelines import candidates
from pipelines.artefact import ServingCard
from pipelines.candidates import Candidate, check_traceable, log_candidate, read_candidate, register_candidate
from pipelines.datasets.versions import read_dataset_version
from pipelines.errors import DatasetError, RegistryError, TrainingError
from pipelines.evaluation.metrics import Report
from pipelines.lineage import read_code_version
from pipelines.promotion.evidence import Evidence
from pipelines.promotion.judging import judge_candidate
from pipelines.promotion.log_book import LogBook
from pipelines.registry import Registry
from pipelines.settings import Settings
from pipelines.stage_params import ClassifierParams
from pipelines.tracking import open_client
from tests.pipelines.promotion.made import evidence, first
from tests.pipelines.test_lineage import git

MD5 = f"{'1' * 32}.dir"
WRITES = ("create_", "set_", "log_", "delete_", "finalize_")


class Killed(BaseException):
    """Nothing after it runs."""


class Mortal:
    """An MLflow client whose process dies before its write number `lives`."""

    def __init__(self, client: Any, lives: int) -> None:
        self._client, self.lives = client, lives

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)
        if not name.startswith(WRITES):
            return method

        def write(*arguments: Any, **named: Any) -> Any:
            if self.lives == 0:
                raise Killed
            self.lives -= 1
            return method(*arguments, **named)

        return write


@dataclass
class Bench:
    """A workspace whose stages have run, and the session's MLflow."""

    workspace: Path
    settings: Settings
    monkeypatch: pytest.MonkeyPatch

    def leave_stage_outputs(self, classifier: str, macro_f1: float) -> None:
        folder = self.workspace / "models" / classifier
        for stage in ("train", "evaluate", "export"):
            (folder / stage).mkdir(parents=True, exist_ok=True)
        run = {"run_id": "0" * 32, "dataset_md5": MD5, "git_commit": "0" * 40}
        (folder / "train" / "run.json").write_text(json.dumps(run))
        (folder / "train" / "plan.json").write_text('{"weights": "none", "architecture": "compact_cnn"}')
        (folder / "train" / "history.csv").write_text("epoch,train_loss\n1,0.5\n2,0.4\n")
        (folder / "train" / "model.keras").write_text(f"weights {classifier} {macro_f1}")
        report = Report(0.9, macro_f1, 0.3, 0.02, 0.5, 40).metrics()
        (folder / "evaluate" / "metrics.json").write_text(json.dumps(report))
        (folder / "export" / "parity.json").write_text(json.dumps({"max_difference": 1e-7}))
        artefact = folder / "export" / "model"
        ServingCard(classifier, ("a", "b"), 32, "squash", MD5).save(artefact)
        (artefact / "serving" / "model.xml").write_text(f"network {macro_f1}")

    def bring_in(self, classifier: str, lives: int = 10_000) -> int:
        """What the flow does after the stages; returns how many writes it took."""
        client = Mortal(open_client(self.settings), lives)
        self.monkeypatch.setattr(candidates, "open_client", lambda _: client)
        registry = Registry(client)
        candidate = read_candidate(self.workspace, classifier)
        run_id, model_id = log_candidate(self.settings, self.workspace, candidate)
        version = register_candidate(registry, self.workspace, candidate, run_id, model_id)
        book = LogBook(f"sqlite:///{self.workspace}/vigia.db")
        judge_candidate(registry, book, self.workspace, classifier, version, measure=self.measure)
        return lives - client.lives

    def measure(self, _registry: Any, _workspace: Any, _params: Any, candidate: Any, against: int | None) -> Evidence:
        """Whatever comes is better than what was there."""
        return first(0.9) if against is None else evidence(version=candidate.version)

    def describe(self, classifier: str) -> list[Any]:
        """Everything that readers of the registry see of the classifier."""
        registry = Registry(open_client(self.settings))
        return [
            (row.version, sorted(row.aliases), dict(row.tags), registry.report(row))
            for row in registry.versions(classifier)
        ]

    def check_whole(self, classifier: str, into: Path) -> None:
        """Whatever versions there are can be served, and say where they are from."""
        registry = Registry(open_client(self.settings))
        for row in registry.versions(classifier)[:2]:
            assert {"vigia.sha256", "vigia.dataset.md5", "vigia.git.commit", "vigia.params.sha256"} <= set(row.tags)
            registry.download(classifier, row.version, into)
            registry.report(row)


@pytest.fixture
def bench(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Bench:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    (workspace / ".dvc").mkdir()
    (workspace / "data" / "raw").mkdir(parents=True)
    names = ("killed", "missing")
    for name in names:
        (workspace / "data" / "raw" / f"{name}.dvc").write_text(f"outs:\n- md5: {MD5}\n  nfiles: 3\n  path: {name}\n")
    (workspace / "params.yaml").write_text("classifiers:\n" + "".join(f"  {name}: {{}}\n" for name in names))
    identity = ("-c", "user.name=test", "-c", "user.email=test@example.org")
    for words in (("init", "--quiet"), ("add", "."), (*identity, "commit", "--quiet", "-m", "start")):
        subprocess.run(["git", *words], cwd=workspace, check=True)
    return Bench(workspace, settings, monkeypatch)


@pytest.mark.integration  # a real MLflow on its database file
def test_a_kill_before_any_write_leaves_whole_versions_and_the_next_training_ends_as_if_nothing_had_happened(
    bench: Bench, tmp_path: Path
) -> None:
    bench.leave_stage_outputs("killed", macro_f1=0.7)
    bench.bring_in("killed")
    bench.leave_stage_outputs("killed", macro_f1=0.71)
    writes = bench.bring_in("killed")
    wanted, before = bench.describe("killed")
    assert (wanted[:2], before[:2]) == ((2, ["production"]), (1, ["previous"]))

    for lives in range(writes):
        bench.leave_stage_outputs("killed", macro_f1=0.72 + lives / 1000)  # better than what serves
        with pytest.raises(Killed):
            bench.bring_in("killed", lives)
        bench.check_whole("killed", tmp_path / "downloads")
        bench.bring_in("killed")

        newest, second, *others = bench.describe("killed")
        where = f"killed before write {lives}"
        assert (newest[:2], second[:2]) == ((lives + 3, ["production"]), (lives + 2, ["previous"])), where
        assert all(aliases == [] for _, aliases, *_ in others), where
        assert newest[2].keys() == wanted[2].keys(), where
        assert newest[3] == replace(wanted[3], macro_f1=0.72 + lives / 1000), where


def test_an_output_of_a_stage_that_is_missing_is_named(bench: Bench) -> None:
    bench.leave_stage_outputs("missing", macro_f1=0.7)
    (bench.workspace / "models" / "missing" / "export" / "parity.json").unlink()

    with pytest.raises(TrainingError, match=r"outputs of every stage .*parity\.json.*dvc repro"):
        read_candidate(bench.workspace, "missing")


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A repository with one commit, before there are pictures."""
    (tmp_path / ".dvc").mkdir()
    (tmp_path / "params.yaml").write_text("datasets: []\n")
    git(tmp_path, "init")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "start")
    (tmp_path / "data" / "raw").mkdir(parents=True)
    return tmp_path


def candidate(workspace: Path, md5: str = MD5) -> Candidate:
    return Candidate(
        classifier="cars",
        folder=workspace / "models" / "cars",
        params=ClassifierParams(),
        card=ServingCard("cars", ("a", "b"), 64, "squash", md5),
        report=Report(0.9, 0.9, 0.3, 0.02, 0.5, 100),
        parity={},
        artefact_sha256="f" * 64,
        model_sha256="e" * 64,
        code=read_code_version(workspace),
    )


def record(workspace: Path, md5: str = MD5) -> None:
    (workspace / "data" / "raw" / "cars.dvc").write_text(f"outs:\n- md5: {md5}\n  nfiles: 3\n  path: cars\n")


def check(workspace: Path, model: Candidate) -> None:
    check_traceable(workspace, model.card, model.code, read_dataset_version(workspace, "cars"))


def test_pictures_in_a_commit_or_in_the_patch_can_be_traced(workspace: Path) -> None:
    record(workspace)
    check(workspace, candidate(workspace))  # not committed: the record is part of the patch

    git(workspace, "add", ".")
    git(workspace, "commit", "-m", "pictures")
    check(workspace, candidate(workspace))


def test_pictures_that_changed_after_the_training_are_refused(workspace: Path) -> None:
    record(workspace, f"{'2' * 32}.dir")

    with pytest.raises(RegistryError, match="changed after the training"):
        check(workspace, candidate(workspace))


def test_a_record_that_git_is_told_to_ignore_is_refused_with_the_mend(workspace: Path) -> None:
    (workspace / ".gitignore").write_text("*.dvc\n")
    record(workspace)

    with pytest.raises(RegistryError, match="git add --force"):
        check(workspace, candidate(workspace))


def test_a_dataset_that_dvc_never_recorded_is_refused(workspace: Path) -> None:
    registry: Any = None  # not reached

    with pytest.raises(DatasetError, match="data import"):
        register_candidate(registry, workspace, candidate(workspace), "run", "model")


def test_a_model_whose_run_is_gone_is_refused(workspace: Path) -> None:
    class Registry:
        def has_run(self, run_id: str) -> bool:
            return False

    registry: Any = Registry()
    record(workspace)

    with pytest.raises(RegistryError, match="training run gone"):
        register_candidate(registry, workspace, candidate(workspace), "gone", "model")
