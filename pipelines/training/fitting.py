"""The loop: epochs of steps, with a learning rate for each, until the plan is done or there is a reason to stop."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import TrainingError
from pipelines.training.batches import Array, Examples, count_steps, draw_batches
from pipelines.training.checkpoints import Checkpoint
from pipelines.training.epochs import Epoch, check_learning, find_best, is_exhausted
from pipelines.training.optimizers import compile_learner
from pipelines.training.params import TrainPlan
from pipelines.training.schedules import count_plateaus, learning_rate_at

if TYPE_CHECKING:
    import keras

OnEpoch = Callable[[Epoch], None]
PREDICT_BATCH: Final = 64


@dataclass(frozen=True, slots=True)
class Held:
    """Pictures that are only asked, never learned from, as the learner takes them."""

    inputs: Array
    labels: NDArray[np.int64]


def fit_learner(
    learner: "keras.Model",
    examples: Examples,
    validation: Held,
    plan: TrainPlan,
    on_epoch: OnEpoch,
    checkpoint: Checkpoint | None = None,
) -> list[Epoch]:
    """Fit in place; the weights that `plan.keep` names remain. A checkpoint that is there is gone on from.

    Every epoch is told, those of the checkpoint too. Raises TrainingError when nothing is learned or memory is out.
    """
    compile_learner(learner, plan)
    restored = checkpoint.restore(learner) if checkpoint else None
    epochs = list(restored.epochs) if restored else []
    best = restored.best if restored else None
    for epoch in epochs:
        on_epoch(epoch)
    began, before = time.monotonic(), len(epochs)
    majority = float(np.bincount(examples.labels).max() / len(examples.labels))
    while len(epochs) < plan.epochs and not is_exhausted(epochs, plan.patience):
        with _memory_errors(plan.batch_size):
            epoch = _run_epoch(learner, examples, validation, plan, epochs)
        pace = (time.monotonic() - began) / (epoch.number - before)
        epochs.append(replace(epoch, seconds_left=pace * (plan.epochs - epoch.number)))
        check_learning(epochs, plan, majority)
        if plan.keep == "best" and find_best(epochs) == len(epochs) - 1:
            best = learner.get_weights()
        if checkpoint:
            checkpoint.save(learner, epochs, best)
        on_epoch(epochs[-1])
    if plan.keep == "best" and best is not None:
        learner.set_weights(best)
    return epochs


def measure(learner: "keras.Model", held: Held) -> tuple[float, float]:
    """Mean log loss and accuracy."""
    rows = np.asarray(learner.predict(held.inputs, batch_size=PREDICT_BATCH, verbose=0))
    said = np.maximum(rows[np.arange(len(rows)), held.labels], np.finfo(np.float32).tiny)
    return float(-np.log(said).mean()), float((rows.argmax(axis=1) == held.labels).mean())


def _run_epoch(
    learner: "keras.Model", examples: Examples, validation: Held, plan: TrainPlan, before: Sequence[Epoch]
) -> Epoch:
    number = len(before) + 1
    steps = count_steps(len(examples.labels), plan)
    plateaus = count_plateaus([epoch.validation_loss for epoch in before])

    def rate_at(step: int) -> float:
        return learning_rate_at((number - 1) * steps + step, plan.epochs * steps, plan, plateaus)

    # one call an epoch: Keras spreads the batches of `fit`, and of nothing else, over several devices
    told = learner.fit(
        draw_batches(examples, learner.output_shape[-1], number, plan),
        steps_per_epoch=steps,
        shuffle=False,  # they are
        verbose=0,
        callbacks=[_build_rate_setter(rate_at)],
    ).history
    loss, accuracy = measure(learner, validation)
    return Epoch(number, plan.epochs, told["loss"][-1], told["accuracy"][-1], loss, accuracy, 0.0, rate_at(steps - 1))


def _build_rate_setter(rate_at: Callable[[int], float]) -> Any:
    import keras

    class RateSetter(keras.callbacks.Callback):  # type: ignore[misc]  # Keras is untyped here
        def on_train_batch_begin(self, batch: int, logs: object = None) -> None:
            self.model.optimizer.learning_rate.assign(rate_at(batch))

    return RateSetter()


@contextmanager
def _memory_errors(batch_size: int) -> Iterator[None]:
    """Turn TensorFlow's or Python's end of memory into a TrainingError that proposes a batch size."""
    import tensorflow as tf

    try:
        yield
    except (MemoryError, tf.errors.ResourceExhaustedError) as error:
        smaller = max(1, batch_size // 2)
        raise TrainingError(
            f"Expected memory for steps of {batch_size} pictures, there is not enough. "
            f"Try --set train.batch_size={smaller}, or a smaller train.image_size."
        ) from error
