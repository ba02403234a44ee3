"""What chance alone would do: the tests behind the gate's rules, so that noise neither promotes nor refuses."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

SAMPLES: Final = 400


def chance_of_gain(better: int, worse: int) -> float:
    """One-sided p-value that the candidate is no better: McNemar's exact test on the pictures that differ."""
    from scipy.stats import binom

    # at least `better` heads of so many tosses; 1 when nothing differs
    return float(binom.sf(better - 1, better + worse, 0.5))


def chance_of_loss(better: int, worse: int) -> float:
    """One-sided p-value that the candidate is no worse."""
    return chance_of_gain(worse, better)


def least_gain(differing: int, alpha: float) -> int | None:
    """Fewest pictures of lead (better minus worse) that chance gives with less than `alpha`; None when none would."""
    for worse in range(differing // 2, -1, -1):
        if chance_of_gain(differing - worse, worse) < alpha:
            return differing - 2 * worse
    return None


def chance_of_more(count: int, pictures: int, share: float) -> float:
    """P-value that at least `count` of the pictures are hit when each is with probability `share`."""
    from scipy.stats import binom

    return float(binom.sf(count - 1, pictures, share))


def calibration_error_by_chance(
    right: NDArray[np.bool_], confidence: NDArray[np.floating], bins: int
) -> tuple[float, float]:
    """The expected calibration error, and what honest confidences like these stay below in 95 of 100 samples.

    Few pictures give an error by chance alone: consistency resampling (Broecker & Smith 2007) says how large.
    """
    random = np.random.default_rng(0)
    place = np.minimum((confidence * bins).astype(np.int64), bins - 1)
    honest = [
        _calibration_error(random.random(len(confidence)) < confidence, confidence, place, bins) for _ in range(SAMPLES)
    ]
    return _calibration_error(right, confidence, place, bins), float(np.percentile(honest, 95))


def _calibration_error(
    right: NDArray[np.bool_], confidence: NDArray[np.floating], place: NDArray[np.int64], bins: int
) -> float:
    gaps = np.bincount(place, weights=right - confidence, minlength=bins)
    return float(np.abs(gaps).sum() / len(right))
