"""Opening a v1 message: our decoder, with all its checks, against the standard library without any."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from pipelines.bench.figures import Lane, Round, time_passes, turned
from pipelines.bench.pictures import draw_pictures
from stream.decoding import decode_frame
from stream.messages import FRAMES_TOPIC, Message, Position, encode_v1

SECONDS: Final = 1.0
PICTURES: Final = 16


def open_plainly(value: bytes) -> bytes:
    """As the system did that this one replaces; the picture's bytes."""
    fields = json.loads(value)
    float(fields["timestamp"]), str(fields["camera_id"]), str(fields["image_name"])
    return base64.b64decode(fields["image_data"])


def measure_envelope(rounds: int, say: Callable[[str], None], seconds: float = SECONDS) -> list[Lane]:
    """In turns, one thread, on messages with pictures of 640x480."""
    now = datetime.now(UTC)
    values = [
        encode_v1("cam01", f"{n}.jpg", now, jpeg).value or b"" for n, jpeg in enumerate(draw_pictures(count=PICTURES))
    ]
    messages = [
        Message(Position(FRAMES_TOPIC, 0, number), b"cam01", value, (), None, now)
        for number, value in enumerate(values)
    ]

    def ours() -> int:
        for message in messages:
            decode_frame(message)
        return len(messages)

    def plain() -> int:
        for value in values:
            open_plainly(value)
        return len(values)

    passes = {"ours": ours, "standard library": plain}
    lanes: dict[str, list[Round]] = {name: [] for name in passes}
    same = all(
        decode_frame(message).jpeg == open_plainly(value) for message, value in zip(messages, values, strict=True)
    )
    for round_ in range(rounds):
        for name in turned(list(passes), round_):
            passes[name]()
            lanes[name].append(time_passes(passes[name], seconds))
        say(f"round {round_ + 1} of {rounds}")
    reason = None if same else "it brings other bytes than the standard library"
    return [Lane(name, tuple(found), not_counted=reason if name == "ours" else None) for name, found in lanes.items()]
