"""Pushes to a real server: what is taken as it came, and why the rest is not."""

import asyncio
import base64
import json
import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from stream.broker.topics import LARGEST_FRAME_BYTES
from stream.decoding import decode_frame
from stream.ingest.limits import LARGEST_BODY_BYTES, IngestLimits
from stream.messages import FRAMES_TOPIC, Frame, Message, Outgoing, Position
from tests.stream.ingest.stand import AUTHORIZED, TOKEN, Stand, draw, on_stand, until

JPEG = draw()
NOW = datetime.now(UTC).replace(microsecond=0)
V1 = {
    "timestamp": NOW.timestamp(),
    "camera_id": "gate",
    "image_name": "1.jpg",
    "image_data": base64.b64encode(JPEG).decode(),
}


def decode(message: Outgoing) -> Frame:
    """As the worker would."""
    return decode_frame(
        Message(Position(FRAMES_TOPIC, 1, 0), message.key, message.value, message.headers, None, datetime.now(UTC))
    )


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_a_picture_of_any_format_is_taken_byte_for_byte_whatever_its_header_says(form: str) -> None:
    async def test(stand: Stand) -> None:
        answer = await stand.push(draw(form), headers={"Content-Type": "text/plain"})

        assert answer.status_code == 202
        frame = decode(stand.delivery.taken[0])
        assert (frame.jpeg, frame.camera_id) == (draw(form), "gate")
        assert answer.json() == {
            "frame_id": frame.frame_id,
            "camera_id": "gate",
            "topic": FRAMES_TOPIC,
            "partition": 1,
            "offset": 0,
        }

    on_stand(test)


@pytest.mark.parametrize("where", ["query", "headers"])
def test_the_fields_may_stand_in_the_query_or_in_headers(where: str) -> None:
    captured_at = (NOW - timedelta(minutes=5)).isoformat()
    fields = {"camera_id": "gate", "captured_at": captured_at, "image_name": "puerta ñ.jpg", "frame_id": "f-1"}
    headers = {f"X-{name.replace('_', '-')}".encode(): value.encode() for name, value in fields.items()}

    async def test(stand: Stand) -> None:
        options: dict[str, Any] = {"params": fields} if where == "query" else {"headers": headers}
        answer = await stand.client.post(
            "/frames", content=JPEG, **{**options, "headers": {**AUTHORIZED, **options.get("headers", {})}}
        )

        assert (answer.status_code, answer.json()["frame_id"]) == (202, "f-1")
        frame = decode(stand.delivery.taken[0])
        assert (frame.frame_id, frame.image_name, frame.captured_at) == (
            "f-1",
            "puerta ñ.jpg",
            NOW - timedelta(minutes=5),
        )

    on_stand(test)


def test_a_form_and_the_json_of_v1_are_taken_too() -> None:
    async def test(stand: Stand) -> None:
        form = await stand.client.post(
            "/frames", files={"image": ("a.jpg", JPEG)}, data={"camera_id": "gate", "frame_id": "f"}, headers=AUTHORIZED
        )
        v1 = await stand.push(orjson.dumps(V1), camera_id=None)

        assert (form.status_code, v1.status_code) == (202, 202)
        frames = [decode(message) for message in stand.delivery.taken]
        assert [(frame.jpeg, frame.camera_id) for frame in frames] == [(JPEG, "gate")] * 2
        assert (frames[0].frame_id, frames[1].image_name, frames[1].captured_at) == ("f", "1.jpg", NOW)

    on_stand(test)


def test_a_camera_of_format_v1_is_published_as_v1_and_its_frame_is_named_by_its_place() -> None:
    async def test(stand: Stand) -> None:
        answer = await stand.push(JPEG, params={"image_name": "x.jpg"})

        assert answer.json()["frame_id"] == f"{FRAMES_TOPIC}-1-0"
        assert json.loads(stand.delivery.taken[0].value or b"")["image_name"] == "x.jpg"

    on_stand(test, gate={"format": "v1"})


def test_the_same_frame_pushed_again_is_the_same_frame_and_another_picture_is_not() -> None:
    async def test(stand: Stand) -> None:
        first, again = [await stand.push(JPEG, params={"frame_id": "7"}) for _ in range(2)]
        other = await stand.push(draw(side=48), params={"frame_id": "7"})

        assert first.json() == again.json()
        assert other.json()["offset"] == 1
        assert stand.cameras["gate"].sent == len(stand.delivery.taken) == 2

    on_stand(test)


def test_each_refusal_has_its_status_its_reason_and_a_sentence(caplog: pytest.LogCaptureFixture) -> None:
    truncated = draw(side=256)[:-200]
    bad = [
        (JPEG, {"camera_id": "nobody"}, {}, 403, "unknown_camera"),
        (JPEG, {}, {}, 422, "missing_field"),
        (JPEG, {"camera_id": "gate"}, {"X-Camera-Id": "yard"}, 400, "contradiction"),
        (JPEG, {"camera_id": "gate", "captured_at": "yesterday"}, {}, 422, "bad_captured_at"),
        (JPEG, {"camera_id": "gate", "captured_at": "1999-01-01T00:00:00Z"}, {}, 422, "bad_captured_at"),
        (JPEG, {"camera_id": "gate", "frame_id": "x" * 201}, {}, 422, "bad_frame_id"),
        (JPEG, {"camera_id": "gate", "image_name": "x" * 1001}, {}, 422, "bad_image_name"),
        (JPEG, {"camera_id": "gate"}, {"X-Image-Name": b"\xff"}, 400, "bad_header"),
        (b"", {"camera_id": "gate"}, {}, 422, "empty_message"),
        (b"GIF89a" + bytes(100), {"camera_id": "gate"}, {}, 422, "bad_picture"),
        (truncated, {"camera_id": "gate"}, {}, 422, "bad_picture"),
        (b"{}", {"camera_id": "gate"}, {}, 422, "missing_field"),
        (b"{", {"camera_id": "gate"}, {}, 422, "not_json"),
        (orjson.dumps({**V1, "image_data": "?"}), {}, {}, 422, "bad_base64"),
        (orjson.dumps(V1), {"camera_id": "yard"}, {}, 400, "contradiction"),
        (b"--x", {"camera_id": "gate"}, {"Content-Type": "multipart/form-data"}, 400, "bad_form"),
        (b"--x\r\n", {"camera_id": "gate"}, {"Content-Type": "multipart/form-data; boundary=y"}, 400, "bad_form"),
        (bytes(LARGEST_FRAME_BYTES + 1), {"camera_id": "gate"}, {}, 413, "picture_too_large"),
        (bytes(LARGEST_BODY_BYTES + 1), {"camera_id": "gate"}, {}, 413, "body_too_large"),
    ]

    async def test(stand: Stand) -> None:
        for body, params, headers, status, reason in bad:
            answer = await stand.push(body, camera_id=None, params=params, headers=headers)

            assert (answer.status_code, answer.json()["error"]) == (status, reason), (body[:40], params, answer.text)
            assert answer.json()["message"].startswith("Expected")
        assert stand.delivery.taken == []
        assert stand.ingest.gate.loads == set()
        assert stand.ingest.gate.size_bytes == 0
        assert stand.cameras["gate"].dropped == 11

    on_stand(test, gate={"rate": 1000}, yard={"rate": 1000})


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", f"Bearer {TOKEN[:-1]}", f"Bearer {TOKEN}x", f"Basic {TOKEN}", TOKEN, "Bearer ñ"],
)
def test_without_the_token_nothing_is_taken_and_no_word_of_it_is_said(
    authorization: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    async def test(stand: Stand) -> None:
        headers = {b"Authorization": authorization.encode()} if authorization else {}
        answer = await stand.client.post("/frames?camera_id=gate", content=JPEG, headers=headers)

        assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
        assert TOKEN not in answer.text
        assert TOKEN not in (await stand.client.get("/metrics")).text
        assert stand.delivery.taken == []

    on_stand(test)
    assert not [record for record in caplog.records if TOKEN in record.getMessage() and "httpx" not in record.name]


def test_without_a_token_in_the_environment_ingest_is_off_and_says_so() -> None:
    async def test(stand: Stand) -> None:
        answer = await stand.push(JPEG)

        assert (answer.status_code, answer.json()["error"]) == (503, "off")
        assert "VIGIA_INGEST_TOKEN" in answer.json()["message"]

    on_stand(test, token=None)


def test_a_camera_faster_than_its_rate_is_told_when_to_come_again() -> None:
    async def test(stand: Stand) -> None:
        answers = [await stand.push(JPEG) for _ in range(6)]

        assert [answer.status_code for answer in answers] == [202] * 3 + [429] * 3
        assert all(1 <= int(answer.headers["Retry-After"]) <= 101 for answer in answers[3:])
        assert (stand.cameras["gate"].sent, stand.cameras["gate"].dropped) == (3, 3)
        assert (await stand.push(JPEG, camera_id="yard")).status_code == 202

    on_stand(test, gate={"rate": 0.01}, yard={})  # no place comes free meanwhile


def test_a_broker_that_is_away_is_said_at_once_and_the_frame_pushed_again_is_there_once() -> None:
    async def test(stand: Stand) -> None:
        stand.delivery.is_away = True
        first = await stand.push(JPEG, params={"frame_id": "1"})
        stand.ingest.limits = IngestLimits(deliver_seconds=3600.0)  # so long those would wait that are tried
        at_once = [await asyncio.wait_for(stand.push(JPEG, params={"frame_id": "2"}), 60) for _ in range(5)]

        assert [(a.status_code, a.json()["error"]) for a in (first, *at_once)] == [(503, "broker_away")] * 6
        assert int(first.headers["Retry-After"]) >= 1
        assert len(stand.ingest.gate.loads) == 1
        assert stand.cameras["gate"].dropped == 0

        stand.delivery.is_away = False
        await until(lambda: not stand.ingest.gate.loads)
        again = [await stand.push(JPEG, params={"frame_id": name}) for name in ("1", "2")]

        assert [answer.status_code for answer in again] == [202, 202]
        assert [decode(message).frame_id for message in stand.delivery.taken] == ["1", "2"]

    on_stand(test, limits=IngestLimits(deliver_seconds=0.5, away_seconds=0.1), gate={"rate": 0.01})


def test_a_frame_that_the_broker_never_takes_is_refused_and_may_come_again() -> None:
    async def test(stand: Stand) -> None:
        stand.delivery.refuses = True
        assert (await stand.push(JPEG, params={"frame_id": "1"})).json()["error"] == "not_taken"
        stand.delivery.refuses = False
        assert (await stand.push(JPEG, params={"frame_id": "1"})).status_code == 202

    on_stand(test)


def test_no_more_pushes_than_there_are_places() -> None:
    async def test(stand: Stand) -> None:
        stand.delivery.is_away = True
        waiting = [asyncio.create_task(stand.push(JPEG)) for _ in range(2)]
        await until(lambda: len(stand.ingest.gate.loads) == 2)
        refused = await stand.push(JPEG)
        health = await stand.client.get("/health")
        stand.delivery.is_away = False

        assert (refused.status_code, refused.json()["error"]) == (503, "requests_under_way")
        assert health.status_code == 200
        assert [(await task).status_code for task in waiting] == [202, 202]

    on_stand(test, limits=IngestLimits(requests=2, deliver_seconds=600.0, away_seconds=600.0))


def test_no_more_bytes_than_there_is_room() -> None:
    async def test(stand: Stand) -> None:
        refused = await stand.push(JPEG)

        assert (refused.status_code, refused.json()["error"]) == (503, "bytes_under_way")
        assert stand.ingest.gate.size_bytes == 0

    on_stand(test, limits=IngestLimits(bytes_under_way=100))


def test_the_pages_for_machines_are_on_the_same_port() -> None:
    async def test(stand: Stand) -> None:
        await stand.push(JPEG)
        await stand.push(b"rubbish")

        metrics = (await stand.client.get("/metrics")).text
        assert 'vigia_ingest_requests_total{status="202"} 1.0' in metrics
        assert 'vigia_ingest_refusals_total{reason="bad_picture"} 1.0' in metrics
        assert "vigia_ingest_bytes_under_way 0.0" in metrics
        ready = await stand.client.get("/ready")
        assert (ready.status_code, ready.json()["ready"]) == (503, False)
        assert [(await stand.client.get(path)).status_code for path in ("/health", "/frames", "/")] == [200, 405, 404]

    on_stand(test)
