"""Stage `train`: fit on the prepared pictures while MLflow shows the curves; leave the model and its run's id."""

import csv
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from pipelines.artefact import hash_file
from pipelines.datasets.audit.findings import check_audit
from pipelines.datasets.shards import load_class_names
from pipelines.datasets.versions import read_dataset_version
from pipelines.errors import TrainingError
from pipelines.lineage import read_code_version
from pipelines.models.weights import IMAGENET_FILES, find_weights
from pipelines.params import load_params
from pipelines.run_log import RunLog
from pipelines.settings import Settings, is_listening, load_settings
from pipelines.stages.running import StagePaths, run_stage
from pipelines.terminal import say
from pipelines.tracking import HISTORY_FILE, RunInputs, describe_epoch, log_plan, open_client, save_run, start_run
from pipelines.training.digests import digest_document, digest_split
from pipelines.training.epochs import Epoch
from pipelines.training.keeping import PLAN_FILE, Desk
from pipelines.training.params import TrainPlan
from pipelines.training.plan import decide_plan
from pipelines.training.situation import read_situation


def train(paths: StagePaths) -> None:
    """Write models/<classifier>/train: model.keras, network.xml and .bin, history.csv, plan.json and run.json.

    A training that was killed goes on after its last whole epoch; one whose model could not be told to MLflow is
    told now and not repeated.
    """
    check_audit(paths.prepared)
    settings = load_settings()
    with training_lock(settings.state, paths.classifier):
        plan = _settle_plan(paths, settings)
        client = open_client(settings)
        inputs = _describe_inputs(paths)
        run_id = start_run(client, settings, inputs)
        log_plan(client, run_id, plan)
        log = RunLog(client, run_id, lambda: _is_reachable(client.tracking_uri))
        desk = Desk(settings.state / "training" / f"{paths.classifier}-{_digest_training(paths, plan, settings)}")
        try:
            epochs = _train_or_take(paths, plan, settings, desk, _build_teller(log, settings, paths, plan))
        except BaseException:
            log.fail()
            raise
        log.close()
        desk.hand_over(paths.train)
        _write_history(paths.train / HISTORY_FILE, epochs)
        (paths.train / PLAN_FILE).write_text(plan.model_dump_json(indent=2), encoding="utf-8")
        save_run(paths.train, run_id, inputs)
        desk.clear()


def draw_progress(epoch: Epoch) -> str:
    """One line an epoch: a bar, the figures, the time left."""
    done = round(20 * epoch.number / epoch.of)
    return (
        f"[{'█' * done}{'·' * (20 - done)}] epoch {epoch.number}/{epoch.of}  loss {epoch.loss:.3f}  "
        f"accuracy {epoch.accuracy:.3f}  validation {epoch.validation_accuracy:.3f}  {epoch.seconds_left:.0f} s left"
    )


@contextmanager
def training_lock(state: Path, classifier: str) -> Iterator[None]:
    """Held while a classifier trains; a killed training leaves it free. Raises TrainingError when another holds it."""
    file = state / "locks" / f"train-{classifier}.lock"
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(file, timeout=0):
            yield
    except Timeout:
        raise TrainingError(
            f"Expected to be the only training of {classifier}, another one is running. Wait for it and run again."
        ) from None


def _settle_plan(paths: StagePaths, settings: Settings) -> TrainPlan:
    params = load_params(paths.workspace).classifier(paths.classifier).train
    raw = paths.workspace / "data" / "raw" / paths.classifier
    decision = decide_plan(params, read_situation(raw, paths.prepared, settings.weights_dir))
    for reason in decision.reasons:
        say(f"train: {reason}")
    return decision.plan


def _train_or_take(
    paths: StagePaths, plan: TrainPlan, settings: Settings, desk: Desk, tell: Callable[[Epoch], None]
) -> list[Epoch]:
    """Fit, unless a training of the same inputs has ended already and only waits to be handed over."""
    ended = desk.find_epochs()
    if ended is not None:
        say("train: this training has ended before; its model is taken")
        for epoch in ended:
            tell(epoch)
        return ended
    from pipelines.export.openvino import write_network
    from pipelines.models import build_network
    from pipelines.models.contract import split_outputs
    from pipelines.training.devices import training_devices
    from pipelines.training.tails import Bench
    from pipelines.training.training import fit_network

    bench = Bench(settings.state / "cache", desk.checkpoint, lambda text: say(f"train: {text}"))
    with training_devices(plan):
        network = build_network(plan, len(load_class_names(paths.prepared)), settings.weights_dir)
        epochs = fit_network(network, paths.prepared, plan, bench, tell)
        desk.keep(network.model, epochs, lambda file: write_network(split_outputs(network.model), file))
    return epochs


def _build_teller(log: RunLog, settings: Settings, paths: StagePaths, plan: TrainPlan) -> Callable[[Epoch], None]:
    """What is done with each epoch: a line for the person, a point for MLflow, and one for TensorBoard."""
    from pipelines.training.curves import CurveFile
    from pipelines.training.machine import MachineMeter

    meter = MachineMeter()
    folder = settings.state / "tensorboard" / paths.classifier / log.run_id
    curves = CurveFile(folder) if plan.tensorboard else None

    def tell(epoch: Epoch) -> None:
        say(draw_progress(epoch))
        values = {key: value for key, value in describe_epoch(epoch).items() if key != "epoch"}
        log.add(epoch.number, values | meter.read())
        if curves:
            curves.add(epoch.number, values)

    return tell


def _digest_training(paths: StagePaths, plan: TrainPlan, settings: Settings) -> str:
    """Of everything that the trained model follows from, but for the code."""
    pictures = [digest_split(paths.prepared, split) for split in ("train", "validation")]
    file = None
    if plan.weights != "none":
        file = find_weights(plan.weights, IMAGENET_FILES.get(plan.architecture, ""), settings.weights_dir)
    weights = hash_file(file) if file else plan.weights
    return digest_document({"pictures": pictures, "plan": plan.model_dump(), "weights": weights})


def _is_reachable(tracking_uri: str) -> bool:
    return not tracking_uri.startswith("http") or is_listening(tracking_uri)


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


def _write_history(file: Path, epochs: Sequence[Epoch]) -> None:
    rows = [describe_epoch(epoch) for epoch in epochs]
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    run_stage(train)
