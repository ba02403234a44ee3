import io
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as PillowImage
from PIL import ImageOps

from pipelines.errors import ImageError
from pipelines.images import LARGE_PIXELS, ImageLimits, check_image, decode_image, resize_image
from pipelines.scaled_images import decode_for


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


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_every_orientation_puts_the_same_corner_upright(orientation: int, form: str) -> None:
    exif = PillowImage.Exif()
    exif[0x0112] = orientation
    picture = PillowImage.new("RGB", (64, 32), "white")
    picture.paste((0, 0, 0), (0, 0, 32, 16))
    encoded = encode(picture, form, exif=exif)

    expected = ImageOps.exif_transpose(PillowImage.open(io.BytesIO(encoded)))

    assert np.array_equal(decode_image(encoded), np.asarray(expected.convert("RGB")))


def test_a_picture_with_damaged_exif_is_shown_as_it_lies() -> None:
    assert decode_image(encode(RED, exif=b"Exif\0\0no tags at all")).shape == (20, 40, 3)


def test_inverted_cmyk_as_adobe_writes_it_keeps_its_colours() -> None:
    encoded = encode(RED.convert("CMYK"))

    assert b"Adobe" in encoded
    assert decode_image(encoded)[10, 20] == pytest.approx([250, 0, 0], abs=8)


def test_the_first_view_of_a_telephones_jpeg_counts_and_is_no_animation() -> None:
    encoded = encode(RED, "MPO", save_all=True, append_images=[PillowImage.new("RGB", (8, 8))])

    assert decode_image(encoded).shape == (20, 40, 3)
    assert check_image(encoded) == "JPEG"


def test_an_animated_png_is_refused() -> None:
    encoded = encode(RED, "PNG", save_all=True, append_images=[PillowImage.new("RGB", (40, 20))])

    with pytest.raises(ImageError, match="animation of 2 frames"):
        decode_image(encoded)


def test_a_large_picture_can_be_decoded_again_and_again() -> None:
    encoded = encode(PillowImage.new("L", (LARGE_PIXELS // 1000 + 1, 1000)), "PNG")

    for _ in range(2):
        assert check_image(encoded) == "PNG"
    with pytest.raises(ImageError):
        check_image(encoded[:-200])
    assert check_image(encoded) == "PNG"


SPOILT = [
    encode(RED.resize((120, 90)).effect_spread(9), form, **options)
    for form, options in (("JPEG", {}), ("JPEG", {"progressive": True}), ("PNG", {}), ("WEBP", {}))
]


@settings(deadline=None)  # the first one imports what decodes
@given(st.sampled_from(SPOILT), st.data())
def test_a_picture_is_checked_as_it_is_decoded(encoded: bytes, data: st.DataObject) -> None:
    spoilt = bytearray(encoded[: data.draw(st.integers(0, len(encoded)))] if data.draw(st.booleans()) else encoded)
    for place in data.draw(st.lists(st.integers(0, max(len(spoilt) - 1, 0)), max_size=8)) if spoilt else ():
        spoilt[place] = data.draw(st.integers(0, 255))

    assert refuses(check_image, bytes(spoilt)) == refuses(decode_image, bytes(spoilt))
    assert refuses(decode_small, bytes(spoilt)) == refuses(decode_image, bytes(spoilt))


def decode_small(encoded: bytes) -> object:
    return decode_for(encoded, 32)


def refuses(look: Callable[[bytes], object], encoded: bytes) -> bool:
    try:
        look(encoded)
    except ImageError:
        return True
    return False


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


@pytest.mark.parametrize("look", [check_image, decode_image, decode_small])
def test_a_jpeg_of_very_many_scans_is_refused_before_it_costs_minutes(look: Callable[[bytes], object]) -> None:
    progressive = encode(RED, progressive=True)
    last = progressive[progressive.rfind(b"\xff\xda") : -2]
    look(progressive)

    with pytest.raises(ImageError, match="64 scans"):
        look(progressive[:-2] + 64 * last + b"\xff\xd9")


def test_a_picture_with_damage_that_does_not_matter_says_nothing(recwarn: pytest.WarningsRecorder) -> None:
    exif = b"Exif\x00\x00II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x02\x00\xff\x00\x00\x00\xff\xff\x00\x00"

    decode_image(encode(RED, exif=exif))

    # a socket or file of an earlier test may be collected meanwhile
    assert [str(each.message) for each in recwarn if not issubclass(each.category, ResourceWarning)] == []


@pytest.mark.parametrize("error", [MemoryError(), OSError("out of memory when reading image file")])
def test_a_machine_without_memory_is_not_blamed_on_the_picture(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def load(self: object) -> None:
        raise error

    monkeypatch.setattr("PIL.JpegImagePlugin.JpegImageFile.load", load)

    with pytest.raises(MemoryError):
        decode_image(encode(RED))


def test_resizing_to_the_same_size_gives_the_same_picture() -> None:
    image = decode_image(encode(RED))

    assert resize_image(image, (20, 40)) is image
    assert resize_image(image, (8, 6)).shape == (8, 6, 3)
