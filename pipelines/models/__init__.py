"""Architectures, one module each; preprocessing is inside the model: RGB 0–255 in, probabilities out."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.errors import ModelError
from pipelines.models.contract import FEATURES_LAYER, check_numbers, subject_of
from pipelines.preprocessing import Preprocessing, build_preprocessing
from pipelines.training.params import TrainPlan

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True, slots=True)
class Network:
    """A model to fit. With a cut, only what comes after it learns."""

    model: "keras.Model"
    """(pictures, height, width, 3), RGB 0–255 -> (pictures, classes), rows add up to 1; its layers are not nested."""
    cut: str | None
    """Name of the last layer of the frozen trunk; None: everything learns."""
    preprocessing: Preprocessing
    """From a decoded picture to what the model sees."""

    def trunk(self) -> "keras.Model":
        """Pixels -> the cut's activations. Shares its layers with `model`, as `learner` does."""
        import keras

        return keras.Model(self.model.input, self.model.get_layer(self.cut).output, name="trunk")

    def learner(self) -> "keras.Model":
        """The cut's activations -> probabilities; without a cut, the whole model."""
        import keras

        if self.cut is None:
            return self.model
        return keras.Model(self.model.get_layer(self.cut).output, self.model.output, name="learner")


def build_network(plan: TrainPlan, class_count: int, weights_dir: Path | None) -> Network:
    """The architecture that the plan names. Imports Keras, and with it TensorFlow, only here.

    Raises ModelError when its weights cannot be had or are no numbers, or when it has no such part to finetune.
    """
    model, tail_cut = _build(plan, class_count, weights_dir)
    if plan.weights != "none":
        check_numbers(model, f"the weights {plan.weights} of {plan.architecture}", "Fetch the file again")
    size_hw = (plan.image_size, plan.image_size)
    preprocessing = build_preprocessing(subject_of(plan.architecture), size_hw, weights_dir, plan.decoding)
    return Network(model, _find_cut(plan, tail_cut), preprocessing)


def _build(plan: TrainPlan, class_count: int, weights_dir: Path | None) -> "tuple[keras.Model, str | None]":
    """The model, and where its tail begins."""
    match plan.architecture:
        case "mobilenet_v2":
            from pipelines.models import mobilenet_v2

            return mobilenet_v2.build_mobilenet_v2(plan, class_count, weights_dir), mobilenet_v2.TAIL_CUT
        case "resnet50":
            from pipelines.models import resnet50

            return resnet50.build_resnet50(plan, class_count, weights_dir), resnet50.TAIL_CUT
        case "efficientnet_v2_b0":
            from pipelines.models import efficientnet_v2_b0 as efficientnet

            return efficientnet.build_efficientnet_v2_b0(plan, class_count, weights_dir), efficientnet.TAIL_CUT
        case "vision_transformer":
            from pipelines.models import vision_transformer

            model = vision_transformer.build_vision_transformer(plan, class_count, weights_dir)
            return model, vision_transformer.TAIL_CUT
        case "small_cnn":
            from pipelines.models.small_cnn import build_small_cnn

            return build_small_cnn(plan, class_count), None
        case "regularised_cnn":
            from pipelines.models.regularised_cnn import build_regularised_cnn

            return build_regularised_cnn(plan, class_count), None
        case "compact_cnn":
            from pipelines.models.compact_cnn import build_compact_cnn

            return build_compact_cnn(class_count, plan.image_size, plan.dropout, plan.seed), None
        case "face_embedding":
            from pipelines.models.face_embedding import build_face_embedding

            return build_face_embedding(class_count, weights_dir), None


def _find_cut(plan: TrainPlan, tail_cut: str | None) -> str | None:
    if plan.finetune == "all" or subject_of(plan.architecture) == "face":
        return None
    if plan.weights == "none" or tail_cut is None:
        raise ModelError(
            f"Expected pretrained weights to finetune the {plan.finetune} of {plan.architecture}, there are none. "
            f"Set train.finetune to all or auto, or name train.weights."
        )
    return FEATURES_LAYER if plan.finetune == "head" else tail_cut
