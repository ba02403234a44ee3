import asyncio
import threading
from datetime import UTC, datetime

from stream.camera.handover import NEWEST_FRAMES, CapturedFrame, Handover
from tests.waiting import wait_until


def frame(number: int) -> CapturedFrame:
    return CapturedFrame(b"x", str(number), datetime.now(UTC))


async def take_all(handover: Handover) -> list[str | None]:
    taken = []
    while (each := await handover.take()) is not None:
        taken.append(each.image_name)
    return taken


def test_the_newest_win_while_nobody_takes_and_the_others_are_counted() -> None:
    async def run() -> tuple[list[str | None], int]:
        handover = Handover(newest_wins=True)
        for number in range(1000):
            handover.put(frame(number))
        handover.close()
        return await take_all(handover), handover.dropped

    taken, dropped = asyncio.run(run())

    assert taken == ["998", "999"]
    assert dropped == 1000 - NEWEST_FRAMES


def test_without_it_the_source_waits_and_every_frame_arrives_in_order() -> None:
    async def run() -> tuple[list[str | None], int, bool]:
        handover = Handover(newest_wins=False)

        def put_all() -> None:
            for number in range(50):
                handover.put(frame(number))
            handover.close()

        thread = threading.Thread(target=put_all)
        thread.start()
        await asyncio.to_thread(wait_until, lambda: handover.is_held_up, timeout_seconds=60, what="a source that waits")
        taken = await take_all(handover)
        thread.join(60)
        return taken, handover.dropped, handover.is_held_up

    taken, dropped, held_up = asyncio.run(run())

    assert taken == [str(number) for number in range(50)]
    assert (dropped, held_up) == (0, False)


def test_a_source_that_waits_is_let_go_when_the_queue_is_closed_and_what_waited_is_counted() -> None:
    async def run() -> tuple[list[str | None], int, bool]:
        handover = Handover(newest_wins=False)

        def put_all() -> None:
            for number in range(3):
                handover.put(frame(number))

        thread = threading.Thread(target=put_all)
        thread.start()
        await asyncio.to_thread(wait_until, lambda: handover.is_held_up, timeout_seconds=60, what="a source that waits")
        handover.close(throw_away=True)
        await asyncio.to_thread(thread.join, 60)
        return await take_all(handover), handover.dropped, thread.is_alive()

    assert asyncio.run(run()) == ([], 1, False)


def test_a_thread_that_outlives_the_loop_is_no_error() -> None:
    async def make() -> Handover:
        return Handover(newest_wins=True)

    asyncio.run(make()).put(frame(1))
