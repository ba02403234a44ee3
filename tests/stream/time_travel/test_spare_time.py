import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.ledger import FrameRead
from stream.messages import FRAMES_TOPIC, Position
from stream.store import PredictionStore
from stream.time_travel.spare_time import Group, Look, SpareTime, is_behind
from tests.stream.live import end_offsets, send, small_frames
from tests.waiting import wait_until


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


@pytest.mark.integration
def test_a_replay_waits_while_a_worker_is_behind_and_goes_on_when_it_has_caught_up(kafka: str, tmp_path: Path) -> None:
    store = PredictionStore(f"sqlite:///{tmp_path / 'vigia.db'}")
    store.migrate()
    send(kafka, small_frames(400, cameras=1))
    place, end = max(end_offsets(kafka, FRAMES_TOPIC).items(), key=lambda item: item[1])
    unread = iter(range(end - 400, end))
    said: list[str] = []

    def read_one() -> None:
        store.store_batch((), (), [FrameRead(Position(FRAMES_TOPIC, place.partition, next(unread)), "skipped")])

    def is_waiting() -> bool:
        read_one()
        return bool(said)

    with SpareTime(store, kafka, said.append) as spare:
        going_on = threading.Event()

        def work() -> None:
            while not said:
                spare.wait()
            going_on.set()

        worker = threading.Thread(target=work, daemon=True)  # one that waits for ever must not keep the tests
        worker.start()
        wait_until(is_waiting, timeout_seconds=60, what="a replay that waits")
        rest = [FrameRead(Position(FRAMES_TOPIC, place.partition, offset), "skipped") for offset in unread]
        store.store_batch((), (), rest)
        wait_until(going_on.is_set, timeout_seconds=60, what="a replay that goes on")
        worker.join()

    assert said[0] == "production is behind: waiting"
    assert spare.waited_seconds > 0
