"""`vigia models import` without its words: look, open in a child, choose, calibrate, measure, register."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from pipelines.artefact import GOLDEN_FILE, NETWORK_FILE, REFERENCE_FILE, ServingCard, ValidationAnswers
from pipelines.class_names import check_class_names, list_near_spellings, read_class_names
from pipelines.datasets.shards import load_class_names, read_split
from pipelines.datasets.versions import DatasetVersion
from pipelines.evaluation.answering import Network
from pipelines.evaluation.model_card import CardFacts
from pipelines.export import Parity, check_parity, compare
from pipelines.export.golden import answer_golden, choose_golden
from pipelines.golden import check_golden
from pipelines.inference import load_classifier
from pipelines.own_models.child import open_in_child
from pipelines.own_models.conventions import Channels, Choice, Convention, Pixels, choose_convention, list_candidates
from pipelines.own_models.dataset import check_labels, check_prepared, load_splits
from pipelines.own_models.draft import NETWORK_FILE as DRAFT_FILE
from pipelines.own_models.draft import Draft
from pipelines.own_models.files import check_file, recognise
from pipelines.own_models.parity import answer_plainly, write_keras_part
from pipelines.own_models.recording import ImportedModel, find_earlier, register_import
from pipelines.own_models.serving import IN_WORDS, Meaning, build_serving_network, read_meaning
from pipelines.params import load_params
from pipelines.preprocessing import DESCRIPTIONS, WholePicture
from pipelines.promotion.judging import ask_gate
from pipelines.promotion.log_book import LogBook
from pipelines.promotion.rules import PromotionDecision
from pipelines.registry import Registry, open_registry
from pipelines.settings import Settings
from pipelines.stage_params import ClassifierParams
from pipelines.stages.evaluate import Splits, evaluate_network, write_evaluation, write_pages

TRIAL_PICTURES: Final = 128
"""Validation pictures that each pixel convention answers."""
PARITY_PICTURES: Final = 64

OnLine = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class ImportWish:
    """What was asked for; None: to be found out."""

    file: Path
    class_names: Path
    classifier: str
    sha256: str | None = None
    pixels: Pixels | None = None
    channels: Channels | None = None
    image_size: int | None = None


@dataclass(frozen=True, slots=True)
class ImportOutcome:
    """What became of it."""

    classifier: str
    model_version: int
    run_id: str
    metrics: dict[str, float]
    gate: PromotionDecision
    parity: Parity
    facts: dict[str, str]
    warnings: tuple[str, ...]
    report: Path
    sha256: str
    earlier: bool
    """The same import made this version before; nothing new was registered."""


@dataclass(frozen=True, slots=True)
class _Work:
    """What every step of one import needs."""

    wish: ImportWish
    workspace: Path
    folder: Path
    """The child's."""
    params: ClassifierParams
    dataset: DatasetVersion
    class_names: tuple[str, ...]
    draft: Draft
    on_line: OnLine

    @property
    def draft_network(self) -> Path:
        return self.folder / DRAFT_FILE


def import_model(settings: Settings, workspace: Path, wish: ImportWish, on_line: OnLine) -> ImportOutcome:
    """Raises ModelError for a file that is not to be trusted or cannot be used, DatasetError without prepared pictures.

    Nothing is registered then. What passes becomes a candidate, and the gate says whether it may serve.
    """
    params = load_params(workspace).classifier(wish.classifier)
    sha256 = check_file(wish.file, wish.sha256)
    recognise(wish.file)
    names_file = read_class_names(wish.class_names)
    dataset = check_prepared(workspace, wish.classifier)
    registry = open_registry(settings)
    with tempfile.TemporaryDirectory(prefix="vigia-import-") as made:
        child, ours = Path(made, "child"), Path(made, "ours")
        child.mkdir()
        on_line(f"{wish.file.name}: opened by a child that may start nothing and write nowhere else")
        draft = open_in_child(wish.file, child, len(names_file.names), wish.image_size)
        fits = draft.head_size == len(names_file.names) or (draft.head_size, len(names_file.names)) == (1, 2)
        check_class_names(
            names_file.names,
            head_size=None if fits else draft.head_size,
            found=names_file.findings,
            mend=f"Correct {wish.class_names}.",
        )
        class_names = tuple(str(name) for name in names_file.names)
        on_line(f"{len(class_names)} class names, read as {names_file.understood}")
        work = _Work(wish, workspace, child, params, dataset, class_names, draft, on_line)
        return _measure(settings, registry, work, ours, sha256)


def _measure(settings: Settings, registry: Registry, work: _Work, folder: Path, sha256: str) -> ImportOutcome:
    wish, draft = work.wish, work.draft
    prepared = work.workspace / "data" / "prepared" / wish.classifier
    warnings = check_labels(load_class_names(prepared), work.class_names, wish.classifier)
    warnings += tuple(f"near spellings: {pair}" for pair in list_near_spellings(work.class_names))
    splits = load_splits(prepared, work.class_names, draft.image_size)
    counts = [len(each.labels) for each in (splits.train, splits.validation, splits.test)]
    work.on_line(f"{wish.classifier}: {counts[0]} training, {counts[1]} validation and {counts[2]} test pictures")
    meaning, choice = _choose(work, splits)
    warnings += (choice.warning,) if choice.warning else ()
    facts = {
        "pixels": choice.convention.pixels,
        "channels": choice.convention.channels,
        "chosen": choice.reason,
        "head": IN_WORDS[meaning],
        "features": draft.features,
        "layout": draft.layout,
        "image_size": str(draft.image_size),
    }
    work.on_line(f"pixels {choice.convention}: {choice.reason}")
    work.on_line(f"head: {IN_WORDS[meaning]}; features: {draft.features}")
    evaluate_into = settings.state / "imports" / f"{wish.classifier}-{sha256[:12]}"
    card, metrics, artefact = _evaluate(work, splits, meaning, choice.convention, folder, evaluate_into)
    _save_golden(work, card, meaning, choice.convention, artefact)
    parity = _check_parity(work, card, meaning, choice.convention, artefact, splits)
    metrics |= {f"parity_{key}": value for key, value in parity.metrics().items()}
    model = ImportedModel(card, work.params, work.dataset, wish.file.name, sha256, draft.kind, facts)
    version = find_earlier(registry, wish.classifier, model.wish_sha256)
    earlier = version is not None
    if version is None:
        version, run_id = register_import(settings, registry, work.workspace, model, metrics, artefact, evaluate_into)
    else:
        run_id = registry.version(wish.classifier, version).run_id
    return ImportOutcome(
        classifier=wish.classifier,
        model_version=version,
        run_id=run_id,
        metrics=metrics,
        gate=ask_gate(registry, LogBook(settings.resolve_database_url()), work.workspace, wish.classifier, version),
        parity=parity,
        facts=facts,
        warnings=warnings,
        report=evaluate_into / "report.html",
        sha256=sha256,
        earlier=earlier,
    )


def _choose(work: _Work, splits: Splits) -> tuple[Meaning, Choice]:
    """What the head's numbers mean, and the pixel convention under which the answers are best."""
    draft, wish = work.draft, work.wish
    few = range(min(TRIAL_PICTURES, len(splits.validation.labels)))
    images = [splits.validation.images[row] for row in few]
    candidates = list_candidates(wish.pixels, wish.channels, scales_itself=draft.scales_itself)
    scores = answer_plainly(draft, work.folder, candidates[0], None, 1.0, images)
    meaning = read_meaning(draft, len(work.class_names), scores)
    choice = choose_convention(
        candidates,
        lambda convention: answer_plainly(draft, work.folder, convention, meaning, 1.0, images),
        splits.validation.labels[: len(few)],
    )
    if len(candidates) == 1 and wish.pixels is None:
        choice = replace(choice, reason="the network scales pixels itself")
    return meaning, choice


def _evaluate(
    work: _Work, splits: Splits, meaning: Meaning, convention: Convention, folder: Path, report: Path
) -> tuple[ServingCard, dict[str, float], Path]:
    """The artefact with the calibrated network, its metrics, and a report in `report`."""
    draft, wish = work.draft, work.wish
    size = draft.image_size
    raw = folder / "raw" / "model.xml"
    build_serving_network(draft, work.draft_network, raw, convention, meaning)
    evaluation, judged, reference = evaluate_network(
        Network(raw, (size, size)), splits, work.class_names, work.params.evaluate
    )
    evaluation = replace(evaluation, size_bytes=sum(file.stat().st_size for file in raw.parent.iterdir()))
    calibration = evaluation.calibration
    assert calibration is not None  # evaluate_network calibrates  # noqa: S101
    facts = CardFacts(
        classifier=wish.classifier,
        architecture=f"{draft.kind} model",
        image_size=size,
        dataset_md5=work.dataset.md5,
        training_pictures=len(splits.train.labels),
        validation_pictures=len(splits.validation.labels),
        origin=wish.file.name,
    )
    write_evaluation(report, evaluation, judged, reference)
    write_pages(report, facts, splits, evaluation, judged)
    card = ServingCard(
        classifier=wish.classifier,
        class_names=work.class_names,
        image_size=size,
        preprocessing=f"{DESCRIPTIONS['picture']}; inside the network {convention.pixels}, {convention.channels}",
        dataset_md5=work.dataset.md5,
        temperature=calibration.temperature,
        unknown=calibration.unknown,
        validation=ValidationAnswers(calibration.pictures, calibration.label_shares, calibration.false_reject_rate),
    )
    artefact = folder / "artefact"
    card.save(artefact)
    reference.save(artefact / REFERENCE_FILE)
    network = artefact / NETWORK_FILE
    build_serving_network(draft, work.draft_network, network, convention, meaning, calibration.temperature)
    return card, evaluation.report.metrics(), artefact


def _save_golden(work: _Work, card: ServingCard, meaning: Meaning, convention: Convention, artefact: Path) -> None:
    """What every loaded copy must answer again, as the network that was read says it, not the one that serves."""
    golden = answer_golden(
        lambda images: answer_plainly(work.draft, work.folder, convention, meaning, card.temperature, images),
        len(card.class_names),
        WholePicture((card.image_size, card.image_size)),
        choose_golden(read_split(work.workspace / "data" / "prepared" / card.classifier, "test")),
    )
    golden.save(artefact / GOLDEN_FILE)
    served = load_classifier(artefact, card.classifier, version=0)
    check_golden(golden, lambda images: served.infer(images).probabilities, card.precision, served.decode_side)


def _check_parity(
    work: _Work, card: ServingCard, meaning: Meaning, convention: Convention, artefact: Path, splits: Splits
) -> Parity:
    """The served network against Keras, or against the network as it was read. Raises ModelError beyond the bound."""
    images = splits.test.images[:PARITY_PICTURES]
    if work.draft.kind == "keras":
        says = work.draft.activation != "none" or meaning in ("probabilities", "probability")
        plain = write_keras_part(work.folder, artefact, card, convention, images, says=says)
    else:
        plain = answer_plainly(work.draft, work.folder, convention, meaning, card.temperature, list(images))
    served = load_classifier(artefact, card.classifier, version=0).infer(list(images)).probabilities
    parity = compare(plain, served)
    check_parity(parity, work.params.export.max_difference)
    work.on_line(f"served network: at most {parity.max_difference:.1e} from the model on {parity.pictures} pictures")
    return parity
