import hashlib
from dataclasses import replace

import pytest

from pipelines.errors import ImageError
from pipelines.images import decode_image
from stream.dead_letters.letters import (
    KeptLetter,
    build_dead_letter,
    build_replay,
    encode_dead_letter,
    image_error,
    read_dead_letter,
)
from stream.messages import DEAD_LETTERS_TOPIC, FRAMES_TOPIC, FrameError, Headers, Outgoing
from tests.stream.fakes import NOON, draw_jpeg, message_of

ERROR = FrameError("Expected JSON.\nReceived  rubble.", stage="schema", reason="not_json")
ORIGINAL = message_of(
    Outgoing(FRAMES_TOPIC, b"\xffkey", b"rubble", (("a", b"1"), ("a", None))), partition=3, offset=9, timestamp_ms=42
)
LETTER = build_dead_letter(ORIGINAL, ERROR, camera_id="gate", now=NOON)
KEPT = KeptLetter(
    ORIGINAL.position, ORIGINAL.key, ORIGINAL.value, ORIGINAL.headers, timestamp_ms=42, attempts=1, complete=True
)


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


def test_monstrous_headers_are_left_out_with_the_value_so_that_the_letter_can_always_be_published() -> None:
    message = replace(ORIGINAL, headers=(("h", b"x" * 100_000),))

    outgoing = encode_dead_letter(message, LETTER, worker="w", max_value_bytes=50_000)

    assert (outgoing.key, outgoing.value) == (None, b"")
    assert all(name.startswith("vigia.error.") for name, _ in outgoing.headers)
    assert dict(outgoing.headers)["vigia.error.sha256"] == LETTER.sha256.encode()


def test_nothing_that_a_store_or_a_terminal_cannot_take_is_left_in_the_sentence() -> None:
    error = FrameError("nul \x00, escape \x1b[2J, half \ud800, turned \u202e", stage="schema", reason="not_json")

    letter = build_dead_letter(ORIGINAL, error, camera_id=None, now=NOON)

    assert letter.message == r"nul \x00, escape \x1b[2J, half \ud800, turned \u202e"


@pytest.mark.parametrize("value", [b"rubble", b"", None])
@pytest.mark.parametrize("forged", [(), (("vigia.error.topic", b"mine"), ("vigia.error.sha256", b"00"))])
def test_the_original_is_read_back_byte_for_byte_whatever_its_sender_put_into_the_headers(
    value: bytes | None, forged: Headers
) -> None:
    message = replace(ORIGINAL, value=value, headers=(*ORIGINAL.headers, *forged))
    letter = build_dead_letter(message, ERROR, camera_id=None, now=NOON)
    sent = encode_dead_letter(message, letter, worker="w", max_value_bytes=100)

    kept = read_dead_letter(sent.key, sent.value, sent.headers, sent.timestamp_ms)

    assert kept is not None
    assert (kept.key, kept.value, kept.headers, kept.timestamp_ms) == (b"\xffkey", value, message.headers, 42)
    assert (kept.position, kept.attempts, kept.complete) == (ORIGINAL.position, 1, True)


def test_a_message_that_is_no_dead_letter_is_passed_over() -> None:
    assert read_dead_letter(b"k", b"v", (("a", b"1"),), 1) is None
    assert read_dead_letter(b"k", b"v", (("vigia.error.topic", b"t"), ("vigia.error.partition", b"x")), 1) is None


def test_a_letter_whose_value_was_left_out_says_so() -> None:
    sent = encode_dead_letter(ORIGINAL, LETTER, worker="w", max_value_bytes=5)

    kept = read_dead_letter(sent.key, sent.value, sent.headers, sent.timestamp_ms)

    assert kept is not None
    assert not kept.complete


def test_a_replay_is_the_original_and_names_where_it_came_from() -> None:
    replay = build_replay(KEPT, replay_id="ab12", answered=("cars", "simpsons"))

    assert (replay.topic, replay.key, replay.value, replay.timestamp_ms) == (FRAMES_TOPIC, b"\xffkey", b"rubble", 42)
    assert replay.headers[:2] == ORIGINAL.headers
    assert dict(replay.headers[2:]) == {
        "vigia.replay.of": b"taller_camara_stream-3-9",
        "vigia.replay.id": b"ab12",
        "vigia.replay.attempt": b"2",
        "vigia.replay.answered": b"cars,simpsons",
    }


def test_a_replay_that_dies_again_counts_its_attempts_and_its_own_replay_carries_only_new_marks() -> None:
    first = build_replay(KEPT, replay_id="ab12", answered=("cars",))
    again = message_of(first, partition=3, offset=50, timestamp_ms=42)
    letter = build_dead_letter(again, ERROR, camera_id=None, now=NOON)
    sent = encode_dead_letter(again, letter, worker="w", max_value_bytes=100)
    kept = read_dead_letter(sent.key, sent.value, sent.headers, sent.timestamp_ms)
    assert kept is not None
    assert kept.attempts == 2

    second = build_replay(kept, replay_id="cd34")

    assert second.headers == (
        *ORIGINAL.headers,
        ("vigia.replay.of", b"taller_camara_stream-3-50"),
        ("vigia.replay.id", b"cd34"),
        ("vigia.replay.attempt", b"3"),
    )


@pytest.mark.parametrize("forged", [b"", b"x", b"-5", b"99999999999999999999", "\u0661".encode()])
def test_a_forged_number_of_attempts_is_no_number(forged: bytes) -> None:
    message = replace(ORIGINAL, headers=(("vigia.replay.attempt", forged),))

    outgoing = encode_dead_letter(message, LETTER, worker="w", max_value_bytes=100)

    assert dict(outgoing.headers)["vigia.error.attempts"] == b"1"


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
