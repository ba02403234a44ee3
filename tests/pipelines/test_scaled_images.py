import io
from collections.abc import Callable
from functools import cache
from typing import Any

import cv2
import numpy as np
import pytest
import simplejpeg
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as PillowImage

from pipelines.bench.pictures import draw_pictures
from pipelines.errors import ImageError
from pipelines.images import ImageLimits, decode_image, resize_image
from pipelines.scaled_images import SCALES, choose_scale, decode_for, decode_for_all, squash_image


def encode(picture: PillowImage.Image, form: str = "JPEG", **options: Any) -> bytes:
    with io.BytesIO() as stream:
        picture.save(stream, form, **options)
        return stream.getvalue()


@cache
def draw(number: int) -> PillowImage.Image:
    (encoded,) = draw_pictures((640, 480), number + 1)[number:]
    return PillowImage.open(io.BytesIO(encoded)).convert("RGB")


@st.composite
def drawn_jpegs(draw_value: st.DrawFn) -> bytes:
    width, height = (draw_value(st.integers(8, 640)) for _ in range(2))
    picture = draw(draw_value(st.integers(0, 2))).resize((width, height))
    exif = PillowImage.Exif()
    exif[0x0112] = draw_value(st.integers(1, 8))
    return encode(
        picture.convert(draw_value(st.sampled_from(["RGB", "RGB", "L"]))),
        quality=draw_value(st.integers(30, 98)),
        progressive=draw_value(st.booleans()),
        subsampling=draw_value(st.sampled_from([0, 1, 2])),
        exif=exif,
    )


SIDES = st.sampled_from([32, 64, 96, 224])


def test_large_inputs_are_squashed_on_the_thread_that_asks() -> None:
    squash_image(np.zeros((720, 1280, 4), np.uint8), 512)

    assert cv2.getNumThreads() == 1


@settings(deadline=None)
@given(drawn_jpegs(), SIDES)
def test_the_scaled_way_shows_what_the_full_way_shows(encoded: bytes, side: int) -> None:
    scaled = decode_for(encoded, side).astype(int)

    full = resize_image(decode_image(encoded), (side, side))

    # of 900 pictures it was 0.86 of 255 in the mean, and at most 5.3: a road's edge in a picture of 32 pixels a side
    assert scaled.shape == (side, side, 3)
    assert np.abs(scaled - full).mean() < 8


@settings(deadline=None)
@given(drawn_jpegs(), SIDES)
def test_pillow_gives_the_same_pixels_where_simplejpeg_gives_none(encoded: bytes, side: int) -> None:
    expected = decode_for(encoded, side)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(simplejpeg, "decode_jpeg", raise_value_error)
        assert np.array_equal(decode_for(encoded, side), expected)


def raise_value_error(*_: object, **__: object) -> None:
    raise ValueError("no JPEG of mine")


@given(st.tuples(st.integers(8, 5000), st.integers(8, 5000)), st.integers(8, 400))
def test_a_picture_is_never_decoded_smaller_than_the_input_and_no_larger_than_it_must(
    size: tuple[int, int], side: int
) -> None:
    scale = choose_scale(size, side)

    assert scale == 1 or -(-min(size) // scale) >= side
    assert all(-(-min(size) // larger) < side for larger in SCALES if larger > scale)


CUT = [
    encode(draw(0).resize((96, 80)), quality=60, **options)
    for options in ({}, {"progressive": True}, {"subsampling": 0}, {"restart_marker_blocks": 1})
]


@pytest.mark.parametrize("encoded", CUT)
@pytest.mark.parametrize("end", [b"", b"\xff\xd9"])
def test_a_picture_that_is_cut_anywhere_is_refused_in_the_same_words(encoded: bytes, end: bytes) -> None:
    for length in range(0, len(encoded), 3):
        cut = encoded[:length] + end
        assert words_of(lambda: decode_for(cut, 32)) == words_of(lambda: decode_image(cut))  # noqa: B023  asked at once


def words_of(decode: Callable[[], object]) -> str:
    try:
        decode()
    except ImageError as error:
        return str(error)
    return ""


def test_limits_hold_before_anything_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simplejpeg, "decode_jpeg", raise_value_error)

    with pytest.raises(ImageError, match="640x480"):
        decode_for(encode(draw(0)), 32, limits=ImageLimits(max_pixels=1000))


def test_a_machine_without_memory_is_not_blamed_on_the_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    def decode(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(simplejpeg, "decode_jpeg", decode)

    with pytest.raises(MemoryError):
        decode_for(encode(draw(0)), 32)


@pytest.mark.parametrize(
    ("form", "mode", "options"),
    [
        ("PNG", "RGB", {}),
        ("WEBP", "RGB", {"quality": 90}),
        ("PNG", "RGBA", {}),
        ("PNG", "L", {}),
        ("JPEG", "CMYK", {}),
        ("MPO", "RGB", {"save_all": True, "append_images": [PillowImage.new("RGB", (8, 8))]}),
    ],
)
def test_what_is_no_plain_jpeg_is_squashed_too(form: str, mode: str, options: dict[str, Any]) -> None:
    encoded = encode(draw(1).convert(mode), form, **options)

    full = resize_image(decode_image(encoded), (96, 96))

    assert np.abs(decode_for(encoded, 96).astype(int) - full).mean() < 8


def test_a_tiny_picture_is_enlarged() -> None:
    assert decode_for(encode(draw(0).resize((8, 9))), 224).shape == (224, 224, 3)


def test_networks_of_one_scale_share_one_decoding_and_each_gets_what_it_would_get_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    encoded, decode, heights = encode(draw(2)), simplejpeg.decode_jpeg, []
    alone = {side: decode_for(encoded, side) for side in (96, 200, 224, None)}

    def count(*words: Any, **options: Any) -> Any:
        heights.append(options["min_height"])
        return decode(*words, **options)

    monkeypatch.setattr(simplejpeg, "decode_jpeg", count)
    images = decode_for_all(encoded, (96, 200, 224, None))

    assert sorted(heights) == [120, 240]
    assert images.keys() == alone.keys()
    assert all(np.array_equal(images[side], alone[side]) for side in alone)


def test_squashing_gives_the_same_pixels_with_a_fourth_channel_and_on_a_processor_without_its_fast_ways() -> None:
    image = np.asarray(draw(0))
    expected = squash_image(image, 224)
    cv2.setUseOptimized(False)
    try:
        slowly = squash_image(image, 224)
    finally:
        cv2.setUseOptimized(True)

    with_fourth = np.dstack([image, np.full(image.shape[:2], 77, np.uint8)])

    assert np.array_equal(squash_image(with_fourth, 224), expected)
    assert np.array_equal(slowly, expected)


def test_every_pixel_of_a_very_wide_picture_counts() -> None:
    stripes = np.zeros((32, 640, 3), np.uint8)
    stripes[:, ::5] = 255

    assert squash_image(stripes, 32).std() < 25
