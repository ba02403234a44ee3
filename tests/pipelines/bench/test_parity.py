from pathlib import Path

import pytest

from pipelines.bench.parity import LaneParity, Said, compare_answers, load_said, save_said

EXPECTED = {name: Said(name, "cat", 0.9) for name in ("0.jpg", "1.jpg")}


def test_answers_are_compared_picture_by_picture_however_often_one_came() -> None:
    said = [Said("0.jpg", "cat", 0.9), Said("1.jpg", "dog", 0.8), Said("0.jpg", "cat", 0.9), Said("9.jpg", "dog", 1.0)]

    parity = compare_answers(said, EXPECTED)

    assert parity.top1_agreement == pytest.approx(2 / 3)
    assert parity.max_difference == pytest.approx(0.1)
    assert parity.pictures == 2


def test_a_lane_that_answers_like_keras_counts() -> None:
    assert LaneParity(1.0, 1e-6, 32).why_not("f32") is None


def test_a_lane_that_answers_otherwise_does_not_count() -> None:
    assert "differ from Keras's by up to 0.01" in (LaneParity(1.0, 0.01, 32).why_not("f32") or "")
    assert "99.0%, less than 99.5%" in (LaneParity(0.99, 0.01, 200).why_not("int8") or "")
    assert "none of the pictures" in (compare_answers([], EXPECTED).why_not("f32") or "")


def test_a_confidence_that_is_no_number_does_not_count() -> None:
    said = [Said("0.jpg", "cat", 0.9), Said("1.jpg", "cat", float("nan"))]

    assert compare_answers(said, EXPECTED).why_not("f32")
    assert LaneParity(1.0, float("nan"), 32).why_not("f32")
    assert compare_answers(said, EXPECTED).why_not("bf16")


def test_a_lower_precision_is_judged_by_its_answers_as_a_version_in_it_would_be() -> None:
    assert LaneParity(0.995, 0.4, 200).why_not("bf16") is None


def test_answers_come_back_from_their_file(tmp_path: Path) -> None:
    save_said(tmp_path / "answers.json", {"ours": EXPECTED.values()})

    assert load_said(tmp_path / "answers.json") == {"ours": EXPECTED}
