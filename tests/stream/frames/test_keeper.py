import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from pipelines.errors import FrameStoreError
from stream.frames import keeper as module
from stream.frames.config import CameraKeep, Keep, KeepPolicy
from stream.frames.frame_store import FrameStore
from stream.frames.keeper import Keeper
from stream.messages import FRAMES_TOPIC, Message, Outgoing
from stream.worker.batches import BatchReader
from stream.worker.outcomes import BatchOutcome
from tests.stream.fakes import NOON, FakeClassifier, draw_jpeg, message_of
from tests.stream.frames.places import KeptPlace
from tests.stream.worker.test_batches import frame
from tests.waiting import wait_until

EVERY = KeepPolicy(Keep(sample=1.0))
SIZE = len(draw_jpeg())

MakeKeeper = Callable[..., Keeper]


class FakeStore(FrameStore):
    """Fails, or waits, or has no room, as the test says; otherwise a folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__(str(folder))
        self.failing = False
        self.free = 1.0
        self.may_write = threading.Event()
        self.may_write.set()

    def write(self, contents: Mapping[str, bytes]) -> None:
        assert self.may_write.wait(120)
        if self.failing:
            raise FrameStoreError("Expected the store, found none.")
        super().write(contents)

    def free_share(self) -> float:
        return self.free


@pytest.fixture
def store(place: KeptPlace) -> FakeStore:
    return FakeStore(place.folder)


@pytest.fixture
def make_keeper(place: KeptPlace, store: FakeStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[MakeKeeper]:
    monkeypatch.setattr(module, "FIRST_PAUSE_SECONDS", 0.02)
    made: list[Keeper] = []

    def make(policy: KeepPolicy = EVERY, queue_bytes: int = 1 << 20) -> Keeper:
        keeper = Keeper(store, place.index, lambda: policy, queue_bytes=queue_bytes)
        made.append(keeper)
        keeper.start()
        return keeper

    yield make
    store.may_write.set()
    for keeper in made:
        keeper.close(60)


def outcome_of(*messages: Message) -> BatchOutcome:
    return BatchReader("here/worker-1", clock=lambda: NOON).read(messages, {"cars": FakeClassifier()}, {})


def wait_for_kept(keeper: Keeper, count: int) -> None:
    wait_until(lambda: keeper.counts().kept >= count, timeout_seconds=120, what=f"{count} kept frames")


def test_bytes_and_row_of_a_chosen_frame_are_there_a_moment_later(place: KeptPlace, make_keeper: MakeKeeper) -> None:
    keeper = make_keeper()

    keeper.offer(outcome_of(frame(230, offset=4), message_of(Outgoing(FRAMES_TOPIC, None, b"garbage"), offset=5)))

    wait_for_kept(keeper, 2)
    picture, letter = place.index.find("gate-4")[0], place.index.find(f"{FRAMES_TOPIC}-0-5")[0]
    assert place.store.read(picture.path, picture.sha256) == draw_jpeg(230)
    assert place.store.read(letter.path, letter.sha256) == b"garbage"
    assert (picture.reason, letter.reason) == ("sampled", "dead_letter")
    counts = keeper.counts()
    assert (counts.kept_bytes, counts.not_kept, counts.waiting_bytes) == (len(draw_jpeg(230)) + 7, {}, 0)


def test_the_row_is_written_after_the_bytes(place: KeptPlace, store: FakeStore, make_keeper: MakeKeeper) -> None:
    store.may_write.clear()
    keeper = make_keeper()
    keeper.offer(outcome_of(frame(offset=1)))
    assert place.offsets() == []

    store.may_write.set()

    wait_for_kept(keeper, 1)
    assert place.offsets() == [1]


def test_a_slow_store_makes_nobody_wait_and_costs_only_kept_frames(
    place: KeptPlace, store: FakeStore, make_keeper: MakeKeeper
) -> None:
    store.may_write.clear()
    keeper = make_keeper(queue_bytes=3 * SIZE)
    keeper.offer(outcome_of(frame(offset=0)))
    wait_until(lambda: keeper.counts().waiting_bytes == 0, timeout_seconds=60, what="the first to be written")

    keeper.offer(outcome_of(*(frame(offset=number) for number in range(1, 11))))

    counts = keeper.counts()
    assert counts.waiting_bytes <= 3 * SIZE
    assert counts.not_kept == {"queue_full": 7}
    store.may_write.set()
    wait_for_kept(keeper, 4)
    assert place.offsets() == [0, 1, 2, 3]


def test_a_store_that_fails_for_a_moment_costs_nothing(
    place: KeptPlace, store: FakeStore, make_keeper: MakeKeeper, caplog: pytest.LogCaptureFixture
) -> None:
    store.failing = True
    keeper = make_keeper()
    keeper.offer(outcome_of(frame(offset=1)))
    wait_until(lambda: keeper._failing, timeout_seconds=60, what="a failure")

    store.failing = False

    wait_for_kept(keeper, 1)
    assert keeper.counts().not_kept == {}


def test_a_store_that_is_away_is_counted_and_said_once(
    store: FakeStore, make_keeper: MakeKeeper, caplog: pytest.LogCaptureFixture
) -> None:
    store.failing = True
    keeper = make_keeper(queue_bytes=SIZE)

    for number in range(50):
        keeper.offer(outcome_of(frame(offset=number)))
        if number == 0:
            wait_until(lambda: keeper._failing, timeout_seconds=60, what="a failure")

    wait_until(lambda: keeper.counts().not_kept.get("store_away", 0) >= 48, timeout_seconds=60, what="counted frames")
    assert len([record for record in caplog.records if "not kept" in record.getMessage()]) == 1


def test_a_full_disk_keeps_its_reserve(place: KeptPlace, store: FakeStore, make_keeper: MakeKeeper) -> None:
    store.free = 0.04
    keeper = make_keeper()

    keeper.offer(outcome_of(frame(offset=1)))

    wait_until(lambda: keeper.counts().not_kept == {"disk_reserve": 1}, timeout_seconds=60, what="a count")
    assert place.files() == []


def test_what_waits_of_a_camera_that_was_switched_off_is_not_written(place: KeptPlace, store: FakeStore) -> None:
    policy = EVERY
    keeper = Keeper(store, place.index, lambda: policy)
    keeper.offer(outcome_of(frame(offset=1), frame(camera="yard", offset=2)))

    policy = KeepPolicy(Keep(sample=1.0), {"gate": CameraKeep(enabled=False)})
    keeper.start()
    keeper.close(120)

    assert place.offsets() == [2]
    assert len(place.files()) == 1
    assert keeper.counts().kept == 1


def test_what_waits_at_the_end_is_written_as_far_as_there_is_time(place: KeptPlace, make_keeper: MakeKeeper) -> None:
    keeper = make_keeper()
    keeper.offer(outcome_of(*(frame(offset=number) for number in range(200))))

    keeper.close(120)

    assert len(place.offsets()) == 200
    keeper.offer(outcome_of(frame(offset=999)))
    assert keeper.counts().not_kept == {"stopping": 1}


def test_a_store_that_hangs_does_not_hold_the_end(store: FakeStore, make_keeper: MakeKeeper) -> None:
    store.may_write.clear()
    keeper = make_keeper(queue_bytes=2 * SIZE)
    keeper.offer(outcome_of(frame(offset=0)))
    wait_until(lambda: keeper.counts().waiting_bytes == 0, timeout_seconds=60, what="the first to be written")
    keeper.offer(outcome_of(frame(offset=1)))

    keeper.close(0.05)

    assert keeper.counts().not_kept == {"stopping": 1}


def test_a_policy_that_cannot_be_read_costs_no_frame(place: KeptPlace, store: FakeStore) -> None:
    def broken() -> KeepPolicy:
        raise RuntimeError("broken")

    keeper = Keeper(store, place.index, broken)

    keeper.offer(outcome_of(frame()))

    assert keeper.counts().kept == 0
