from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import orjson

from stream.decoding import decode_frame
from stream.messages import (
    FRAMES_TOPIC,
    PREDICTIONS_TOPIC,
    Position,
    Prediction,
    encode_prediction,
    encode_v1,
    encode_v2,
    rfc3339,
)
from tests.stream.fakes import NOON, message_of

PREDICTION = Prediction(
    position=Position(FRAMES_TOPIC, 2, 17),
    frame_id="gate-1",
    camera_id="gate",
    image_name="a.jpg",
    image_sha256="ab" * 32,
    classifier="cars",
    role="production",
    model_version=3,
    label="Volvo",
    confidence=0.75,
    top=(("Volvo", 0.75), ("Škoda", 0.25)),
    decision="known",
    captured_at=NOON,
    received_at=NOON,
    predicted_at=NOON + timedelta(milliseconds=20),
    worker="here/worker-1",
    precision="bf16",
)


def test_a_v1_frame_comes_back_as_it_was_encoded() -> None:
    frame = decode_frame(message_of(encode_v1("gate", "a.jpg", NOON, b"\xff\xd8picture"), partition=2, offset=17))

    assert frame.jpeg == b"\xff\xd8picture"
    assert (frame.camera_id, frame.image_name, frame.captured_at) == ("gate", "a.jpg", NOON)
    assert frame.frame_id == "taller_camara_stream-2-17"


def test_a_v2_frame_comes_back_as_it_was_encoded() -> None:
    outgoing = encode_v2("cámara 1", "frame-9", NOON, b"\xff\xd8picture", image_name="ñ/a.jpg", sequence=9)

    frame = decode_frame(message_of(outgoing))

    assert (frame.frame_id, frame.camera_id, frame.image_name) == ("frame-9", "cámara 1", "ñ/a.jpg")
    assert (frame.captured_at, frame.jpeg) == (NOON, b"\xff\xd8picture")


def test_a_frame_is_keyed_by_its_camera() -> None:
    assert encode_v1("gate", "a.jpg", NOON, b"x").key == b"gate"
    assert encode_v2("gate", "f", NOON, b"x", image_name=None, sequence=1).key == b"gate"


def test_a_prediction_has_the_keys_of_the_contract_and_is_keyed_by_its_frame() -> None:
    outgoing = encode_prediction(PREDICTION)

    assert (outgoing.topic, outgoing.key) == (PREDICTIONS_TOPIC, b"gate-1")
    assert orjson.loads(outgoing.value or b"") == {
        "frame_id": "gate-1",
        "camera_id": "gate",
        "classifier": "cars",
        "model_version": 3,
        "role": "production",
        "label": "Volvo",
        "confidence": 0.75,
        "top": [["Volvo", 0.75], ["Škoda", 0.25]],
        "decision": "known",
        "captured_at": "2025-06-01T12:00:00Z",
        "predicted_at": "2025-06-01T12:00:00.020000Z",
        "precision": "bf16",
    }


def test_a_prediction_that_was_asked_for_its_window_brings_the_consensus_too() -> None:
    undecided = replace(PREDICTION, consensus_frames=2, consensus_policy="2-a7257ead")

    document = orjson.loads(encode_prediction(undecided).value or b"")

    assert document["consensus"] == {"label": None, "confidence": None, "frames": 2, "policy": "2-a7257ead"}


def test_times_of_another_zone_are_written_in_utc() -> None:
    madrid = timezone(timedelta(hours=2))
    moment = datetime(2025, 6, 1, 14, 0, tzinfo=madrid)

    document = orjson.loads(encode_prediction(replace(PREDICTION, captured_at=moment)).value or b"")

    assert document["captured_at"] == rfc3339(datetime(2025, 6, 1, 12, 0, tzinfo=UTC)) == "2025-06-01T12:00:00Z"
