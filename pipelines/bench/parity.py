"""Whether a lane answers like Keras: fast and wrong does not count."""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from pipelines.artefact import Precision
from pipelines.export.precision import LEAST_AGREEMENT as GATE_AGREEMENT
from pipelines.golden import MOST_DIFFERENCE

LEAST_AGREEMENT: Final = 0.99
FARTHEST: Final = 1.0
"""Difference of two confidences."""
ANY_NUMBER: Final = 0.999
"""What is no number is told as farther."""


@dataclass(frozen=True, slots=True)
class Said:
    """The most probable class of one picture."""

    picture: str
    label: str
    confidence: float


@dataclass(frozen=True, slots=True)
class LaneParity:
    """A lane's answers against those of Keras on the same pictures, decoded in the same way."""

    top1_agreement: float
    max_difference: float
    """Of the confidence in the most probable class."""
    pictures: int
    """Different ones."""

    def why_not(self, precision: Precision) -> str | None:
        """Why the lane's speed does not count; None where it does.

        A lower precision is judged as a version in it would be, by its answers; how far its confidences stray is told.
        """
        if not self.pictures:
            return "it answered none of the pictures"
        most = MOST_DIFFERENCE["f32"] if precision == "f32" else ANY_NUMBER
        # `not`: an answer that is no number differs too
        if not self.max_difference <= most:
            return f"its confidences differ from Keras's by up to {self.max_difference:.3g}, more than {most:g}"
        least = LEAST_AGREEMENT if precision == "f32" else GATE_AGREEMENT
        if self.top1_agreement < least:
            return f"it names the class that Keras names on {self.top1_agreement:.1%}, less than {least:.1%}"
        return None


def compare_answers(said: Iterable[Said], expected: Mapping[str, Said]) -> LaneParity:
    """Answers to pictures that are not expected are left out."""
    pairs = [(each, expected[each.picture]) for each in said if each.picture in expected]
    if not pairs:
        return LaneParity(0.0, FARTHEST, 0)
    same = sum(each.label == wanted.label for each, wanted in pairs)
    differences = [abs(each.confidence - wanted.confidence) for each, wanted in pairs]
    # `max` passes over what is no number where it is not the first; and no number is none of JSON
    apart = FARTHEST if any(map(math.isnan, differences)) else max(differences)
    return LaneParity(same / len(pairs), apart, len({each.picture for each, _ in pairs}))


def save_said(file: Path, said: Mapping[str, Iterable[Said]]) -> None:
    """By way of decoding."""
    document = {way: [asdict(each) for each in answers] for way, answers in said.items()}
    file.write_text(json.dumps(document), encoding="utf-8")


def load_said(file: Path) -> dict[str, dict[str, Said]]:
    """Way of decoding -> picture -> answer."""
    document = json.loads(file.read_text(encoding="utf-8"))
    return {way: {each["picture"]: Said(**each) for each in answers} for way, answers in document.items()}
