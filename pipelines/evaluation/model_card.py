"""model_card.md: what a model is for, what it learned from, how good it is, and where it should not be trusted.

The headings follow Mitchell et al. 2019, "Model Cards for Model Reporting" (arXiv:1810.03993).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.evaluation.evaluating import Evaluation
from pipelines.evaluation.intervals import Interval
from pipelines.evaluation.slices import SliceFigures

SMALL_TEST = 200


@dataclass(frozen=True, slots=True)
class CardFacts:
    """What the evaluation itself does not know."""

    classifier: str
    architecture: str
    image_size: int
    dataset_md5: str
    training_pictures: int
    validation_pictures: int
    origin: str | None = None
    """Where a model that was trained elsewhere came from; nothing is known of what it learned from."""

    @property
    def provenance(self) -> str:
        if self.origin is None:
            return f"trained on {self.training_pictures} pictures"
        return f"trained elsewhere, imported from {self.origin}"


def build_model_card(facts: CardFacts, evaluation: Evaluation) -> str:
    """Markdown."""
    report, names = evaluation.report, evaluation.class_names
    limits = "\n".join(f"- {limit}" for limit in list_limits(evaluation, facts.classifier))
    return f"""# {facts.classifier}: model card

## Intended use

Says which of {len(names)} classes a picture shows: {", ".join(names)}. One label a picture, with a calibrated
confidence; pictures of other things are meant to be refused as unknown. It decides nothing by itself: what depends on
its answer should be looked at by a person where a mistake costs more than a second look.

## Model

{facts.architecture}, {facts.image_size}x{facts.image_size} pixels. RGB from 0 to 255 in, probabilities out; the
preprocessing and the temperature are part of the network.

## Data

{describe_data(facts, report.pictures)}

## Figures

{_write_figures(evaluation)}

## Limits

{limits}
"""


def describe_data(facts: CardFacts, test_pictures: int) -> str:
    """What the model learned from, as far as that is known, and what it was measured with."""
    version = f"Dataset version `{facts.dataset_md5}`"
    if facts.origin is not None:
        return (
            f"The model was {facts.provenance}. What it learned from is not known:\n"
            f"the figures below are too good if it saw these pictures. {version}:\n"
            f"{facts.validation_pictures} pictures to choose and calibrate with, "
            f"{test_pictures} for the figures below."
        )
    return (
        f"{version}: {facts.training_pictures} pictures to learn from, {facts.validation_pictures} to\n"
        f"choose and calibrate with, {test_pictures} for the figures below, which the model never saw. Pictures that "
        f"look the\nsame are always in the same split."
    )


def _write_figures(evaluation: Evaluation) -> str:
    floor = evaluation.ece_floor
    figures = _write_table(
        ("figure", "value", "95 % interval"),
        [(name, f"{each.value:.4f}", _write_range(each, 4)) for name, each in evaluation.intervals.items()],
    )
    classes = _write_table(
        ("class", "precision", "recall", "F1", "pictures"),
        [
            (each.name, f"{each.precision:.3f}", f"{each.recall:.3f}", f"{each.f1:.3f}", str(each.pictures))
            for each in evaluation.classes
        ],
    )
    slices = _write_table(
        ("part of the pictures", "accuracy", "95 % interval", "pictures"),
        [(each.name, f"{each.accuracy:.3f}", _write_range(each, 3), str(each.pictures)) for each in evaluation.slices],
    )
    calibration = (
        f"Calibration error {evaluation.report.ece:.4f} ({evaluation.ece_before:.4f} before scaling). A perfectly "
        f"calibrated model would show\n{floor.value:.4f} on as many pictures, {_write_range(floor, 4)} in 95 of 100 "
        "draws."
    )
    return "\n\n".join([figures, calibration, classes, *([slices] if evaluation.slices else [])])


def _write_table(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (heading, ["---"] * len(heading), *rows))


def _write_range(figure: Interval | SliceFigures, digits: int) -> str:
    return f"{figure.low:.{digits}f} to {figure.high:.{digits}f}"


def list_limits(evaluation: Evaluation, classifier: str) -> list[str]:
    """Sentences with their figures; what was not measured is said too."""
    limits = []
    report = evaluation.report
    if report.pictures < SMALL_TEST:
        limits.append(f"Only {report.pictures} test pictures: the intervals above are wide for that reason.")
    seen = [each for each in evaluation.classes if each.pictures]
    if seen:
        worst = min(seen, key=lambda each: each.f1)
        limits.append(f"The weakest class is {worst.name}, with an F1 of {worst.f1:.3f} on {worst.pictures} pictures.")
    usual = evaluation.robustness.get("none")
    for name, accuracy in evaluation.robustness.items():
        if usual is not None and usual - accuracy > 0.05:
            limits.append(f"Accuracy falls from {usual:.3f} to {accuracy:.3f} on pictures with {name}.")
    limits += [
        f"Accuracy is {each.accuracy:.3f} on the {each.name} ({each.pictures} pictures)."
        for each in evaluation.slices
        if report.accuracy - each.accuracy > 0.05
    ]
    limits.append(f"{evaluation.refused:.1%} of the test pictures are refused as unknown though they are known.")
    limits += [
        f"{1 - each.refused:.1%} of {each.pictures} pictures of {each.name} are taken for known, though they are not."
        for each in evaluation.strangers
    ]
    if not evaluation.strangers:
        limits.append(
            f"Pictures of other things were not shown to it here; `vigia evaluate {classifier}` does, and says how "
            "many it refuses."
        )
    limits.append("Pictures taken with other cameras, in other light or places than the dataset's were not measured.")
    return limits
