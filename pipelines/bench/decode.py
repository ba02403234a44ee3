"""From a JPEG to a network's input: our decoder against Pillow as most programs use it."""

import io
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from PIL import Image as PillowImage

from pipelines.bench.figures import Lane, Round, Spread, ratio, time_passes, turned
from pipelines.bench.pictures import draw_pictures
from pipelines.images import Image, decode_image, resize_image

SIDE: Final = 224
SIZES: Final = ((640, 480), (1280, 720))
SECONDS: Final = 1.0
"""Of one lane in one round, at least."""

Decode = Callable[[bytes, int], Image]


def decode_ours(encoded: bytes, side: int) -> Image:
    """As the worker does."""
    return resize_image(decode_image(encoded), (side, side))


def decode_pillow(encoded: bytes, side: int) -> Image:
    """As most programs do: the whole picture, then smaller. The same resize, so that answers can be compared."""
    with PillowImage.open(io.BytesIO(encoded)) as picture:
        resized = picture.convert("RGB").resize((side, side), PillowImage.Resampling.BILINEAR)
    return np.asarray(resized, dtype=np.uint8)


def decode_simplejpeg(encoded: bytes, side: int) -> Image:
    """libjpeg-turbo's scaled decoding, as far down as stays above the input's size."""
    import simplejpeg

    image: Image = simplejpeg.decode_jpeg(encoded, min_height=side, min_width=side, min_factor=1)
    return resize_image(image, (side, side))


def measure_decoding(rounds: int, say: Callable[[str], None], seconds: float = SECONDS) -> list[Lane]:
    """Each decoder at each size, one thread, in turns."""
    decoders: dict[str, Decode] = {"ours": decode_ours, "pillow": decode_pillow, "simplejpeg": decode_simplejpeg}
    lanes: dict[str, list[Round]] = {}
    absent: dict[str, str] = {}
    pictures = {size: draw_pictures(size, 16) for size in SIZES}
    names = [f"{name} {width}x{height}" for width, height in SIZES for name in decoders]
    for round_ in range(rounds):
        for name in turned(names, round_):
            decoder, _, text = name.partition(" ")
            width, height = (int(number) for number in text.split("x"))
            try:
                lanes.setdefault(name, []).append(time_calls(decoders[decoder], pictures[width, height], seconds))
            except ImportError:
                absent[name] = "simplejpeg is not installed: `uv pip install -e '.[bench]'` in the clone"
        say(f"round {round_ + 1} of {rounds}")
    return [Lane(name, tuple(lanes.get(name, ())), not_counted=absent.get(name)) for name in names]


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
