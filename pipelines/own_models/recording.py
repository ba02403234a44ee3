"""An imported model on its way into the registry: a run, a version with every tag, the alias `candidate`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pipelines.artefact import ServingCard, digest_artefact
from pipelines.candidates import check_traceable
from pipelines.datasets.versions import DatasetVersion
from pipelines.lineage import CodeVersion, build_version_tags, hash_document, read_code_version
from pipelines.registry import Registry
from pipelines.settings import Settings
from pipelines.stage_params import ClassifierParams
from pipelines.tracking import ensure_experiment, log_code, log_evaluation, log_model, open_client

if TYPE_CHECKING:
    from mlflow import MlflowClient

ORIGIN_TAG: Final = "vigia.origin"
"""Of a version and its run: the imported file's name and SHA-256."""
WISH_TAG: Final = "vigia.import.sha256"
"""Hash of everything that an import depends on: the same again is the same version."""


@dataclass(frozen=True, slots=True)
class ImportedModel:
    """What is to be registered."""

    card: ServingCard
    params: ClassifierParams
    dataset: DatasetVersion
    file_name: str
    file_sha256: str
    kind: str
    facts: Mapping[str, str]
    """What was found out or stated about the model; params of the run, as `import.<key>`."""

    @property
    def origin(self) -> str:
        return f"{self.file_name} sha256:{self.file_sha256}"

    def tags(self, code: CodeVersion, artefact: Path) -> dict[str, str]:
        """Of the version."""
        tags = build_version_tags(
            artefact_sha256=digest_artefact(artefact),
            card=self.card,
            dataset_path=self.dataset.path,
            code=code,
            params=self.params,
        )
        return {**tags, ORIGIN_TAG: self.origin, WISH_TAG: self.wish_sha256}

    @property
    def wish_sha256(self) -> str:
        return hash_document(
            {
                "file": self.file_sha256,
                "class_names": self.card.class_names,
                "preprocessing": self.card.preprocessing,
                "dataset": self.dataset.md5,
                "evaluate": self.params.evaluate.model_dump(mode="json"),
            }
        )


def find_earlier(registry: Registry, classifier: str, wish_sha256: str) -> int | None:
    """The version that the same import made before."""
    found = (row.version for row in registry.versions(classifier) if row.tags.get(WISH_TAG) == wish_sha256)
    return next(found, None)


def register_import(
    settings: Settings,
    registry: Registry,
    workspace: Path,
    model: ImportedModel,
    metrics: Mapping[str, float],
    artefact: Path,
    evaluation: Path,
) -> tuple[int, str]:
    """(version, run id). The version holds the alias `candidate`: an import alone never makes production.

    Raises RegistryError for a model that could not be traced back.
    """
    classifier = model.card.classifier
    code = read_code_version(workspace)
    check_traceable(workspace, model.card, code, model.dataset)
    tags = model.tags(code, artefact)
    client = open_client(settings)
    run_id = _open_run(client, settings, model, tags)
    try:
        log_code(client, run_id, code.tags(), code.patch)
        log_evaluation(client, run_id, metrics, evaluation)
        model_id = log_model(client, run_id, artefact, tags["vigia.sha256"], model_type=model.kind)
        version = registry.register(classifier, model_id, run_id, tags)
    except BaseException:
        client.set_terminated(run_id, "FAILED")
        raise
    client.set_terminated(run_id, "FINISHED")
    registry.point(classifier, "candidate", version)
    return version, run_id


def _open_run(client: "MlflowClient", settings: Settings, model: ImportedModel, tags: Mapping[str, str]) -> str:
    """Not by `start_run`: an import is no training, and may go on beside one of the same workspace."""
    from mlflow.entities import Dataset, DatasetInput, InputTag, Param

    name = f"{model.card.classifier}-import-{model.file_sha256[:8]}"
    run_tags = {ORIGIN_TAG: model.origin, "mlflow.source.git.commit": tags["vigia.git.commit"]}
    experiment = ensure_experiment(client, settings, model.card.classifier)
    run_id = str(client.create_run(experiment, run_name=name, tags=run_tags).info.run_id)
    facts: dict[str, Any] = {"file": model.file_name, "sha256": model.file_sha256, "kind": model.kind, **model.facts}
    client.log_batch(run_id, params=[Param(f"import.{key}", str(value)[:500]) for key, value in facts.items()])
    dataset = Dataset(
        name=model.card.classifier,
        digest=model.dataset.md5,
        source_type="dvc",
        source=f'{{"path": "{model.dataset.path}", "md5": "{model.dataset.md5}"}}',
    )
    client.log_inputs(run_id, [DatasetInput(dataset, [InputTag("mlflow.data.context", "evaluation")])])
    return run_id
