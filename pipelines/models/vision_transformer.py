"""The vision transformer (Dosovitskiy et al. 2020, arXiv:2010.11929), of Keras's own layers alone.

KerasHub has one, but brings tensorflow-text, which wants the large TensorFlow, and its layers must be there to serve.
Built from layers that Keras knows, the model is loaded by anything that loads Keras.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pipelines.errors import ModelError
from pipelines.models.contract import FEATURES_LAYER, build_head
from pipelines.models.vision_transformer_weights import Checkpoint, load_checkpoint
from pipelines.models.weights import IMAGENET_FILES, find_weights, say_where
from pipelines.training.params import TrainPlan

if TYPE_CHECKING:
    import keras

TAIL_CUT: Final = "block8_out"
"""What comes after it learns with `finetune: tail`: the last three of twelve blocks."""
EPSILON: Final = 1e-6
"""Of every normalisation, as the published weights were fitted."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The numbers in which transformers differ."""

    patch: int
    """Side of a patch in pixels."""
    width: int
    """Length of a token."""
    blocks: int
    heads: int
    hidden: int
    """Length inside a block's perceptron."""


TINY: Final = Shape(patch=16, width=192, blocks=12, heads=3, hidden=768)
"""ViT-Ti/16: 5.5 million weights, the one that two cores can fit."""


def build_vision_transformer(plan: TrainPlan, class_count: int, weights_dir: Path | None) -> "keras.Model":
    """RGB 0 to 255 in, probabilities out; with a weights file, of the shape that the file has.

    Raises ModelError for a side that patches do not fill, or weights that cannot be had or read.
    """
    import keras

    checkpoint = _find_checkpoint(plan, weights_dir)
    shape = Shape(*checkpoint.shape) if checkpoint else TINY
    if plan.image_size % shape.patch:
        nearest = max(1, round(plan.image_size / shape.patch)) * shape.patch
        raise ModelError(
            f"Expected train.image_size to be a multiple of {shape.patch} for vision_transformer, received "
            f"{plan.image_size}. Set it to {nearest}."
        )
    keras.utils.set_random_seed(plan.seed)
    pixels = keras.Input((plan.image_size, plan.image_size, 3), name="pixels")
    x = _embed(pixels, plan.image_size // shape.patch, shape)
    for number in range(shape.blocks):
        x = _block(x, shape, number)
    features = _read_token(x)
    model = keras.Model(pixels, build_head(features, class_count, plan.dropout, plan.seed), name="vision_transformer")
    if checkpoint:
        checkpoint.copy_into(model, grid=plan.image_size // shape.patch)
    return model


def _find_checkpoint(plan: TrainPlan, weights_dir: Path | None) -> Checkpoint | None:
    if plan.weights == "none":
        return None
    file = find_weights(plan.weights, IMAGENET_FILES["vision_transformer"], weights_dir)
    if file is None:
        raise ModelError(
            f"Expected ImageNet weights for vision_transformer in VIGIA_WEIGHTS_DIR, found none. "
            f"{say_where('vision_transformer')}"
        )
    return load_checkpoint(file)


def _embed(pixels: "keras.KerasTensor", grid: int, shape: Shape) -> "keras.KerasTensor":
    """(pictures, 1 + grid * grid, width): a token for the class and one for each patch, each with its position.

    A row of zeros is put before the patches, so that one layer's bias, a vector for each token, is the class token,
    the positions and the projection's own bias at once.
    """
    from keras import initializers, layers

    x = layers.Rescaling(1 / 127.5, offset=-1, name="scale")(pixels)
    x = layers.Reshape((grid, shape.patch, grid, shape.patch, 3), name="rows")(x)
    x = layers.Permute((1, 3, 2, 4, 5), name="patches")(x)
    x = layers.Reshape((grid * grid, shape.patch * shape.patch * 3), name="flat_patches")(x)
    x = layers.ZeroPadding1D((1, 0), name="class_row")(x)
    embedding = layers.EinsumDense(
        "bnp,pd->bnd",
        output_shape=(grid * grid + 1, shape.width),
        bias_axes="nd",
        bias_initializer=initializers.RandomNormal(stddev=0.02),
        name="embedding",
    )
    return embedding(x)


def _block(x: "keras.KerasTensor", shape: Shape, number: int) -> "keras.KerasTensor":
    """Attention and a perceptron, each after a normalisation and beside a short cut."""
    from keras import layers

    name = f"block{number}"
    y = layers.LayerNormalization(epsilon=EPSILON, name=f"{name}_norm1")(x)
    y = layers.MultiHeadAttention(shape.heads, shape.width // shape.heads, name=f"{name}_attention")(y, y)
    x = layers.Add(name=f"{name}_add")([x, y])
    y = layers.LayerNormalization(epsilon=EPSILON, name=f"{name}_norm2")(x)
    y = layers.Dense(shape.hidden, activation="gelu", name=f"{name}_dense1")(y)
    y = layers.Dense(shape.width, name=f"{name}_dense2")(y)
    return layers.Add(name=f"{name}_out")([x, y])


def _read_token(x: "keras.KerasTensor") -> "keras.KerasTensor":
    """What the class token has gathered, (pictures, width)."""
    from keras import layers

    _, tokens, width = x.shape
    x = layers.Cropping1D((0, tokens - 1), name="class_token")(x)
    x = layers.LayerNormalization(epsilon=EPSILON, name="norm")(x)
    return layers.Reshape((width,), name=FEATURES_LAYER)(x)
