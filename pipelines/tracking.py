"""MLflow runs: opened by the train stage while it fits, completed by the flow from the files that stages leave."""

import csv
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pipelines.artefact import hash_file
from pipelines.errors import RegistryError
from pipelines.lineage import read_environment
from pipelines.settings import Settings, is_listening
from pipelines.stage_params import ClassifierParams
from pipelines.strict_params import StrictParams
from pipelines.training.epochs import Epoch
from pipelines.training.params import TrainPlan

if TYPE_CHECKING:
    from mlflow import MlflowClient

RUN_FILE: Final = "run.json"
HISTORY_FILE: Final = "history.csv"
PATCH_FOLDER: Final = "lineage"
PATCH_FILE: Final = "worktree.patch"
_MODEL_TAG: Final = "vigia.model.sha256"
_EVALUATION_TAG: Final = "vigia.evaluation.sha256"
_WORKSPACE_TAG: Final = "vigia.workspace"


@dataclass(frozen=True, slots=True)
class RunInputs:
    """What a training run was made from."""

    classifier: str
    params: ClassifierParams
    dataset_md5: str
    dataset_path: str
    git_commit: str
    workspace: Path

    @property
    def run_name(self) -> str:
        return f"{self.classifier}-{self.dataset_md5[:8]}"


def open_client(settings: Settings) -> "MlflowClient":
    """A client of the configured MLflow. Raises RegistryError at once when nothing listens there."""
    uri = settings.resolve_tracking_uri()
    if uri.startswith("http") and not is_listening(uri):
        raise RegistryError(
            f"Expected MLflow at {uri}, nothing answers there. "
            f"Start it with `vigia up`, or correct MLFLOW_TRACKING_URI."
        )
    # MLflow's own default tries for minutes before it says that a server is away
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "3")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "20")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")  # artefacts are small, and stderr is ours
    if uri.startswith("sqlite"):
        settings.mlflow_database.parent.mkdir(parents=True, exist_ok=True)
    from mlflow import MlflowClient, set_tracking_uri

    set_tracking_uri(uri)  # artifact addresses such as models:/m-1 are resolved through the global one
    return MlflowClient(uri, uri)


def ensure_experiment(client: "MlflowClient", settings: Settings, classifier: str) -> str:
    """Id of the experiment named like the classifier."""
    found = client.get_experiment_by_name(classifier)
    if found:
        return str(found.experiment_id)
    # straight on the database file no server says where artifacts go, so we do: where the stack's server puts them
    direct = client.tracking_uri.startswith("sqlite")
    location = (settings.mlflow_artifacts / classifier).as_uri() if direct else None
    return str(client.create_experiment(classifier, artifact_location=location))


def start_run(client: "MlflowClient", settings: Settings, inputs: RunInputs) -> str:
    """Open a run, or continue the one named in MLFLOW_RUN_ID; returns its id.

    Runs that an earlier, killed training of this workspace left open are closed as KILLED.
    """
    experiment = ensure_experiment(client, settings, inputs.classifier)
    environment = read_environment(inputs.workspace).tags()
    continued = os.environ.get("MLFLOW_RUN_ID")
    if continued:
        _log_inputs(client, continued, inputs, environment)
        return continued
    _close_abandoned(client, experiment, inputs.workspace)
    return _create_run(client, experiment, inputs, environment)


def log_epoch(client: "MlflowClient", run_id: str, epoch: Mapping[str, float]) -> None:
    """One point of each curve."""
    from mlflow.entities import Metric

    step = int(epoch["epoch"])
    now = int(time.time() * 1000)
    points = [Metric(key, float(value), now, step) for key, value in epoch.items() if key != "epoch"]
    client.log_batch(run_id, metrics=points)


def describe_epoch(epoch: Epoch) -> dict[str, float]:
    """A row of history.csv and a point of MLflow's curves."""
    return {
        "epoch": epoch.number,
        "train_loss": epoch.loss,
        "train_accuracy": epoch.accuracy,
        "validation_loss": epoch.validation_loss,
        "validation_accuracy": epoch.validation_accuracy,
        "learning_rate": epoch.learning_rate,
    }


def log_plan(client: "MlflowClient", run_id: str, plan: TrainPlan) -> None:
    """What `auto` was settled to, as params `plan.<key>` beside those of params.yaml."""
    from mlflow.entities import Param

    flat = flatten_params(plan)
    client.log_batch(run_id, params=[Param(f"plan.{key}", value) for key, value in flat.items()])


def save_run(folder: Path, run_id: str, inputs: RunInputs) -> None:
    """Which run made the model that lies beside this file, and on what it ran."""
    document = {
        "run_id": run_id,
        "dataset_md5": inputs.dataset_md5,
        "git_commit": inputs.git_commit,
        "environment": read_environment(inputs.workspace).tags(),
    }
    (folder / RUN_FILE).write_text(json.dumps(document, indent=2), encoding="utf-8")


def ensure_run(client: "MlflowClient", settings: Settings, inputs: RunInputs, train: Path, model_sha256: str) -> str:
    """The run that made the model in `train`; where this MLflow never saw it, a new one told from the files.

    A stage served from DVC's cache thus leads to its run, in a fresh registry too.
    """
    experiment = ensure_experiment(client, settings, inputs.classifier)
    made_by = json.loads((train / RUN_FILE).read_text(encoding="utf-8"))
    named = made_by["run_id"]
    known = client.search_runs([experiment], f"attributes.run_id = '{named}'", max_results=1)
    known = known or client.search_runs([experiment], f"tags.`{_MODEL_TAG}` = '{model_sha256}'", max_results=1)
    environment = made_by.get("environment", {})
    run_id = str(known[0].info.run_id) if known else _create_run(client, experiment, inputs, environment)
    if not known:
        with (train / HISTORY_FILE).open(newline="", encoding="utf-8") as stream:
            for row in csv.DictReader(stream):
                log_epoch(client, run_id, {key: float(value) for key, value in row.items()})
    client.set_tag(run_id, _MODEL_TAG, model_sha256)
    if client.get_run(run_id).info.status != "FINISHED":
        client.set_terminated(run_id, "FINISHED")
    return run_id


def log_evaluation(client: "MlflowClient", run_id: str, metrics: Mapping[str, float], evaluation: Path) -> None:
    """Test metrics and every file of the evaluation; the same again changes nothing, another takes its place."""
    files = sorted(file for file in evaluation.iterdir() if file.is_file())
    digest = hashlib.sha256("".join(hash_file(file) for file in files).encode()).hexdigest()
    if client.get_run(run_id).data.tags.get(_EVALUATION_TAG) == digest:
        return
    from mlflow.entities import Metric

    client.log_artifacts(run_id, str(evaluation), "evaluation")
    now = int(time.time() * 1000)
    client.log_batch(run_id, metrics=[Metric(key, float(value), now, 0) for key, value in metrics.items()])
    # last: it says that all is there, whenever this was broken off
    client.set_tag(run_id, _EVALUATION_TAG, digest)


def log_code(client: "MlflowClient", run_id: str, tags: Mapping[str, str], patch: bytes) -> None:
    """What the run was made from, as tags; what was not committed, as a file for `git apply`."""
    for key, value in tags.items():
        client.set_tag(run_id, key, value)
    if not patch:
        return
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / PATCH_FILE
        file.write_bytes(patch)
        client.log_artifact(run_id, str(file), PATCH_FOLDER)


def download_patch(client: "MlflowClient", run_id: str, into: Path) -> bytes:
    """What `log_code` kept. Raises RegistryError when it is gone."""
    from mlflow.exceptions import MlflowException

    try:
        return Path(client.download_artifacts(run_id, f"{PATCH_FOLDER}/{PATCH_FILE}", str(into))).read_bytes()
    except (MlflowException, OSError) as error:
        words = " ".join(str(error).split())[:200]
        raise RegistryError(
            f"Expected {PATCH_FOLDER}/{PATCH_FILE} on run {run_id}, it cannot be had. {words.rstrip('.')}. "
            "Restore it in MLflow's artifact store."
        ) from error


def log_model(client: "MlflowClient", run_id: str, artefact: Path, sha256: str, *, model_type: str = "keras") -> str:
    """Upload the artefact once as the run's model; returns MLflow's model id."""
    experiment = client.get_run(run_id).info.experiment_id
    wanted = f"tags.`vigia.sha256` = '{sha256}'"
    for known in client.search_logged_models([experiment], wanted):
        if known.status == "READY":
            return str(known.model_id)
    model = client.create_logged_model(
        experiment, name="model", source_run_id=run_id, tags={"vigia.sha256": sha256}, model_type=model_type
    )
    client.log_model_artifacts(model.model_id, str(artefact))
    client.finalize_logged_model(model.model_id, "READY")
    return str(model.model_id)


def flatten_params(params: StrictParams) -> dict[str, str]:
    """`section.key` -> value, as MLflow shows params."""
    flat: dict[str, str] = {}

    def walk(prefix: str, node: Any) -> None:
        if isinstance(node, dict):
            for key, value in node.items():
                walk(f"{prefix}.{key}" if prefix else key, value)
        else:
            flat[prefix] = str(node)

    walk("", params.model_dump())
    return flat


def _create_run(client: "MlflowClient", experiment: str, inputs: RunInputs, environment: Mapping[str, str]) -> str:
    tags = {_WORKSPACE_TAG: str(inputs.workspace), "mlflow.source.git.commit": inputs.git_commit}
    run_id = str(client.create_run(experiment, run_name=inputs.run_name, tags=tags).info.run_id)
    _log_inputs(client, run_id, inputs, environment)
    return run_id


def _log_inputs(client: "MlflowClient", run_id: str, inputs: RunInputs, environment: Mapping[str, str]) -> None:
    from mlflow.entities import Dataset, DatasetInput, InputTag, Param, RunTag

    params = [Param(key, value) for key, value in flatten_params(inputs.params).items()]
    client.log_batch(run_id, params=params, tags=[RunTag(key, value) for key, value in environment.items()])
    dataset = Dataset(
        name=inputs.classifier,
        digest=inputs.dataset_md5,
        source_type="dvc",
        source=json.dumps({"path": inputs.dataset_path, "md5": inputs.dataset_md5, "git_commit": inputs.git_commit}),
    )
    client.log_inputs(run_id, [DatasetInput(dataset, [InputTag("mlflow.data.context", "training")])])


def _close_abandoned(client: "MlflowClient", experiment: str, workspace: Path) -> None:
    # DVC's lock lets only one training of a workspace run, so an open one of it has died
    wanted = f"attributes.status = 'RUNNING' and tags.`{_WORKSPACE_TAG}` = '{workspace}'"
    for run in client.search_runs([experiment], wanted):
        client.set_terminated(run.info.run_id, "KILLED")
