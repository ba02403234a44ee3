import io
from typing import Any

import numpy as np
import pytest
from PIL import Image as PillowImage

from pipelines.datasets.shards import PreparedPicture
from pipelines.export.golden import (
    LONGEST_SIDE,
    TINY_SIDE,
    build_golden,
    choose_golden,
)
from pipelines.golden import GoldenPictures
from pipelines.images import decode_image
from pipelines.preprocessing import WholePicture


def made(number: int) -> PreparedPicture:
    pixels = np.random.default_rng(number).integers(0, 256, (300, 400, 3), np.uint8)
    with io.BytesIO() as stream:
        PillowImage.fromarray(pixels).save(stream, "JPEG")
        return PreparedPicture(f"{number}.jpg", f"{number:064x}", 0, stream.getvalue())


PICTURES = [made(number) for number in (12, 3, 7, 1, 9, 4, 8, 2, 6, 5, 11)]


class Brightness:
    """A model whose answer is how bright a picture is."""

    output_shape = (None, 2)

    def predict(self, batch: Any, verbose: int) -> Any:
        light = batch.mean(axis=(1, 2, 3)) / 255
        return np.stack([light, 1 - light], axis=1)


@pytest.fixture(scope="module")
def golden() -> GoldenPictures:
    return build_golden(Brightness(), WholePicture((32, 32)), choose_golden(PICTURES))


def test_the_same_pictures_are_chosen_in_whatever_order_they_come(golden: GoldenPictures) -> None:
    assert choose_golden(list(reversed(PICTURES))) == golden.encoded


def test_they_are_few_small_jpegs_and_hard_ones_are_among_them(golden: GoldenPictures) -> None:
    images = dict(zip(golden.encoded, golden.images(), strict=True))

    assert len(images) <= 16
    assert all(max(image.shape) <= LONGEST_SIDE for image in images.values())
    assert images["tiny"].shape == (TINY_SIDE, TINY_SIDE, 3)
    assert images["dark"].max() < 64
    assert images["bright"].min() > 191
    assert (images["grey"][..., 0] == images["grey"][..., 2]).all()
    assert PillowImage.open(io.BytesIO(golden.encoded["grey"])).mode == "L"


def test_the_turned_one_lies_on_its_side_until_it_is_decoded(golden: GoldenPictures) -> None:
    upright, turned = golden.encoded["test-0"], golden.encoded["turned"]

    assert PillowImage.open(io.BytesIO(turned)).size == PillowImage.open(io.BytesIO(upright)).size
    assert decode_image(turned).shape[:2] == decode_image(upright).shape[1::-1]
