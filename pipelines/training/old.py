"""Fitting a network to prepared pictures."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.datasets.shards import PreparedPicture, read_split
from pipelines.errors import TrainingError
from pipelines.images import decode_image, resize_image
from pipelines.models import Network
from pipelines.stage_params import AugmentParams, TrainParams


@dataclass(frozen=True, slots=True)
class Pictures:
    """A split in memory, decoded and squashed by the code that serving uses."""

    images: NDArray[np.uint8]
    """(pictures, height, width, 3), RGB."""
    labels: NDArray[np.int64]
    files: tuple[str, ...]
    sha256: tuple[str, ...]
    """Of the files as they were imported."""


@dataclass(frozen=True, slots=True)
class Epoch:
    """One pass over the training pictures."""

    number: int
    """From 1."""
    of: int
    loss: float
    accuracy: float
    validation_loss: float
    validation_accuracy: float
    seconds_left: float


def load_pictures(prepared: Path, split: str, image_size: int) -> Pictures:
    """Every picture of a split as (image_size, image_size)."""

    def decode(picture: PreparedPicture) -> NDArray[np.uint8]:
        return resize_image(decode_image(picture.encoded), (image_size, image_size))

    pictures = list(read_split(prepared, split))
    images = np.empty((len(pictures), image_size, image_size, 3), np.uint8)
    with ThreadPoolExecutor() as pool:
        for index, image in enumerate(pool.map(decode, pictures)):
            images[index] = image
    labels = np.array([picture.label_index for picture in pictures], np.int64)
    files, digests = zip(*((picture.file, picture.sha256) for picture in pictures), strict=True)
    return Pictures(images, labels, files, digests)


def fit(
    network: Network, train: Pictures, validation: Pictures, params: TrainParams, on_epoch: Callable[[Epoch], None]
) -> list[Epoch]:
    """Fit in place; the weights of the best validation epoch remain.

    Raises TrainingError when the loss is no longer a number.
    """
    import keras

    keras.utils.set_random_seed(params.seed)
    learner = network.model if network.head is None else network.head
    learner.compile(
        optimizer=keras.optimizers.AdamW(_build_schedule(params, len(train.labels)), weight_decay=1e-4),
        loss=keras.losses.CategoricalCrossentropy(label_smoothing=params.label_smoothing),
        metrics=["accuracy"],
    )
    if network.trunk is None:
        training, checking = _picture_batches(train, validation, learner.output_shape[-1], params)
    else:
        training, checking = _feature_batches(network.trunk, train, validation, learner.output_shape[-1], params)
    epochs: list[Epoch] = []
    learner.fit(
        training,
        validation_data=checking,
        epochs=params.epochs,
        shuffle=False,  # the batches are shuffled already
        verbose=0,
        callbacks=[
            keras.callbacks.TerminateOnNaN(),
            keras.callbacks.EarlyStopping("val_loss", patience=params.epochs, restore_best_weights=True),
            _build_reporter(params.epochs, epochs, on_epoch),
        ],
    )
    if len(epochs) < params.epochs or not np.isfinite(epochs[-1].loss):
        raise TrainingError(
            f"Expected a finite loss in all {params.epochs} epochs, it stopped being a number in epoch {len(epochs)}. "
            f"Try --set train.learning_rate={params.learning_rate / 10:g}."
        )
    return epochs


def _build_schedule(params: TrainParams, pictures: int) -> Any:
    """Linear warm-up over a twentieth of the steps, then half a cosine (Loshchilov & Hutter, arXiv:1608.03983)."""
    import keras

    steps = params.epochs * -(-pictures // params.batch_size)
    warmup = max(1, steps // 20)
    return keras.optimizers.schedules.CosineDecay(
        params.learning_rate / 10, max(1, steps - warmup), 0.02, warmup_target=params.learning_rate, warmup_steps=warmup
    )


def _picture_batches(train: Pictures, validation: Pictures, class_count: int, params: TrainParams) -> tuple[Any, Any]:
    import keras
    import tensorflow as tf

    augment = build_augmentation(params.augment, params.seed)
    training = (
        tf.data.Dataset.from_tensor_slices((train.images, keras.utils.to_categorical(train.labels, class_count)))
        .shuffle(len(train.labels), seed=params.seed)
        .batch(params.batch_size)
        .map(lambda images, labels: (augment(tf.cast(images, tf.float32), training=True), labels), tf.data.AUTOTUNE)
        .prefetch(2)
    )
    checking = (validation.images, keras.utils.to_categorical(validation.labels, class_count))
    return training, tf.data.Dataset.from_tensor_slices(checking).batch(64)


def _feature_batches(
    trunk: Any, train: Pictures, validation: Pictures, class_count: int, params: TrainParams
) -> tuple[Any, Any]:
    """The frozen trunk sees each picture once as it is and, with `augment.flip`, once mirrored."""
    import keras
    import tensorflow as tf

    views = [train.images, train.images[:, :, ::-1]] if params.augment.flip else [train.images]
    features = np.concatenate([trunk.predict(view, batch_size=64, verbose=0) for view in views])
    labels = keras.utils.to_categorical(np.tile(train.labels, len(views)), class_count)
    training = tf.data.Dataset.from_tensor_slices((features, labels)).shuffle(len(labels), seed=params.seed)
    checking = trunk.predict(validation.images, batch_size=64, verbose=0)
    truth = keras.utils.to_categorical(validation.labels, class_count)
    return training.batch(params.batch_size), tf.data.Dataset.from_tensor_slices((checking, truth)).batch(256)


def build_augmentation(augment: AugmentParams, seed: int) -> Any:
    """Random changes of RGB 0–255 batches; active only with `training=True`."""
    import keras

    layers = keras.layers
    steps: list[Any] = [layers.RandomFlip("horizontal", seed=seed)] if augment.flip else []
    if augment.rotation_degrees:
        steps.append(layers.RandomRotation(augment.rotation_degrees / 360, "reflect", seed=seed))
    if augment.zoom:
        steps.append(layers.RandomZoom(augment.zoom, fill_mode="reflect", seed=seed))
    if augment.translation:
        steps.append(layers.RandomTranslation(augment.translation, augment.translation, "reflect", seed=seed))
    if augment.brightness:
        steps.append(layers.RandomBrightness(augment.brightness, (0, 255), seed=seed))
    if augment.contrast:
        steps.append(layers.RandomContrast(augment.contrast, (0, 255), seed=seed))
    return keras.Sequential(steps, name="augmentation")


def _build_reporter(of: int, epochs: list[Epoch], on_epoch: Callable[[Epoch], None]) -> Any:
    import keras

    began = time.monotonic()

    class Reporter(keras.callbacks.Callback):  # type: ignore[misc]  # Keras is untyped here
        def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
            values = logs or {}
            done = epoch + 1
            epochs.append(
                Epoch(
                    number=done,
                    of=of,
                    loss=float(values["loss"]),
                    accuracy=float(values["accuracy"]),
                    validation_loss=float(values["val_loss"]),
                    validation_accuracy=float(values["val_accuracy"]),
                    seconds_left=(time.monotonic() - began) / done * (of - done),
                )
            )
            on_epoch(epochs[-1])

    return Reporter()
