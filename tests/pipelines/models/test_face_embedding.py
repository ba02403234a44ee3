from pathlib import Path

import numpy as np
import pytest

from pipelines.errors import ModelError
from pipelines.models.contract import split_outputs
from pipelines.models.face_embedding import (
    EMBEDDING_FILE,
    answer_without_itself,
    build_face_embedding,
    fit_centroids,
    set_centroids,
)

RANDOM = np.random.default_rng(4)


def test_a_centroid_is_the_mean_direction_of_a_persons_faces() -> None:
    people = np.eye(3, dtype=np.float32)
    labels = np.repeat([0, 1, 2], 20)
    faces = people[labels] + RANDOM.normal(0, 0.05, (60, 3)).astype(np.float32)

    centroids = fit_centroids(faces, labels, 3)

    assert centroids == pytest.approx(people, abs=0.05)
    assert np.linalg.norm(centroids, axis=1) == pytest.approx(1)


def test_a_photo_of_someone_else_does_not_move_a_person() -> None:
    faces = np.array([[1.0, 0.0]] * 19 + [[0.0, 1.0]])

    assert fit_centroids(faces, np.zeros(20, np.int64), 1)[0] == pytest.approx([1, 0])


def test_every_photo_of_a_person_with_few_counts() -> None:
    faces = np.array([[1.0, 0.0], [0.0, 1.0]])

    assert fit_centroids(faces, np.zeros(2, np.int64), 1)[0] == pytest.approx([0.5**0.5, 0.5**0.5])


def test_without_the_embeddings_file_one_line_says_which_and_where(tmp_path: Path) -> None:
    for folder in (None, tmp_path):
        with pytest.raises(ModelError, match=r"mobilefacenet_128\.keras in the folder that VIGIA_WEIGHTS_DIR names"):
            build_face_embedding(3, folder)


def test_a_face_is_answered_as_if_it_had_not_been_there() -> None:
    faces = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [0.0, 1.0]])
    stranger = np.vstack([faces, [[0.0, 1.0]]])  # filed under the first person, like the second
    labels = np.array([0, 0, 1, 1, 1, 0])

    answers = answer_without_itself(stranger, labels, 2)

    assert answers.argmax(axis=1).tolist() == [0, 0, 1, 1, 1, 1]
    assert answers.sum(axis=1) == pytest.approx(1)


@pytest.mark.integration
def test_people_are_told_apart_by_whom_they_are_like(tmp_path: Path) -> None:
    import keras

    pixels = keras.Input((112, 112, 3))
    colours = keras.layers.GlobalAveragePooling2D()(pixels)
    keras.Model(pixels, colours).save(tmp_path / EMBEDDING_FILE)
    model = build_face_embedding(2, tmp_path)
    faces = np.zeros((2, 112, 112, 3), np.uint8)
    faces[0, ..., 0] = faces[1, ..., 2] = 200

    set_centroids(model, split_outputs(model).predict(faces, verbose=0)[1], np.array([0, 1]))

    assert model.predict(faces, verbose=0).argmax(axis=1).tolist() == [0, 1]


@pytest.mark.integration
def test_a_model_that_is_no_face_embedding_is_refused(tmp_path: Path) -> None:
    import keras

    pixels = keras.Input((64, 64, 3))
    keras.Model(pixels, keras.layers.GlobalAveragePooling2D()(pixels)).save(tmp_path / EMBEDDING_FILE)

    with pytest.raises(ModelError, match="Expected an embedding of 112x112 faces"):
        build_face_embedding(2, tmp_path)
