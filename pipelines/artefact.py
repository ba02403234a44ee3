"""The model artefact: the folder that MLflow keeps for a version and that a worker loads.

MLmodel, data/model.keras ...     what `mlflow.keras` writes and loads
serving/model.xml, model.bin      the OpenVINO network: uint8 RGB in, probabilities out
serving/classifier.json           class names, input size, preprocessing, and when a picture counts as unknown
serving/detector.onnx             the face detector of a network that looks at faces
serving/reference.npz             training pictures in feature space, which new ones are compared with
serving/golden.npz                a few small pictures with the answers that a loaded copy must give again
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal, get_args

from pipelines.class_names import check_class_names
from pipelines.errors import ModelError
from pipelines.evaluation.unknown import UnknownThresholds
from pipelines.preprocessing import Decoding, Subject

SERVING_FOLDER: Final = "serving"
NETWORK_FILE: Final = f"{SERVING_FOLDER}/model.xml"
CARD_FILE: Final = f"{SERVING_FOLDER}/classifier.json"
REFERENCE_FILE: Final = f"{SERVING_FOLDER}/reference.npz"
DETECTOR_FILE: Final = f"{SERVING_FOLDER}/detector.onnx"
GOLDEN_FILE: Final = f"{SERVING_FOLDER}/golden.npz"
ALLOWED_FILES: Final = frozenset(
    {
        "MLmodel",
        "conda.yaml",
        "python_env.yaml",
        "requirements.txt",
        "input_example.json",
        "serving_input_example.json",
        "data/keras_module.txt",
        "data/model.keras",
        "data/save_format.txt",
        NETWORK_FILE,
        f"{SERVING_FOLDER}/model.bin",
        CARD_FILE,
        REFERENCE_FILE,
        DETECTOR_FILE,
        GOLDEN_FILE,
    }
)
# MLflow writes it into what it downloads; it is no part of the artefact
_ADDED_BY_DOWNLOAD: Final = "registered_model_meta"

Precision = Literal["f32", "bf16", "int8"]
"""Of the numbers in which a network is computed."""


@dataclass(frozen=True, slots=True)
class ValidationAnswers:
    """What the version said about its own validation pictures; live answers are held against it."""

    pictures: int
    label_shares: tuple[float, ...]
    """Share of each class among the answers, in the order of the class names."""
    unknown_share: float


@dataclass(frozen=True, slots=True)
class ServingCard:
    """What a worker must know beside the network."""

    classifier: str
    class_names: tuple[str, ...]
    image_size: int
    """Height and width in pixels of the network's input."""
    preprocessing: str
    """How a picture becomes the network's input, in words; its hash is a tag of the version."""
    dataset_md5: str
    subject: Subject = "picture"
    """What the network looks at: the whole picture, or its largest face."""
    temperature: float = 1.0
    """By which the network divides its logits already; told for the record."""
    unknown: UnknownThresholds | None = None
    """Beyond them a picture is of nothing the model knows; None: every picture counts as known."""
    precision: Precision = "f32"
    """In which the OpenVINO network serves: bf16 is a way to compile it, int8 lies in the network itself."""
    validation: ValidationAnswers | None = None
    """None in artefacts that were made before it was kept."""
    decoding: Decoding = "full"
    """How pictures are decoded; cards of before there was a choice do not say it."""

    def save(self, artefact: Path) -> None:
        file = artefact / CARD_FILE
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(asdict(self), indent=2, ensure_ascii=False), encoding="utf-8")

    @classmethod
    def load(cls, artefact: Path, *, head_size: int | None = None) -> "ServingCard":
        """Raises ModelError when the card is missing or its class names break their contract.

        `head_size`, where the network has been read already, is the number of classes that it answers with.
        """
        try:
            fields = json.loads((artefact / CARD_FILE).read_text(encoding="utf-8"))
            unknown = fields.get("unknown")
            thresholds = UnknownThresholds(**unknown) if unknown else None
            validation = _parse_validation(fields.get("validation"))
            names = tuple(fields["class_names"])
            _check_decoding(fields)
            card = cls(**{**fields, "class_names": names, "unknown": thresholds, "validation": validation})
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ModelError(
                f"Expected a serving card at {artefact / CARD_FILE}. {error}. Train or import the model again."
            ) from error
        check_class_names(
            card.class_names, head_size=head_size, mend="Correct the class folders' names and train again."
        )
        return card


def _check_decoding(fields: dict[str, Any]) -> None:
    """A card of a later Vigía must not be answered with other pixels than it means."""
    if (found := fields.get("decoding", "full")) not in get_args(Decoding):
        raise ValueError(f"Its decoding is {found!r}, not {' or '.join(get_args(Decoding))}.")


def _parse_validation(fields: dict[str, Any] | None) -> ValidationAnswers | None:
    return ValidationAnswers(**{**fields, "label_shares": tuple(fields["label_shares"])}) if fields else None


def digest_artefact(artefact: Path) -> str:
    """SHA-256 over `<file's SHA-256>  <relative path>` lines in path order.

    Raises ModelError for a file that is not on the allow-list, a link, or an empty folder.
    """
    lines = [f"{hash_file(artefact / name)}  {name}\n" for name in _list_files(artefact)]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def verify_artefact(artefact: Path, expected_sha256: str) -> None:
    """Raises ModelError when the files differ from those that were registered."""
    actual = digest_artefact(artefact)
    if actual != expected_sha256:
        raise ModelError(
            f"Expected the artefact with SHA-256 {expected_sha256[:12]}…, received {actual[:12]}…: "
            f"its files were changed after registration. Train or import the model again."
        )


def hash_file(file: Path) -> str:
    """SHA-256 in hex."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _list_files(artefact: Path) -> list[str]:
    names = sorted(path.relative_to(artefact).as_posix() for path in artefact.rglob("*") if not path.is_dir())
    names = [name for name in names if name != _ADDED_BY_DOWNLOAD]
    strangers = [name for name in names if name not in ALLOWED_FILES or (artefact / name).is_symlink()]
    if strangers or not names:
        raise ModelError(
            f"Expected only the files of a model artefact in {artefact}, found: {', '.join(strangers) or 'none'}."
        )
    return names
