"""A small convolutional network that learns from scratch on two cores."""

from typing import TYPE_CHECKING

from pipelines.models.contract import FEATURES_LAYER, build_head

if TYPE_CHECKING:
    import keras

STEM = (16, 32, 48)
MIDDLE = (64, 96)
LAST = 128


def build_compact_cnn(class_count: int, image_size: int, dropout: float, seed: int) -> "keras.Model":
    """Input: RGB 0 to 255 (pictures, image_size, image_size, 3); output: probabilities (pictures, class_count).

    Scaling to -1..1 is a layer of the model, so whoever serves it passes plain pixels. The weights follow from
    `seed` alone. 0.2 million weights; the first two convolutions halve the picture, so that the last one sees all
    of a 64 pixel picture at a third of the cost of the same stack with pooling alone.
    """
    import keras
    from keras import layers

    keras.utils.set_random_seed(seed)
    pixels = keras.Input((image_size, image_size, 3), name="pixels")
    x = layers.Rescaling(1 / 127.5, offset=-1.0, name="scale")(pixels)
    x = _convolution(x, STEM[0], strides=2, name="stem1")
    x = _convolution(x, STEM[1], strides=2, name="stem2")
    x = _convolution(x, STEM[2], name="stem3")
    x = layers.MaxPooling2D(name="stem_pool")(x)
    x = _convolution(x, MIDDLE[0], name="middle1")
    x = _convolution(x, MIDDLE[1], name="middle2")
    x = layers.MaxPooling2D(name="middle_pool")(x)
    x = _convolution(x, LAST, name="last")
    features = layers.GlobalAveragePooling2D(name=FEATURES_LAYER)(x)
    return keras.Model(pixels, build_head(features, class_count, dropout, seed), name="compact_cnn")


def _convolution(x: "keras.KerasTensor", channels: int, *, name: str, strides: int = 1) -> "keras.KerasTensor":
    from keras import layers

    x = layers.Conv2D(channels, 3, strides=strides, padding="same", use_bias=False, name=f"{name}_conv")(x)
    # 0.9 instead of 0.99: a short training has only some hundred batches to settle the running averages
    x = layers.BatchNormalization(momentum=0.9, name=f"{name}_norm")(x)
    return layers.ReLU(name=f"{name}_relu")(x)
