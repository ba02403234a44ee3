"""MobileNetV2 (Sandler et al. 2018, arXiv:1801.04381): a frozen trunk and a linear head."""

from pathlib import Path

import keras

from pipelines.errors import ModelError
from pipelines.models import Network
from pipelines.models.contract import FEATURES_LAYER, build_head
from pipelines.models.weights import IMAGENET_FILES, find_weights
from pipelines.stage_params import TrainParams

IMAGENET_FILE = IMAGENET_FILES["mobilenet_v2"]


def build_mobilenet_v2(params: TrainParams, class_count: int, weights_dir: Path | None) -> Network:
    """Raises ModelError when pretrained weights are asked for and neither a file nor a download gives them."""
    side = params.image_size
    base = _build_base(params.weights, side, weights_dir)
    pretrained = params.weights != "none"
    base.trainable = not pretrained

    pixels = keras.Input((side, side, 3), name="pixels")
    scaled = keras.layers.Rescaling(1 / 127.5, offset=-1, name="scale")(pixels)
    # training=False: batch norm keeps the statistics it was trained with
    maps = base(scaled, training=False) if pretrained else base(scaled)
    features = keras.layers.GlobalAveragePooling2D(name=FEATURES_LAYER)(maps)
    trunk = keras.Model(pixels, features, name="trunk")

    flat = keras.Input((features.shape[-1],), name="flat")
    head = keras.Model(flat, build_head(flat, class_count, params.dropout, params.seed))

    model = keras.Model(pixels, head(features), name="mobilenet_v2")
    return Network(model, trunk, head) if pretrained else Network(model)


def _build_base(weights: str, side: int, weights_dir: Path | None) -> keras.Model:
    file = None if weights == "none" else find_weights(weights, IMAGENET_FILE, weights_dir)
    wanted = "imagenet" if weights == "imagenet" and file is None else None
    try:
        base = keras.applications.MobileNetV2(include_top=False, weights=wanted, input_shape=(side, side, 3))
        if file:
            base.load_weights(file)
    except Exception as error:  # a download that fails raises a bare Exception, a wrong file OSError or ValueError
        raise ModelError(
            f"Expected ImageNet weights for mobilenet_v2; {' '.join(str(error).split())[:200]}. "
            f"Put {IMAGENET_FILE} into a folder and set VIGIA_WEIGHTS_DIR to it, "
            f"or train without: --set train.weights=none."
        ) from error
    return base
