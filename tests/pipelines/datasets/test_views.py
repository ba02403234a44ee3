import numpy as np
import pytest

from pipelines.datasets.perceptual_hash import take_look
from pipelines.datasets.views import (
    DESCRIPTION_SIZE,
    WINDOWS,
    Floats,
    compare_colours,
    compare_details,
    describe_looks,
)
from pipelines.images import Image
from tests.pipelines.datasets.scenes import Change, crop, keep, make_scene, mirror, resave

VIEWS = 1 + 2 * len(WINDOWS)


def describe(*images: Image) -> Floats:
    looks = [take_look(image) for image in images]
    return describe_looks(np.stack([each.tone for each in looks]), np.stack([each.chroma for each in looks]))


def distances(original: Image, changed: Image) -> tuple[float, float, int]:
    """Of the whole looks, of the whole original to the nearest view of the changed one, and which view that is."""
    (first, second) = describe(original, changed)
    to_views = np.linalg.norm(second - first[0], axis=1)
    return float(to_views[0]), float(to_views.min()), int(to_views.argmin())


def test_a_description_has_length_one_and_every_view_its_own() -> None:
    described = describe(make_scene(1), make_scene(2))

    assert described.shape == (2, VIEWS, DESCRIPTION_SIZE)
    assert np.allclose(np.linalg.norm(described, axis=2), 1, atol=0.05)
    assert len({view.tobytes() for view in described[0]}) == VIEWS


@pytest.mark.parametrize(
    "change",
    [crop(0.05, 0.05, 0.05, 0.05), crop(0, 0, 0.05, 0.05), crop(0.05, 0, 0, 0.05), crop(0.05, 0, 0, 0)],
)
def test_a_crop_is_nearer_through_a_view_around_it_than_as_it_is(change: Change) -> None:
    measured = [distances(make_scene(seed), resave(make_scene(seed), change)) for seed in range(12)]

    whole, nearest, views = (np.array(column) for column in zip(*measured, strict=True))
    assert nearest.mean() < 0.75 * whole.mean()
    assert (views > len(WINDOWS)).all(), "the changed picture sees less than the original"


def test_the_original_is_near_the_crop_through_a_view_within_it() -> None:
    cropped = [resave(make_scene(seed), crop(0.05, 0.05, 0.05, 0.05)) for seed in range(12)]

    measured = [distances(image, make_scene(seed)) for seed, image in enumerate(cropped)]

    whole, nearest, views = (np.array(column) for column in zip(*measured, strict=True))
    assert nearest.mean() < 0.5 * whole.mean()
    assert ((views > 0) & (views <= len(WINDOWS))).all()


def test_details_agree_through_the_right_view_only() -> None:
    scene = make_scene(3)
    cropped = resave(scene, crop(0.05, 0, 0, 0.05))
    view = distances(scene, cropped)[2]
    tone, other = take_look(cropped).tone, take_look(scene).tone

    right, wrong = compare_details(tone, np.stack([other, other]), np.array([view, 0]))

    assert right > 0.9
    assert wrong < right


def test_details_of_other_and_of_mirrored_pictures_do_not_agree() -> None:
    scene = make_scene(3)
    others = np.stack([take_look(each).tone for each in (make_scene(4), resave(scene, mirror), scene)])

    other, mirrored, same = compare_details(take_look(scene).tone, others, np.zeros(3, np.intp))

    assert same > 0.99
    assert max(other, mirrored) < 0.5


def test_pictures_without_detail_do_not_agree_in_it() -> None:
    grey, lighter = (np.full((32, 32), level, np.uint8) for level in (90, 91))

    assert compare_details(grey, lighter[None], np.zeros(1, np.intp))[0] < 0.1


def test_colours_agree_whatever_the_light_and_not_between_hues() -> None:
    scene = make_scene(6)
    darker = (scene * 0.6).astype(np.uint8)
    turned = np.roll(scene, 1, axis=2)
    chroma, *others = (take_look(each).chroma for each in (scene, resave(scene, keep), darker, turned))

    again, dark, other = compare_colours(chroma, np.stack(others))

    assert min(again, dark) > 0.9
    assert other < 0.5


def test_grey_pictures_agree_in_their_colours() -> None:
    grey = np.full((8, 8, 2), 128, np.uint8)

    assert compare_colours(grey, grey[None])[0] == pytest.approx(1)
