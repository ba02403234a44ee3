"""The sections of params.yaml as frozen, strict types; a stage of dvc.yaml reads the section of its name."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Share = Annotated[float, Field(ge=0, le=1)]


class StrictParams(BaseModel):
    """Frozen; a key that is not known is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class SplitShares(StrictParams):
    """Shares of the pictures; together 1."""

    train: Share = 0.7
    validation: Share = 0.15
    test: Share = 0.15

    @model_validator(mode="after")
    def _together_one(self) -> "SplitShares":
        total = self.train + self.validation + self.test
        if abs(total - 1) > 1e-6:
            raise ValueError(f"expected shares that add up to 1, received {total:g}")
        return self


class PrepareParams(StrictParams):
    """How pictures become shards."""

    labels: Literal["folder"] = "folder"
    """A label is the class folder's name."""
    splits: SplitShares = SplitShares()
    max_side: int = Field(default=320, ge=32, le=4096)
    """Longest side in pixels kept in the shards; larger pictures are scaled down."""
    shard_pictures: int = Field(default=512, ge=1)
    """Pictures in one TFRecord file."""
    min_per_class: int = Field(default=3, ge=3)
    """Fewest pictures of a class; with fewer the dataset is refused."""


class AugmentParams(StrictParams):
    """Random changes of training pictures only."""

    flip: bool = True
    """Mirror left and right."""
    rotation_degrees: float = Field(default=8, ge=0, le=180)
    """Largest turn, either way."""
    zoom: float = Field(default=0.1, ge=0, lt=1)
    """Largest change of size, as a share."""
    translation: float = Field(default=0.08, ge=0, lt=1)
    """Largest shift, as a share of the side."""
    brightness: float = Field(default=0.15, ge=0, le=1)
    """Largest change, as a share of the full range."""
    contrast: float = Field(default=0.15, ge=0, le=1)
    """Largest change, as a share."""


class TrainParams(StrictParams):
    """How a model is fitted."""

    architecture: Literal["compact_cnn", "mobilenet_v2"] = "compact_cnn"
    """A small network fitted from nothing, or MobileNetV2."""
    weights: str = "none"
    """`none`, `imagenet`, or a file name looked up in VIGIA_WEIGHTS_DIR."""
    image_size: int = Field(default=64, ge=32, le=1024)
    """Height and width in pixels of the network's input."""
    epochs: int = Field(default=12, ge=1, le=10_000)
    """Passes over the training pictures."""
    batch_size: int = Field(default=32, ge=1, le=4096)
    """Pictures a step."""
    learning_rate: float = Field(default=2e-3, gt=0, lt=1)
    """At its highest."""
    dropout: float = Field(default=0.2, ge=0, lt=1)
    """Share of the features left out while fitting."""
    label_smoothing: float = Field(default=0.0, ge=0, lt=1)
    """Share of each label spread over all classes."""
    seed: int = Field(default=7, ge=0)
    """Of every random choice of a training."""
    augment: AugmentParams = AugmentParams()


class EvaluateParams(StrictParams):
    """What the report counts."""

    calibration_bins: int = Field(default=15, ge=2, le=100)
    """Bins of the reliability diagram and of the calibration error."""


class ExportParams(StrictParams):
    """Serving format and how far it may stray from Keras."""

    format: Literal["openvino"] = "openvino"
    """What a worker runs."""
    max_difference: float = Field(default=1e-3, gt=0)
    """Largest difference of a probability from Keras; beyond it the export fails."""


class PromoteParams(StrictParams):
    """The gate between candidate and production."""

    majority_margin: float = Field(default=0.05, ge=0, lt=1)
    """First version: accuracy must exceed the majority class's share by this much."""
    macro_f1_margin: float = Field(default=0.0, ge=0, lt=1)
    """Later versions: macro-F1 must exceed production's by more than this."""


class ScheduleParams(StrictParams):
    """When the served deployment trains by itself; off until switched on in the Prefect UI."""

    cron: str = "0 3 * * *"
    """Five fields, UTC."""


class SampleParams(StrictParams):
    """The drawn dataset of a built-in classifier."""

    images: int = Field(default=1400, ge=24, le=1_000_000)
    """Pictures drawn."""
    seed: int = Field(default=7, ge=0)
    """Same seed, same bytes."""


class ClassifierParams(StrictParams):
    """One classifier's section; its stages read one part each."""

    sample: SampleParams = SampleParams()
    prepare: PrepareParams = PrepareParams()
    train: TrainParams = TrainParams()
    evaluate: EvaluateParams = EvaluateParams()
    export: ExportParams = ExportParams()
    promote: PromoteParams = PromoteParams()
    schedule: ScheduleParams = ScheduleParams()
