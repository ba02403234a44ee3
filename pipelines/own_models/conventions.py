"""What a foreign model takes for pixels: the numbers and the order of colours that it was trained with.

Nothing in a file says so. Where the network does not scale pixels itself, each usual convention answers the same
validation pictures, and the one with which the answers are best is taken.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from pipelines.evaluation.calibration import apply_temperature, fit_temperature
from pipelines.evaluation.metrics import log_loss

Pixels = Literal["0..255", "0..1", "-1..1", "imagenet", "caffe"]
Channels = Literal["rgb", "bgr"]

SCALES: Final[dict[Pixels, tuple[tuple[float, float, float], tuple[float, float, float]]]] = {
    "0..255": ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
    "0..1": ((0.0, 0.0, 0.0), (255.0, 255.0, 255.0)),
    "-1..1": ((127.5, 127.5, 127.5), (127.5, 127.5, 127.5)),
    "imagenet": ((123.675, 116.28, 103.53), (58.395, 57.12, 57.375)),
    "caffe": ((123.68, 116.779, 103.939), (1.0, 1.0, 1.0)),
}
"""Mean and scale of red, green and blue: (pixel - mean) / scale."""
CLEAR_GAIN: Final = 0.02
"""A convention that is no better than by this share of the log loss may have won by chance."""


@dataclass(frozen=True, slots=True)
class Convention:
    """How uint8 RGB becomes what the model was trained with."""

    pixels: Pixels
    channels: Channels

    def __str__(self) -> str:
        return f"{self.pixels} {self.channels}"


@dataclass(frozen=True, slots=True)
class Trial:
    """One convention on the validation pictures."""

    convention: Convention
    accuracy: float
    log_loss: float
    """At the temperature that suits it best."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The convention taken, and why."""

    convention: Convention
    reason: str
    trials: tuple[Trial, ...]
    """Best first; empty where nothing had to be tried."""
    warning: str | None = None


def list_candidates(pixels: Pixels | None, channels: Channels | None, *, scales_itself: bool) -> list[Convention]:
    """What may be meant, given what the caller states and what the network does by itself."""
    numbers: Sequence[Pixels] = [pixels] if pixels else (["0..255"] if scales_itself else list(SCALES))
    orders: Sequence[Channels] = [channels] if channels else ["rgb", "bgr"]
    return [Convention(number, order) for number in numbers for order in orders]


def choose_convention(
    candidates: Sequence[Convention],
    answer: Callable[[Convention], NDArray[np.floating]],
    labels: NDArray[np.int64],
) -> Choice:
    """`answer` gives the probabilities of the pictures with `labels` under a convention."""
    if len(candidates) == 1:
        return Choice(candidates[0], "as stated", ())
    trials = sorted((_try(each, answer(each), labels) for each in candidates), key=lambda trial: trial.log_loss)
    best, second = trials[:2]
    reason = (
        f"best of {len(trials)} on {len(labels)} validation pictures: accuracy {best.accuracy:.3f}, log loss "
        f"{best.log_loss:.3f}; next {second.convention} with {second.accuracy:.3f}, {second.log_loss:.3f}"
    )
    close = second.log_loss - best.log_loss < CLEAR_GAIN * best.log_loss
    warning = (
        f"{best.convention} and {second.convention} answer the validation pictures nearly alike: state --pixels and "
        f"--channels if you know them"
    )
    return Choice(best.convention, reason, tuple(trials), warning if close else None)


def _try(convention: Convention, probabilities: NDArray[np.floating], labels: NDArray[np.int64]) -> Trial:
    calibrated = apply_temperature(probabilities, fit_temperature(labels, probabilities))
    return Trial(convention, float((calibrated.argmax(axis=1) == labels).mean()), log_loss(labels, calibrated))
