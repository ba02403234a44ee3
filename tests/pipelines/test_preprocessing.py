from typing import get_args

import numpy as np
import pytest

from pipelines.bench.pictures import draw_pictures
from pipelines.errors import ModelError
from pipelines.images import decode_image, resize_image
from pipelines.preprocessing import (
    DESCRIPTIONS,
    SCALED_DESCRIPTION,
    Decoding,
    OrWhole,
    build_preprocessing,
    describe_preprocessing,
    find_side,
    prepare_or_squash,
    see_picture,
    settle_decoding,
)
from pipelines.scaled_images import decode_for
from tests.realdata import find_real_pictures

PICTURE = np.random.default_rng(1).integers(0, 256, (60, 90, 3), np.uint8)


def test_a_whole_picture_is_squashed_to_the_input_size() -> None:
    prepared = build_preprocessing("picture", (32, 48), None)(PICTURE)

    assert prepared is not None
    assert prepared.shape == (32, 48, 3)


def test_what_a_network_sees_follows_from_how_its_pictures_are_decoded() -> None:
    encoded = draw_pictures((640, 480), 1)[0]
    full, scaled = (build_preprocessing("picture", (64, 64), None, decoding) for decoding in get_args(Decoding))

    assert (find_side(full), find_side(scaled), find_side(OrWhole(scaled, (64, 64)))) == (None, 64, 64)
    seen = [np.asarray(see_picture(each, encoded)) for each in (full, scaled)]
    assert np.array_equal(seen[0], resize_image(decode_image(encoded), (64, 64)))
    assert np.array_equal(seen[1], decode_for(encoded, 64))


def test_faces_are_looked_for_among_all_pixels_and_others_are_described_by_their_decoding() -> None:
    assert [settle_decoding(subject, "scaled") for subject in ("picture", "face")] == ["scaled", "full"]
    assert describe_preprocessing("picture", "full") == DESCRIPTIONS["picture"]
    assert describe_preprocessing("picture", "scaled") == SCALED_DESCRIPTION
    assert describe_preprocessing("face", "scaled") == DESCRIPTIONS["face"]


def test_faces_without_a_detector_are_refused_in_words() -> None:
    with pytest.raises(ModelError, match=r"yunet_n_640_640\.onnx"):
        build_preprocessing("face", (112, 112), None)


@pytest.mark.realdata
def test_a_picture_without_a_face_is_told_from_one_with_a_face() -> None:
    weights = find_real_pictures("weights")
    people = find_real_pictures("data/faces/lfw_people/train")
    photo = next(people.rglob("*.jpg"))
    largest = build_preprocessing("face", (112, 112), weights)

    aligned = largest(decode_image(photo.read_bytes()))

    assert aligned is not None
    assert aligned.shape == (112, 112, 3)
    assert largest(PICTURE) is None
    assert prepare_or_squash(largest, PICTURE, (112, 112)).shape == (112, 112, 3)
