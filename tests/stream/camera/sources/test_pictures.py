import io

import numpy as np
import pytest
from PIL import Image as PillowImage

from pipelines.errors import ImageError
from pipelines.images import decode_image
from stream.camera.sources.pictures import encode_picture, glance, is_complete_jpeg, measure_jpeg
from tests.stream.fakes import draw_jpeg

EXIF_TURNED = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"


def draw(width: int, height: int, form: str = "JPEG", **options: object) -> bytes:
    output = io.BytesIO()
    PillowImage.new("RGB", (width, height), (200, 30, 30)).save(output, form, **options)
    return output.getvalue()


@pytest.mark.parametrize("longest", [None, 32, 500])
def test_a_jpeg_that_is_small_enough_goes_as_it_is(longest: int | None) -> None:
    assert encode_picture(jpeg := draw_jpeg(side=32), longest) is jpeg


def test_a_broken_jpeg_goes_as_it_is_unless_it_has_to_be_scaled() -> None:
    assert encode_picture(b"rubble", None) == b"rubble"
    with pytest.raises(ImageError):
        encode_picture(b"rubble", 100)


def test_a_larger_picture_is_scaled_to_its_longest_side_in_its_proportions() -> None:
    assert measure_jpeg(encode_picture(draw(640, 480), 320)) == (320, 240)
    assert measure_jpeg(encode_picture(np.zeros((90, 30, 3), np.uint8), 30)) == (10, 30)


def test_a_turned_jpeg_is_upright_after_scaling_and_keeps_its_note_when_it_goes_as_it_is() -> None:
    turned = draw(640, 480, exif=EXIF_TURNED)

    assert decode_image(encode_picture(turned, 320)).shape == (320, 240, 3)
    assert decode_image(encode_picture(turned, None)).shape == (640, 480, 3)


@pytest.mark.parametrize(("width", "height"), [(640, 480), (2000, 1000), (8, 8)])
def test_a_glance_is_small_rgb_and_knows_the_size_of_the_whole(width: int, height: int) -> None:
    image, *size = glance(draw(width, height))

    assert size == [width, height]
    assert image is not None
    assert max(image.shape) <= max(1280, 8)
    assert image[0, 0, 0] > 150 > image[0, 0, 2]


def test_a_glance_at_rubble_sees_nothing() -> None:
    assert glance(b"rubble") == (None, 0, 0)
    assert glance(draw_jpeg()[:200])[0] is None or glance(draw_jpeg()[:200])[1:] == (32, 32)


def test_a_jpeg_of_a_webcam_that_lacks_its_tables_is_not_complete() -> None:
    jpeg = draw_jpeg()
    start = jpeg.index(b"\xff\xc4")
    length = int.from_bytes(jpeg[start + 2 : start + 4], "big")
    lacking = jpeg
    while (at := lacking.find(b"\xff\xc4")) != -1:
        length = int.from_bytes(lacking[at + 2 : at + 4], "big")
        lacking = lacking[:at] + lacking[at + 2 + length :]

    assert is_complete_jpeg(jpeg)
    assert not is_complete_jpeg(lacking)
    assert not is_complete_jpeg(b"rubble")
