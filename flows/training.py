"""The training flow: dataset version -> dvc repro -> MLflow run -> register -> gate -> promote."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from prefect import flow, get_run_logger, task
from prefect.runtime import flow_run
from prefect.tasks import exponential_backoff

from flows.artifacts import publish_artifacts
from pipelines.candidates import Candidate, log_candidate, read_candidate, register_candidate
from pipelines.datasets.checkout import check_dataset_unchanged, check_out_dataset
from pipelines.datasets.versions import DatasetVersion, read_dataset_version
from pipelines.errors import GateError, RegistryError
from pipelines.params import load_params
from pipelines.promotion.judging import judge_candidate
from pipelines.promotion.log_book import LogBook
from pipelines.promotion.rules import PromotionDecision
from pipelines.registry import open_registry
from pipelines.reproduction import reproduce
from pipelines.settings import find_workspace, load_settings

REPRODUCE_TIMEOUT_SECONDS: Final = 6 * 3600
REGISTRY_TIMEOUT_SECONDS: Final = 300
GATE_TIMEOUT_SECONDS: Final = 3600
"""Two versions answer the whole test split."""


@dataclass(frozen=True, slots=True)
class TrainingOutcome:
    """What a training flow run achieved."""

    classifier: str
    run_id: str
    model_version: int
    metrics: dict[str, float]
    gate: PromotionDecision
    promoted: bool
    seconds: float


def _name_run() -> str:
    classifier = str(flow_run.parameters["classifier"])
    return f"{classifier}-{read_dataset_version(find_workspace(), classifier).md5[:8]}"


def _is_retriable(_task: Any, _run: Any, state: Any) -> bool:
    # GateError: another version became production meanwhile, so this one is judged against it
    return isinstance(state.result(raise_on_failure=False), RegistryError | GateError)


_registry_task: dict[str, Any] = {
    "retries": 3,
    "retry_delay_seconds": exponential_backoff(backoff_factor=2),
    "retry_jitter_factor": 0.5,
    "retry_condition_fn": _is_retriable,
    "timeout_seconds": REGISTRY_TIMEOUT_SECONDS,
}


@flow(name="training", flow_run_name=_name_run, persist_result=False)
def train_classifier(classifier: str) -> TrainingOutcome:
    """Train a classifier of params.yaml on its dataset version; promote it when it passes the gate."""
    began = time.monotonic()
    workspace = find_workspace()
    load_params(workspace).classifier(classifier)
    dataset = resolve_dataset(workspace, classifier)
    run_stages(workspace, classifier)
    candidate = read_candidate(workspace, classifier)
    run_id, model_id = log_to_mlflow(workspace, candidate)
    version = register(workspace, candidate, run_id, model_id)
    gate, promoted = pass_gate(workspace, classifier, version)
    publish_artifacts(load_settings(), candidate, dataset, run_id, version, gate)
    return TrainingOutcome(
        classifier=classifier,
        run_id=run_id,
        model_version=version,
        metrics=candidate.report.metrics(),
        gate=gate,
        promoted=promoted,
        seconds=round(time.monotonic() - began, 1),
    )


@task(name="resolve dataset version", timeout_seconds=600)
def resolve_dataset(workspace: Path, classifier: str) -> DatasetVersion:
    check_out_dataset(workspace, classifier)
    check_dataset_unchanged(workspace, classifier)
    dataset = read_dataset_version(workspace, classifier)
    get_run_logger().info("%s: %d files, %s", dataset.path, dataset.files, dataset.md5)
    return dataset


@task(name="dvc repro", timeout_seconds=REPRODUCE_TIMEOUT_SECONDS)
def run_stages(workspace: Path, classifier: str) -> None:
    reproduce(workspace, classifier, get_run_logger().info)


@task(name="log to MLflow", **_registry_task)
def log_to_mlflow(workspace: Path, candidate: Candidate) -> tuple[str, str]:
    return log_candidate(load_settings(), workspace, candidate)


@task(name="register", **_registry_task)
def register(workspace: Path, candidate: Candidate, run_id: str, model_id: str) -> int:
    version = register_candidate(open_registry(load_settings()), workspace, candidate, run_id, model_id)
    get_run_logger().info("%s version %d", candidate.classifier, version)
    return version


@task(name="gate and promote", **{**_registry_task, "timeout_seconds": GATE_TIMEOUT_SECONDS})
def pass_gate(workspace: Path, classifier: str, version: int) -> tuple[PromotionDecision, bool]:
    settings = load_settings()
    book = LogBook(settings.resolve_database_url())
    decision, promoted = judge_candidate(open_registry(settings), book, workspace, classifier, version)
    for finding in decision.findings:
        get_run_logger().info("gate: %s: %s", "passed" if finding.passed else "refused", finding.reason)
    return decision, promoted
