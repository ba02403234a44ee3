"""MobileNetV2 (Sandler et al. 2018, arXiv:1801.04381)."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

from pipelines.models.contract import FEATURES_LAYER, build_head
from pipelines.models.weights import load_base
from pipelines.training.params import TrainPlan

if TYPE_CHECKING:
    import keras

TAIL_CUT: Final = "block_12_add"
"""What comes after it learns with `finetune: tail`: a quarter of the arithmetic, three quarters of the weights."""


def build_mobilenet_v2(plan: TrainPlan, class_count: int, weights_dir: Path | None) -> "keras.Model":
    """Raises ModelError when pretrained weights are asked for and neither a file nor a download gives them."""
    import keras

    keras.utils.set_random_seed(plan.seed)
    pixels = keras.Input((plan.image_size, plan.image_size, 3), name="pixels")
    scaled = keras.layers.Rescaling(1 / 127.5, offset=-1, name="scale")(pixels)
    base = load_base(keras.applications.MobileNetV2, plan, scaled, weights_dir)
    features = keras.layers.GlobalAveragePooling2D(name=FEATURES_LAYER)(base.output)
    return keras.Model(pixels, build_head(features, class_count, plan.dropout, plan.seed), name="mobilenet_v2")
