from dataclasses import replace

import pytest

from stream.messages import FRAMES_TOPIC, Position
from stream.worker.dead_letter_lines import log_dead_letters
from tests.stream.test_store import LETTER


def test_a_batch_of_dead_letters_is_a_line_for_each_reason_with_the_first_ones_fields(
    caplog: pytest.LogCaptureFixture,
) -> None:
    letters = [
        replace(LETTER, position=Position(FRAMES_TOPIC, 1, offset), reason=reason, message=f"Bad {reason}.")
        for offset, reason in enumerate(["not_json", "bad_base64", "not_json", "not_json"])
    ]

    log_dead_letters(letters)

    assert [record.getMessage() for record in caplog.records] == [
        "dead letter: Bad not_json. (and 2 more in this batch)",
        "dead letter: Bad bad_base64.",
    ]
    first = vars(caplog.records[0])
    assert (first["frame_id"], first["partition"], first["offset"]) == (f"{FRAMES_TOPIC}-1-0", 1, 0)
    assert "camera_id" not in first, "the camera of a message that nobody could read is not known"


def test_a_batch_without_dead_letters_says_nothing(caplog: pytest.LogCaptureFixture) -> None:
    log_dead_letters([])

    assert caplog.records == []
