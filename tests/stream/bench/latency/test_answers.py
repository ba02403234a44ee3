from datetime import UTC, datetime

import orjson
import pytest

from stream.bench.latency.answers import read_answer


def test_an_answer_is_read_from_its_message_in_the_middle_of_its_millisecond() -> None:
    captured = datetime(2025, 6, 1, 12, 0, 0, 250_000, tzinfo=UTC)
    value = orjson.dumps({"frame_id": "at1-17", "captured_at": "2025-06-01T12:00:00.250000Z"})

    told = read_answer(value, int(captured.timestamp() * 1000) + 30)

    assert told.run == "at1"
    assert told.stored_at - told.captured_at == pytest.approx(0.0305, abs=1e-6)
