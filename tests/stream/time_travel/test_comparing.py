from dataclasses import replace
from pathlib import Path

import pytest

from stream.messages import Prediction
from stream.time_travel.comparing import CameraChange, LabelChange, compare_window, find_changed
from tests.stream.time_travel.past import Past, live_row, make_past


@pytest.fixture
def past(tmp_path: Path) -> Past:
    return make_past(tmp_path, None, frames=20)


def again(past: Past, number: int, **changes: object) -> Prediction:
    """What version 2 says now."""
    row = live_row(number, past.positions[number], past.jpegs[number])
    return replace(row, role="replay-2", model_version=2, **changes)  # type: ignore[arg-type]


def test_labels_decisions_and_confidence_are_compared_frame_by_frame(past: Past) -> None:
    rows = [again(past, number) for number in range(16)]
    rows[1] = again(past, 1, label="blue", confidence=0.95)
    rows[4] = again(past, 4, label="blue", confidence=0.85, decision="unknown")
    rows[2] = again(past, 2, confidence=0.35)
    past.store.store_batch(rows, ())

    comparison = compare_window(past.store, past.window, 2)

    assert (comparison.frames, comparison.compared, comparison.missing, comparison.changed) == (20, 16, 4, 2)
    assert comparison.agreement == pytest.approx(14 / 16)
    assert comparison.changes == (LabelChange("green", "blue", 2),)
    assert (comparison.to_unknown, comparison.to_known) == (1, 0)
    assert comparison.live_versions == ((1, 20),)
    assert comparison.confidence_shift == pytest.approx((0.2 + 0.1 - 0.4) / 16)
    camera = comparison.cameras[1]
    assert replace(camera, confidence_shift=0.0) == CameraChange("cam1", 4, 1, 0.0)
    assert camera.confidence_shift == pytest.approx(0.05)


def test_nothing_compared_is_no_agreement(past: Past) -> None:
    comparison = compare_window(past.store, past.window, 2)

    assert (comparison.agreement, comparison.confidence_shift, comparison.missing) == (None, None, 20)


def test_an_answer_about_another_picture_is_not_compared(past: Past) -> None:
    past.store.store_batch([again(past, 1, image_sha256="00" * 32)], ())

    assert compare_window(past.store, past.window, 2).compared == 0


def test_changed_frames_come_with_the_surest_first_and_not_too_many(past: Past) -> None:
    rows = [again(past, number, label="purple", confidence=number / 100) for number in range(20)]
    past.store.store_batch(rows, ())

    changed = find_changed(past.store, past.window, 2, most=3)

    assert [(each.frame_id, each.before, each.after) for each in changed] == [
        ("f19", "green", "purple"),
        ("f18", "red", "purple"),
        ("f17", "blue", "purple"),
    ]
