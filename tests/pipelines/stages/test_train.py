import csv
import json
from pathlib import Path
from typing import Any

import pytest

from pipelines.errors import RegistryError, TrainingError
from pipelines.params import set_params
from pipelines.settings import Settings, load_settings
from pipelines.stages import train as stage
from pipelines.stages.running import StagePaths
from pipelines.stages.train import draw_progress, train, training_lock
from pipelines.tracking import ensure_experiment, open_client
from pipelines.training.epochs import Epoch


def test_progress_shows_a_bar_the_figures_and_the_time_left() -> None:
    line = draw_progress(Epoch(3, 12, 0.98, 0.65, 1.1, 0.69, 57.4))

    assert line.startswith("[█████···············] epoch 3/12")
    assert "validation 0.690" in line
    assert line.endswith("57 s left")


def test_a_second_training_of_the_same_classifier_is_refused_and_another_one_is_not(tmp_path: Path) -> None:
    with training_lock(tmp_path, "cars"):
        with pytest.raises(TrainingError, match="another one is running"), training_lock(tmp_path, "cars"):
            pass
        with training_lock(tmp_path, "cats_dogs"):
            pass

    with training_lock(tmp_path, "cars"):
        pass


class Line:
    """The way to MLflow, which can be cut."""

    up = True

    def __call__(self, _uri: str) -> bool:
        return self.up


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch) -> Line:
    line = Line()
    monkeypatch.setattr(stage, "_is_reachable", line)
    return line


def read_run(paths: StagePaths, settings: Settings) -> Any:
    run_id = json.loads((paths.train / "run.json").read_text(encoding="utf-8"))["run_id"]
    return open_client(settings).get_run(run_id)


def read_history(paths: StagePaths) -> list[dict[str, str]]:
    with (paths.train / "history.csv").open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.integration  # TensorFlow takes seconds to import
def test_a_training_leaves_model_curve_plan_and_run(paths: StagePaths, settings: Settings, line: Line) -> None:
    train(paths)

    run = read_run(paths, settings)
    assert (paths.train / "model.keras").stat().st_size > 0
    assert [row["epoch"] for row in read_history(paths)] == ["1", "2", "3"]
    plan = json.loads((paths.train / "plan.json").read_text(encoding="utf-8"))
    assert (plan["architecture"], plan["image_size"]) == ("compact_cnn", 32)
    assert run.info.status == "FINISHED"
    assert run.data.params["plan.architecture"] == "compact_cnn"
    assert {"validation_accuracy", "learning_rate", "system/memory_mb"} <= set(run.data.metrics)


@pytest.mark.integration
def test_without_mlflow_at_the_end_the_model_is_kept_and_handed_over_next_time(
    paths: StagePaths,
    settings: Settings,
    line: Line,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def cut_the_line(epoch: Epoch) -> str:
        line.up = epoch.number < 2
        return draw_progress(epoch)

    with monkeypatch.context() as going:
        going.setattr(stage, "draw_progress", cut_the_line)
        with pytest.raises(RegistryError, match="model is kept"):
            train(paths)
    assert not (paths.train / "model.keras").exists()

    line.up = True
    train(paths)

    assert "its model is taken" in capsys.readouterr().err
    assert (paths.train / "model.keras").exists()
    run = read_run(paths, settings)
    curve = open_client(settings).get_metric_history(run.info.run_id, "train_loss")
    assert [point.step for point in curve] == [1, 2, 3]


@pytest.mark.integration
@pytest.mark.parametrize("last", [2, 3])
def test_a_killed_training_goes_on_where_it_was_with_the_same_curve(
    paths: StagePaths, settings: Settings, line: Line, monkeypatch: pytest.MonkeyPatch, last: int
) -> None:
    def die(epoch: Epoch) -> str:
        if epoch.number == last:
            raise KeyboardInterrupt
        return draw_progress(epoch)

    with monkeypatch.context() as dying:
        dying.setattr(stage, "draw_progress", die)
        with pytest.raises(KeyboardInterrupt):
            train(paths)
    train(paths)
    resumed = read_history(paths)
    train(paths)  # its inputs are the same, but nothing of it is left: from the beginning

    assert resumed == read_history(paths)


SET = {
    "optimizer": "sgd", "schedule": "plateau", "warmup": 0.2, "l2": 0.001, "class_weights": True, "patience": 2,
    "precision": "float32", "tensorboard": True, "label_smoothing": 0.1, "mixup": 0.2, "keep": "best", "seed": 11,
}  # fmt: skip


@pytest.mark.integration
def test_what_set_writes_is_what_is_trained_and_its_curves_are_in_mlflow_while_it_trains(
    paths: StagePaths, settings: Settings, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_params(paths.workspace, "colours", {f"train.{key}": json.dumps(value) for key, value in SET.items()})
    client, seen = open_client(settings), []

    def look(epoch: Epoch) -> str:
        (run, *_) = client.search_runs([ensure_experiment(client, settings, "colours")], order_by=["start_time DESC"])
        seen.append((run.info.status, len(client.get_metric_history(run.info.run_id, "train_loss"))))
        return draw_progress(epoch)

    monkeypatch.setattr(stage, "draw_progress", look)
    train(paths)

    assert seen == [("RUNNING", 0), ("RUNNING", 1), ("RUNNING", 2)]
    plan = json.loads((paths.train / "plan.json").read_text(encoding="utf-8"))
    assert {key: plan[key] for key in SET} == SET
    run = read_run(paths, settings)
    assert {"system/cpu_percent", "system/memory_mb"} <= set(run.data.metrics)
    assert run.data.params["plan.class_weights"] == "True"
    (events,) = (load_settings().state / "tensorboard" / "colours" / run.info.run_id).iterdir()
    assert events.stat().st_size > 100


@pytest.mark.integration
def test_a_training_that_learns_nothing_ends_with_words_a_failed_run_and_no_model(
    paths: StagePaths, settings: Settings, line: Line
) -> None:
    set_params(paths.workspace, "colours", {"train.learning_rate": "0.99", "train.l2": "1e30"})

    with pytest.raises(
        TrainingError, match=r"stopped being a number in epoch 1\. Try --set train\.learning_rate=0\.099"
    ):
        train(paths)

    assert not (paths.train / "model.keras").exists()
    client = open_client(settings)
    (run, *_) = client.search_runs([ensure_experiment(client, settings, "colours")], order_by=["start_time DESC"])
    assert run.info.status == "FAILED"
