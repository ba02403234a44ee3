"""A registered version handed out in a format, its parity measured and written down with the version."""

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipelines.artefact import DETECTOR_FILE, GOLDEN_FILE, Precision, ServingCard
from pipelines.datasets.shards import read_split
from pipelines.errors import DatasetError, ModelError
from pipelines.export.formats import FormatName, Pixels, Source
from pipelines.export.keras import ARTEFACT_FILE, use_one_thread
from pipelines.export.measuring import Measured, ask_keras, build_format, check_measured, measure_format
from pipelines.export.packing import add_companions, check_out, check_room, list_files, save_parity, stage_folder
from pipelines.export.precision import PrecisionTrial, settle_precision
from pipelines.golden import GoldenPictures
from pipelines.images import Image
from pipelines.models.contract import load_trained
from pipelines.preprocessing import Preprocessing, build_preprocessing, find_side, prepare_or_squash
from pipelines.registry import Registry, parity_tag
from pipelines.scaled_images import decode_for
from pipelines.terminal import say

TEST_PICTURES: Final = 100


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for."""

    classifier: str
    version: int
    format: FormatName
    out: Path
    replace: bool
    """`out` is a place of our own: an earlier export there makes room."""
    prepared: Path
    """data/prepared/<classifier>, with the pictures that parity is measured on."""
    tools: Path
    max_difference: float
    precision: Precision | None = None
    """Of an OpenVINO network; None: the one in which the version serves."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What was made."""

    files: tuple[str, ...]
    rows: tuple[Measured, ...]
    """Keras, the network that serves, and the format that was asked for, last."""
    golden: int
    pictures: int
    """Of both kinds, that parity was measured on."""
    trial: PrecisionTrial | None = None
    registered: int | None = None
    """The version that was made of it."""


@dataclass(frozen=True, slots=True)
class Lowered:
    """An artefact that serves in a lower precision from now on."""

    artefact: Path
    """Gone with the export."""
    figures: Mapping[str, Any]


def export_version(registry: Registry, order: Order, register: Callable[[Lowered], int] | None = None) -> Exported:
    """Raises ModelError when the network strays too far or its precision is refused; nothing is left behind then.

    `register` makes a version of an artefact in a lower precision than that of the one asked for, once all is well.
    """
    if not order.replace:
        check_out(order.out)
    if order.precision and order.format != "openvino":
        raise ModelError(f"Expected --precision for openvino, received it for {order.format}. Leave --precision out.")
    with open_artefact(registry, order.classifier, order.version) as artefact:
        if not (artefact / ARTEFACT_FILE).is_file():
            return _hand_out_imported(registry, order, artefact)
        check_room(order.out, (artefact / ARTEFACT_FILE).stat().st_size)
        source, card = _load_source(artefact), ServingCard.load(artefact)
        pixels, golden = collect_pixels(source.artefact, card, order.prepared)
        expected = ask_keras(source.model, pixels)
        trial = _lower_precision(registry, order, source.artefact, card)
        card = ServingCard.load(source.artefact)
        with stage_folder(order.out) as folder:
            rows = []
            for name in dict.fromkeys(("keras", "openvino", order.format)):
                with _scratch(folder if name == order.format else None) as place:
                    form = build_format(name, order.tools, card.precision)
                    form.write(source, place)
                    rows.append(measure_format(form, place, pixels, expected))
            rows.sort(key=lambda row: row.format == order.format)
            precision = card.precision if order.format == "openvino" else "f32"
            figures = _record(registry, order, rows[-1], precision, trial)
            check_measured(rows[-1], order.max_difference, precision)
            add_companions(source.artefact, folder, card)
            save_parity(folder, [asdict(row) for row in rows])
        lowered = Lowered(source.artefact, figures) if trial else None
        made = register(lowered) if register and lowered else None
    return Exported(tuple(list_files(order.out)), tuple(rows), golden, len(pixels), trial, made)


@contextmanager
def open_artefact(registry: Registry, classifier: str, version: int) -> Iterator[Path]:
    """The version's artefact, its files checked against the registered digest."""
    with tempfile.TemporaryDirectory() as folder:
        yield registry.download(classifier, version, Path(folder))


def collect_pixels(artefact: Path, card: ServingCard, prepared: Path) -> tuple[Pixels, int]:
    """Golden pictures and up to 100 of the test split, as the network sees them, and how many of them are golden.

    Raises DatasetError when there are none of either kind.
    """
    preprocessing = _preprocessing_of(artefact, card)
    side = find_side(preprocessing)
    golden = GoldenPictures.load(artefact / GOLDEN_FILE).images(side) if (artefact / GOLDEN_FILE).is_file() else []
    try:
        test = [decode_for(each.encoded, side) for each in islice(read_split(prepared, "test"), TEST_PICTURES)]
    except DatasetError as error:
        if not golden:
            raise
        # they travel with the model, for places without its dataset
        say(f"parity is measured on the golden pictures alone: {error}")
        test = []
    seen = [[each for image in images if (each := preprocessing(image)) is not None] for images in (golden, test)]
    if not any(seen):
        raise DatasetError(f"Expected a face in one of {len(golden) + len(test)} pictures, found none.")
    return np.stack([*seen[0], *seen[1]]), len(seen[0])


def read_labelled_pixels(
    prepared: Path, split: str, card: ServingCard, preprocessing: Preprocessing
) -> tuple[Pixels, NDArray[np.int64]]:
    """Pictures of a split as the network sees them, and their classes."""
    images: list[Image] = []
    labels = []
    for each in read_split(prepared, split):
        size_hw = (card.image_size, card.image_size)
        image = decode_for(each.encoded, find_side(preprocessing))
        images.append(prepare_or_squash(preprocessing, image, size_hw))
        labels.append(each.label_index)
    return np.stack(images), np.array(labels, np.int64)


def _load_source(artefact: Path) -> Source:
    use_one_thread()
    return Source(artefact, load_trained(artefact / ARTEFACT_FILE))


def _hand_out_imported(registry: Registry, order: Order, artefact: Path) -> Exported:
    """The network as it serves: of an imported ONNX or LiteRT file nothing else can be made."""
    row, card = registry.version(order.classifier, order.version), ServingCard.load(artefact)
    origin = row.tags.get("vigia.origin", "a file that was not recorded")
    if order.format != "openvino" or order.precision not in (None, card.precision):
        wanted = order.precision if order.format == "openvino" else order.format
        raise ModelError(
            f"Expected a Keras model to make {wanted} of, {order.classifier} version {order.version} was imported from "
            f"{origin} without one. Export it with --format openvino alone, or convert that file."
        )
    form = build_format("openvino", order.tools, card.precision)
    apart = registry.metrics(row).get("parity_max_difference")
    told = "not recorded" if apart is None else f"at most {apart:.1e}"
    with stage_folder(order.out) as folder:
        form.write(Source(artefact, None), folder)
        size = sum(file.stat().st_size for file in folder.iterdir())
        reason = f"no Keras model to compare with; from the imported file, at the import: {told}"
        measured = Measured("openvino", None, None, None, size, reason)
        add_companions(artefact, folder, card)
        save_parity(folder, [asdict(measured)])
    return Exported(tuple(list_files(order.out)), (measured,), 0, 0)


def _lower_precision(registry: Registry, order: Order, artefact: Path, card: ServingCard) -> PrecisionTrial | None:
    if order.precision is None or order.precision == card.precision:
        return None
    if card.precision != "f32":
        raise ModelError(
            f"Expected a version that serves in f32, from which {order.precision} is made; version {order.version} "
            f"serves in {card.precision}. Choose another one with --model."
        )
    pixels, labels = read_labelled_pixels(order.prepared, "validation", card, _preprocessing_of(artefact, card))
    trial = settle_precision(artefact, order.precision, pixels, labels)
    if not trial.allowed:
        document = json.dumps(trial.metrics())
        registry.tag(order.classifier, order.version, parity_tag("openvino", order.precision), document)
        raise ModelError(
            f"Expected {order.precision} to answer like f32, found {'; '.join(trial.reasons)}. "
            f"Refused and recorded with version {order.version}; stay with f32."
        )
    return trial


def _record(
    registry: Registry, order: Order, row: Measured, precision: Precision, trial: PrecisionTrial | None
) -> Mapping[str, Any]:
    """With the version, whether or not it may be handed out; what stands there of a trial stays."""
    key = parity_tag(row.format, precision)
    figures: dict[str, Any] = dict(row.metrics()) if row.parity else {"not_checked": row.not_checked}
    if trial:
        figures |= trial.metrics()
    elif precision != "f32":
        figures = json.loads(registry.version(order.classifier, order.version).tags.get(key, "{}")) | figures
    registry.tag(order.classifier, order.version, key, json.dumps(figures))
    return figures


def _preprocessing_of(artefact: Path, card: ServingCard) -> Preprocessing:
    size_hw = (card.image_size, card.image_size)
    return build_preprocessing(card.subject, size_hw, artefact / DETECTOR_FILE, card.decoding)


@contextmanager
def _scratch(folder: Path | None) -> Iterator[Path]:
    """`folder`, or one that goes when its network was measured."""
    if folder is not None:
        yield folder
        return
    place = Path(tempfile.mkdtemp())
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)
