import asyncio

import pytest
from aiokafka import TopicPartition

from stream.monitoring.contacts import Contact
from stream.worker.watchdog import EXIT_CODE, POLLS_WITHOUT_PROGRESS, Progress, Pulse, Watchdog, frames_waiting
from tests.waiting import wait_until

A, B = TopicPartition("t", 0), TopicPartition("t", 1)


def test_a_worker_is_stuck_after_so_many_polls_with_frames_waiting_and_none_acknowledged() -> None:
    progress = Progress()

    polls = [progress.is_stuck(lag=5, acked=7) for _ in range(POLLS_WITHOUT_PROGRESS + 1)]

    assert polls == [False] * POLLS_WITHOUT_PROGRESS + [True]


def test_one_acknowledged_frame_or_an_empty_topic_begins_the_count_again() -> None:
    progress = Progress()
    for _ in range(POLLS_WITHOUT_PROGRESS):
        progress.is_stuck(lag=5, acked=7)

    assert not progress.is_stuck(lag=5, acked=8)
    for _ in range(POLLS_WITHOUT_PROGRESS - 1):
        assert not progress.is_stuck(lag=5, acked=8)
    assert not progress.is_stuck(lag=0, acked=8)
    assert not progress.is_stuck(lag=5, acked=8)


def test_frames_wait_behind_the_committed_offset_or_behind_the_start_where_nothing_was_committed() -> None:
    starts, ends = {A: 10, B: 100}, {A: 30, B: 130}

    assert frames_waiting(starts, ends, {A: 25, B: -1}) == {A: 5, B: 30}
    assert frames_waiting(starts, ends, {}) == {A: 20, B: 30}
    assert frames_waiting(starts, ends, {A: 30, B: 130}) == {A: 0, B: 0}


def test_what_retention_removed_behind_the_committed_offset_does_not_wait() -> None:
    assert frames_waiting({A: 20}, {A: 30}, {A: 5}) == {A: 10}


def test_a_watchdog_goes_on_after_an_error_that_nobody_foresaw() -> None:
    class Surprised(Watchdog):
        looks = 0

        async def _watch_connected(self, progress: Progress) -> None:
            self.looks += 1
            if self.looks < 3:
                raise RuntimeError("a partition without a name")
            await asyncio.Event().wait()

    watchdog = Surprised(
        "nowhere:1",
        "group",
        assigned=tuple,
        acked=lambda: 0,
        beats=lambda: 0,
        broker=Contact("not asked yet"),
        observe=lambda reading: None,
        poll_seconds=0.01,
    )

    watchdog.start()

    wait_until(lambda: watchdog.looks == 3, timeout_seconds=60, what="a third look")


def test_an_event_loop_is_silent_after_so_many_polls_without_a_beat() -> None:
    progress = Progress()
    progress.is_silent(7)

    polls = [progress.is_silent(7) for _ in range(POLLS_WITHOUT_PROGRESS)]

    assert polls == [False] * (POLLS_WITHOUT_PROGRESS - 1) + [True]
    assert not progress.is_silent(8)


def test_a_pulse_beats_as_long_as_its_loop_turns() -> None:
    pulse = Pulse(Contact("no beat yet"))

    with pytest.raises(TimeoutError):
        asyncio.run(asyncio.wait_for(pulse.beat(every_seconds=0), 0.05))

    assert pulse.beats > 1


def test_a_loop_that_did_not_begin_to_turn_is_not_silent() -> None:
    progress = Progress()

    assert not any(progress.is_silent(0) for _ in range(2 * POLLS_WITHOUT_PROGRESS))


def test_a_watchdog_says_why_before_it_ends_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[object] = []

    def end(code: int) -> None:
        events.append(code)
        raise SystemExit

    monkeypatch.setattr("os._exit", end)
    monkeypatch.setattr("logging.shutdown", lambda: None)
    watchdog = Watchdog(
        "nowhere:1",
        "group",
        assigned=tuple,
        acked=lambda: 0,
        beats=lambda: 0,
        broker=Contact("not asked yet"),
        observe=lambda reading: None,
        leave=events.append,
    )

    with pytest.raises(SystemExit):
        watchdog._leave("412 frames waited")

    assert events == ["412 frames waited", EXIT_CODE]
