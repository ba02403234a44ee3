import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipelines.datasets.likenesses import Likeness, find_likenesses
from pipelines.datasets.perceptual_hash import LOOK_BYTES, take_look
from pipelines.images import Image, decode_image
from pipelines.stage_params import NearDuplicateParams
from tests.pipelines.datasets.scenes import Change, brighten, crop, keep, make_scene, mirror, resave, scale
from tests.realdata import find_real_pictures

PARAMS = NearDuplicateParams()


def pack(images: list[Image]) -> NDArray[np.uint8]:
    return np.frombuffer(b"".join(take_look(image).pack() for image in images), np.uint8).reshape(-1, LOOK_BYTES)


def find(images: list[Image]) -> list[tuple[Likeness, ...]]:
    return list(find_likenesses(pack(images), np.arange(len(images)), PARAMS))


SCENES = [make_scene(seed) for seed in range(40)]


@pytest.mark.parametrize(
    "change",
    [keep, scale(0.5), scale(1.4), brighten(0.7), brighten(1.25),
     crop(0.025, 0.025, 0.025, 0.025), crop(0.05, 0.05, 0, 0)],
    ids=["re-encoded", "smaller", "larger", "darker", "lighter", "cropped around", "cropped at a corner"],
)  # fmt: skip
def test_a_changed_picture_looks_like_its_original(change: Change) -> None:
    changed = [resave(scene, change, quality=60) for scene in SCENES]

    found = find([*SCENES, *changed])

    assert sum([each.earlier for each in found[40 + n]] == [n] for n in range(40)) >= 39
    assert found[:40] == [()] * 40


def test_a_mirrored_picture_does_not() -> None:
    assert find([*SCENES, *(resave(scene, mirror) for scene in SCENES)]) == [()] * 80


def test_the_order_is_the_one_that_is_given() -> None:
    packed = pack([SCENES[0], SCENES[1], resave(SCENES[0], keep)])

    found = list(find_likenesses(packed, np.array([2, 1, 0]), PARAMS))

    assert [[each.earlier for each in alike] for alike in found] == [[], [], [0]]


def test_plain_pictures_are_alike_only_when_equal() -> None:
    plain = [
        np.full((64, 64, 3), colour, np.uint8) for colour in ((200, 30, 30), (120, 20, 20), (0, 0, 0), (255, 255, 255))
    ]

    found = find([*plain, *plain])

    assert found[:4] == [()] * 4
    assert [[each.earlier for each in alike] for alike in found[4:]] == [[0], [1], [2], [3]]


def test_a_thousand_pictures_of_one_wall_are_compared_with_a_few_of_them() -> None:
    noise = np.random.default_rng(3)
    wall = [np.clip(SCENES[0] + noise.integers(-4, 5, SCENES[0].shape), 0, 255).astype(np.uint8) for _ in range(300)]

    found = find(wall)

    assert all(alike and alike[0].same for alike in found[1:])
    assert sum(len(alike) for alike in found) < 2 * len(wall)


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 5), st.sampled_from([keep, scale(0.7), brighten(0.8)])), max_size=12),
    st.integers(0, 12),
)
def test_what_comes_later_changes_nothing_about_what_came_before(
    pictures: list[tuple[int, Change]], before: int
) -> None:
    images = [resave(SCENES[seed], change) for seed, change in pictures]

    assert find(images)[:before] == find(images[:before])


KINDS = ("resized", "re-encoded", "cropped by 5 %", "brighter or darker")


@pytest.mark.realdata
@pytest.mark.timeout(120)
def test_planted_duplicates_of_real_photos_are_found_and_hardly_anything_else() -> None:
    files = sorted(find_real_pictures("data/cats_dogs/train").glob("*/*.jpg"))
    chance = random.Random(20)
    originals = [decode_image(file.read_bytes()) for file in files]
    chosen = chance.sample(range(len(files)), 500)
    planted = [_spoil(originals[number], KINDS[place % len(KINDS)], chance) for place, number in enumerate(chosen)]

    found = find([*originals, *planted])

    hits = [any(each.earlier == n for each in found[len(files) + p]) for p, n in enumerate(chosen)]
    reported = {(each.earlier, number) for number, alike in enumerate(found) for each in alike}
    true = {(n, len(files) + p) for p, n in enumerate(chosen)}
    assert np.mean(hits) >= 0.98
    assert len(reported - true) <= 0.005 * len(reported), "by pairs that are reported"


@pytest.mark.realdata
@pytest.mark.timeout(120)
@pytest.mark.parametrize("folder", ["data/cars/train", "data/simpsons/train", "data/faces/lfw_people/train"])
def test_real_datasets_do_not_collapse_into_one_another(folder: str) -> None:
    files = sorted(find_real_pictures(folder).glob("*/*.jpg"))

    found = find([decode_image(file.read_bytes()) for file in files])

    assert sum(map(bool, found)) <= 0.01 * len(files)


def _spoil(image: Image, kind: str, chance: random.Random) -> Image:
    corner, side = chance.uniform(0, 0.05), chance.uniform(0, 0.05)
    changes: dict[str, Change] = {
        "resized": scale(chance.choice([0.4, 0.6, 0.8, 1.5])),
        "re-encoded": keep,
        "cropped by 5 %": crop(corner, side, 0.05 - corner, 0.05 - side),
        "brighter or darker": brighten(chance.choice([0.6, 0.75, 1.2, 1.35])),
    }
    return resave(image, changes[kind], quality=chance.choice([25, 40, 60, 85]) if kind == "re-encoded" else 85)
