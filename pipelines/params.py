"""params.yaml as frozen, strict types: everything that changes a model."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedSeq
from ruamel.yaml.error import YAMLError

from pipelines.errors import ParamsError

PARAMS_FILE = "params.yaml"

ClassifierName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Share = Annotated[float, Field(ge=0, le=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SplitShares(_Strict):
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


class PrepareParams(_Strict):
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


class AugmentParams(_Strict):
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


class TrainParams(_Strict):
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


class EvaluateParams(_Strict):
    """What the report counts."""

    calibration_bins: int = Field(default=15, ge=2, le=100)
    """Bins of the reliability diagram and of the calibration error."""


class ExportParams(_Strict):
    """Serving format and how far it may stray from Keras."""

    format: Literal["openvino"] = "openvino"
    """What a worker runs."""
    max_difference: float = Field(default=1e-3, gt=0)
    """Largest difference of a probability from Keras; beyond it the export fails."""


class PromoteParams(_Strict):
    """The gate between candidate and production."""

    majority_margin: float = Field(default=0.05, ge=0, lt=1)
    """First version: accuracy must exceed the majority class's share by this much."""
    macro_f1_margin: float = Field(default=0.0, ge=0, lt=1)
    """Later versions: macro-F1 must exceed production's by more than this."""


class ScheduleParams(_Strict):
    """When the served deployment trains by itself; off until switched on in the Prefect UI."""

    cron: str = "0 3 * * *"
    """Five fields, UTC."""


class SampleParams(_Strict):
    """The drawn dataset of a built-in classifier."""

    images: int = Field(default=1400, ge=24, le=1_000_000)
    """Pictures drawn."""
    seed: int = Field(default=7, ge=0)
    """Same seed, same bytes."""


class ClassifierParams(_Strict):
    """One classifier's section; its stages read one part each."""

    sample: SampleParams = SampleParams()
    prepare: PrepareParams = PrepareParams()
    train: TrainParams = TrainParams()
    evaluate: EvaluateParams = EvaluateParams()
    export: ExportParams = ExportParams()
    promote: PromoteParams = PromoteParams()
    schedule: ScheduleParams = ScheduleParams()


class Params(_Strict):
    """The whole file."""

    datasets: tuple[ClassifierName, ...] = ()
    """Classifiers that have a dataset in this workspace; kept by `vigia data import|sample`."""
    classifiers: dict[ClassifierName, ClassifierParams]

    def classifier(self, name: str) -> ClassifierParams:
        """Raises ParamsError for a classifier without a section, naming those that have one."""
        try:
            return self.classifiers[name]
        except KeyError:
            known = ", ".join(sorted(self.classifiers))
            raise ParamsError(
                f"Expected a classifier of params.yaml ({known}), received {name!r}. "
                f"A new one begins with `vigia data import FOLDER --classifier NAME`."
            ) from None


def load_params(workspace: Path) -> Params:
    """Params of the workspace. Raises ParamsError that names each wrong key with its path."""
    file = workspace / PARAMS_FILE
    try:
        document = _yaml().load(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ParamsError(f"Expected {file}, found none. Run vigia in the folder of your clone.") from None
    except (YAMLError, UnicodeDecodeError) as error:
        raise ParamsError(f"Expected YAML in {file}. {_one_line(error)}. Correct the file and run again.") from error
    return parse_params(document)


def parse_params(document: Any) -> Params:
    """Params from a parsed YAML document."""
    try:
        return Params.model_validate(document)
    except ValidationError as error:
        raise ParamsError(
            f"params.yaml: {describe_validation_error(error)}. Correct the file and run again."
        ) from error


def describe_validation_error(error: ValidationError) -> str:
    """Every finding with its path in the file, on one line."""
    return "; ".join(
        f"{'.'.join(str(part) for part in item['loc']) or 'file'}: {_finding(item)}" for item in error.errors()
    )


def set_params(workspace: Path, classifier: str, values: Mapping[str, str]) -> dict[str, tuple[Any, Any]]:
    """Write `section.key: value` pairs of one classifier into params.yaml, comments kept.

    Values are parsed as YAML. Returns key -> (before, after) of what changed. Nothing is written when the
    outcome would not be valid.
    """
    file = workspace / PARAMS_FILE
    yaml = _yaml(round_trip=True)
    document = yaml.load(file.read_text(encoding="utf-8"))
    before = load_params(workspace).classifier(classifier).model_dump()
    section = document["classifiers"][classifier]
    if section is None:
        section = document["classifiers"][classifier] = {}
    for key, value in values.items():
        *parents, last = key.split(".")
        node = section
        for parent in parents:
            if node.get(parent) is None:
                node[parent] = {}
            node = node[parent]
            if not isinstance(node, dict):
                raise ParamsError(f"Expected a key of params.yaml, received {key}: {parent} holds a value, not keys.")
        node[last] = _yaml().load(value)
    after = parse_params(document).classifier(classifier).model_dump()
    changed = {key: (_get(before, key), _get(after, key)) for key in values if _get(before, key) != _get(after, key)}
    if changed:
        _write(file, yaml, document)
    return changed


def add_dataset(workspace: Path, classifier: str) -> None:
    """Name a classifier in `datasets`, with a section of defaults where it has none; comments kept."""
    file = workspace / PARAMS_FILE
    yaml = _yaml(round_trip=True)
    document = yaml.load(file.read_text(encoding="utf-8"))
    datasets = document.setdefault("datasets", CommentedSeq())
    datasets.fa.set_flow_style()  # in one line, so that the comments after it stay where they are
    classifiers = document["classifiers"]
    if classifier in datasets and classifier in classifiers:
        return
    if classifier not in datasets:
        datasets.append(classifier)
    # written out in full: DVC tracks only keys that are in the file
    classifiers.setdefault(classifier, ClassifierParams().model_dump(mode="json"))
    parse_params(document)
    _write(file, yaml, document)


def _yaml(*, round_trip: bool = False) -> YAML:
    yaml = YAML(typ="rt" if round_trip else "safe")
    yaml.width = 120
    return yaml


def _write(file: Path, yaml: YAML, document: Any) -> None:
    partial = file.with_suffix(".partial")
    with partial.open("w", encoding="utf-8") as stream:
        yaml.dump(document, stream)
    partial.replace(file)


def _get(tree: Mapping[str, Any], key: str) -> Any:
    node: Any = tree
    for part in key.split("."):
        node = node[part]
    return node


def _finding(item: Any) -> str:
    if item["type"] == "extra_forbidden":
        return "unknown key"
    return f"{item['msg']}, received {item['input']!r}"


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
