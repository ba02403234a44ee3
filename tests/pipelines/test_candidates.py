"""The way into the registry, broken off after every single step of it, as kill -9 does."""

import json
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from pipelines import candidates
from pipelines.artefact import ServingCard
from pipelines.candidates import log_candidate, read_candidate, register_candidate
from pipelines.errors import TrainingError
from pipelines.evaluation.metrics import Report
from pipelines.promotion import judge_candidate
from pipelines.registry import Registry
from pipelines.settings import Settings
from pipelines.stage_params import PromoteParams
from pipelines.tracking import open_client

pytestmark = pytest.mark.integration  # a real MLflow on its database file

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

    def leave_stage_outputs(self, classifier: str, macro_f1: float, class_names: tuple[str, ...] = ("a", "b")) -> None:
        folder = self.workspace / "models" / classifier
        for stage in ("train", "evaluate", "export"):
            (folder / stage).mkdir(parents=True, exist_ok=True)
        run = {"run_id": "0" * 32, "dataset_md5": "0" * 32 + ".dir", "git_commit": "0" * 40}
        (folder / "train" / "run.json").write_text(json.dumps(run))
        (folder / "train" / "history.csv").write_text("epoch,train_loss\n1,0.5\n2,0.4\n")
        (folder / "train" / "model.keras").write_text(f"weights {classifier} {macro_f1}")
        report = Report(0.9, macro_f1, 0.3, 0.02, 0.5, 40).metrics()
        (folder / "evaluate" / "metrics.json").write_text(json.dumps(report))
        (folder / "export" / "parity.json").write_text(json.dumps({"max_difference": 1e-7}))
        artefact = folder / "export" / "model"
        ServingCard(classifier, class_names, 32, "squash", "0" * 32 + ".dir").save(artefact)
        (artefact / "serving" / "model.xml").write_text(f"network {macro_f1}")

    def bring_in(self, classifier: str, lives: int = 10_000) -> int:
        """What the flow does after the stages; returns how many writes it took."""
        client = Mortal(open_client(self.settings), lives)
        self.monkeypatch.setattr(candidates, "open_client", lambda _: client)
        registry = Registry(client)
        candidate = read_candidate(self.workspace, classifier)
        run_id, model_id = log_candidate(self.settings, self.workspace, candidate)
        version = register_candidate(registry, self.workspace, candidate, run_id, model_id)
        judge_candidate(registry, classifier, version, PromoteParams())
        return lives - client.lives

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
    names = ("killed", "gone", "missing")
    (workspace / "params.yaml").write_text("classifiers:\n" + "".join(f"  {name}: {{}}\n" for name in names))
    identity = ("-c", "user.name=test", "-c", "user.email=test@example.org")
    for words in (("init", "--quiet"), ("add", "params.yaml"), (*identity, "commit", "--quiet", "-m", "start")):
        subprocess.run(["git", *words], cwd=workspace, check=True)
    return Bench(workspace, settings, monkeypatch)


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


def test_a_version_that_forgot_a_class_of_production_is_not_promoted_by_itself(bench: Bench) -> None:
    bench.leave_stage_outputs("gone", macro_f1=0.7, class_names=("audi", "bmw", "seat"))
    bench.bring_in("gone")
    bench.leave_stage_outputs("gone", macro_f1=0.9, class_names=("audi", "bmw"))
    bench.bring_in("gone")

    (second, first) = bench.describe("gone")
    assert (second[1], first[1]) == (["candidate"], ["production"])
    assert "no longer knows seat" in second[2]["vigia.gate"]


def test_an_output_of_a_stage_that_is_missing_is_named(bench: Bench) -> None:
    bench.leave_stage_outputs("missing", macro_f1=0.7)
    (bench.workspace / "models" / "missing" / "export" / "parity.json").unlink()

    with pytest.raises(TrainingError, match=r"outputs of every stage .*parity\.json.*dvc repro"):
        read_candidate(bench.workspace, "missing")
