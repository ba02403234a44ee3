"""What suits an architecture where params.yaml says `auto`, before the recipe for its pictures."""

from collections.abc import Mapping
from typing import Any, Final

from pipelines.faces.alignment import ALIGNED_SIDE
from pipelines.training.params import Architecture, Augmentation

ALWAYS: Final[Mapping[Architecture, Mapping[str, Any]]] = {
    "small_cnn": {"image_size": 100},
    "regularised_cnn": {"image_size": 64},
    "resnet50": {"image_size": 224, "dropout": 0.3},
    "efficientnet_v2_b0": {"image_size": 224},
    "vision_transformer": {"image_size": 224},
    "face_embedding": {"image_size": ALIGNED_SIDE, "views": 1, "epochs": 1, "keep": "last"},
}

PHOTOGRAPHS: Final = Augmentation(
    rotation_degrees=5, zoom=0.1, crop=0.15, aspect=0.1, brightness=0.08, contrast=0.2, erasing=0
)
"""Enough that a network of millions of weights does not learn a thousand photographs by heart."""
FROM_NOTHING: Final[Mapping[Architecture, Mapping[str, Any]]] = {
    "small_cnn": {"epochs": 36, "batch_size": 32, "learning_rate": 1e-3, "dropout": 0.5, "augment": PHOTOGRAPHS},
    "regularised_cnn": {"epochs": 15, "batch_size": 32, "learning_rate": 1e-3, "dropout": 0.5, "augment": PHOTOGRAPHS},
    "resnet50": {"batch_size": 32, "learning_rate": 1e-3},
    "efficientnet_v2_b0": {"batch_size": 32, "learning_rate": 1e-3},
    # a transformer without pretraining comes to nothing at the steps that suit a convolution
    "vision_transformer": {"batch_size": 32, "learning_rate": 3e-4},
}


def find_suited(architecture: Architecture, *, pretrained: bool) -> dict[str, Any]:
    """Fields of a TrainPlan; empty for the architectures that the recipes were made for."""
    suited = dict(ALWAYS.get(architecture, {}))
    return suited if pretrained else suited | dict(FROM_NOTHING.get(architecture, {}))
