import pytest
from aiokafka import TopicPartition

from stream.worker.contacts import Contact
from stream.worker.watchdog import EXIT_CODE, POLLS_WITHOUT_PROGRESS, Progress, Watchdog, frames_waiting

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
        broker=Contact("not asked yet"),
        observe=lambda reading: None,
        leave=events.append,
    )

    with pytest.raises(SystemExit):
        watchdog._leave(412, 12)

    assert events == ["412 frames waited and none was acknowledged in 12 looks at the broker", EXIT_CODE]
