"""Mutated frames: only the documented errors escape the decoders, and none takes long.

VIGIA_FUZZ_EXAMPLES sets how many; 10,000 take some minutes.
"""

import os
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image as PillowImage

from pipelines.errors import ImageError
from pipelines.images import decode_image
from stream.decoding import decode_frame
from stream.messages import FRAMES_TOPIC, FrameError, Headers, Outgoing
from tests.stream.bad_messages import encode, make_bad_messages, make_good_oddities, v1, v2
from tests.stream.fakes import message_of

EXAMPLES = int(os.environ.get("VIGIA_FUZZ_EXAMPLES", "400"))
CPU_SECONDS = 0.25
GROWTH_MIB = 400
NOW = datetime.now(UTC)

_scene = np.add.outer(np.arange(480), np.arange(640))[..., None] * np.array([1, 2, 3])
SCENE = PillowImage.fromarray((_scene + np.random.default_rng(7).integers(0, 24, _scene.shape)).astype(np.uint8))
"""As large as a camera's picture, and with as much in it."""
PICTURES = (
    encode(SCENE, "JPEG", quality=80),
    encode(SCENE, "JPEG", progressive=True),
    encode(SCENE.resize((160, 120)), "JPEG", subsampling=0, restart_marker_blocks=4),
    encode(SCENE.resize((160, 120)).convert("CMYK"), "JPEG"),
    encode(SCENE.resize((320, 240)), "PNG"),
    encode(SCENE.resize((64, 64)).convert("P"), "PNG"),
    encode(SCENE.resize((64, 64)).convert("LA"), "PNG"),
    encode(SCENE, "WEBP", quality=60),
    encode(SCENE.resize((160, 120)), "WEBP", lossless=True),
    encode(SCENE.resize((64, 64)), "GIF"),
)
MESSAGES = (
    *(bad.outgoing for bad in make_bad_messages(NOW).values() if bad.outgoing.value),
    *make_good_oddities(NOW).values(),
    Outgoing(FRAMES_TOPIC, b"gate", v1(NOW)),
    *(v2(picture, NOW) for picture in PICTURES),
)
WORDS = (b"\x00", b"\xff", b'"', b"\\", b"\\u0000", b"{", b"[", b"9" * 400, b"\xff\xda", b"\xff\xd8", b"IDAT", b"1e999")


@st.composite
def mutated(draw: st.DrawFn, seeds: tuple[bytes, ...]) -> bytes:
    """One of the seeds, cut, overwritten, stretched or glued to another."""
    content = bytearray(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(1, 6))):
        place = draw(st.integers(0, len(content)))
        match draw(st.sampled_from(("cut", "set", "word", "double", "glue", "header"))):
            case "cut":
                del content[place:]
            case "set":
                content[place : place + 1] = bytes([draw(st.integers(0, 255))])
            case "word":
                content[place:place] = draw(st.sampled_from(WORDS))
            case "double":
                content[place:place] = content[place : place + draw(st.integers(1, 4096))]
            case "glue":
                content[place:] = draw(st.sampled_from(seeds))[place:]
            case "header":
                early = place % 256
                content[early : early + 2] = draw(st.binary(min_size=2, max_size=2))
    return bytes(content)


@st.composite
def mutated_messages(draw: st.DrawFn) -> Outgoing:
    seed = draw(st.sampled_from(MESSAGES))
    value = draw(mutated((seed.value or b"",))) if draw(st.booleans()) else seed.value
    headers: Headers = seed.headers[:20]
    changes: bool = draw(st.booleans())
    if headers and changes:
        place = draw(st.integers(0, len(headers) - 1))
        name, text = headers[place]
        changed = (name, draw(st.none() | st.binary(max_size=40) | mutated((text or b"",))))
        headers = (*headers[:place], changed, *headers[place + draw(st.integers(0, 1)) :])
    return Outgoing(FRAMES_TOPIC, seed.key, value, headers)


many = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)


@pytest.fixture(scope="module", autouse=True)
def bounded_memory() -> Iterator[None]:
    """All examples together grow the process by no more than a few large pictures would."""
    for picture in PICTURES:
        look(picture)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert grown < GROWTH_MIB, f"grew by {grown:.0f} MiB"


@many
@given(mutated(PICTURES))
def test_any_picture_is_decoded_or_an_image_error_within_a_quarter_of_a_second(picture: bytes) -> None:
    assert cpu_seconds(lambda: look(picture)) <= CPU_SECONDS


@many
@given(mutated_messages())
def test_any_message_is_a_frame_or_a_frame_error_within_a_quarter_of_a_second(outgoing: Outgoing) -> None:
    error = read(outgoing)

    assert error is None or (error.stage in ("schema", "decode") and error.reason.isidentifier())
    assert cpu_seconds(lambda: read(outgoing)) <= CPU_SECONDS


def cpu_seconds(work: Callable[[], object]) -> float:
    """Of this thread; asked again when it is too long, because a collection of garbage may fall into it."""
    took = CPU_SECONDS + 1
    for _ in range(3):
        began = time.thread_time()
        work()
        took = min(took, time.thread_time() - began)
        if took <= CPU_SECONDS:
            break
    return took


def read(outgoing: Outgoing) -> FrameError | None:
    try:
        frame = decode_frame(message_of(outgoing, received_at=NOW))
    except FrameError as error:
        return error
    look(frame.jpeg)
    return None


def look(picture: bytes) -> None:
    with suppress(ImageError):
        image = decode_image(picture)
        assert image.dtype == np.uint8
        assert image.ndim == 3
