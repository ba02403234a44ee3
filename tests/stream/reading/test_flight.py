import asyncio
import gc

from stream.reading.flight import Flight
from stream.reading.pace import Pace


class Cargo:
    """Anything that can be referred to weakly."""


def flight(*, frames: int = 10, max_bytes: int = 1000) -> Flight:
    return Flight(Pace(frames=frames), max_bytes=max_bytes)


def test_there_is_room_until_the_bytes_are_too_many() -> None:
    plane = flight()
    cargo = [Cargo() for _ in range(3)]

    for each in cargo:
        assert plane.has_room
        plane.board(each, 400)

    assert not plane.has_room
    plane.release(cargo[0])
    assert plane.has_room
    assert (plane.bytes, plane.frames) == (800, 2)


def test_there_is_room_for_so_many_batches_and_no_more() -> None:
    plane = flight(frames=2)
    cargo = [Cargo() for _ in range(plane.pace.in_flight)]
    for each in cargo:
        assert plane.has_room
        plane.board(each, 1)

    assert not plane.has_room


def test_a_frame_larger_than_all_room_still_flies() -> None:
    plane = flight()
    held = Cargo()
    plane.board(held, 50_000)

    assert plane.has_room, "Faust holds on to the last event: the next one would never come"


def test_what_nobody_holds_any_more_takes_no_room() -> None:
    plane = flight()
    cargo = [Cargo() for _ in range(3)]
    for each in cargo:
        plane.board(each, 400)
    del each
    cargo.clear()
    gc.collect()

    assert (plane.bytes, plane.frames) == (0, 0)


def test_releasing_twice_counts_once() -> None:
    plane = flight()
    cargo = Cargo()
    plane.board(cargo, 400)

    plane.release(cargo)
    plane.release(cargo)

    assert (plane.bytes, plane.frames) == (0, 0)


def test_whoever_waits_for_room_goes_on_when_there_is_some() -> None:
    async def run() -> bool:
        plane = flight()
        cargo = [Cargo() for _ in range(3)]
        for each in cargo:
            plane.board(each, 400)
        waiting = asyncio.create_task(plane.wait_for_room(unless=lambda: False))
        await asyncio.sleep(0)
        assert not waiting.done()
        plane.release(cargo[0])
        await asyncio.wait_for(waiting, 60)
        return plane.has_room

    assert asyncio.run(run())


def test_a_rebalance_ends_the_waiting() -> None:
    async def run() -> None:
        plane = flight()
        cargo = [Cargo() for _ in range(3)]
        for each in cargo:
            plane.board(each, 400)
        await asyncio.wait_for(plane.wait_for_room(unless=lambda: True), 60)

    asyncio.run(run())
