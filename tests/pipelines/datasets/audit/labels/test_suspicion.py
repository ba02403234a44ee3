import hashlib

import numpy as np
import pytest
from numpy.typing import NDArray

from pipelines.datasets.audit.labels.disputes import SIDE
from pipelines.datasets.audit.labels.suspicion import NEIGHBOURS, judge_labels
from pipelines.datasets.class_folders import DATASET_LIMITS
from pipelines.datasets.threads import map_in_threads
from pipelines.images import decode_image
from tests.realdata import find_real_pictures


def hash_name(name: object) -> str:
    return hashlib.sha256(str(name).encode()).hexdigest()


def make_clusters(pictures: int = 300, classes: int = 3) -> tuple[NDArray[np.float16], NDArray[np.int_], list[str]]:
    """Well-separated classes, as a trunk sees things that it knows."""
    rng = np.random.default_rng(0)
    labels = np.arange(pictures) % classes
    centres = rng.normal(0, 1, (classes, 64))
    features = np.abs(centres[labels] + rng.normal(0, 0.5, (pictures, 64)))
    return features.astype(np.float16), labels, [hash_name(place) for place in range(pictures)]


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_planted_errors_are_the_first_suspects_with_their_true_label(classes: int) -> None:
    features, truth, groups = make_clusters(400, classes)
    labels = truth.copy()
    wrong = np.arange(0, 400, 37)
    labels[wrong] = (labels[wrong] + 1) % classes

    judgement = judge_labels(features, labels, groups)

    suspects = judgement.suspects[: len(wrong)]
    assert {each.place for each in suspects} == set(wrong.tolist())
    assert all(each.proposed == truth[each.place] for each in suspects)
    assert all(each.supporters >= 0.8 * NEIGHBOURS for each in suspects)


def test_clean_labels_are_hardly_suspected() -> None:
    judgement = judge_labels(*make_clusters())

    assert [each for each in judgement.suspects if each.margin > 0.2] == []
    assert judgement.accuracy > 0.98


def test_suspects_come_most_suspicious_first() -> None:
    features, labels, groups = make_clusters()
    labels[::40] = (labels[::40] + 1) % 3

    margins = [each.margin for each in judge_labels(features, labels, groups).suspects]

    assert margins == sorted(margins, reverse=True)
    assert all(margin > 0 for margin in margins)


def test_copies_with_the_same_wrong_label_do_not_vouch_for_each_other() -> None:
    features, labels, groups = make_clusters()
    copies = [0, *range(3, 3 + 3 * NEIGHBOURS, 3)]
    features[copies] = features[0]
    labels[copies] = 1
    alone = judge_labels(features, labels, groups)

    together = judge_labels(features, labels, [groups[0] if place in copies else g for place, g in enumerate(groups)])

    assert {each.place for each in together.suspects if each.margin > 0.2} >= set(copies)
    assert max(each.supporters for each in together.suspects) > max(
        (each.supporters for each in alone.suspects if each.place in copies), default=0
    )


def test_features_that_say_nothing_are_owned_up_to() -> None:
    noise = np.random.default_rng(1).random((300, 64)).astype(np.float16)

    judgement = judge_labels(noise, np.arange(300) % 4, [hash_name(place) for place in range(300)])

    assert judgement.accuracy < 0.5


def test_the_same_pictures_give_the_same_answer() -> None:
    assert judge_labels(*make_clusters()) == judge_labels(*make_clusters())


@pytest.mark.realdata
@pytest.mark.timeout(180)
def test_planted_errors_in_photographs_are_found_among_the_first_suspicions() -> None:
    """The goal is 0.8 of 3 % planted errors in the top 6 %; it finds 0.97 of them, 0.94 on a bad day."""
    from pipelines.features import load_extractor

    extractor = load_extractor(find_real_pictures("weights"), side=SIDE)
    assert extractor
    files = sorted(find_real_pictures("data/cats_dogs/train").rglob("*.jpg"))
    features = np.empty((len(files), *extractor.shape), np.float16)
    pictures = map_in_threads(lambda file: decode_image(file.read_bytes(), limits=DATASET_LIMITS), files)
    extractor.write_features(pictures, features)
    truth = np.array([int(file.parent.name == "dogs") for file in files])
    found = []
    for seed in range(5):
        wrong = np.random.default_rng(seed).choice(len(files), int(0.03 * len(files)), replace=False)
        labels = truth.copy()
        labels[wrong] = 1 - labels[wrong]

        judgement = judge_labels(features, labels, [hash_name(file) for file in files])

        first = [each.place for each in judgement.suspects[: int(0.06 * len(files))]]
        found.append(np.isin(wrong, first).mean())
    print("planted errors found in the top 6 %:", np.round(found, 3))
    assert min(found) >= 0.8
    assert np.mean(found) >= 0.92
