"""How much a figure would vary with other pictures of the same kind: bootstrap intervals."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with the range that holds it in 95 of 100 samples of as many pictures."""

    value: float
    low: float
    high: float


def bootstrap_interval(
    figure: Callable[[NDArray[np.int64]], float], pictures: int, *, samples: int = 1000, seed: int = 0
) -> Interval:
    """95 % percentile interval of `figure`, a function of the chosen pictures' indices (Efron & Tibshirani 1993)."""
    random = np.random.default_rng(seed)
    values = [figure(random.integers(0, pictures, pictures)) for _ in range(samples)]
    low, high = np.percentile(values, (2.5, 97.5))
    return Interval(figure(np.arange(pictures)), float(low), float(high))


def mcnemar_exact(better: int, worse: int) -> float:
    """Two-sided p-value that two models are equally good, from the pictures that only one of them got right.

    The exact binomial form (McNemar 1947), for a handful of differing pictures as well as for thousands.
    """
    from scipy.stats import binomtest

    differing = better + worse
    return 1.0 if differing == 0 else float(binomtest(better, differing, 0.5).pvalue)


def share_interval(hits: int, pictures: int) -> Interval:
    """95 % interval of a share of a few pictures, where resampling would see too little (Wilson 1927)."""
    from scipy.stats import binomtest

    test = binomtest(hits, pictures)
    low, high = test.proportion_ci(0.95, method="wilson")
    return Interval(hits / pictures, float(low), float(high))
