"""EfficientNetV2-B0 (Tan and Le 2021, arXiv:2104.00298)."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

from pipelines.models.contract import FEATURES_LAYER, build_head
from pipelines.models.weights import load_base
from pipelines.training.params import TrainPlan

if TYPE_CHECKING:
    import keras

TAIL_CUT: Final = "block5e_add"
"""What comes after it learns with `finetune: tail`: a third of the arithmetic, four fifths of the weights."""


def build_efficientnet_v2_b0(plan: TrainPlan, class_count: int, weights_dir: Path | None) -> "keras.Model":
    """RGB 0 to 255 in: scaling is part of the published network.

    Raises ModelError when pretrained weights are asked for and cannot be had.
    """
    import keras

    keras.utils.set_random_seed(plan.seed)
    pixels = keras.Input((plan.image_size, plan.image_size, 3), name="pixels")
    base = load_base(keras.applications.EfficientNetV2B0, plan, pixels, weights_dir)
    features = keras.layers.GlobalAveragePooling2D(name=FEATURES_LAYER)(base.output)
    return keras.Model(pixels, build_head(features, class_count, plan.dropout, plan.seed), name="efficientnet_v2_b0")
