import numpy as np
import pytest

from pipelines.datasets.boxes import crop_box
from pipelines.datasets.catalogue import Box
from pipelines.errors import ImageError

IMAGE = np.arange(60 * 80 * 3, dtype=np.uint32).reshape(60, 80, 3).astype(np.uint8)


def test_a_box_is_cut_with_its_margin_on_every_side() -> None:
    cut = crop_box(IMAGE, Box(20, 10, 40, 50), 0.1)

    assert np.array_equal(cut, IMAGE[6:54, 18:42])


def test_a_margin_ends_at_the_edge_of_the_picture() -> None:
    cut = crop_box(IMAGE, Box(0, 20, 80, 60), 0.5)

    assert np.array_equal(cut, IMAGE[0:60])


def test_a_box_that_reaches_out_of_the_picture_is_cut_as_far_as_it_goes() -> None:
    assert crop_box(IMAGE, Box(-30, -1, 20, 99), 0).shape == (60, 20, 3)


@pytest.mark.parametrize("box", [Box(80, 0, 99, 30), Box(30, 10, 30, 40), Box(40, 10, 30, 40), Box(-9, -9, 0, 0)])
def test_a_box_beside_the_picture_or_without_area_is_refused(box: Box) -> None:
    with pytest.raises(ImageError, match=f"within 80x60 pixels, received {box.left} "):
        crop_box(IMAGE, box, 0.1)


def test_a_box_too_small_for_a_picture_is_refused_and_a_margin_may_save_it() -> None:
    with pytest.raises(ImageError, match="received 6x30"):
        crop_box(IMAGE, Box(20, 10, 26, 40), 0)

    assert crop_box(IMAGE, Box(20, 10, 26, 40), 0.2).shape == (42, 10, 3)
