"""The section `train` of params.yaml, in which most values may be `auto`, and the plan in which none is."""

from typing import Annotated, Literal

from pydantic import Field

from pipelines.preprocessing import Decoding, Subject
from pipelines.strict_params import StrictParams

Auto = Literal["auto"]
Architecture = Literal[
    "compact_cnn",
    "small_cnn",
    "regularised_cnn",
    "mobilenet_v2",
    "resnet50",
    "efficientnet_v2_b0",
    "vision_transformer",
    "face_embedding",
]
Finetune = Literal["head", "tail", "all"]
Optimizer = Literal["adam", "adamw", "sgd"]
Schedule = Literal["constant", "step", "cosine", "plateau"]

Share = Annotated[float, Field(ge=0, le=1)]
Part = Annotated[float, Field(ge=0, lt=1)]
Degrees = Annotated[float, Field(ge=0, le=180)]
Side = Annotated[int, Field(ge=32, le=1024)]
Count = Annotated[int, Field(ge=1, le=10_000)]
Rate = Annotated[float, Field(gt=0, lt=1)]


class Augmentation(StrictParams):
    """AugmentParams, settled."""

    flip: bool = True
    rotation_degrees: Degrees = 10.0
    zoom: Part = 0.15
    crop: Part = 0.25
    aspect: Part = 0.15
    translation: Part = 0.05
    brightness: Share = 0.12
    contrast: Share = 0.25
    erasing: Share = 0.3


class AugmentParams(StrictParams):
    """Random changes of training pictures only."""

    flip: Auto | bool = "auto"
    """Mirror left and right."""
    rotation_degrees: Auto | Degrees = "auto"
    """Largest turn, either way."""
    zoom: Auto | Part = "auto"
    """Largest change of size, either way, as a share."""
    crop: Auto | Part = "auto"
    """Largest part of the side that is cut away."""
    aspect: Auto | Part = "auto"
    """Largest change of width against height, as a share."""
    translation: Auto | Part = "auto"
    """Largest shift, as a share of the side."""
    brightness: Auto | Share = "auto"
    """Largest change, as a share of the full range."""
    contrast: Auto | Share = "auto"
    """Largest change, as a share."""
    erasing: Auto | Share = "auto"
    """Share of the pictures that lose a rectangle (Zhong et al. 2017, arXiv:1708.04896)."""


class _Settled(StrictParams):
    """What is never `auto`."""

    subject: Subject = "picture"
    """What tells the classes apart, for `architecture: auto`: the whole picture, or the largest `face` in it."""
    optimizer: Optimizer = "adamw"
    """`sgd` has Nesterov's momentum."""
    schedule: Schedule = "cosine"
    """Of the learning rate after the warm-up: down to a fiftieth as half a cosine, by steps, on a plateau, or not."""
    warmup: Part = 0.05
    """Share of the steps in which the learning rate rises to its highest."""
    l2: float = Field(default=0.0, ge=0)
    """Penalty on the squares of the weights, as a part of the loss."""
    class_weights: bool = False
    """Weigh pictures of small classes up, so that every class weighs the same."""
    patience: int = Field(default=0, ge=0)
    """Epochs without a lower validation loss after which training stops; 0: it never does."""
    chance_epochs: int = Field(default=5, ge=0)
    """Epochs after which a training that is no better than chance stops with an error; 0: it never does."""
    precision: Literal["auto", "float32"] = "auto"
    """`auto`: 16 bit arithmetic on a GPU, 32 bit on a CPU."""
    deterministic: bool = True
    """The same numbers every time on the same machine; a little slower on a GPU."""
    tensorboard: bool = False
    """Also write the curves below VIGIA_HOME for TensorBoard."""
    seed: int = Field(default=7, ge=0)
    """Of every random choice of a training."""


class _Chosen(StrictParams):
    architecture: Architecture = "compact_cnn"
    weights: str = "none"
    finetune: Finetune = "all"
    image_size: Side = 64
    views: Count = 1
    epochs: Count = 12
    batch_size: Annotated[int, Field(ge=1, le=4096)] = 16
    learning_rate: Rate = 3e-3
    weight_decay: Part = 1e-4
    dropout: Part = 0.2
    label_smoothing: Part = 0.0
    mixup: Share = 0.0
    cutmix: Share = 0.0
    keep: Literal["best", "last"] = "best"


class TrainPlan(_Settled, _Chosen):
    """TrainParams with every `auto` settled: what a training does."""

    decoding: Decoding = "full"
    """Plans of before there was a choice do not say it."""
    augment: Augmentation = Augmentation()


class _Open(StrictParams):
    architecture: Auto | Architecture = "auto"
    """A small network fitted from nothing, or a well-known one."""
    weights: str = "auto"
    """What the network starts from: `none`, `imagenet`, or a file name looked up in VIGIA_WEIGHTS_DIR."""
    finetune: Auto | Finetune = "auto"
    """What learns of a pretrained network: the last layer, its last blocks too, or everything."""
    image_size: Auto | Side = "auto"
    """Height and width in pixels of the network's input."""
    views: Auto | Count = "auto"
    """Changed copies of each picture, the plain one included, that a frozen trunk sees."""
    epochs: Auto | Count = "auto"
    """Passes over the training pictures."""
    batch_size: Auto | Annotated[int, Field(ge=1, le=4096)] = "auto"
    """Pictures a step."""
    learning_rate: Auto | Rate = "auto"
    """At its highest."""
    weight_decay: Auto | Part = "auto"
    """Share of each weight taken off a step, times the learning rate."""
    dropout: Auto | Part = "auto"
    """Share of the features left out while the last layer is fitted."""
    label_smoothing: Auto | Part = "auto"
    """Share of each label spread over all classes while the last layer is fitted."""
    mixup: Auto | Share = "auto"
    """Spread of the mixing of pictures in pairs (Zhang et al. 2018, arXiv:1710.09412); 0: none are mixed."""
    cutmix: Auto | Share = "auto"
    """Share of the steps in which a part of each picture is pasted from another (Yun et al. 2019, arXiv:1905.04899)."""
    keep: Auto | Literal["best", "last"] = "auto"
    """The epoch whose weights remain: the one with the lowest validation loss, or the last."""


class TrainParams(_Settled, _Open):
    """How a model is fitted; `auto` takes what suits the pictures and the architecture, and the training says what."""

    decoding: Decoding = "scaled"
    """How JPEGs become whole pictures, in training and wherever the version answers: by all their pixels, or `scaled`
    to an eighth, a quarter or a half of each side where that is enough, in a third of the time."""
    augment: AugmentParams = AugmentParams()
