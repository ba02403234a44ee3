import pytest

from stream.camera.states import CameraStatus, RateLimit, SourceState, next_turn


def heard_and_delivered(*, rate: float = 5) -> SourceState:
    state = SourceState(rate, begun_at=100)
    state.hear(101)
    state.deliver(101)
    return state


def test_a_source_is_connecting_until_its_first_frame_is_delivered() -> None:
    state = SourceState(rate=5, begun_at=100)
    assert state.judge(100) == "connecting"

    state.hear(101)
    assert state.judge(101) == "connecting"

    state.deliver(101.1)
    assert state.judge(101.1) == "online"


def test_a_source_that_never_answers_is_offline_after_20_seconds() -> None:
    state = SourceState(rate=5, begun_at=100)

    assert state.judge(119.9) == "connecting"
    assert state.judge(120) == "offline"


@pytest.mark.parametrize(
    ("silent_seconds", "rate", "status"),
    [(1, 5, "online"), (5, 5, "stale"), (20, 5, "offline"), (25, 0.1, "online"), (31, 0.1, "offline")],
)
def test_silence_makes_stale_after_5_and_offline_after_20_seconds_unless_the_camera_is_slow(
    silent_seconds: float, rate: float, status: CameraStatus
) -> None:
    assert heard_and_delivered(rate=rate).judge(101 + silent_seconds) == status


@pytest.mark.parametrize(("silent_seconds", "status"), [(4, "online"), (5, "stale"), (20, "offline")])
def test_a_live_source_is_judged_by_its_own_silence_however_few_of_its_frames_are_wanted(
    silent_seconds: float, status: CameraStatus
) -> None:
    state = heard_and_delivered(rate=0.01)
    state.is_live = True

    assert state.judge(101 + silent_seconds) == status


def test_a_source_that_broke_off_connects_again_and_is_online_with_its_next_frame() -> None:
    state = heard_and_delivered()

    state.lose()
    assert state.judge(102) == "connecting"
    assert state.judge(121) == "offline"

    state.hear(130)
    state.deliver(130)
    assert state.judge(130) == "online"


def test_a_source_whose_frames_do_not_get_through_is_stale_and_not_offline() -> None:
    state = heard_and_delivered()
    state.hear(150)

    assert state.judge(150) == "stale"
    assert heard_and_delivered().judge(150, is_held_up=True) == "stale"


def test_what_is_played_to_its_end_is_offline_and_what_is_switched_off_disabled() -> None:
    state = heard_and_delivered()
    state.finish()

    assert state.judge(101) == "offline"
    assert SourceState(5, begun_at=100, enabled=False).judge(200) == "disabled"


def test_a_source_that_was_held_up_goes_on_at_its_pace_without_catching_up() -> None:
    assert next_turn(10.0, 0.2, now=10.1) == 10.2
    assert next_turn(10.0, 0.2, now=15.0) == 15.0


@pytest.mark.parametrize(
    ("source_fps", "rate", "kept"), [(25, 25, 100), (10, 25, 40), (25, 5, 20), (30, 20, 80), (25, 0.5, 2)]
)
def test_a_live_source_is_thinned_to_its_rate(source_fps: float, rate: float, kept: int) -> None:
    limit = RateLimit(rate)
    jitter = (0.0, 0.004, -0.003, 0.002)

    taken = [limit.takes(n / source_fps + jitter[n % 4]) for n in range(int(4 * source_fps))]

    assert sum(taken) == pytest.approx(kept, abs=1)


def test_frames_that_come_in_a_burst_after_a_pause_are_thinned_too() -> None:
    limit = RateLimit(5)
    limit.takes(0)

    assert [limit.takes(10 + n / 1000) for n in range(100)].count(True) <= 2
