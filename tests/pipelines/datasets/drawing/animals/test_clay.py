import numpy as np
import pytest

from pipelines.datasets.drawing.animals.clay import View, join, look_at, roll, turn
from pipelines.datasets.drawing.arrays import floats

SIDE = View(yaw_degrees=0, pitch_degrees=0, distance=1e6, pixels=20, left=40, top=30)


def test_turning_to_the_camera_brings_the_nose_forward() -> None:
    nose, left_side = floats([(1, 0, 0)]), floats([(0, 0, 1)])

    assert (nose @ turn(90).T)[0] == pytest.approx((0, 0, 1), abs=1e-6)
    assert (left_side @ turn(90).T)[0] == pytest.approx((-1, 0, 0), abs=1e-6)


def test_a_turn_keeps_lengths() -> None:
    matrix = turn(37, 11, -20)

    assert matrix @ matrix.T == pytest.approx(np.eye(3), abs=1e-6)


def test_a_ball_is_seen_as_a_disc_that_bulges_towards_the_camera() -> None:
    ball = roll([(0.0, 0.0, 0.0, 0.5)], part=3)

    surface = look_at(ball, SIDE, (80, 60))

    assert surface.seen.sum() == pytest.approx(np.pi * 10**2, rel=0.05)
    assert surface.depth[30, 40] == pytest.approx(10, abs=0.01)
    assert np.linalg.norm(surface.normals, axis=1) == pytest.approx(1, abs=1e-4)


def test_what_is_nearer_hides_what_is_behind() -> None:
    near, far = roll([(0.0, 0.0, 1.0, 0.3)], part=1), roll([(0.0, 0.0, -1.0, 0.6)], part=2)

    for body in (join([near, far]), join([far, near])):
        surface = look_at(body, SIDE, (80, 60))
        seen = np.full((60, 80), -1)
        seen[surface.seen] = body.parts[surface.owners]
        assert seen[30, 40] == 1
        assert seen[30, 50] == 2


def test_spots_come_back_in_the_bodys_own_frame() -> None:
    ball = roll([(0.5, 0.2, 0.1, 0.4)], part=0)
    view = View(yaw_degrees=50, pitch_degrees=10, distance=1e6, pixels=40, left=60, top=60)

    surface = look_at(ball, view, (120, 120))

    assert np.linalg.norm(surface.spots - floats((0.5, 0.2, 0.1)), axis=1) == pytest.approx(0.4, abs=0.01)


def test_a_body_out_of_the_picture_is_not_seen() -> None:
    surface = look_at(roll([(50.0, 0.0, 0.0, 0.5)], part=0), SIDE, (80, 60))

    assert not surface.seen.any()
    assert len(surface.owners) == 0
