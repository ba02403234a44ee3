from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from pipelines.datasets.class_folders import DATASET_LIMITS
from pipelines.datasets.measures import Measures, measure_picture, read_measures, tabulate_measures, write_measures
from pipelines.images import Image, decode_image
from tests.costs import compare_cpu
from tests.realdata import find_real_pictures


def paint(value: int, size_hw: tuple[int, int] = (120, 160)) -> Image:
    return np.full((*size_hw, 3), value, np.uint8)


def draw_stripes(size_hw: tuple[int, int] = (120, 160), width: int = 16) -> Image:
    """Crisp edges, two tones: a flat drawing."""
    stripes: NDArray[np.uint8] = ((np.arange(size_hw[1]) // width % 2) * 200 + 20).astype(np.uint8)
    return np.repeat(np.tile(stripes, (size_hw[0], 1))[..., None], 3, axis=2)


def soften(image: Image, share: float) -> Image:
    import cv2

    return np.asarray(cv2.GaussianBlur(image, (0, 0), share * max(image.shape[:2])), np.uint8)


def test_a_flat_drawing_is_crisp_and_the_same_drawing_softened_is_not() -> None:
    drawing = draw_stripes()

    assert measure_picture(drawing, 1).blur < 0.3
    assert measure_picture(soften(drawing, 0.02), 1).blur > 0.7


def test_contrast_does_not_change_the_blur() -> None:
    drawing = draw_stripes()

    faint = (drawing // 4 + 90).astype(np.uint8)

    assert measure_picture(faint, 1).blur == pytest.approx(measure_picture(drawing, 1).blur, abs=0.05)


def test_the_size_in_pixels_does_not_change_the_blur() -> None:
    small, large = draw_stripes(), draw_stripes((960, 1280), 128)

    assert measure_picture(large, 1).blur == pytest.approx(measure_picture(small, 1).blur, abs=0.1)


def test_one_colour_has_no_edges_no_information_and_an_even_border() -> None:
    measured = measure_picture(paint(51), 700)

    greys = (measured.brightness, measured.shadows, measured.highlights)
    border = (measured.border_red, measured.border_green, measured.border_blue)
    assert (*greys, *border) == pytest.approx((0.2,) * 6)
    assert (measured.entropy, measured.blur, measured.size_bytes) == (0, 0, 700)
    assert (measured.contrast, measured.border_spread) == pytest.approx((0, 0), abs=1e-6)


def test_noise_holds_all_the_information_there_is() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (128, 128, 3), dtype=np.uint8)

    assert measure_picture(noise, 1).entropy > 5.5


def test_a_frame_is_seen_at_the_border_whatever_it_surrounds() -> None:
    framed = np.random.default_rng(0).integers(0, 256, (240, 320, 3), dtype=np.uint8)
    framed[:8], framed[-8:], framed[:, :8], framed[:, -8:] = (255, 255, 255), (255, 255, 255), (255, 255, 255), 255

    measured = measure_picture(framed, 1)

    assert (measured.border_red, measured.border_green, measured.border_blue) == pytest.approx((1, 1, 1), abs=0.02)
    assert measured.border_spread < 0.02


@pytest.mark.parametrize("size_hw", [(1, 1), (1, 500), (3, 2), (8, 4000)])
def test_a_picture_of_any_shape_is_measured(size_hw: tuple[int, int]) -> None:
    measured = measure_picture(paint(128, size_hw), 10)

    assert all(np.isfinite(getattr(measured, field.name)) for field in fields(Measures))


def test_what_is_written_is_read(tmp_path: Path) -> None:
    measures = {"b.jpg": measure_picture(draw_stripes(), 5), "a.jpg": measure_picture(paint(9), 7_000_000_000)}

    write_measures(tmp_path, list(measures), list(measures.values()))

    found = read_measures(tmp_path)
    assert list(found) == ["a.jpg", "b.jpg"]
    assert found["a.jpg"].size_bytes == 7_000_000_000
    assert found["b.jpg"].blur == pytest.approx(measures["b.jpg"].blur, abs=1e-6)


def test_the_table_keeps_the_given_order() -> None:
    measures = {"b.jpg": measure_picture(paint(255), 5), "a.jpg": measure_picture(paint(0), 7)}

    columns = tabulate_measures(["b.jpg", "a.jpg"], measures)

    assert columns["size_bytes"].tolist() == [5, 7]
    assert columns["brightness"].tolist() == [pytest.approx(1), 0]


@pytest.mark.realdata
def test_measuring_a_photo_takes_little_more_than_decoding_it() -> None:
    """As much on an idle machine, 0.3 ms; a busy or slow one makes both longer."""
    files = sorted(find_real_pictures("data/cats_dogs/train").rglob("*.jpg"))[::60]
    encoded = [file.read_bytes() for file in files]
    images = [decode_image(each, limits=DATASET_LIMITS) for each in encoded]

    assert (
        compare_cpu(
            lambda: [measure_picture(image, 1) for image in images],
            lambda: [decode_image(each, limits=DATASET_LIMITS) for each in encoded],
        )
        < 3
    )
