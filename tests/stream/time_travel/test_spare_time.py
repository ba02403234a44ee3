import threading
from pathlib import Path

import pytest

from stream.ledger import FrameRead
from stream.messages import FRAMES_TOPIC, Position
from stream.store import PredictionStore
from stream.time_travel.spare_time import SpareTime
from tests.stream.live import end_offsets, send, small_frames
from tests.waiting import wait_until


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
        wait_until(is_waiting, timeout_seconds=180, what="a replay that waits")
        rest = [FrameRead(Position(FRAMES_TOPIC, place.partition, offset), "skipped") for offset in unread]
        store.store_batch((), (), rest)
        wait_until(going_on.is_set, timeout_seconds=180, what="a replay that goes on")
        worker.join()

    assert said[0] == "production is behind: waiting"
    assert spare.waited_seconds > 0
