"""model_card.md: what a model is for, what it learned from, how good it is, and where it should not be trusted.

The headings follow Mitchell et al. 2019, "Model Cards for Model Reporting" (arXiv:1810.03993).
"""

from dataclasses import dataclass

from pipelines.evaluation.evaluating import Evaluation

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
    rows = "\n".join(
        f"| {name} | {interval.value:.4f} | {interval.low:.4f} to {interval.high:.4f} |"
        for name, interval in evaluation.intervals.items()
    )
    classes = "\n".join(
        f"| {each.name} | {each.precision:.3f} | {each.recall:.3f} | {each.f1:.3f} | {each.pictures} |"
        for each in evaluation.classes
    )
    limits = "\n".join(f"- {limit}" for limit in list_limits(evaluation))
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

| figure | value | 95 % interval |
|---|---|---|
{rows}

| class | precision | recall | F1 | pictures |
|---|---|---|---|---|
{classes}

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


def list_limits(evaluation: Evaluation) -> list[str]:
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
    limits.append("Pictures taken with other cameras, in other light or places than the dataset's were not measured.")
    return limits
