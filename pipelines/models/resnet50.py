"""ResNet-50 (He et al. 2015, arXiv:1512.03385), the predecessor's network for cars."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

from pipelines.models.contract import FEATURES_LAYER, build_head
from pipelines.models.weights import load_base
from pipelines.training.params import TrainPlan

if TYPE_CHECKING:
    import keras

TAIL_CUT: Final = "conv4_block6_out"
"""What comes after it learns with `finetune: tail`: a fifth of the arithmetic, two thirds of the weights."""
MEANS_RGB: Final = (123.68, 116.779, 103.939)
"""Of ImageNet; the published weights were fitted to pixels without them."""


def build_resnet50(plan: TrainPlan, class_count: int, weights_dir: Path | None) -> "keras.Model":
    """RGB 0 to 255 in. Raises ModelError when pretrained weights are asked for and cannot be had."""
    import keras

    keras.utils.set_random_seed(plan.seed)
    pixels = keras.Input((plan.image_size, plan.image_size, 3), name="pixels")
    scaled = keras.layers.Rescaling(1.0, offset=[-mean for mean in MEANS_RGB], name="scale")(pixels)
    base = load_base(keras.applications.ResNet50, plan, scaled, weights_dir)
    if plan.weights != "none":
        _take_rgb(base)
    features = keras.layers.GlobalAveragePooling2D(name=FEATURES_LAYER)(base.output)
    return keras.Model(pixels, build_head(features, class_count, plan.dropout, plan.seed), name="resnet50")


def _take_rgb(base: "keras.Model") -> None:
    """The published weights want blue first: turn the first kernel instead of every picture."""
    first = base.get_layer("conv1_conv")
    kernel, bias = first.get_weights()  # (height, width, in, out)
    first.set_weights([kernel[:, :, ::-1], bias])
