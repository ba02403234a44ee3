import base64
import json
import time
from collections.abc import Callable
from datetime import timedelta
from statistics import median
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.decoding import decode_frame
from stream.messages import FRAMES_TOPIC, FrameError, Headers, Outgoing, encode_v1, encode_v2
from tests.stream.fakes import NOON, message_of

LATIN = st.text(st.characters(max_codepoint=255))
V1 = {"timestamp": NOON.timestamp(), "camera_id": "gate", "image_name": "a.jpg", "image_data": "eHl6"}
V2 = {"schema": b"2", "camera_id": b"gate", "frame_id": b"f-1", "captured_at": b"2025-06-01T12:00:00Z"}


def refuse(value: bytes | None, headers: Headers = ()) -> FrameError:
    with pytest.raises(FrameError) as caught:
        decode_frame(message_of(Outgoing(FRAMES_TOPIC, b"k", value, headers)))
    return caught.value


def v1(**changes: Any) -> bytes:
    return json.dumps({**V1, **changes}).encode()


def v2(**changes: bytes | None) -> Headers:
    return tuple({**V2, **changes}.items())


def test_the_plain_messages_that_the_refused_ones_are_made_of_are_frames() -> None:
    assert decode_frame(message_of(Outgoing(FRAMES_TOPIC, None, v1()))).jpeg == b"xyz"
    assert decode_frame(message_of(Outgoing(FRAMES_TOPIC, None, b"xyz", v2()))).frame_id == "f-1"


@pytest.mark.parametrize(
    ("value", "stage", "reason"),
    [
        (None, "schema", "empty_message"),
        (b"", "schema", "empty_message"),
        (b"\x00\xff\xfe", "schema", "not_json"),
        (b"{", "schema", "not_json"),
        (b'{"timestamp": NaN}', "schema", "not_json"),
        (b"[" * 5000 + b"]" * 5000, "schema", "not_json"),
        (b"[1]", "schema", "not_an_object"),
        (b"{}", "schema", "missing_field"),
        (v1(timestamp="1"), "schema", "wrong_type"),
        (v1(timestamp=True), "schema", "wrong_type"),
        (v1(timestamp=None), "schema", "wrong_type"),
        (v1(timestamp=0), "schema", "bad_timestamp"),
        (v1(timestamp=-1e300), "schema", "bad_timestamp"),
        (v1(timestamp=NOON.timestamp() * 1000), "schema", "bad_timestamp"),
        (v1(timestamp=(NOON + timedelta(days=2)).timestamp()), "schema", "bad_timestamp"),
        (v1(camera_id=7), "schema", "wrong_type"),
        (v1(camera_id=""), "schema", "bad_camera_id"),
        (v1(camera_id="  "), "schema", "bad_camera_id"),
        (v1(camera_id="c" * 201), "schema", "bad_camera_id"),
        (v1(camera_id="a\x00b"), "schema", "bad_camera_id"),
        (v1(image_name=None), "schema", "wrong_type"),
        (v1(image_name="n" * 1001), "schema", "bad_image_name"),
        (v1(image_data=5), "schema", "wrong_type"),
        (v1(image_data="ab\ncd"), "decode", "bad_base64"),
        (v1(image_data="abc"), "decode", "bad_base64"),
        (v1(image_data="ñ"), "decode", "bad_base64"),
        (v1(image_data=""), "decode", "empty_picture"),
    ],
)
def test_a_bad_v1_message_is_refused_with_a_countable_reason(value: bytes | None, stage: str, reason: str) -> None:
    error = refuse(value)

    assert (error.stage, error.reason) == (stage, reason)


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        (v2(schema=b"3"), "unknown_schema"),
        (v2(schema=b""), "unknown_schema"),
        (v2(schema=None), "unknown_schema"),
        (v2(schema=b"\xff"), "bad_header"),
        ((("schema", b"2"), ("schema", b"2")), "doubled_header"),
        ((("schema", b"2"),), "missing_field"),
        ((("schema", b"2"), ("camera_id", b"gate")), "missing_field"),
        (v2(camera_id=b""), "bad_camera_id"),
        (v2(camera_id=b"c" * 201), "bad_camera_id"),
        (v2(frame_id=b"\n"), "bad_frame_id"),
        (v2(captured_at=b"yesterday"), "bad_captured_at"),
        (v2(captured_at=b"2025-06-01T12:00:00"), "bad_captured_at"),
        (v2(captured_at=b"0001-01-01T00:00:00+23:00"), "bad_captured_at"),
        (v2(captured_at=b"2099-01-01T00:00:00Z"), "bad_captured_at"),
        (v2(image_name=b"a\x01"), "bad_image_name"),
    ],
)
def test_a_bad_v2_message_is_refused_with_a_countable_reason(headers: Headers, reason: str) -> None:
    error = refuse(b"picture", headers)

    assert (error.stage, error.reason) == ("schema", reason)


def test_schema_1_in_the_headers_means_json() -> None:
    assert decode_frame(message_of(Outgoing(FRAMES_TOPIC, None, v1(), (("schema", b"1"),)))).camera_id == "gate"


def test_a_v2_frame_without_an_id_is_named_by_its_position() -> None:
    headers = tuple((name, value) for name, value in V2.items() if name != "frame_id")

    frame = decode_frame(message_of(Outgoing(FRAMES_TOPIC, None, b"x", headers), partition=1, offset=5))

    assert frame.frame_id == "taller_camara_stream-1-5"


def test_a_camera_id_may_have_200_characters() -> None:
    frame = decode_frame(message_of(encode_v2("c" * 200, "f", NOON, b"x", image_name=None, sequence=1)))

    assert len(frame.camera_id) == 200


def reason_or_none(value: bytes, headers: Headers = ()) -> str | None:
    try:
        decode_frame(message_of(Outgoing(FRAMES_TOPIC, None, value, headers)))
    except FrameError as error:
        return error.reason
    return None


@given(value=st.binary(), headers=st.lists(st.tuples(st.sampled_from([*V2, "x"]), st.none() | st.binary())))
def test_any_bytes_are_a_frame_or_a_frame_error(value: bytes, headers: list[tuple[str, bytes | None]]) -> None:
    assert reason_or_none(value, tuple(headers)) != ""


@given(st.dictionaries(st.sampled_from(list(V1)), st.none() | st.booleans() | st.floats() | LATIN | st.integers()))
def test_any_json_object_is_a_frame_or_a_frame_error(fields: dict[str, Any]) -> None:
    assert reason_or_none(v1(**fields)) != ""


BASE64ISH = st.text(st.sampled_from('AZaz09+/=-_ \n\\"é'), max_size=24)


@given(BASE64ISH)
def test_what_is_base64_is_what_the_standard_library_says(text: str) -> None:
    try:
        expected: bytes | None = base64.b64decode(text, validate=True)
    except ValueError:
        expected = None

    for ensure_ascii in (True, False):
        told: tuple[str, str | None] | None = None
        message = message_of(
            Outgoing(FRAMES_TOPIC, None, json.dumps({**V1, "image_data": text}, ensure_ascii=ensure_ascii).encode())
        )
        try:
            found: bytes | None = decode_frame(message).jpeg
        except FrameError as error:
            found, told = None, (error.reason, error.camera_id)
        assert found == (expected or None)
        if not expected:
            assert told == ("bad_base64" if expected is None else "empty_picture", "gate")


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b'{"x": {"image_data": "QUFB"}, "image_data": ""}', "missing_field"),
        (v1(image_data="")[:-1] + b', "x": {"image_data": "QUFB"}}', "empty_picture"),
        (v1()[:-1] + b', "image_data": "QUFB"}', "doubled_field"),
        (v1()[:-1] + b', "image_d\\u0061ta": "QUFB"}', "doubled_field"),
        (b'{"x": "\\"image_data\\": \\"QUFB"}', "missing_field"),
    ],
)
def test_a_picture_that_is_not_the_one_of_the_message_is_never_taken(value: bytes, reason: str) -> None:
    assert refuse(value).reason == reason


def test_opening_a_v1_message_takes_a_third_of_the_standard_library_s_time() -> None:
    message = message_of(encode_v1("gate", "a.jpg", NOON, bytes(range(256)) * 200))

    def plain() -> None:
        base64.b64decode(json.loads(message.value or b"")["image_data"])

    def seconds(work: Callable[[], object]) -> float:
        began = time.thread_time()
        for _ in range(20):
            work()
        return time.thread_time() - began

    rounds = [(seconds(lambda: decode_frame(message)), seconds(plain)) for _ in range(15)]

    assert 3 * median(ours for ours, _ in rounds) < median(theirs for _, theirs in rounds)
