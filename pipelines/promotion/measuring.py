"""The evidence for the gate, measured here and now: both versions answer the same pictures as a worker would."""

import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np

from pipelines.artefact import REFERENCE_FILE, ServingCard
from pipelines.datasets.audit.findings import read_audit
from pipelines.errors import DatasetError, ModelError, RegistryError
from pipelines.evaluation.labelled import LabelledPicture, decode_picture, decode_pictures, read_test_split
from pipelines.evaluation.reference import Reference
from pipelines.images import Image
from pipelines.inference import OpenVinoClassifier, load_classifier
from pipelines.promotion.dataset_order import read_dataset_order
from pipelines.promotion.evidence import Evidence, Measured, Missing, Parity, VersionAnswers, build_measured
from pipelines.registry import ModelVersion, Registry, parity_tag
from pipelines.stage_params import ClassifierParams

BATCH: Final = 8
TIMED_RUNS: Final = 25
PARITY_METRIC: Final = "parity_max_difference"


@dataclass(frozen=True, slots=True)
class Opened:
    """A version as a worker holds it."""

    version: int
    model: OpenVinoClassifier
    trained_on: frozenset[str]
    """SHA-256 of training pictures that the artefact names."""


def measure_evidence(
    registry: Registry, workspace: Path, params: ClassifierParams, candidate: ModelVersion, production: int | None
) -> Evidence:
    """Raises RegistryError only where the registry is away; what else cannot be measured is said in the evidence."""
    versions = registry.versions(candidate.classifier)
    serving = None if production is None else registry.version(candidate.classifier, production)
    prepared = workspace / "data" / "prepared" / candidate.classifier
    return Evidence(
        classifier=candidate.classifier,
        version=candidate.version,
        measured=_measure_answers(registry, prepared, params, candidate, serving),
        parity=_read_parity(registry, candidate, params),
        audit_errors=_read_audit_errors(prepared),
        dataset=read_dataset_order(workspace, candidate, serving, versions),
    )


def _measure_answers(
    registry: Registry,
    prepared: Path,
    params: ClassifierParams,
    candidate: ModelVersion,
    production: ModelVersion | None,
) -> Measured | Missing:
    try:
        pictures = read_test_split(prepared)
    except DatasetError as error:
        return Missing(str(error))
    try:
        with ExitStack() as stack:
            wanted = [candidate] if production is None else [candidate, production]
            opened = [stack.enter_context(_open(registry, version)) for version in wanted]
            return _compare(opened, pictures, params.evaluate.calibration_bins)
    except ModelError as error:
        return Missing(str(error))


@contextmanager
def _open(registry: Registry, version: ModelVersion) -> Iterator[Opened]:
    """Raises ModelError for an artefact that is gone, altered, or of another kind."""
    name, number = version.classifier, version.version
    with tempfile.TemporaryDirectory() as folder:
        try:
            artefact = registry.download(name, number, Path(folder))
            model = load_classifier(artefact, name, number)
            has_reference = ServingCard.load(artefact).unknown is not None
            digests = Reference.load(artefact / REFERENCE_FILE).sha256 if has_reference else ()
        except (RegistryError, ModelError) as error:
            registry.version(name, number)  # raises where the registry is away: then nothing is known of the files
            raise ModelError(f"the files of {name} version {number} cannot be used. {error}") from error
        yield Opened(number, model, frozenset(digests))


def _compare(opened: Sequence[Opened], pictures: Sequence[LabelledPicture], bins: int) -> Measured | Missing:
    """A picture that one of them was trained on would flatter it, so it judges neither."""
    seen = frozenset[str]().union(*(each.trained_on for each in opened))
    chosen = [picture for picture in pictures if picture.sha256 not in seen]
    if not chosen:
        return Missing(
            f"none of the {len(pictures)} test pictures is new to "
            f"{' and '.join(f'version {each.version}' for each in opened)}. Import pictures and run `dvc repro`."
        )
    labels = [picture.label for picture in chosen]
    models = [each.model for each in opened]
    times = _time_answers(models, [decode_picture(chosen[0], model.decode_side) for model in models])
    answers = _answer(opened, chosen, labels, times)
    candidate, production = answers[0], answers[1] if len(answers) > 1 else None
    return build_measured(labels, candidate, production, left_out=len(pictures) - len(chosen), bins=bins)


def _answer(
    opened: Sequence[Opened], pictures: Sequence[LabelledPicture], labels: Sequence[str], times: Sequence[float]
) -> list[VersionAnswers]:
    """A picture is decoded once for all that want the same of it; a batch is in memory at a time, and each version has
    a core for it."""
    parts: list[list[tuple[np.ndarray, np.ndarray, np.ndarray]]] = [[] for _ in opened]
    coming = {side: decode_pictures(pictures, side) for side in {each.model.decode_side for each in opened}}
    with ThreadPoolExecutor(len(opened)) as pool:
        for _ in range(0, len(pictures), BATCH):
            batch = {side: list(islice(images, BATCH)) for side, images in coming.items()}
            asked = [pool.submit(each.model.infer, batch[each.model.decode_side]) for each in opened]
            for answered, mine in zip(asked, parts, strict=True):
                inference = answered.result()
                best = inference.probabilities.argmax(axis=1)
                mine.append((best, inference.probabilities.max(axis=1), inference.known))
    answers = []
    for each, mine, milliseconds in zip(opened, parts, times, strict=True):
        best, confidence, known = (np.concatenate(column) for column in zip(*mine, strict=True))
        names = each.model.class_names
        truth = np.array([names.index(label) if label in names else -1 for label in labels])
        answers.append(
            VersionAnswers(
                version=each.version,
                right=best == truth,
                confidence=confidence.astype(np.float64),
                known=known,
                has_class=truth >= 0,
                milliseconds=milliseconds,
                class_names=tuple(names),
            )
        )
    return answers


def _time_answers(models: Sequence[OpenVinoClassifier], images: Sequence[Image]) -> list[float]:
    """Median milliseconds of each for one picture; in turns, for machines drift."""
    seconds: list[list[float]] = [[] for _ in models]
    for _ in range(TIMED_RUNS):
        for model, image, mine in zip(models, images, seconds, strict=True):
            began = time.perf_counter()
            model.infer([image])
            mine.append(time.perf_counter() - began)
    return [float(np.median(mine)) * 1000 for mine in seconds]


def _read_parity(registry: Registry, candidate: ModelVersion, params: ClassifierParams) -> Parity | Missing:
    metrics = registry.metrics(candidate)
    precision = candidate.precision(metrics)
    # versions of one training share its run, whatever they were exported in: each has figures of its own
    own = json.loads(candidate.tags.get(parity_tag("openvino", precision), "{}"))
    difference = own.get("max_difference", metrics.get(PARITY_METRIC))
    if difference is None:
        return Missing(
            f"the run of version {candidate.version} has no metric {PARITY_METRIC}. Train or import it again."
        )
    return Parity(difference, params.export.max_difference, precision)


def _read_audit_errors(prepared: Path) -> tuple[str, ...] | Missing:
    try:
        return tuple(f"{each.check}: {each.evidence.message}" for each in read_audit(prepared).errors)
    except DatasetError as error:
        return Missing(str(error))
