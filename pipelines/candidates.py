"""A trained candidate: what the stages left in models/<classifier>, on its way into the registry."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.artefact import ServingCard, digest_artefact, hash_file
from pipelines.datasets.versions import dataset_path
from pipelines.errors import TrainingError
from pipelines.evaluation.metrics import Report
from pipelines.lineage import build_version_tags, read_code_version
from pipelines.params import load_params
from pipelines.registry import Registry
from pipelines.settings import Settings
from pipelines.stage_params import ClassifierParams
from pipelines.tracking import RUN_FILE, RunInputs, ensure_run, log_evaluation, log_model, open_client


@dataclass(frozen=True, slots=True)
class Candidate:
    """One classifier's stage outputs."""

    classifier: str
    folder: Path
    """models/<classifier>."""
    params: ClassifierParams
    card: ServingCard
    report: Report
    parity: dict[str, float]
    artefact_sha256: str
    model_sha256: str

    @property
    def artefact(self) -> Path:
        return self.folder / "export" / "model"


def read_candidate(workspace: Path, classifier: str) -> Candidate:
    """Raises TrainingError when a stage's output is missing."""
    folder = workspace / "models" / classifier
    try:
        metrics: dict[str, Any] = json.loads((folder / "evaluate" / "metrics.json").read_text(encoding="utf-8"))
        parity = json.loads((folder / "export" / "parity.json").read_text(encoding="utf-8"))
        model_sha256 = hash_file(folder / "train" / "model.keras")
    except OSError as error:
        raise TrainingError(f"Expected the outputs of every stage in {folder}. {error}. Run `dvc repro`.") from error
    return Candidate(
        classifier=classifier,
        folder=folder,
        params=load_params(workspace).classifier(classifier),
        card=ServingCard.load(folder / "export" / "model"),
        report=Report(**{**metrics, "pictures": int(metrics["pictures"])}),
        parity=parity,
        artefact_sha256=digest_artefact(folder / "export" / "model"),
        model_sha256=model_sha256,
    )


def log_candidate(settings: Settings, workspace: Path, candidate: Candidate) -> tuple[str, str]:
    """Complete the candidate's MLflow run; returns its id and the logged model's. The same again changes nothing."""
    client = open_client(settings)
    train = candidate.folder / "train"
    inputs = RunInputs(
        classifier=candidate.classifier,
        params=candidate.params,
        dataset_md5=candidate.card.dataset_md5,
        dataset_path=dataset_path(candidate.classifier),
        git_commit=json.loads((train / RUN_FILE).read_text(encoding="utf-8"))["git_commit"],
        workspace=workspace,
    )
    run_id = ensure_run(client, settings, inputs, train, candidate.model_sha256)
    metrics = candidate.report.metrics() | {f"parity_{key}": value for key, value in candidate.parity.items()}
    log_evaluation(client, run_id, metrics, candidate.folder / "evaluate")
    return run_id, log_model(client, run_id, candidate.artefact, candidate.artefact_sha256)


def register_candidate(registry: Registry, workspace: Path, candidate: Candidate, run_id: str, model_id: str) -> int:
    """The candidate's version, with alias `candidate` unless it serves already."""
    tags = build_version_tags(
        artefact_sha256=candidate.artefact_sha256,
        card=candidate.card,
        dataset_path=dataset_path(candidate.classifier),
        code=read_code_version(workspace),
        params=candidate.params,
    )
    version = registry.register(candidate.classifier, model_id, run_id, tags)
    if registry.version_of_alias(candidate.classifier, "production") != version:
        registry.point(candidate.classifier, "candidate", version)
    return version
