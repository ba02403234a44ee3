"""The server against clients that are slow, lie or send rubbish; sockets and bytes, no HTTP library between."""

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.errors import SettingsError
from stream.ingest.limits import LARGEST_BODY_BYTES, IngestLimits
from stream.ingest.server import listen
from tests.stream.ingest.stand import AUTHORIZED, TOKEN, Stand, draw, head, on_stand, talk, until

JPEG = draw()
IMPATIENT = IngestLimits(header_seconds=0.3, body_seconds=0.3)


def test_a_client_that_sends_nothing_or_half_its_headers_is_hung_up_on() -> None:
    async def test(stand: Stand) -> None:
        assert await talk(stand, b"") == b""
        assert await talk(stand, head("X-Slow: yes")[:-3]) == b""
        answer = await talk(stand, b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /hea", pause=0.1)
        assert answer.startswith(b"HTTP/1.1 200")

    on_stand(test, limits=IMPATIENT)


def test_a_client_that_stops_in_its_body_gets_408_and_gives_its_place_back() -> None:
    async def test(stand: Stand) -> None:
        answer = await talk(stand, head("Content-Length: 5000"), JPEG[:50])

        assert answer.startswith(b"HTTP/1.1 408")
        assert stand.ingest.gate.loads == set()

    on_stand(test, limits=IMPATIENT)


def test_a_body_that_nobody_reads_is_not_received_for_ever() -> None:
    async def test(stand: Stand) -> None:
        refused = head("Content-Length: 1000000").replace(TOKEN.encode(), b"wrong")
        try:
            answer = await talk(stand, refused, *[bytes(10)] * 20, pause=0.05)
            assert answer.startswith(b"HTTP/1.1 401")
        except ConnectionError:
            pass  # hung up in the middle

    on_stand(test, limits=IMPATIENT)


def test_a_declared_length_that_is_too_large_is_refused_unread_and_a_chunked_body_is_counted() -> None:
    chunk = bytes(64 * 1024)

    async def chunks() -> Any:
        for _ in range(LARGEST_BODY_BYTES // len(chunk) + 2):
            yield chunk

    async def test(stand: Stand) -> None:
        declared = await talk(stand, head(f"Content-Length: {LARGEST_BODY_BYTES + 1}"))
        chunked = await stand.client.post("/frames?camera_id=gate", content=chunks(), headers=AUTHORIZED)
        small = b"".join([b"%x\r\n%b\r\n" % (len(JPEG), JPEG), b"0\r\n\r\n"])
        fine = await talk(stand, head("Transfer-Encoding: chunked", "Connection: close") + small)

        assert declared.startswith(b"HTTP/1.1 413")
        assert chunked.status_code == 413
        assert fine.startswith(b"HTTP/1.1 202")

    on_stand(test)


def test_a_length_that_is_too_small_ends_the_picture_early() -> None:
    async def test(stand: Stand) -> None:
        answer = await talk(stand, head("Content-Length: 100") + JPEG)

        assert answer.startswith(b"HTTP/1.1 422")
        assert stand.delivery.taken == []

    on_stand(test)


def test_a_client_that_hangs_up_in_the_middle_gives_its_place_back() -> None:
    async def test(stand: Stand) -> None:
        _, writer = await asyncio.open_connection(*stand.address)
        writer.write(head("Content-Length: 5000") + JPEG[:50])
        await writer.drain()
        await until(lambda: stand.ingest.gate.loads)
        writer.close()
        await until(lambda: not stand.ingest.gate.loads)
        assert (await stand.push(JPEG)).status_code == 202

    on_stand(test)


NAMES = ["Authorization", "Content-Type", "Content-Length", "X-Camera-Id", "X-Captured-At", "X-Frame-Id", "Expect"]
DOCUMENTED = {b"", b"100", b"202", b"400", b"401", b"403", b"408", b"413", b"422", b"429"}
"""Nothing: hung up on for headers that never ended."""


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.lists(st.tuples(st.sampled_from(NAMES) | st.text(max_size=8), st.text(max_size=60)), max_size=4),
        min_size=30,
        max_size=30,
    )
)
def test_whatever_the_headers_say_the_answer_is_a_documented_one(requests: list[list[tuple[str, str]]]) -> None:
    async def test(stand: Stand) -> None:
        async def ask(fields: list[tuple[str, str]]) -> None:
            lines = [f"{name}: {value}" for name, value in fields]
            answer = await talk(stand, head(*lines, "Connection: close") + JPEG)
            assert answer[9:12] in DOCUMENTED, (lines, answer)

        await asyncio.gather(*map(ask, requests))
        await until(lambda: not stand.ingest.gate.loads)

    on_stand(test, limits=IMPATIENT)


def test_a_port_that_is_taken_is_one_clear_error() -> None:
    with listen("127.0.0.1", 0) as taken, pytest.raises(SettingsError, match="VIGIA_INGEST_PORT"):
        listen("127.0.0.1", taken.getsockname()[1])
