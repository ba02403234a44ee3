import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.reading.arrivals import BATCH_BYTES, Arrivals, batches
from stream.reading.pace import Pace


def test_a_frame_that_comes_alone_is_a_batch_at_once() -> None:
    async def run() -> list[list[int]]:
        stream = FakeStream([fake_event(0)], then="wait")
        async for batch in cast(Any, batches(cast(Any, stream), Pace(frames=32))):
            return [[event.message.offset for event in batch]]
        raise AssertionError("no batch")

    assert asyncio.run(asyncio.wait_for(run(), 60)) == [[0]]


def test_what_arrives_while_a_batch_is_answered_is_the_next_one_as_far_as_the_pace_allows() -> None:
    async def run() -> list[list[int]]:
        found: list[list[int]] = []
        stream = FakeStream([fake_event(number) for number in range(40)], then="wait")
        async for batch in cast(Any, batches(cast(Any, stream), Pace(frames=32))):
            found.append([event.message.offset for event in batch])
            if len(found) == 3:
                return found
            for _ in range(200):  # the batch is answered meanwhile
                await asyncio.sleep(0)
        raise AssertionError("too few batches")

    assert asyncio.run(asyncio.wait_for(run(), 60)) == [[0], list(range(1, 33)), list(range(33, 40))]


def test_no_more_is_read_than_may_be_in_flight_and_reading_goes_on_with_the_next_batch() -> None:
    """Faust's own consumer, which takes over where ours cannot, is bounded by a full buffer alone."""

    async def run() -> list[int]:
        read: list[int] = []

        def events() -> Iterator[Any]:
            for number in range(1000):
                read.append(number)
                yield fake_event(number)

        found: list[int] = []
        stream, pace = FakeStream(events()), Pace(frames=4)
        async for batch in cast(Any, batches(cast(Any, stream), pace)):
            found += [event.message.offset for event in batch]
            for _ in range(200):  # the batch is answered meanwhile
                await asyncio.sleep(0)
            assert len(read) - len(found) <= pace.in_flight
            if len(found) > 100:
                break
        return found

    found = asyncio.run(asyncio.wait_for(run(), 60))
    assert found == list(range(len(found)))


def test_a_batch_ends_with_the_frame_that_makes_it_large() -> None:
    arrivals = Arrivals(Pace(frames=32))
    arrivals.events.extend(fake_event(number, size=3 << 20) for number in range(8))

    assert [event.message.offset for event in arrivals.cut()] == [0, 1, 2]


@given(st.lists(st.integers(0, BATCH_BYTES), max_size=20), st.integers(1, 9))
def test_every_frame_is_in_one_batch_and_they_keep_their_order(sizes: list[int], frames: int) -> None:
    arrivals = Arrivals(Pace(frames=frames))
    arrivals.events.extend(fake_event(number, size=size) for number, size in enumerate(sizes))

    found = []
    while arrivals.events:
        batch = arrivals.cut()
        assert 1 <= len(batch) <= frames
        assert sum(sizes[event.message.offset] for event in batch[:-1]) < BATCH_BYTES
        found += [event.message.offset for event in batch]

    assert found == list(range(len(sizes)))


def test_the_end_of_the_stream_ends_the_batches() -> None:
    async def run() -> int:
        stream = FakeStream([])
        return len([batch async for batch in cast(Any, batches(cast(Any, stream), Pace()))])

    assert asyncio.run(asyncio.wait_for(run(), 60)) == 0


def test_a_stream_that_fails_is_no_silent_end() -> None:
    async def run() -> None:
        async for _ in cast(Any, batches(cast(Any, FakeStream([], then="fail")), Pace())):
            pass

    with pytest.raises(RuntimeError, match="broken"):
        asyncio.run(asyncio.wait_for(run(), 60))


def test_a_stream_that_fails_while_a_batch_is_answered_is_no_silent_end_either() -> None:
    async def run() -> list[int]:
        found = []
        async for batch in cast(Any, batches(cast(Any, FakeStream([fake_event(0)], then="fail")), Pace())):
            found += [event.message.offset for event in batch]
            for _ in range(20):  # it fails meanwhile
                await asyncio.sleep(0)
        return found

    with pytest.raises(RuntimeError, match="broken"):
        asyncio.run(asyncio.wait_for(run(), 60))


@pytest.mark.parametrize("end", ["a batch fails", "cancelled while a batch is answered", "cancelled while it waits"])
def test_nobody_reads_on_when_the_agent_has_ended(end: str) -> None:
    async def serve(events: list[Any]) -> None:
        async for _ in cast(Any, batches(cast(Any, FakeStream(events, then="wait")), Pace())):
            if end == "a batch fails":
                raise RuntimeError(end)
            await asyncio.Event().wait()

    async def run() -> set[Any]:
        before = asyncio.all_tasks()
        serving = asyncio.create_task(serve([] if end == "cancelled while it waits" else [fake_event(0)]))
        for _ in range(20):
            await asyncio.sleep(0)
        serving.cancel()
        await asyncio.wait([serving])
        for _ in range(20):
            await asyncio.sleep(0)
        return asyncio.all_tasks() - before

    assert asyncio.run(asyncio.wait_for(run(), 60)) == set()


def fake_event(offset: int, *, size: int = 0) -> Any:
    # anything of that length: megabytes of it would only take time
    return SimpleNamespace(message=SimpleNamespace(offset=offset, value=range(size)))


class FakeStream:
    """What `batches` uses of a Faust stream, which gives up control before each event."""

    def __init__(self, events: Iterable[Any], *, then: str = "end") -> None:
        self._events = events
        self._then = then

    def noack(self) -> "FakeStream":
        return self

    async def events(self) -> AsyncIterator[Any]:
        for event in self._events:
            await asyncio.sleep(0)
            yield event
        if self._then == "wait":
            await asyncio.Event().wait()
        if self._then == "fail":
            raise RuntimeError("broken")
