import numpy as np
import pytest

from pipelines.faces.alignment import ALIGNED_SIDE, TEMPLATE, align_face, fit_similarity


@pytest.mark.parametrize("degrees", [0, 20, 180])
def test_a_turn_a_scale_and_a_shift_are_found_again(degrees: float) -> None:
    angle = np.deg2rad(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    moved = 2.5 * TEMPLATE @ turn.T + np.array([40, -7])

    found = fit_similarity(TEMPLATE, moved)

    assert found[:, :2] == pytest.approx(2.5 * turn, abs=1e-9)
    assert found[:, 2] == pytest.approx([40, -7], abs=1e-9)


def test_points_that_are_mirrored_are_not_answered_by_a_reflection() -> None:
    found = fit_similarity(TEMPLATE * np.array([-1, 1]), TEMPLATE)

    assert np.linalg.det(found[:, :2]) > 0


def test_landmarks_of_a_picture_land_on_the_template() -> None:
    image = np.zeros((400, 500, 3), np.uint8)
    landmarks = TEMPLATE * 2 + np.array([120, 60])
    for x, y in landmarks.round().astype(int):
        image[y - 2 : y + 3, x - 2 : x + 3] = 255

    aligned = align_face(image, landmarks)

    assert aligned.shape == (ALIGNED_SIDE, ALIGNED_SIDE, 3)
    for x, y in TEMPLATE.round().astype(int):
        assert aligned[y, x].mean() > 200
