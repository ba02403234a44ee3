"""Where and how exactly a training computes: seeds, determinism, 16 bit arithmetic, several GPUs."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any, Final

from pipelines.training.params import TrainPlan

TENSOR_CORES: Final = (7, 0)
"""Compute capability from which 16 bit arithmetic is faster; older GPUs only lose digits by it."""


@contextmanager
def training_devices(plan: TrainPlan) -> Iterator[None]:
    """Everything in this block is built and computed as the plan says, on all GPUs or on the CPU."""
    import keras
    import tensorflow as tf

    keras.utils.set_random_seed(plan.seed)
    if plan.deterministic:
        tf.config.experimental.enable_op_determinism()
    gpus = tf.config.list_physical_devices("GPU")
    capabilities = [tf.config.experimental.get_device_details(gpu).get("compute_capability") for gpu in gpus]
    before = keras.mixed_precision.dtype_policy()
    keras.mixed_precision.set_dtype_policy(choose_precision(plan, capabilities))
    try:
        with spread_over([device.name for device in tf.config.list_logical_devices("GPU")]):
            yield
    finally:
        keras.mixed_precision.set_dtype_policy(before)


def choose_precision(plan: TrainPlan, capabilities: Sequence[tuple[int, int] | None]) -> str:
    """Keras's name of the arithmetic; `capabilities` are those of the GPUs."""
    fast = bool(capabilities) and all(each is not None and each >= TENSOR_CORES for each in capabilities)
    return "mixed_float16" if plan.precision == "auto" and fast else "float32"


def spread_over(devices: Sequence[str]) -> Any:
    """A context in which a model has a copy on each device and every step's pictures are shared out among them.

    TensorFlow's MirroredStrategy, which Keras's `fit` knows: keras.distribution itself is for JAX.
    """
    if len(devices) < 2:
        return nullcontext()
    import tensorflow as tf

    return tf.distribute.MirroredStrategy(list(devices)).scope()
