from pathlib import Path

from deploy.records import MAX_STARTS, Record, delay_seconds, load_record, record_start, save_record


def start_again_and_again(times: int, every_seconds: float) -> Record:
    record = record_start(None, pid=1, now=0.0)
    for number in range(1, times):
        record = record_start(record, pid=1 + number, now=number * every_seconds)
    return record


def test_the_first_start_is_no_restart_and_waits_for_nothing() -> None:
    record = record_start(None, pid=7, now=100.0)

    assert (record.restarts, delay_seconds(record), record.refusal) == (0, 0.0, None)


def test_a_single_restart_does_not_wait() -> None:
    record = start_again_and_again(2, every_seconds=1)

    assert (record.restarts, delay_seconds(record)) == (1, 0.0)


def test_repeated_restarts_wait_longer_each_time_up_to_a_limit() -> None:
    delays = [delay_seconds(start_again_and_again(times, every_seconds=1)) for times in range(3, 9)]

    assert delays == [1.0, 2.0, 4.0, 8.0, 8.0, 8.0]


def test_a_crash_loop_is_given_up_with_a_reason() -> None:
    assert start_again_and_again(MAX_STARTS, every_seconds=2).refusal is None
    assert "ended 10 times" in (start_again_and_again(MAX_STARTS + 1, every_seconds=2).refusal or "")


def test_a_service_that_ends_now_and_then_is_never_given_up() -> None:
    record = start_again_and_again(50, every_seconds=60)

    assert record.refusal is None
    assert record.restarts == 49
    assert delay_seconds(record) <= 1.0


def test_a_record_survives_the_disk(tmp_path: Path) -> None:
    record = Record(5, 1.5, (1.0, 1.5), 1, waiting_for="kafka")

    save_record(tmp_path, "worker-1", record)

    assert load_record(tmp_path, "worker-1") == record
    assert load_record(tmp_path, "worker-2") is None
