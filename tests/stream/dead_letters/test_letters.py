import hashlib

import pytest

from pipelines.errors import ImageError
from pipelines.images import decode_image
from stream.dead_letters.letters import build_dead_letter, encode_dead_letter, image_error
from stream.messages import DEAD_LETTERS_TOPIC, FRAMES_TOPIC, FrameError, Outgoing
from tests.stream.fakes import NOON, draw_jpeg, message_of

ERROR = FrameError("Expected JSON.\nReceived  rubble.", stage="schema", reason="not_json")
ORIGINAL = message_of(
    Outgoing(FRAMES_TOPIC, b"\xffkey", b"rubble", (("a", b"1"), ("a", None))), partition=3, offset=9, timestamp_ms=42
)
LETTER = build_dead_letter(ORIGINAL, ERROR, camera_id="gate", now=NOON)


def test_a_dead_letter_records_position_reason_and_hash_of_its_value() -> None:
    assert (LETTER.position.partition, LETTER.position.offset) == (3, 9)
    assert (LETTER.stage, LETTER.reason, LETTER.camera_id) == ("schema", "not_json", "gate")
    assert LETTER.message == "Expected JSON. Received rubble."
    assert (LETTER.size_bytes, LETTER.sha256) == (6, hashlib.sha256(b"rubble").hexdigest())


def test_a_published_dead_letter_is_the_original_byte_for_byte_with_the_error_in_its_headers() -> None:
    outgoing = encode_dead_letter(ORIGINAL, LETTER, worker="here/worker-1", max_value_bytes=100)

    assert outgoing.topic == DEAD_LETTERS_TOPIC
    assert (outgoing.key, outgoing.value, outgoing.timestamp_ms) == (b"\xffkey", b"rubble", 42)
    assert outgoing.headers[:2] == ORIGINAL.headers
    assert dict(outgoing.headers[2:]) == {
        "vigia.error.topic": b"taller_camara_stream",
        "vigia.error.partition": b"3",
        "vigia.error.offset": b"9",
        "vigia.error.stage": b"schema",
        "vigia.error.reason": b"not_json",
        "vigia.error.message": b"Expected JSON. Received rubble.",
        "vigia.error.worker": b"here/worker-1",
        "vigia.error.attempts": b"1",
    }


def test_a_value_above_the_limit_goes_by_its_hash() -> None:
    outgoing = encode_dead_letter(ORIGINAL, LETTER, worker="w", max_value_bytes=5)

    assert outgoing.value == b""
    assert dict(outgoing.headers)["vigia.error.sha256"] == LETTER.sha256.encode()
    assert dict(outgoing.headers)["vigia.error.size_bytes"] == b"6"


@pytest.mark.parametrize(
    ("encoded", "reason"),
    [
        (b"no picture at all", "not_a_picture"),
        (draw_jpeg(side=200)[:-300], "truncated_picture"),
        (draw_jpeg(side=4), "outside_limits"),
    ],
)
def test_a_bad_picture_has_a_countable_reason(encoded: bytes, reason: str) -> None:
    with pytest.raises(ImageError) as caught:
        decode_image(encoded)

    assert (image_error(caught.value).stage, image_error(caught.value).reason) == ("image", reason)
