from datetime import UTC, datetime

import pytest

from stream.worker.batches import BatchReader
from tests.stream.bad_messages import BadMessage, make_bad_messages, make_good_oddities
from tests.stream.fakes import FakeClassifier, message_of

NOW = datetime.now(UTC)
BAD = make_bad_messages(NOW)
ODD = make_good_oddities(NOW)


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_a_bad_message_is_one_dead_letter_with_its_stage_and_reason(bad: BadMessage) -> None:
    message = message_of(bad.outgoing, received_at=NOW)

    outcome = BatchReader("w").read([message], {"cars": FakeClassifier()}, {})

    ((_, letter),) = outcome.dead_letters
    assert (letter.stage, letter.reason) == (bad.stage, bad.reason), letter.message
    assert outcome.predictions == ()
    assert letter.message.isprintable()


@pytest.mark.parametrize("name", ODD)
def test_a_frame_that_only_looks_odd_is_answered(name: str) -> None:
    message = message_of(ODD[name], received_at=NOW)

    outcome = BatchReader("w").read([message], {"cars": FakeClassifier()}, {})

    assert [letter.message for _, letter in outcome.dead_letters] == []
    assert len(outcome.predictions) == 1
