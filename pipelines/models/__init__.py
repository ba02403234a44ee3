"""Architectures, one module each; preprocessing is inside the model: RGB 0–255 in, probabilities out."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.stage_params import TrainParams

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True, slots=True)
class Network:
    """A model to fit. With a trunk, only the head learns, on the trunk's features."""

    model: "keras.Model"
    """(pictures, height, width, 3), RGB 0–255 -> (pictures, classes), rows add up to 1."""
    trunk: "keras.Model | None" = None
    """Frozen; shares its layers with `model`."""
    head: "keras.Model | None" = None


def build_network(params: TrainParams, class_count: int, weights_dir: Path | None) -> Network:
    """The architecture that params name. Imports Keras, and with it TensorFlow, only here."""
    if params.architecture == "mobilenet_v2":
        from pipelines.models.mobilenet_v2 import build_mobilenet_v2

        return build_mobilenet_v2(params, class_count, weights_dir)
    from pipelines.models.compact_cnn import build_compact_cnn

    return Network(build_compact_cnn(class_count, params.image_size, params.dropout, params.seed))
