"""What a step learns from: pictures of a split, changed anew in each epoch, in an order of their own."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from pipelines.training.augmentation import augment_image
from pipelines.training.params import TrainPlan
from pipelines.training.pictures import Pictures

LAST_UNMIXED: Final = 2
"""Epochs at the end without MixUp and CutMix: the last steps see what the model will be asked."""

Array = NDArray[Any]


class Examples(Protocol):
    """Inputs of a learner and their labels."""

    @property
    def labels(self) -> NDArray[np.int64]: ...

    def draw(self, indices: NDArray[np.int64], epoch: int) -> Array:
        """Inputs of these pictures as epoch `epoch` sees them; the same call, the same numbers."""
        ...


Batch = tuple[Array, NDArray[np.float32], NDArray[np.float32]]
"""One step as Keras takes it: inputs; targets (pictures, classes), rows add up to 1; weight of each picture."""


@dataclass(frozen=True, slots=True)
class ChangedPictures:
    """Pixels, changed at random."""

    pictures: Pictures
    plan: TrainPlan

    @property
    def labels(self) -> NDArray[np.int64]:
        return self.pictures.labels

    def draw(self, indices: NDArray[np.int64], epoch: int) -> Array:
        augment, side, seed = self.plan.augment, self.plan.image_size, self.plan.seed
        images = self.pictures.images
        changed = [
            augment_image(images[index], augment, side, np.random.default_rng((seed, epoch, index)))
            for index in indices
        ]
        return np.stack(changed).astype(np.float32)


def count_steps(pictures: int, plan: TrainPlan) -> int:
    """Steps of one epoch."""
    return -(-pictures // plan.batch_size)


def draw_batches(examples: Examples, class_count: int, epoch: int, plan: TrainPlan) -> Iterator[Batch]:
    """The batches of an epoch (from 1); while one is learned from, the next is made."""
    order = np.random.default_rng((plan.seed, epoch)).permutation(len(examples.labels))
    parts = [order[start : start + plan.batch_size] for start in range(0, len(order), plan.batch_size)]
    weights = weigh_classes(examples.labels, class_count) if plan.class_weights else np.ones(class_count, np.float32)

    def make(number: int) -> Batch:
        batch = _make_batch(examples, parts[number], epoch, weights)
        if epoch > plan.epochs - LAST_UNMIXED:
            return batch
        return combine(batch, plan, np.random.default_rng((plan.seed, epoch, number)))

    with ThreadPoolExecutor(1) as maker:
        coming = maker.submit(make, 0)
        for number in range(len(parts)):
            batch = coming.result()
            if number + 1 < len(parts):
                coming = maker.submit(make, number + 1)
            yield batch


def combine(batch: Batch, plan: TrainPlan, random: np.random.Generator) -> Batch:
    """The pictures of a step in pairs: pasted into one another, mixed, or left alone, as the plan says."""
    if plan.cutmix > 0 and batch[0].ndim == 4 and random.random() < plan.cutmix:
        return paste(batch, random)
    return mix(batch, plan.mixup, random) if plan.mixup > 0 else batch


def paste(batch: Batch, random: np.random.Generator) -> Batch:
    """A rectangle of each picture, (height, width, ...), is another one's, and so is its share of the label.

    CutMix (Yun et al. 2019, arXiv:1905.04899); on activations of a trunk a rectangle holds what lies behind it.
    """
    inputs, targets, weights = batch
    other = random.permutation(len(inputs))
    size = np.array(inputs.shape[1:3])
    sides = np.rint(size * np.sqrt(random.random())).astype(int)
    (top, left), (height, width) = random.integers(0, size - sides + 1), sides
    pasted = inputs.copy()
    pasted[:, top : top + height, left : left + width] = inputs[other, top : top + height, left : left + width]
    share = np.float32(1 - height * width / size.prod())
    return pasted, share * targets + (1 - share) * targets[other], share * weights + (1 - share) * weights[other]


def mix(batch: Batch, spread: float, random: np.random.Generator) -> Batch:
    """Each picture with a share of another one, and so their labels (Zhang et al. 2018, arXiv:1710.09412)."""
    inputs, targets, weights = batch
    share = np.float32(random.beta(spread, spread))
    other = random.permutation(len(inputs))

    def blend(values: Array) -> Array:
        return share * values + (1 - share) * values[other]

    return blend(inputs), blend(targets), blend(weights)


def weigh_classes(labels: NDArray[np.int64], class_count: int) -> NDArray[np.float32]:
    """Weight by class, so that every class that has pictures weighs the same, and a picture 1 on average."""
    counts = np.bincount(labels, minlength=class_count)
    present = max(1, int((counts > 0).sum()))
    return (len(labels) / (present * np.maximum(counts, 1))).astype(np.float32)


def _make_batch(examples: Examples, indices: NDArray[np.int64], epoch: int, weights: NDArray[np.float32]) -> Batch:
    labels = examples.labels[indices]
    targets = np.eye(len(weights), dtype=np.float32)[labels]
    return examples.draw(indices, epoch), targets, weights[labels]
