from hypothesis import given
from hypothesis import strategies as st

from stream.time_travel.spare_time import Group, Look, is_behind


def looks(*groups: Group, every_seconds: float = 0.5) -> list[Look]:
    return [Look(number * every_seconds, {"vigia-worker": group}) for number, group in enumerate(groups)]


def test_a_worker_that_has_a_few_batches_in_hand_is_not_behind() -> None:
    assert not is_behind(looks(Group(0, 0, 60), Group(50, 0, 60), Group(100, 0, 60)))


def test_frames_that_wait_longer_than_batches_in_hand_explain_mean_that_it_is_behind() -> None:
    assert is_behind(looks(Group(0, 0, 10), Group(50, 0, 200)))


def test_a_quick_worker_may_have_more_frames_waiting_for_the_same_time() -> None:
    assert not is_behind(looks(Group(0, 0, 150), Group(200, 0, 150)))


def test_a_worker_that_drops_frames_is_behind_however_few_wait() -> None:
    assert is_behind(looks(Group(0, 3, 5), Group(50, 4, 5)))
    assert not is_behind(looks(Group(0, 3, 5), Group(50, 4, 5), Group(100, 4, 5)))


@given(st.integers(0, 10**9), st.integers(0, 10**6), st.integers(2, 20))
def test_a_group_that_nobody_serves_is_never_behind(waiting: int, dropped: int, count: int) -> None:
    assert not is_behind(looks(*[Group(7, dropped, waiting)] * count))


def test_one_look_says_nothing() -> None:
    assert not is_behind(looks(Group(0, 0, 10_000)))
