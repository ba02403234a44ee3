import io

import numpy as np
import pytest
from PIL import Image as PillowImage

from pipelines.errors import ImageError
from pipelines.images import ImageLimits, decode_image, resize_image


def encode(picture: PillowImage.Image, form: str = "JPEG", **options: object) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, form, **options)
    return stream.getvalue()


RED = PillowImage.new("RGB", (40, 20), (250, 0, 0))


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_every_format_becomes_rgb_of_height_and_width(form: str) -> None:
    image = decode_image(encode(RED, form))

    assert image.shape == (20, 40, 3)
    assert image.dtype == np.uint8
    assert image[..., 0].mean() > 240 > 20 > image[..., 1].mean()


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "LA", "CMYK", "1"])
def test_every_colour_mode_becomes_rgb(mode: str) -> None:
    form = "JPEG" if mode == "CMYK" else "PNG"

    assert decode_image(encode(RED.convert(mode), form)).shape == (20, 40, 3)


def test_sixteen_bit_grey_is_scaled_and_not_clipped() -> None:
    half = PillowImage.fromarray(np.full((20, 20), 32_768, np.uint16))

    assert decode_image(encode(half, "PNG")).mean() == pytest.approx(128, abs=1)


def test_transparent_pixels_become_white() -> None:
    assert decode_image(encode(PillowImage.new("RGBA", (10, 10), (0, 0, 0, 0)), "PNG")).min() == 255


def test_exif_orientation_is_applied() -> None:
    exif = PillowImage.Exif()
    exif[0x0112] = 6

    assert decode_image(encode(RED, exif=exif)).shape == (40, 20, 3)


@pytest.mark.parametrize(
    ("encoded", "words"),
    [
        (b"", "0 bytes"),
        (b"no picture at all", "JPEG, PNG, WEBP"),
        (encode(RED)[:300], "JPEG, PNG, WEBP"),
        (encode(RED, "GIF"), "JPEG, PNG, WEBP"),
        (encode(PillowImage.new("RGB", (4, 40))), "4x40"),
        (encode(RED, "WEBP", save_all=True, append_images=[PillowImage.new("RGB", (40, 20))]), "animation"),
    ],
)
def test_what_is_no_picture_is_refused_in_words(encoded: bytes, words: str) -> None:
    with pytest.raises(ImageError, match=words):
        decode_image(encoded)


def test_too_many_bytes_or_pixels_are_refused_before_decoding() -> None:
    with pytest.raises(ImageError, match="at most 100 bytes"):
        decode_image(encode(RED), limits=ImageLimits(max_bytes=100))
    with pytest.raises(ImageError, match="40x20"):
        decode_image(encode(RED), limits=ImageLimits(max_pixels=700))


def test_resizing_to_the_same_size_gives_the_same_picture() -> None:
    image = decode_image(encode(RED))

    assert resize_image(image, (20, 40)) is image
    assert resize_image(image, (8, 6)).shape == (8, 6, 3)
