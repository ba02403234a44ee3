"""The rate of one camera, and what all pushes together may hold."""

import pytest

from stream.ingest.limits import Gate, IngestLimits, TokenBucket
from stream.ingest.refusals import RefusedError


def test_a_camera_at_its_own_rate_is_never_refused() -> None:
    bucket = TokenBucket(5.0, 0.0)

    assert [bucket.take(number * 0.19) for number in range(2000)] == [0.0] * 2000


def test_in_the_long_run_no_more_than_the_rate_gets_through() -> None:
    bucket = TokenBucket(5.0, 0.0)

    taken = sum(bucket.take(number / 100) == 0 for number in range(100 * 60))

    assert 5 * 60 <= taken <= 5 * 60 * 1.1 + 10


def test_who_waits_as_long_as_was_said_gets_through() -> None:
    bucket = TokenBucket(0.5, 0.0)
    for _ in range(3):
        assert bucket.take(0.0) == 0

    wait = bucket.take(0.0)

    assert 0 < wait <= 2
    assert bucket.take(wait + 1e-6) == 0


def test_a_clock_that_steps_back_gives_nothing_and_takes_nothing() -> None:
    bucket = TokenBucket(1.0, 100.0)
    for _ in range(3):
        bucket.take(100.0)

    assert bucket.take(50.0) > 0
    assert bucket.take(53.0) == 0


def test_what_is_released_is_there_again_and_only_once() -> None:
    gate = Gate(IngestLimits(requests=1, bytes_under_way=10))
    load = gate.enter()
    load.grow(10)
    with pytest.raises(RefusedError, match="1 pushes at once"):
        gate.enter()
    with pytest.raises(RefusedError, match="fewer bytes"):
        load.grow(1)

    load.release()
    load.release()

    assert (gate.size_bytes, len(gate.loads)) == (0, 0)
    gate.enter().grow(10)
