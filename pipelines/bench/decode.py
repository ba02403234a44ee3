"""From a JPEG to a network's input: our decoder against Pillow as most programs use it."""

import io
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from PIL import Image as PillowImage

from pipelines.bench.figures import Lane, Round, Spread, ratio, time_passes, turned
from pipelines.bench.pictures import draw_pictures
from pipelines.images import Image, decode_image, resize_image
from pipelines.scaled_images import decode_for

SIDE: Final = 224
SIZES: Final = ((640, 480), (1280, 720))
SECONDS: Final = 1.0
"""Of one lane in one round, at least."""

Decode = Callable[[bytes, int], Image]


def decode_ours(encoded: bytes, side: int) -> Image:
    """As the worker does for a version that is decoded scaled."""
    return decode_for(encoded, side)


def decode_full(encoded: bytes, side: int) -> Image:
    """As the worker does for a version that is decoded in full."""
    return resize_image(decode_image(encoded), (side, side))


def decode_pillow(encoded: bytes, side: int) -> Image:
    """As most programs do: the whole picture, then smaller. The same resize, so that answers can be compared."""
    with PillowImage.open(io.BytesIO(encoded)) as picture:
        resized = picture.convert("RGB").resize((side, side), PillowImage.Resampling.BILINEAR)
    return np.asarray(resized, dtype=np.uint8)


def measure_decoding(rounds: int, say: Callable[[str], None], seconds: float = SECONDS) -> list[Lane]:
    """Each decoder at each size, one thread, in turns."""
    decoders: dict[str, Decode] = {"ours": decode_ours, "ours full": decode_full, "pillow": decode_pillow}
    lanes: dict[str, list[Round]] = {}
    pictures = {size: draw_pictures(size, 16) for size in SIZES}
    names = [f"{name} {width}x{height}" for width, height in SIZES for name in decoders]
    for round_ in range(rounds):
        for name in turned(names, round_):
            decoder, _, text = name.rpartition(" ")
            width, height = (int(number) for number in text.split("x"))
            lanes.setdefault(name, []).append(time_calls(decoders[decoder], pictures[width, height], seconds))
        say(f"round {round_ + 1} of {rounds}")
    return [Lane(name, tuple(lanes[name])) for name in names]


def time_calls(decode: Decode, pictures: Sequence[bytes], seconds: float) -> Round:
    """Pictures a second and processor time a picture, over whole passes."""
    for encoded in pictures[:2]:
        decode(encoded, SIDE)

    def once() -> int:
        for encoded in pictures:
            decode(encoded, SIDE)
        return len(pictures)

    return time_passes(once, seconds)


def decode_ratios(lanes: Sequence[Lane]) -> dict[str, Spread | None]:
    """Of each size."""
    by_name = {lane.name: lane for lane in lanes}
    sizes = [f"{width}x{height}" for width, height in SIZES]
    return {f"ours_over_pillow_{size}": ratio(by_name[f"ours {size}"], by_name[f"pillow {size}"]) for size in sizes}
