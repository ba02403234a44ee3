"""The sections of params.yaml as frozen, strict types; a stage of dvc.yaml reads the section of its name."""

from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from pipelines.consensus_params import ConsensusParams
from pipelines.guard_params import GuardParams
from pipelines.shadow_params import ShadowParams
from pipelines.strict_params import StrictParams
from pipelines.training.params import TrainParams
from pipelines.tuning.space import TuneParams

Share = Annotated[float, Field(ge=0, le=1)]
Severity = Literal["error", "warning", "info", "off"]


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


class NearDuplicateParams(StrictParams):
    """When two pictures look alike, and therefore must share a split."""

    enabled: bool = True
    """Off: only files with the same bytes are alike."""
    distance: float = Field(default=0.35, gt=0, le=1)
    """Largest distance in the coarse, 0 for the same look: 0.02 for another encoding, 0.2 for much more light."""
    detail: float = Field(default=0.8, ge=0.3, le=1)
    """How far the finer parts must agree: 1 wholly; pictures without relation 0.1."""


class PrepareParams(StrictParams):
    """How pictures become shards."""

    labels: Literal["folder", "make", "make_model", "make_model_year"] = "folder"
    """A label is the class folder's name, or what classes.csv says of the folder."""
    label_names: dict[str, str] = Field(default_factory=dict)
    """Label: the name that takes its place; labels with the same name become one class."""
    splits: SplitShares = SplitShares()
    official_splits: bool = True
    """Keep the splits that the source of the pictures gives; off: they are split like any others."""
    near_duplicates: NearDuplicateParams = NearDuplicateParams()
    crop_boxes: bool = True
    """Cut a picture to the box around the labelled thing, where the source has one."""
    box_margin: float = Field(default=0.1, ge=0, le=2)
    """Added to each side of a box, as a share of its width or height."""
    max_side: int = Field(default=320, ge=32, le=4096)
    """Longest side in pixels kept in the shards; larger pictures are scaled down."""
    encoding: Literal["jpeg", "original"] = "jpeg"
    """What the shards hold: JPEGs of at most `max_side`, or each file's own bytes, whatever its size."""
    shard_pictures: int = Field(default=512, ge=1)
    """Pictures in one TFRecord file."""
    min_per_class: int = Field(default=3, ge=3)
    """Fewest pictures of a class; with fewer the dataset is refused."""


class AuditParams(StrictParams):
    """What the audit looks for: how serious each check's findings are, then its bounds. `error` stops training."""

    exact_duplicates: Severity = "warning"
    """Pictures with the same bytes."""
    near_duplicates: Severity = "info"
    """Pictures that look the same."""
    two_labels: Severity = "warning"
    """The same picture, or one that looks like it, under two labels."""
    leaks: Severity = "error"
    """The same picture, or one that looks like it, in two splits."""
    blurred: Severity = "warning"
    """Pictures without crisp edges."""
    dark: Severity = "warning"
    """Pictures in which nothing is light."""
    bright: Severity = "warning"
    """Pictures in which nothing is dark."""
    low_information: Severity = "warning"
    """Pictures of hardly more than one tone."""
    tiny: Severity = "warning"
    """Pictures of few pixels."""
    odd_aspect: Severity = "info"
    """Pictures far longer than the others."""
    small_class: Severity = "warning"
    """Classes with few pictures."""
    imbalance: Severity = "warning"
    """Classes with many times the pictures of others."""
    similar_names: Severity = "warning"
    """Classes whose names differ only in case, spaces or spelling."""
    spurious_cue: Severity = "warning"
    """Classes that file size, dimensions or border give away."""
    label_disputes: Severity = "warning"
    """Pictures that look like another class; needs pretrained weights, so `vigia data audit` alone runs it."""
    rejected: Severity = "info"
    """Files that did not become pictures of the dataset."""
    blur_above: float = Field(default=0.62, ge=0, le=1)
    """Share of the edges that survives another blurring; with more a picture is blurred."""
    dark_below: float = Field(default=0.35, ge=0, le=1)
    """Brightness that 99 % of a dark picture stay below."""
    bright_above: float = Field(default=0.7, ge=0, le=1)
    """Brightness that 95 % of a bright picture exceed."""
    entropy_below: float = Field(default=2.4, ge=0, le=6)
    """Bits of the grey histogram (0 to 6); with fewer a picture holds little information."""
    aspect_above: float = Field(default=3.0, ge=1)
    """Longer side by shorter side; with more a picture is odd."""
    outlier_deviations: float = Field(default=4.0, ge=0)
    """How far a picture must also lie from the dataset's median, in robust deviations; 0: the bounds alone count."""
    tiny_side: int = Field(default=32, ge=1)
    """Shorter side in pixels; with less a picture is tiny."""
    class_pictures: int = Field(default=20, ge=1)
    """Fewest pictures of a class that is not small."""
    imbalance_ratio: float = Field(default=10.0, ge=1)
    """Largest class by smallest class; with more the dataset is out of balance."""
    cue_margin: float = Field(default=0.35, ge=0, le=1)
    """How far a cue may tell a class from the others beyond chance: 0 not at all, 1 always."""
    dispute_margin: float = Field(default=0.2, ge=0, le=1)
    """How sure the other pictures must be of another class to dispute a label: 0 hardly, 1 wholly."""


class EvaluateParams(StrictParams):
    """What the report counts."""

    calibration_bins: int = Field(default=15, ge=2, le=100)
    """Bins of the reliability diagram and of the calibration error."""
    false_reject_rate: float = Field(default=0.03, ge=0, lt=0.5)
    """Share of validation pictures that may count as unknown; of other pictures a little more."""
    bootstrap_samples: int = Field(default=1000, ge=100, le=100_000)
    """Samples behind each 95 % interval."""
    robustness_pictures: int = Field(default=150, ge=0)
    """Test pictures that are spoilt and asked again; 0: none."""
    mistakes: int = Field(default=24, ge=0, le=200)
    """Most confident mistakes shown in the report."""


class ExportParams(StrictParams):
    """Serving format and how far it may stray from Keras."""

    format: Literal["openvino"] = "openvino"
    """What a worker runs."""
    formats: tuple[Literal["openvino", "onnx", "litert", "tfjs", "keras"], ...] = ("openvino",)
    """Formats whose parity is measured with each training; `vigia export` makes any of them later."""
    precision: Literal["f32", "bf16", "int8"] = "f32"
    """Of the OpenVINO network; bf16 and int8 serve only where they answer like f32, else f32 does."""
    max_difference: float = Field(default=1e-3, gt=0)
    """Largest difference of a probability from Keras; beyond it the export fails."""


class PromoteParams(StrictParams):
    """The gate between candidate and production."""

    rule: Literal["better", "not_worse"] = "better"
    """What a training must show to be promoted by itself; a person who promotes need only show `not_worse`."""
    alpha: float = Field(default=0.05, gt=0, le=0.5)
    """How improbable chance must be as the cause of a gain, a loss or a figure beyond its bound."""
    min_gain: float = Field(default=0.0, ge=0, lt=1)
    """`better`: accuracy must rise by at least this, beside not being chance."""
    max_loss: float = Field(default=0.03, ge=0, lt=1)
    """`not_worse`: accuracy may fall by at most this, and only by chance."""
    majority_margin: float = Field(default=0.05, ge=0, lt=1)
    """First version: accuracy must exceed the majority class's share by this much."""
    class_pictures: int = Field(default=10, ge=1)
    """Fewest test pictures of a class whose recall is judged."""
    class_floor: Share = 0.0
    """Least recall of each such class; 0: none."""
    class_max_loss: Share = 0.2
    """Recall that such a class may lose against production; more, and not by chance, is refused."""
    max_ece: Share = 0.1
    """Largest calibration error, where chance does not explain it; 1: none."""
    max_unknown: Share = 0.15
    """Largest share of test pictures refused as unknown, where chance does not explain it; 1: none."""
    max_latency_ms: float = Field(default=0.0, ge=0)
    """Most milliseconds for a picture on one core; 0: no bound."""
    max_latency_ratio: float = Field(default=0.0, ge=0)
    """Most milliseconds for a picture by production's; 0: no bound."""


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


SERVING_SECTIONS: Final = frozenset({"consensus", "guard", "shadow"})
"""What a running worker follows; a model is made without them."""


class ClassifierParams(StrictParams):
    """One classifier's section; its stages read one part each."""

    sample: SampleParams = SampleParams()
    prepare: PrepareParams = PrepareParams()
    audit: AuditParams = AuditParams()
    train: TrainParams = TrainParams()
    tune: TuneParams = TuneParams()
    evaluate: EvaluateParams = EvaluateParams()
    export: ExportParams = ExportParams()
    promote: PromoteParams = PromoteParams()
    schedule: ScheduleParams = ScheduleParams()
    consensus: ConsensusParams = ConsensusParams()
    guard: GuardParams = GuardParams()
    shadow: ShadowParams = ShadowParams()
