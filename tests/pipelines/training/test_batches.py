from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from pipelines.training.batches import ChangedPictures, combine, count_steps, draw_batches, mix, paste, weigh_classes
from pipelines.training.params import Augmentation, TrainPlan
from pipelines.training.pictures import Pictures

PLAN = TrainPlan(batch_size=4, epochs=6, seed=1)


@dataclass
class Numbered:
    """The input of a picture is its own number."""

    labels: NDArray[np.int64]

    def draw(self, indices: NDArray[np.int64], epoch: int) -> NDArray[np.float32]:
        return indices.astype(np.float32)[:, None]


TEN = Numbered(np.arange(10, dtype=np.int64) % 3)


def inputs(epoch: int, plan: TrainPlan = PLAN) -> list[float]:
    return [float(each) for batch in draw_batches(TEN, 3, epoch, plan) for each in batch[0][:, 0]]


def test_an_epoch_sees_every_picture_once_in_an_order_of_its_own() -> None:
    assert sorted(inputs(1)) == list(range(10))
    assert inputs(1) == inputs(1)
    assert inputs(1) != inputs(2)
    assert [len(batch[0]) for batch in draw_batches(TEN, 3, 1, PLAN)] == [4, 4, 2]
    assert count_steps(10, PLAN) == 3


def test_a_target_is_one_at_the_label() -> None:
    for values, targets, weights in draw_batches(TEN, 3, 1, PLAN):
        assert (targets.argmax(axis=1) == values[:, 0].astype(int) % 3).all()
        assert (targets.sum(axis=1) == 1).all()
        assert (weights == 1).all()


def test_mixed_pictures_have_mixed_labels_until_the_last_two_epochs() -> None:
    mixed = PLAN.model_copy(update={"mixup": 1.0})

    def pure(epoch: int) -> bool:
        return all(targets.max(axis=1).min() == 1 for _, targets, _ in draw_batches(TEN, 3, epoch, mixed))

    assert not pure(1)
    assert not pure(4)
    assert pure(5)
    assert pure(6)


def test_mixing_takes_the_same_share_of_picture_and_label() -> None:
    values = np.eye(3, dtype=np.float32)

    blended, targets, weights = mix((values, values, np.ones(3, np.float32)), 1.0, np.random.default_rng(0))

    assert blended == pytest.approx(targets)
    assert targets.sum(axis=1) == pytest.approx(np.ones(3))
    assert weights == pytest.approx(np.ones(3))


def test_a_pasted_rectangle_takes_its_share_of_the_label_along() -> None:
    pictures = np.eye(4, dtype=np.float32)[:, None, None, :] * np.ones((4, 9, 9, 1), np.float32)

    for seed in range(20):
        pasted, targets, weights = paste(
            (pictures, np.eye(4, dtype=np.float32), np.ones(4, np.float32)), np.random.default_rng(seed)
        )
        assert pasted.mean(axis=(1, 2)) == pytest.approx(targets, abs=1e-6)
        assert weights == pytest.approx(np.ones(4))
        # one rectangle, not pixels here and there
        changed = (pasted[0] != pictures[0]).any(axis=-1)
        rows, columns = changed.any(axis=1), changed.any(axis=0)
        assert changed.sum() == rows.sum() * columns.sum()


def test_some_steps_paste_and_the_others_mix() -> None:
    pictures = np.eye(4, dtype=np.float32)[:, None, None, :] * np.ones((4, 9, 9, 1), np.float32)
    plan = PLAN.model_copy(update={"mixup": 1.0, "cutmix": 0.5})
    batch = (pictures, np.eye(4, dtype=np.float32), np.ones(4, np.float32))

    combined = [combine(batch, plan, np.random.default_rng(seed))[0] for seed in range(40)]

    pasted = sum(bool(np.isin(values, (0, 1)).all()) for values in combined)
    assert 10 < pasted < 30


def test_features_that_are_no_pictures_are_never_pasted() -> None:
    plan = PLAN.model_copy(update={"mixup": 0.0, "cutmix": 1.0})
    batch = (np.eye(3, dtype=np.float32), np.eye(3, dtype=np.float32), np.ones(3, np.float32))

    assert combine(batch, plan, np.random.default_rng(0)) is batch


def test_class_weights_make_every_class_weigh_the_same() -> None:
    labels = np.array([0] * 8 + [1] * 2, np.int64)

    weights = weigh_classes(labels, class_count=3)

    assert weights[0] * 8 == pytest.approx(weights[1] * 2)
    assert weights[labels].mean() == pytest.approx(1)
    assert np.isfinite(weights).all()


def test_class_weights_reach_the_batches() -> None:
    uneven = Numbered(np.array([0] * 8 + [1] * 2, np.int64))
    plan = PLAN.model_copy(update={"class_weights": True})

    told = {
        (int(targets.argmax()), float(weight))
        for _, rows, weights in draw_batches(uneven, 2, 1, plan)
        for targets, weight in zip(rows, weights, strict=True)
    }

    assert told == {(0, 0.625), (1, 2.5)}


def test_pixels_are_changed_anew_in_each_epoch_and_the_same_when_asked_again() -> None:
    images = np.random.default_rng(0).integers(0, 256, (3, 16, 16, 3), dtype=np.uint8)
    pictures = Pictures(images, np.zeros(3, np.int64), ("a", "b", "c"), ("", "", ""))
    plan = TrainPlan(image_size=32, augment=Augmentation()).model_copy(update={"image_size": 16})
    examples = ChangedPictures(pictures, plan)
    which = np.array([2, 0])

    assert np.array_equal(examples.draw(which, 1), examples.draw(which, 1))
    assert not np.array_equal(examples.draw(which, 1), examples.draw(which, 2))
    assert examples.draw(which, 1).shape == (2, 16, 16, 3)
    assert examples.draw(which, 1).dtype == np.float32
