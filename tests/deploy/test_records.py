from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from deploy.records import Record, delay_seconds, describe_ends, load_record, record_start, save_record


def run_again_and_again(times: int, *, lives_seconds: float) -> list[Record]:
    """The records of a service that starts when the rule allows it and ends after so many seconds."""
    record, now, records = record_start(None, pid=1, now=0.0), 0.0, []
    for number in range(times):
        records.append(replace(record, started_at=now + delay_seconds(record)))
        now = records[-1].started_at + lives_seconds
        record = record_start(records[-1], pid=2 + number, now=now)
    return records


def spaces(records: list[Record]) -> list[float]:
    return [after.started_at - before.started_at for before, after in pairwise(records)]


def test_the_first_start_is_no_restart_and_waits_for_nothing() -> None:
    record = record_start(None, pid=7, now=100.0)

    assert (record.restarts, delay_seconds(record), record.refusal) == (0, 0.0, None)


def test_a_single_restart_does_not_wait() -> None:
    record = run_again_and_again(2, lives_seconds=1)[-1]

    assert (record.restarts, delay_seconds(record)) == (1, 0.0)


def test_a_service_that_ends_at_once_is_started_more_and_more_rarely_but_never_given_up() -> None:
    records = run_again_and_again(40, lives_seconds=0.5)

    assert spaces(records)[:2] == [0.5, 0.5]
    assert spaces(records)[2:10] == [2.0] * 8
    assert spaces(records)[10:15] == [4.0, 8.0, 16.0, 32.0, 60.0]
    assert set(spaces(records)[15:]) == {60.0}
    assert all(record.refusal is None for record in records)
    assert records[-1].restarts == 39
    assert describe_ends(records[8]) == "ended 8 times soon after its start"


def test_ten_kills_of_a_service_that_works_cost_no_pause() -> None:
    assert spaces(run_again_and_again(11, lives_seconds=4)) == [4.0] * 10


def test_a_service_that_ends_now_and_then_is_always_started_at_once() -> None:
    records = run_again_and_again(50, lives_seconds=200)

    assert set(spaces(records)) == {200.0}
    assert records[-1].restarts == 49
    assert describe_ends(records[-1]) == ""


def test_a_service_that_lived_for_a_while_is_no_crash_loop_any_more() -> None:
    record = run_again_and_again(20, lives_seconds=0.5)[-1]

    again = record_start(record, pid=9, now=record.started_at + 500)

    assert (delay_seconds(again), describe_ends(again), again.restarts) == (0.0, "", 20)


def test_a_clock_that_is_set_back_makes_nobody_wait() -> None:
    record = run_again_and_again(20, lives_seconds=0.5)[-1]

    assert delay_seconds(record_start(record, pid=9, now=record.started_at - 3600)) == 0.0


def test_a_record_survives_the_disk(tmp_path: Path) -> None:
    record = Record(5, 1.5, (1.0, 1.5), 1, waiting_for="kafka")

    save_record(tmp_path, "worker-1", record)

    assert load_record(tmp_path, "worker-1") == record
    assert load_record(tmp_path, "worker-2") is None
