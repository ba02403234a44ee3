import pytest

from pipelines.errors import ParamsError
from pipelines.guard_params import GuardParams
from pipelines.params import parse_params


def test_defaults_are_within_their_bounds() -> None:
    assert GuardParams().mode == "rollback"


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("mode", "sometimes", "rollback"),
        ("probation_minutes", 0.01, "probation longer than 3 looks"),
        ("min_frames", 1, "20"),
        ("min_frames", 3000, "at most 2000 frames of one worker"),
        ("looks", 0, "1"),
        ("max_error_share", 1, "less than 1"),
        ("max_label_shift", 1.0, "less than 1"),
        ("max_unknown_rise", 0, "greater than 0"),
        ("max_latency_ratio", 0.5, "greater than 1"),
        ("window_seconds", 1, "5"),
        ("min_frame", 3, "min_frame"),
    ],
)
def test_what_could_never_fire_or_always_would_is_refused_in_one_line(key: str, value: object, words: str) -> None:
    with pytest.raises(ParamsError, match=words) as refused:
        parse_params({"classifiers": {"cars": {"guard": {key: value}}}})

    assert "\n" not in str(refused.value)
