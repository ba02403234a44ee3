import pytest
from pydantic import ValidationError

from stream.camera.config import CamerasConfig
from stream.frames.config import CameraKeep, Keep


def test_a_file_without_a_word_about_it_keeps_a_little_for_a_week() -> None:
    keep = CamerasConfig().keep

    assert (keep.enabled, keep.sample, keep.days, keep.max_bytes) == (True, 0.01, 7, 2 * 1024**3)


def test_a_camera_of_the_file_may_keep_nothing() -> None:
    config = CamerasConfig.model_validate(
        {"keep": None, "cameras": {"gate": {"source": "x", "keep": {"enabled": False}}}}
    )

    assert config.keep == Keep()
    assert config.cameras["gate"].keep == CameraKeep(enabled=False)


@pytest.mark.parametrize(
    "wrong",
    [{"sample": 1.5}, {"below": -0.1}, {"days": 0}, {"days": float("nan")}, {"max_gib": 0}, {"samples": 0.1}],
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        Keep.model_validate(wrong)
