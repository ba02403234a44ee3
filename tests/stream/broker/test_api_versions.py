import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.broker.api_versions import BrokerAnswer, build_request, parse_answer

CORRELATION_ID = struct.unpack_from(">i", build_request(), 8)[0]
# error 0; one kind of request (18, versions 0 to 4); no throttling; tag 1 first, then tag 0 with one feature
ANSWER = (
    struct.pack(">ih", CORRELATION_ID, 0)
    + b"\x02" + struct.pack(">hhh", 18, 0, 4) + b"\0"
    + struct.pack(">i", 0)
    + b"\x02" + b"\x01\x08" + bytes(8)
    + b"\x00\x17" + b"\x02" + b"\x11metadata.version" + struct.pack(">hh", 7, 30) + b"\0"
)  # fmt: skip


def test_the_request_states_its_own_size() -> None:
    request = build_request()

    assert struct.unpack_from(">i", request)[0] == len(request) - 4


def test_supported_features_are_read_past_other_tags() -> None:
    assert parse_answer(ANSWER) == BrokerAnswer({"metadata.version": 30})


def test_a_broker_that_answers_in_an_older_version_still_answers() -> None:
    unsupported_version = struct.pack(">ih", CORRELATION_ID, 35) + struct.pack(">i", 0)

    assert parse_answer(unsupported_version) == BrokerAnswer({})


def test_an_answer_to_another_request_is_refused() -> None:
    with pytest.raises(ValueError, match="Expected the answer to request"):
        parse_answer(struct.pack(">ih", CORRELATION_ID + 1, 0))


@given(st.integers(min_value=6, max_value=len(ANSWER) - 1))
def test_a_truncated_answer_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match="more bytes"):
        parse_answer(ANSWER[:size])


@given(st.binary(max_size=200))
def test_any_other_bytes_are_refused_or_read_but_never_crash(tail: bytes) -> None:
    try:
        parse_answer(struct.pack(">ih", CORRELATION_ID, 0) + tail)
    except ValueError:
        return
