from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from stream.camera.reports import read_truth, report_cameras, summarise_latency
from stream.messages import DeadLetter, Position, Prediction
from stream.store import PredictionStore

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


def prediction(offset: int, *, camera_id: str = "yard", image_name: str | None = "van/1.jpg") -> Prediction:
    return Prediction(
        position=Position("frames", 0, offset),
        frame_id=f"frame-{offset}",
        camera_id=camera_id,
        image_name=image_name,
        image_sha256="0" * 64,
        classifier="cars",
        role="production",
        model_version=1,
        label="van",
        confidence=0.9,
        top=(("van", 0.9),),
        decision="known",
        captured_at=NOW,
        received_at=NOW,
        predicted_at=NOW + timedelta(milliseconds=20),
        worker="test",
    )


@pytest.fixture
def store(tmp_path: Path) -> PredictionStore:
    store = PredictionStore(f"sqlite:///{tmp_path}/store.db")
    store.migrate()
    return store


def test_only_the_named_cameras_classifier_role_and_time_count(store: PredictionStore) -> None:
    before = replace(prediction(4), captured_at=NOW - timedelta(seconds=1))
    others = [prediction(2, camera_id="door"), replace(prediction(3), role="shadow"), before]
    store.store_batch([prediction(1), *others, replace(prediction(5), classifier="boats")], [])

    report = report_cameras(store.engine, ["yard"], "cars", NOW)

    assert report.predictions == 1
    assert report.latency_ms == {"p50": 20.0, "p95": 20.0, "p99": 20.0}


def test_accuracy_counts_pictures_that_lie_in_a_class_folder(store: PredictionStore) -> None:
    names = ["van/1.jpg", "estate/2.jpg", "alone.jpg", None]
    store.store_batch([prediction(number, image_name=name) for number, name in enumerate(names)], [])

    report = report_cameras(store.engine, ["yard"], "cars", NOW)

    assert (report.labelled, report.accuracy) == (2, 0.5)


def test_dead_letters_are_counted_and_nothing_is_no_accuracy(store: PredictionStore) -> None:
    letter = DeadLetter(Position("frames", 0, 1), "image", "truncated", "words", "yard", 3, "0" * 64, NOW)
    store.store_batch([], [letter])

    report = report_cameras(store.engine, ["yard"], "cars", NOW)

    assert (report.predictions, report.dead_letters, report.accuracy, report.latency_ms) == (0, 1, None, {})


def test_the_truth_is_the_folder_of_the_image_name() -> None:
    assert read_truth("van/red/1.jpg") == "van"
    assert read_truth("1.jpg") is None
    assert read_truth(None) is None


def test_latency_percentiles_are_of_the_measured_values() -> None:
    assert summarise_latency([10.0] * 99 + [1000.0])["p50"] == 10.0
