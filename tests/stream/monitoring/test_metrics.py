import re
from dataclasses import replace
from datetime import timedelta

import pytest
from ruamel.yaml import YAML

from stream.messages import FRAMES_TOPIC, Outgoing, Position, Prediction, encode_v2
from stream.monitoring.metrics import WorkerMetrics
from stream.reading.freshness import DroppedFrame
from stream.worker.batches import BatchReader
from stream.worker.outcomes import BatchOutcome
from tests.stream.fakes import NOON, FakeClassifier, draw_jpeg, message_of
from tests.tree import read


def frame(number: int, camera_id: str = "gate", jpeg: bytes | None = None) -> Outgoing:
    return encode_v2(camera_id, f"f{number}", NOON, jpeg or draw_jpeg(230), image_name=None, sequence=number)


def outcome_of(*frames: Outgoing, partition: int = 1, **serving: int) -> BatchOutcome:
    messages = [message_of(each, partition=partition, offset=offset) for offset, each in enumerate(frames)]
    classifiers = {name: FakeClassifier(name, version) for name, version in (serving or {"cars": 7}).items()}
    return BatchReader("here/worker-1", clock=lambda: NOON).read(messages, classifiers, {})


def value(metrics: WorkerMetrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(f"vigia_worker_{name}", labels)


def test_a_frame_counts_once_however_many_classifiers_answer_it() -> None:
    metrics = WorkerMetrics()

    metrics.observe_batch(outcome_of(frame(0), frame(1), frame(2, "yard"), cars=7, cats_dogs=2), now=NOON)

    assert value(metrics, "frames_total", camera_id="gate", partition="1", outcome="stored") == 2
    assert value(metrics, "frames_total", camera_id="yard", partition="1", outcome="stored") == 1
    assert value(metrics, "predictions_total", classifier="cars", version="7", decision="known") == 3
    assert value(metrics, "predictions_total", classifier="cats_dogs", version="2", decision="known") == 3
    assert value(metrics, "batch_frames_sum") == 3


def test_a_dead_letter_counts_by_stage_and_reason_and_as_a_frame_that_is_dead() -> None:
    metrics = WorkerMetrics()
    broken = frame(1, "yard", draw_jpeg(10, 200)[:900])

    metrics.observe_batch(outcome_of(frame(0), broken, Outgoing("t", None, b"rubble")), now=NOON)

    assert value(metrics, "dead_letters_total", stage="image", reason="truncated_picture") == 1
    assert value(metrics, "dead_letters_total", stage="schema", reason="not_json") == 1
    assert value(metrics, "frames_total", camera_id="yard", partition="1", outcome="dead") == 1
    assert value(metrics, "frames_total", camera_id="unknown", partition="1", outcome="dead") == 1
    assert value(metrics, "frames_total", camera_id="gate", partition="1", outcome="stored") == 1


def test_a_dropped_frame_counts_by_its_camera_and_has_no_latency() -> None:
    metrics = WorkerMetrics()
    old = DroppedFrame(Position(FRAMES_TOPIC, 2, 5), "gate", age_seconds=3)

    metrics.observe_batch(BatchOutcome((), (), {}, dropped=(old,)), now=NOON)

    assert value(metrics, "frames_total", camera_id="gate", partition="2", outcome="dropped") == 1
    assert metrics.recent.percentiles_ms() == {}


def test_latency_is_from_capture_to_stored_and_never_less_than_nothing() -> None:
    metrics = WorkerMetrics()

    metrics.observe_batch(outcome_of(frame(0)), now=NOON + timedelta(seconds=0.3))
    metrics.observe_batch(outcome_of(frame(1)), now=NOON - timedelta(seconds=60))

    labels = {"camera_id": "gate", "partition": "1"}
    assert value(metrics, "latency_seconds_sum", **labels) == pytest.approx(0.3)
    assert value(metrics, "latency_seconds_bucket", **labels, le="0.25") == 1
    assert value(metrics, "latency_seconds_bucket", **labels, le="0.5") == 2
    assert metrics.recent.percentiles_ms()["p99"] == pytest.approx(297)


def test_a_thousand_made_up_cameras_make_a_bounded_page() -> None:
    metrics = WorkerMetrics()
    some = outcome_of(frame(0)).predictions[0]
    many = tuple(_as(some, f"camera-{number}", number) for number in range(1000))
    positions = tuple(each.position for each in many)

    metrics.observe_batch(BatchOutcome(many, (), {}, positions), now=NOON)

    assert value(metrics, "frames_total", camera_id="other", partition="1", outcome="stored") == 900
    cameras = {
        sample.labels["camera_id"]
        for metric in metrics.registry.collect()
        for sample in metric.samples
        if "camera_id" in sample.labels
    }
    assert len(cameras) == 101


def test_a_partition_that_went_to_another_worker_has_no_lag_here() -> None:
    metrics = WorkerMetrics()

    metrics.observe_lag({0: 5, 1: 7}, 0)
    metrics.observe_lag({1: 9}, 3)

    assert value(metrics, "lag_frames", partition="1") == 9
    assert value(metrics, "lag_frames", partition="0") is None
    assert value(metrics, "watchdog_polls_total") == 2
    assert value(metrics, "watchdog_polls_without_progress") == 3


def test_the_time_of_a_step_that_fails_counts_too() -> None:
    metrics = WorkerMetrics()

    with pytest.raises(RuntimeError), metrics.timed("store"):
        raise RuntimeError

    assert (value(metrics, "step_seconds_total", step="store") or 0) > 0


def test_decoding_and_inference_are_timed_apart() -> None:
    metrics = WorkerMetrics()

    metrics.observe_batch(outcome_of(frame(0)), now=NOON)

    assert (value(metrics, "step_seconds_total", step="decode") or 0) > 0
    assert (value(metrics, "step_seconds_total", step="infer") or 0) > 0


def test_the_page_names_every_metric_its_labels_and_no_other() -> None:
    page = read("docs/monitoring.md")
    table = dict(re.findall(r"^\| `(vigia_worker_\w+)` \|([^|]*)\|", page, re.MULTILINE))
    metrics = WorkerMetrics()
    metrics.observe_batch(outcome_of(frame(0), Outgoing("t", None, b"rubble")), now=NOON)
    metrics.observe_lag({0: 1}, 0)
    metrics.observe_checks({"broker": True})
    metrics.observe_versions({"cars": 1})

    kept = {
        f"{metric.name}_total" if metric.type == "counter" else metric.name: {
            label for sample in metric.samples for label in sample.labels if label != "le"
        }
        for metric in metrics.registry.collect()
        if metric.name.startswith("vigia")
    }

    assert {name: set(re.findall(r"\w+", labels)) for name, labels in table.items()} == kept
    asked = {re.sub(r"_bucket$", "", name) for name in re.findall(r"vigia_worker_\w+", page)}
    assert asked <= set(kept)


def test_the_alert_rules_are_rules() -> None:
    rules = re.findall(r"```yaml\n(groups:.*?)```", read("docs/monitoring.md"), re.DOTALL)

    (group,) = YAML(typ="safe").load(rules[0])["groups"]

    assert all({"alert", "expr", "annotations"} <= set(rule) for rule in group["rules"])


def _as(prediction: Prediction, camera_id: str, offset: int) -> Prediction:
    position = replace(prediction.position, offset=offset)
    return replace(prediction, camera_id=camera_id, position=position)
