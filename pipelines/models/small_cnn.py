"""The predecessor's network for cats and dogs: grey 100x100, three convolutions, one sigmoid. 1,372,873 weights."""

from typing import TYPE_CHECKING, Final

from pipelines.errors import ModelError
from pipelines.models.contract import FEATURES_LAYER, TEMPERATURE_LAYER
from pipelines.training.params import TrainPlan

if TYPE_CHECKING:
    import keras

SIDE: Final = 100
CONVOLUTIONS: Final = (32, 64, 128)
HIDDEN: Final = 100
LUMA: Final = (0.299, 0.587, 0.114)
"""Shares of red, green and blue in grey (ITU-R BT.601), as OpenCV and Pillow have them."""


def build_small_cnn(plan: TrainPlan, class_count: int) -> "keras.Model":
    """RGB 0 to 255 of any size in; (pictures, 2) out: one minus the sigmoid, and the sigmoid.

    Raises ModelError for more than two classes, which one sigmoid cannot tell apart.
    """
    if class_count != 2:
        raise ModelError(
            f"Expected two classes for small_cnn, which ends in one sigmoid, received {class_count}. "
            f"Set train.architecture to compact_cnn, regularised_cnn or mobilenet_v2."
        )
    import keras
    from keras import layers

    keras.utils.set_random_seed(plan.seed)
    pixels = keras.Input((plan.image_size, plan.image_size, 3), name="pixels")
    x = _grey(pixels, plan.image_size)
    for number, channels in enumerate(CONVOLUTIONS, 1):
        x = layers.Conv2D(channels, 3, activation="relu", name=f"conv{number}")(x)
        x = layers.MaxPooling2D(name=f"pool{number}")(x)
    x = layers.Flatten(name="flat")(x)
    x = layers.Dense(HIDDEN, activation="relu", name=FEATURES_LAYER)(x)
    x = layers.Dropout(plan.dropout, seed=plan.seed, name="dropout")(x)
    x = layers.Dense(1, name="logits")(x)
    x = layers.Rescaling(1.0, name=TEMPERATURE_LAYER)(x)
    second = layers.Activation("sigmoid", name="sigmoid")(x)
    first = layers.Rescaling(-1.0, offset=1.0, name="rest")(second)
    return keras.Model(pixels, layers.Concatenate(name="probabilities")([first, second]), name="small_cnn")


def _grey(pixels: "keras.KerasTensor", side: int) -> "keras.KerasTensor":
    """(pictures, 100, 100, 1), 0 to 1, by layers without a weight: those of the network are counted."""
    from keras import layers

    x = pixels
    if side != SIDE:
        x = layers.Resizing(SIDE, SIDE, name="resize")(x)
    # a mean over three channels, each weighted with three times its share
    x = layers.Rescaling([3 * share / 255 for share in LUMA], name="luma")(x)
    x = layers.Reshape((SIDE * SIDE, 3), name="pixel_rows")(x)
    x = layers.GlobalAveragePooling1D(data_format="channels_first", name="grey_rows")(x)
    return layers.Reshape((SIDE, SIDE, 1), name="grey")(x)
