from pathlib import Path

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from pipelines.errors import ModelError
from pipelines.evaluation.answering import Answers
from pipelines.evaluation.reference import Reference, choose_reference
from pipelines.evaluation.unknown import normalise_features

RANDOM = np.random.default_rng(3)
FEATURES = normalise_features(RANDOM.normal(size=(100, 8)))
ANSWERS = Answers(np.full((100, 3), 1 / 3, np.float32), FEATURES, FEATURES)
LABELS = np.array([0] * 80 + [1] * 15 + [2] * 5)
DIGESTS = tuple(f"{number:064x}" for number in RANDOM.permutation(100))


def test_small_classes_are_kept_whole_and_large_ones_give_way() -> None:
    reference = choose_reference(ANSWERS, LABELS, DIGESTS, most=40)

    assert np.bincount(reference.labels).tolist() == [20, 15, 5]
    assert np.linalg.norm(reference.features, axis=1) == pytest.approx(1)


def test_the_choice_does_not_depend_on_the_order_of_the_pictures() -> None:
    order = RANDOM.permutation(100)
    moved = Answers(ANSWERS.probabilities, FEATURES[order], FEATURES[order])

    shuffled = choose_reference(moved, LABELS[order], tuple(DIGESTS[i] for i in order), most=40)

    assert set(shuffled.sha256) == set(choose_reference(ANSWERS, LABELS, DIGESTS, most=40).sha256)


def test_a_reference_comes_back_from_disk_as_it_was_but_for_16_bit(tmp_path: Path) -> None:
    reference = choose_reference(ANSWERS, LABELS, DIGESTS)
    reference.save(tmp_path / "reference.npz")

    loaded = Reference.load(tmp_path / "reference.npz")

    assert loaded.sha256 == reference.sha256
    assert (loaded.labels == reference.labels).all()
    assert loaded.features == pytest.approx(reference.features, abs=1e-3)
    assert (loaded.clouds.distances(FEATURES) == reference.clouds.distances(FEATURES)).all()


def test_the_nearest_training_pictures_are_named_in_their_order() -> None:
    reference = choose_reference(ANSWERS, LABELS, DIGESTS)
    pictures = normalise_features(RANDOM.normal(size=(60, 8)))
    expected = NearestNeighbors(n_neighbors=5).fit(reference.features).kneighbors(pictures)[1]

    rows, likeness = reference.nearest(pictures)

    assert np.array_equal(rows, expected)
    assert likeness == pytest.approx(np.einsum("pd,pkd->pk", pictures, reference.features[rows]), abs=1e-5)
    assert reference.nearest(pictures, 500)[0].shape == (60, 100)


def test_a_file_of_another_kind_and_a_pickle_are_refused(tmp_path: Path) -> None:
    (tmp_path / "text.npz").write_text("no arrays")
    np.savez(tmp_path / "pickled.npz", features=np.array([{"a": 1}], dtype=object))

    for name in ("text.npz", "pickled.npz", "absent.npz"):
        with pytest.raises(ModelError, match="Expected training features"):
            Reference.load(tmp_path / name)
