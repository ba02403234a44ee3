import numpy as np
import pytest

from pipelines.evaluation.robustness import DISTORTIONS

PICTURE = np.random.default_rng(2).integers(0, 256, (60, 90, 3), np.uint8)


@pytest.mark.parametrize("name", DISTORTIONS)
def test_a_distortion_changes_the_picture_keeps_its_size_and_is_the_same_again(name: str) -> None:
    first, second = DISTORTIONS[name](PICTURE), DISTORTIONS[name](PICTURE)

    assert first.shape == PICTURE.shape
    assert first.dtype == np.uint8
    assert (first == second).all()
    assert (first != PICTURE).any()


def test_left_and_right_turns_are_told_apart() -> None:
    assert (DISTORTIONS["rotation +15°"](PICTURE) != DISTORTIONS["rotation −15°"](PICTURE)).any()
