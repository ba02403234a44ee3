import numpy as np
import pytest

from pipelines.errors import ModelError
from pipelines.images import decode_image
from pipelines.preprocessing import build_preprocessing, prepare_or_squash
from tests.realdata import find_real_pictures

PICTURE = np.random.default_rng(1).integers(0, 256, (60, 90, 3), np.uint8)


def test_a_whole_picture_is_squashed_to_the_input_size() -> None:
    prepared = build_preprocessing("picture", (32, 48), None)(PICTURE)

    assert prepared is not None
    assert prepared.shape == (32, 48, 3)


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
