"""A trained candidate: what the stages left in models/<classifier>, on its way into the registry."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.artefact import ServingCard, digest_artefact, hash_file
from pipelines.datasets.origins import count_pictures
from pipelines.datasets.versions import (
    DatasetVersion,
    dataset_path,
    pointer_path,
    read_dataset_version,
    read_recorded_md5,
)
from pipelines.errors import RegistryError, TrainingError
from pipelines.evaluation.metrics import Report
from pipelines.lineage import CodeVersion, build_version_tags, read_code_version
from pipelines.models.weights import IMAGENET_FILES, find_weights
from pipelines.params import load_params
from pipelines.registry import Registry, parity_tag
from pipelines.settings import Settings
from pipelines.stage_params import ClassifierParams
from pipelines.tracking import RUN_FILE, RunInputs, ensure_run, log_code, log_evaluation, log_model, open_client


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
    code: CodeVersion
    """As DVC has just found it to be what made these outputs."""

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
        code=read_code_version(workspace),
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
    log_code(client, run_id, _describe_code(settings, candidate), candidate.code.patch)
    metrics = candidate.report.metrics() | {f"parity_{key}": value for key, value in candidate.parity.items()}
    log_evaluation(client, run_id, metrics, candidate.folder / "evaluate")
    return run_id, log_model(client, run_id, candidate.artefact, candidate.artefact_sha256)


def register_candidate(registry: Registry, workspace: Path, candidate: Candidate, run_id: str, model_id: str) -> int:
    """The candidate's version, with alias `candidate` unless it serves already.

    Raises RegistryError, DatasetError or WorkspaceError for a model that could not be traced back.
    """
    dataset = read_dataset_version(workspace, candidate.classifier)
    check_traceable(workspace, candidate.card, candidate.code, dataset)
    if not registry.has_run(run_id):
        raise RegistryError(
            f"Expected the training run {run_id} of {candidate.classifier} in the registry, found none. "
            f"Restore it in MLflow, or train again with `vigia train {candidate.classifier}`."
        )
    tags = build_version_tags(
        artefact_sha256=candidate.artefact_sha256,
        card=candidate.card,
        dataset_path=dataset_path(candidate.classifier),
        code=candidate.code,
        params=candidate.params,
    )
    tags[parity_tag("openvino", candidate.card.precision)] = json.dumps(candidate.parity)
    version = registry.register(candidate.classifier, model_id, run_id, tags | _describe_dataset(workspace, dataset))
    if registry.version_of_alias(candidate.classifier, "production") != version:
        registry.point(candidate.classifier, "candidate", version)
    return version


def check_traceable(workspace: Path, card: ServingCard, code: CodeVersion, dataset: DatasetVersion) -> None:
    """Raises RegistryError when the commit, with its patch, does not lead to the pictures of the model."""
    pointer, trained_on = pointer_path(card.classifier), card.dataset_md5
    if dataset.md5 != trained_on:
        raise RegistryError(
            f"Expected in {pointer} the pictures that the model was trained on ({trained_on}), it records "
            f"{dataset.md5}: they changed after the training. Run `vigia train {card.classifier}` again."
        )
    in_commit = read_recorded_md5(workspace, card.classifier, code.commit) == trained_on
    if not in_commit and trained_on.encode() not in code.patch:
        raise RegistryError(
            f"Expected {pointer} in a commit, so that the model leads back to its pictures; git does not know it and "
            f"is told to ignore it. Run `git add --force {pointer}` and commit."
        )


def _describe_dataset(workspace: Path, dataset: DatasetVersion) -> dict[str, str]:
    """Tags; without a commit while the version is only in the patch."""
    pictures = count_pictures(workspace, dataset.md5)
    found = {
        "vigia.dataset.commit": None if dataset.dirty else dataset.git_commit,
        "vigia.dataset.pictures": None if pictures is None else str(pictures),
    }
    return {key: value for key, value in found.items() if value}


def _describe_code(settings: Settings, candidate: Candidate) -> dict[str, str]:
    """Tags of the run: its code, and the pretrained weights it began with."""
    plan = json.loads((candidate.folder / "train" / "plan.json").read_text(encoding="utf-8"))
    weights = None
    if plan["weights"] != "none":
        weights = find_weights(plan["weights"], IMAGENET_FILES.get(plan["architecture"], ""), settings.weights_dir)
    return candidate.code.tags() | ({"vigia.weights.sha256": hash_file(weights)} if weights else {})
