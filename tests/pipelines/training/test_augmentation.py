import numpy as np
import pytest

from pipelines.images import Image, resize_image
from pipelines.training.augmentation import augment_image, draw_warp
from pipelines.training.params import Augmentation

NOTHING = Augmentation(
    flip=False, rotation_degrees=0, zoom=0, crop=0, aspect=0, translation=0, brightness=0, contrast=0, erasing=0
)


def picture() -> Image:
    """Smooth, so that a shift by less than a pixel changes little; different in every corner."""
    y, x = np.mgrid[0:96, 0:128]
    return np.stack([x * 2, y * 2, (x + y)], axis=2).clip(0, 255).astype(np.uint8)


def changed(augment: Augmentation, seed: int = 0, side: int = 64) -> Image:
    return augment_image(picture(), augment, side, np.random.default_rng(seed))


def test_without_any_change_the_picture_is_only_squashed() -> None:
    plain = resize_image(picture(), (64, 64)).astype(int)

    difference = np.abs(changed(NOTHING).astype(int) - plain)

    assert difference[2:-2, 2:-2].max() <= 2


def test_the_same_generator_gives_the_same_copy_and_another_one_another() -> None:
    augment = Augmentation()

    assert np.array_equal(changed(augment, seed=3), changed(augment, seed=3))
    assert not np.array_equal(changed(augment, seed=3), changed(augment, seed=4))


def test_a_flip_mirrors_about_half_of_the_pictures() -> None:
    plain = resize_image(picture(), (64, 64)).astype(int)
    flip = NOTHING.model_copy(update={"flip": True})

    copies = [changed(flip, seed).astype(int)[2:-2, 2:-2] for seed in range(40)]

    mirrored = [np.abs(copy - plain[:, ::-1][2:-2, 2:-2]).max() <= 3 for copy in copies]
    unchanged = [np.abs(copy - plain[2:-2, 2:-2]).max() <= 3 for copy in copies]
    assert all(one != other for one, other in zip(mirrored, unchanged, strict=True))
    assert 8 < sum(mirrored) < 32


@pytest.mark.parametrize("seed", range(8))
def test_a_crop_takes_its_pixels_from_inside_the_picture(seed: int) -> None:
    crop = NOTHING.model_copy(update={"crop": 0.4})

    warp = draw_warp(crop, 100, 50, np.random.default_rng(seed))

    corners = warp @ np.array([[0, 49, 0, 49], [0, 0, 49, 49], [1, 1, 1, 1]])
    assert corners.min() > -1
    assert corners.max() < 100
    assert 0.6 * 2 <= warp[0, 0] <= 2


def test_brightness_moves_the_mean_within_its_bounds() -> None:
    brighter = NOTHING.model_copy(update={"brightness": 0.1})
    mean = float(resize_image(picture(), (64, 64)).mean())

    moved = [float(changed(brighter, seed).mean()) - mean for seed in range(20)]

    assert max(moved) > 5
    assert min(moved) < -5
    assert max(abs(move) for move in moved) <= 27


def test_erasing_leaves_one_tone_in_a_rectangle() -> None:
    erased = changed(NOTHING.model_copy(update={"erasing": 1.0})).astype(int)
    plain = changed(NOTHING).astype(int)

    hidden = np.abs(erased - plain).sum(axis=2) > 0
    assert 0.005 < hidden.mean() < 0.16
    assert len(np.unique(erased[hidden], axis=0)) <= 2
