import asyncio
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from filelock import FileLock
from sqlalchemy import select

from pipelines.consensus_params import ConsensusParams
from pipelines.errors import StackError
from stream.consensus.live import LiveConsensus
from stream.consensus.seen_frames import read_seen_frames
from stream.frames.config import Keep, KeepPolicy
from stream.frames.frame_store import FrameStore
from stream.frames.keeper import Keeper
from stream.frames.kept_frames import KeptIndex
from stream.messages import DEAD_LETTERS_TOPIC, FRAMES_TOPIC, Outgoing, Position, encode_v2
from stream.reading.freshness import DroppedFrame
from stream.store import PredictionStore
from stream.tables import frame_ledger
from stream.worker.agent import Agent, has_realtime, read_message, sort_out
from stream.worker.batches import BatchReader
from stream.worker.latest_frames import LatestFrames, latest_frame_file
from stream.worker.worker import WorkerSetup, instance_id
from tests.stream.fakes import FakeClassifier, draw_jpeg, fake_models, load_fake


@dataclass
class FakeMessage:
    topic: str = FRAMES_TOPIC
    partition: int = 0
    offset: int = 0
    key: bytes | None = b"gate"
    value: bytes | None = b""
    headers: Any = ()
    timestamp_ms: int | None = 1_700_000_000_123
    generation_id: int = 1
    dropped_before: tuple[DroppedFrame, ...] = ()
    aged: DroppedFrame | None = None
    late: bool = False

    def too_late(self, now: float) -> DroppedFrame | None:
        return DroppedFrame(Position(self.topic, self.partition, self.offset), "gate", now) if self.late else None


@dataclass
class FakeEvent:
    message: FakeMessage
    acked: list[int] = field(default_factory=list)

    def ack(self) -> None:
        self.acked.append(self.message.offset)


@dataclass
class FakePublisher:
    """Remembers what it published, and refuses letters that are larger than its limit."""

    limit: int = 10_000_000
    published: list[Outgoing] = field(default_factory=list)

    async def __aenter__(self) -> "FakePublisher":
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    async def publish(self, messages: list[Outgoing]) -> None:
        self.published.extend(messages)

    async def publish_letters(self, letters: list[Outgoing]) -> list[int]:
        fitting = [len(letter.value or b"") <= self.limit for letter in letters]
        self.published.extend(letter for letter, fits in zip(letters, fitting, strict=True) if fits)
        return [place for place, fits in enumerate(fitting) if not fits]


def setup_of(state: Path, slot: int = 1) -> WorkerSetup:
    return WorkerSetup(
        bootstrap="127.0.0.1:9",
        state=state,
        slot=slot,
        cameras_file=state / "cameras.yaml",
        store=PredictionStore(f"sqlite:///{state / 'vigia.db'}"),
        **fake_models(state),
        load=load_fake,
    )


@pytest.fixture
def agent(tmp_path: Path) -> Agent:
    store = PredictionStore(f"sqlite:///{tmp_path / 'vigia.db'}")
    store.migrate()
    return Agent(
        app=cast(Any, SimpleNamespace(consumer_generation_id=1)),
        store=store,
        publisher=cast(Any, FakePublisher()),
        reader=BatchReader("here/worker-1"),
        latest=LatestFrames(tmp_path),
        keeper=Keeper(FrameStore(str(tmp_path / "kept")), KeptIndex(store), lambda: KeepPolicy(Keep(sample=1.0))),
        serving=lambda: {"cars": FakeClassifier()},
        routes=dict,
        consensus=LiveConsensus(partial(read_seen_frames, store), lambda name: ConsensusParams()),
    )


def frame_event(offset: int, *, generation: int = 1, value: bytes | None = None) -> FakeEvent:
    outgoing = encode_v2("gate", f"f{offset}", datetime.now(UTC), draw_jpeg(), image_name=None, sequence=offset)
    return FakeEvent(
        FakeMessage(
            offset=offset,
            value=outgoing.value if value is None else value,
            headers=outgoing.headers,
            generation_id=generation,
        )
    )


def handle(agent: Agent, events: list[FakeEvent]) -> None:
    messages = [read_message(cast(Any, event)) for event in events]
    asyncio.run(agent._settle(cast(Any, events), messages, agent._answer(messages)))


def test_a_message_is_read_byte_for_byte_with_its_time_in_milliseconds() -> None:
    raw = FakeMessage(
        partition=2, offset=9, key=None, value=None, headers=[("a", b"1"), ("a", None)], timestamp_ms=2**63 - 1
    )

    message = read_message(cast(Any, FakeEvent(raw)))

    assert message.position == Position(FRAMES_TOPIC, 2, 9)
    assert (message.key, message.value, message.headers) == (None, None, (("a", b"1"), ("a", None)))
    assert message.timestamp_ms == 2**63 - 1


def test_a_message_without_headers_has_none() -> None:
    assert read_message(cast(Any, FakeEvent(FakeMessage(headers=None)))).headers == ()


def test_a_batch_is_stored_published_and_acknowledged_in_order(agent: Agent, tmp_path: Path) -> None:
    acked: list[int] = []
    events = [frame_event(offset) for offset in range(3)]
    for event in events:
        event.acked = acked

    handle(agent, events)

    assert acked == [0, 1, 2]
    assert agent.acked == 3
    published = cast(FakePublisher, agent.publisher).published
    assert [message.key for message in published] == [b"f0", b"f1", b"f2"]
    assert latest_frame_file(tmp_path, "gate").read_bytes() == draw_jpeg()


def test_a_stored_batch_is_offered_to_the_keeper_with_its_pictures_and_dead_letters(agent: Agent) -> None:
    handle(agent, [frame_event(0), frame_event(1, value=b"garbage")])

    assert agent.keeper.counts().waiting_bytes == len(draw_jpeg()) + len(b"garbage")


def test_a_frame_of_before_a_rebalance_is_not_acknowledged(agent: Agent) -> None:
    old, new = frame_event(0, generation=0), frame_event(1, generation=1)

    handle(agent, [old, new])

    assert (old.acked, new.acked) == ([], [1])


def test_a_dead_letter_that_the_topic_does_not_take_goes_by_its_hash(agent: Agent) -> None:
    publisher = FakePublisher(limit=100)
    agent.publisher = cast(Any, publisher)
    events = [frame_event(0, value=b"x" * 500), frame_event(1, value=b"y" * 50)]

    handle(agent, events)

    small, large = publisher.published
    assert (large.topic, large.value) == (DEAD_LETTERS_TOPIC, b"")
    assert dict(large.headers)["vigia.error.size_bytes"] == b"500"
    assert small.value == b"y" * 50, "the others of the batch keep their bytes"
    assert [event.acked for event in events] == [[0], [1]]


def test_a_slot_that_a_live_worker_holds_is_refused_and_another_one_is_free(tmp_path: Path) -> None:
    held = FileLock(tmp_path / "workers" / "1.lock")
    setup_of(tmp_path).hold_slot(held)

    with pytest.raises(StackError, match="VIGIA_WORKER_SLOT"):
        setup_of(tmp_path).hold_slot(FileLock(tmp_path / "workers" / "1.lock"))

    setup_of(tmp_path, slot=2).hold_slot(FileLock(tmp_path / "workers" / "2.lock"))
    held.release()


def test_kafkas_name_of_a_worker_survives_a_restart_and_differs_by_slot_and_home(tmp_path: Path) -> None:
    assert instance_id(setup_of(tmp_path)) == instance_id(setup_of(tmp_path))
    names = {instance_id(setup_of(tmp_path / home, slot)) for home in ("a", "b") for slot in (1, 2)}
    assert len(names) == 4


def test_frames_that_stood_still_in_flight_are_dropped_but_for_the_last() -> None:
    events = [frame_event(0), frame_event(5), frame_event(6)]
    events[1].message.dropped_before = (DroppedFrame(Position(FRAMES_TOPIC, 0, 3), "gate", 1.0),)
    events[1].message.late = events[2].message.late = True

    messages, dropped = sort_out(cast(Any, events), 7.0)

    assert [message.position.offset for message in messages] == [0, 6]
    assert [(frame.position.offset, frame.age_seconds) for frame in dropped] == [(3, 1.0), (5, 7.0)]


def test_a_realtime_frame_in_a_batch_makes_the_next_ones_short(agent: Agent) -> None:
    lossless, realtime = frame_event(0), frame_event(1)
    realtime.message.aged = DroppedFrame(Position(FRAMES_TOPIC, 0, 1), "gate", 0.0)

    for events, batches_in_hand in (([lossless], 2), ([lossless, realtime], 3)):
        messages = [read_message(cast(Any, event)) for event in events]
        agent._answer(messages, realtime=has_realtime(cast(Any, events)))
        assert agent.pace.in_flight == batches_in_hand * agent.pace.frames


def test_while_a_batch_is_stored_the_next_one_is_answered_and_they_end_in_order(
    agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    both_answered, answered, acked = threading.Event(), list[int](), list[int]()
    events = [frame_event(0), frame_event(1)]
    answer, store = Agent._answer, Agent._store

    def note_answer(self: Agent, messages: Any, *others: Any) -> Any:
        outcome = answer(self, messages, *others)
        answered.append(len(messages))
        if len(answered) == len(events):
            both_answered.set()
        return outcome

    def wait_and_store(self: Agent, messages: Any, outcome: Any) -> Any:
        assert both_answered.wait(60), "the second batch was not answered while the first one was stored"
        return store(self, messages, outcome)

    async def one_by_one(*_: Any) -> AsyncIterator[list[FakeEvent]]:
        for event in events:
            event.acked = acked
            yield [event]
        while len(acked) < len(events):  # noqa: ASYNC110  the fake sets no event
            await asyncio.sleep(0.01)  # the last one is delivered in a task of its own

    monkeypatch.setattr(Agent, "_answer", note_answer)
    monkeypatch.setattr(Agent, "_store", wait_and_store)
    monkeypatch.setattr("stream.worker.agent.batches", one_by_one)

    asyncio.run(asyncio.wait_for(agent.serve(cast(Any, None)), 120))

    assert acked == [0, 1]


def test_what_is_dropped_is_counted_in_the_batchs_transaction(agent: Agent) -> None:
    dropped = DroppedFrame(Position(FRAMES_TOPIC, 0, 0), "gate", 1.0)

    messages = [read_message(cast(Any, frame_event(1)))]
    agent._store(messages, agent._answer(messages, [dropped]))

    (row,) = agent.store.read(select(frame_ledger))
    assert (row.consumer_group, row.stored, row.dropped, row.next_offset) == ("vigia-worker", 1, 1, 2)


def test_workers_of_chosen_classifiers_have_a_group_of_their_own(tmp_path: Path) -> None:
    assert setup_of(tmp_path).group == "vigia-worker"
    assert replace(setup_of(tmp_path), classifiers=("simpsons", "cars")).group == "vigia-worker-cars-simpsons"
