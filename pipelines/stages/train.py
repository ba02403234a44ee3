"""Stage `train`: fit on the prepared pictures while MLflow shows the curves; leave the model and its run's id."""

import csv
from pathlib import Path

from pipelines.datasets.shards import load_class_names
from pipelines.datasets.versions import read_dataset_version
from pipelines.lineage import read_code_version
from pipelines.models import build_network
from pipelines.params import load_params
from pipelines.settings import load_settings
from pipelines.stages.running import StagePaths, run_stage
from pipelines.terminal import say
from pipelines.tracking import HISTORY_FILE, RunInputs, describe_epoch, log_epoch, open_client, save_run, start_run
from pipelines.training import Epoch, fit, load_pictures


def train(paths: StagePaths) -> None:
    """Write models/<classifier>/train: model.keras, history.csv and run.json."""
    settings = load_settings()
    params = load_params(paths.workspace).classifier(paths.classifier)
    client = open_client(settings)
    network = build_network(params.train, len(load_class_names(paths.prepared)), settings.weights_dir)
    pictures = load_pictures(paths.prepared, "train", params.train.image_size)
    validation = load_pictures(paths.prepared, "validation", params.train.image_size)
    inputs = _describe_inputs(paths)
    run_id = start_run(client, settings, inputs)

    def report(epoch: Epoch) -> None:
        say(draw_progress(epoch))
        log_epoch(client, run_id, describe_epoch(epoch))

    try:
        epochs = fit(network, pictures, validation, params.train, report)
    except BaseException:
        client.set_terminated(run_id, "FAILED")
        raise
    paths.train.mkdir(parents=True, exist_ok=True)
    network.model.save(paths.train / "model.keras")
    _write_history(paths.train / HISTORY_FILE, epochs)
    save_run(paths.train, run_id, inputs)
    client.set_terminated(run_id, "FINISHED")


def draw_progress(epoch: Epoch) -> str:
    """One line an epoch: a bar, the figures, the time left."""
    done = round(20 * epoch.number / epoch.of)
    return (
        f"[{'█' * done}{'·' * (20 - done)}] epoch {epoch.number}/{epoch.of}  loss {epoch.loss:.3f}  "
        f"accuracy {epoch.accuracy:.3f}  validation {epoch.validation_accuracy:.3f}  {epoch.seconds_left:.0f} s left"
    )


def _describe_inputs(paths: StagePaths) -> RunInputs:
    dataset = read_dataset_version(paths.workspace, paths.classifier)
    return RunInputs(
        classifier=paths.classifier,
        params=load_params(paths.workspace).classifier(paths.classifier),
        dataset_md5=dataset.md5,
        dataset_path=dataset.path,
        git_commit=read_code_version(paths.workspace).commit,
        workspace=paths.workspace,
    )


def _write_history(file: Path, epochs: list[Epoch]) -> None:
    rows = [describe_epoch(epoch) for epoch in epochs]
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    run_stage(train)
