"""The predecessor's network for the Simpsons: six convolutions of 64x64 pixels held back by L2 and dropout."""

from typing import TYPE_CHECKING, Final

from pipelines.models.contract import FEATURES_LAYER, build_head
from pipelines.training.params import TrainPlan

if TYPE_CHECKING:
    import keras

SIDE: Final = 64
BLOCKS: Final = (32, 64, 256)
"""Channels of each pair of convolutions."""
HIDDEN: Final = 1024
L2: Final = 1e-4
BLOCK_DROPOUT: Final = 0.25


def build_regularised_cnn(plan: TrainPlan, class_count: int) -> "keras.Model":
    """RGB 0 to 255 of any size in, probabilities (pictures, class_count) out. 10.4 million weights and the head."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(plan.seed)
    pixels = keras.Input((plan.image_size, plan.image_size, 3), name="pixels")
    x = pixels if plan.image_size == SIDE else layers.Resizing(SIDE, SIDE, name="resize")(pixels)
    x = layers.Rescaling(1 / 255, name="scale")(x)
    for number, channels in enumerate(BLOCKS, 1):
        x = _convolution(x, channels, "same", f"block{number}_conv1")
        x = _convolution(x, channels, "valid", f"block{number}_conv2")
        x = layers.MaxPooling2D(name=f"block{number}_pool")(x)
        x = layers.Dropout(BLOCK_DROPOUT, seed=plan.seed + number, name=f"block{number}_dropout")(x)
    x = layers.Flatten(name="flat")(x)
    penalty = keras.regularizers.L2(L2)
    features = layers.Dense(HIDDEN, activation="relu", kernel_regularizer=penalty, name=FEATURES_LAYER)(x)
    return keras.Model(pixels, build_head(features, class_count, plan.dropout, plan.seed), name="regularised_cnn")


def _convolution(x: "keras.KerasTensor", channels: int, padding: str, name: str) -> "keras.KerasTensor":
    import keras

    penalty = keras.regularizers.L2(L2)
    convolution = keras.layers.Conv2D(
        channels, 3, padding=padding, activation="relu", kernel_regularizer=penalty, name=name
    )
    return convolution(x)
