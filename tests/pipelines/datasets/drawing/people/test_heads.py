import numpy as np
import pytest

from pipelines.datasets.drawing.people.heads import Face, Stand, TurnedHead


def _turn(yaw: float = 0.0, pitch: float = 0.0, roll: float = 0.0) -> TurnedHead:
    return TurnedHead(Face(), Stand(yaw, pitch, roll, x=100, y=100, pixels=50))


def test_a_face_that_looks_ahead_is_the_same_on_both_sides() -> None:
    left, right = _turn().place([(-0.3, 0.1), (0.3, 0.1)])

    assert left[0] + right[0] == pytest.approx(200, abs=0.01)
    assert left[1] == pytest.approx(right[1], abs=0.01)


def test_the_nose_goes_further_than_the_cheeks_when_the_head_turns() -> None:
    ahead, turned = _turn(), _turn(yaw=20)

    def shift(point: tuple[float, float]) -> float:
        return turned.place([point])[0][0] - ahead.place([point])[0][0]

    assert shift((0, -0.4)) > shift((0, 0.5)) > shift((0.5, -0.3)) > 0


def test_the_outline_holds_the_face() -> None:
    for yaw in (-30, 0, 30):
        head = _turn(yaw=yaw)
        edge = np.asarray(head.outline())

        inside = np.asarray(head.place([(-0.3, 0), (0.3, 0), (0, -0.6), (0, 0.5)]))

        assert edge[:, 0].min() < inside[:, 0].min()
        assert edge[:, 0].max() > inside[:, 0].max()
        assert edge[:, 1].max() > inside[:, 1].max()


def test_the_relief_stands_out_at_the_nose() -> None:
    relief = _turn().relief(rows=80)

    upright = relief.normals[relief.seen]
    side_of_nose = relief.seen & (np.abs(relief.y + 0.3) < 0.04) & (relief.x > 0.05) & (relief.x < 0.12)
    assert np.linalg.norm(upright, axis=1) == pytest.approx(1, abs=1e-4)
    assert relief.normals[side_of_nose][:, 0].mean() > 0.4
