"""What a training does where params.yaml says `auto`: decided from the pictures and the weights that are there."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pipelines.faces.detection import WEIGHTS_FILE as DETECTOR_FILE
from pipelines.models.face_embedding import EMBEDDING_FILE
from pipelines.models.suited import find_suited
from pipelines.models.weights import IMAGENET_FILES
from pipelines.training.params import Architecture, Augmentation, AugmentParams, Finetune, TrainParams, TrainPlan

FROM_NOTHING: Final = {
    "image_size": 64,
    "epochs": 12,
    "batch_size": 16,
    "learning_rate": 3e-3,
    "augment": Augmentation(rotation_degrees=0, zoom=0, crop=0, aspect=0, brightness=0, contrast=0.15, erasing=0),
}
"""Tuned on 1,000 drawn cars: two minutes from the installation to the first prediction."""
PRETRAINED: Final = {"learning_rate": 1e-3, "weight_decay": 0.05, "batch_size": 32, "dropout": 0.4, "keep": "last"}
HEAD: Final = {"image_size": 224, "views": 2, "epochs": 30, "keep": "best"}
TAIL: Final = {"label_smoothing": 0.1, "mixup": 0.5, "cutmix": 0.5}
TAIL_OF_FEW: Final = {"image_size": 288, "batch_size": 16, "learning_rate": 1.5e-3}
TAIL_OF_MANY: Final = {"image_size": 192}
SEEN_OF_FEW: Final = 11_500
"""Pictures of 288 pixels that a tail sees in all its epochs: what four minutes have room for, all else included."""
SEEN_OF_MANY: Final = 13_000
"""The same of 192 pixels, and with room for the views of more pictures."""

FEW_PICTURES: Final = 1500
"""Up to so many training pictures a large input and many views are affordable, and worth the most."""
VIEWED: Final = 5_000
"""Views that a trunk sees."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What is there to learn from."""

    pictures: int
    """Of the train split."""
    drawn: bool
    """They are a drawn sample, not photographs."""
    found: Mapping[str, bool]
    """Architecture -> its pretrained weights lie in VIGIA_WEIGHTS_DIR."""


@dataclass(frozen=True, slots=True)
class Decision:
    """A plan, and why it is this one."""

    plan: TrainPlan
    reasons: tuple[str, ...]
    """One line for each choice that was not params.yaml's."""


def decide_plan(params: TrainParams, situation: Situation) -> Decision:
    """Every `auto` settled; what params.yaml says stays as it is."""
    reasons: list[str] = []
    architecture = _choose_architecture(params, situation, reasons)
    weights = params.weights if params.weights != "auto" else _choose_weights(architecture)
    finetune = _choose_finetune(params, architecture, weights)
    values = _recipe(finetune, weights, situation.pictures)
    values |= find_suited(architecture, pretrained=weights != "none")
    said = {key: value for key, value in params.model_dump(exclude={"augment"}).items() if value != "auto"}
    chosen = {"architecture": architecture, "weights": weights, "finetune": finetune}
    augment = _settle_augmentation(params.augment, values.pop("augment", Augmentation()))
    plan = TrainPlan.model_validate(values | said | chosen | {"augment": augment})
    told = {key: value for key, value in (values | chosen).items() if key not in said}
    reasons += [f"auto: {', '.join(f'{key} {value}' for key, value in told.items())}"] if told else []
    return Decision(plan, tuple(reasons))


def _choose_architecture(params: TrainParams, situation: Situation, reasons: list[str]) -> Architecture:
    if params.architecture != "auto":
        return params.architecture
    if situation.drawn:
        reasons.append("compact_cnn, fitted from nothing: the pictures are drawn")
        return "compact_cnn"
    if params.subject == "face":
        if situation.found.get("face_embedding"):
            return "face_embedding"
        reasons.append(
            f"the whole picture instead of faces: VIGIA_WEIGHTS_DIR holds no {EMBEDDING_FILE} with {DETECTOR_FILE}"
        )
    named = params.weights not in ("auto", "imagenet", "none")
    if named or params.weights == "imagenet" or (params.weights == "auto" and situation.found.get("mobilenet_v2")):
        return "mobilenet_v2"
    if params.weights == "auto":
        reasons.append(
            f"compact_cnn, fitted from nothing: VIGIA_WEIGHTS_DIR holds no {IMAGENET_FILES['mobilenet_v2']}, "
            f"with which photographs are learned far better"
        )
    return "compact_cnn"


def _choose_weights(architecture: Architecture) -> str:
    if architecture == "face_embedding":
        return EMBEDDING_FILE
    return "imagenet" if architecture in IMAGENET_FILES else "none"


def _choose_finetune(params: TrainParams, architecture: Architecture, weights: str) -> Finetune:
    if params.finetune != "auto":
        return params.finetune
    if architecture == "face_embedding":
        return "head"
    return "all" if weights == "none" or architecture not in IMAGENET_FILES else "tail"


def _recipe(finetune: Finetune, weights: str, pictures: int) -> dict[str, Any]:
    if weights == "none":
        return dict(FROM_NOTHING)
    if finetune == "head":
        return {**PRETRAINED, **HEAD}
    if finetune == "all":
        return {**PRETRAINED, "image_size": 224, "epochs": 10, "learning_rate": 1e-4}
    few = pictures <= FEW_PICTURES
    return {
        **PRETRAINED,
        **TAIL,
        **(TAIL_OF_FEW if few else TAIL_OF_MANY),
        "views": min(7, max(2, VIEWED // max(pictures, 1))),
        "epochs": min(16, max(4, round((SEEN_OF_FEW if few else SEEN_OF_MANY) / max(pictures, 1)))),
    }


def _settle_augmentation(params: AugmentParams, recipe: Augmentation) -> Augmentation:
    said = {key: value for key, value in params.model_dump().items() if value != "auto"}
    return Augmentation.model_validate(recipe.model_dump() | said)
