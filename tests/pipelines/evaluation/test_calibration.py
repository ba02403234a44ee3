import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.evaluation.calibration import (
    apply_temperature,
    calibration_floor,
    expected_calibration_error,
    fit_temperature,
)


def make_answers(pictures: int, temperature: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Labels drawn from the probabilities of random logits, and the probabilities at another temperature."""
    random = np.random.default_rng(seed)
    logits = 2 * random.normal(size=(pictures, 5))
    honest = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = np.array([random.choice(5, p=row) for row in honest])
    scaled = np.exp(logits / temperature)
    return labels, scaled / scaled.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("temperature", [0.4, 1.0, 2.5])
def test_the_temperature_undoes_too_much_and_too_little_confidence(temperature: float) -> None:
    labels, probabilities = make_answers(4000, temperature, seed=1)

    found = fit_temperature(labels, probabilities)

    assert found == pytest.approx(1 / temperature, rel=0.08)
    scaled = apply_temperature(probabilities, found)
    assert expected_calibration_error(labels, scaled, 15) < 0.03


def test_pictures_that_are_all_answered_rightly_do_not_make_a_model_ever_surer() -> None:
    labels = np.array([0, 1, 0, 1])
    probabilities = np.array([[0.9, 0.1], [0.1, 0.9], [0.8, 0.2], [0.2, 0.8]])

    confidence = apply_temperature(probabilities, fit_temperature(labels, probabilities)).max(axis=1)

    assert (confidence < 0.99).all()


@given(st.integers(0, 1000), st.floats(0.1, 10))
@settings(max_examples=25, deadline=None)
def test_a_temperature_keeps_rows_at_1_and_the_order_of_the_classes(seed: int, temperature: float) -> None:
    probabilities = np.random.default_rng(seed).dirichlet(np.ones(4), 20)

    scaled = apply_temperature(probabilities, temperature)

    assert scaled.sum(axis=1) == pytest.approx(1)
    assert (scaled.argmax(axis=1) == probabilities.argmax(axis=1)).all()
    assert apply_temperature(probabilities, 1.0) == pytest.approx(probabilities, abs=1e-6)


def test_the_floor_is_what_honest_probabilities_show_and_shrinks_with_more_pictures() -> None:
    few, many = (make_answers(pictures, 1.0, seed=4) for pictures in (120, 4000))

    floors = [calibration_floor(probabilities, 15) for _, probabilities in (few, many)]

    for floor, (labels, probabilities) in zip(floors, (few, many), strict=True):
        assert floor.low <= expected_calibration_error(labels, probabilities, 15) <= floor.high
    assert floors[1].value < floors[0].value / 3


def test_a_boastful_model_lies_above_the_floor() -> None:
    labels, probabilities = make_answers(1000, 0.4, seed=4)

    assert expected_calibration_error(labels, probabilities, 15) > calibration_floor(probabilities, 15).high
