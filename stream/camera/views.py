"""Whether a camera still sees something: frozen, dark, blocked and blurred views, told from small pictures.

The kinds of fault and the comparison with the camera's own past are those of camera tamper detection: Ribnick et al.
2006, "Real-time detection of camera tampering" (AVSS); Saglam and Temizel 2009, "Real-time adaptive camera tamper
detection for video surveillance" (AVSS). Sharpness is the variance of the Laplacian: Pech-Pacheco et al. 2000, "Diatom
autofocusing in brightfield microscopy" (ICPR). The bounds were settled by `python -m docs.measure_views`.
"""

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from pipelines.images import Image

View = Literal["ok", "frozen", "dark", "blocked", "blurred"]

Grey = NDArray[np.uint8]

SHARPNESS_SIDE: Final = 320
"""Longest side, in pixels, of the picture whose sharpness is measured: fine enough to see a lens out of focus."""
TINY_WH: Final = (64, 48)
CELL: Final = 8
"""Side of a cell of the tiny picture, in its pixels: 8 x 6 cells in all."""
CLOCK_ROWS: Final = 6
"""Rows of the tiny picture at its top and bottom, where cameras write the time, which runs on in a frozen picture."""


@dataclass(frozen=True, slots=True)
class ViewParams:
    """When a view is called what. Brightness, contrast and change are in grey levels, 0 to 255."""

    hold_seconds: float = 3.0
    """A fault is believed, and forgotten, after it has lasted this long, and for `hold_pictures` at least."""
    hold_pictures: int = 3
    leave_factor: float = 1.3
    """A fault that is believed ends only when its bound is passed by this factor: no flapping at the bound."""

    frozen_seconds: float = 30.0
    """Longer than a video stream goes without a key frame: between two, a codec may repeat a still scene exactly."""
    frozen_change: float = 0.1
    """Mean change below which pictures are the same. A still scene changes by 0.6 and more from key frame to key
    frame, because its noise is coded anew; a picture that is repeated by 0.02 at most."""
    frozen_cell_change: float = 1.0
    """Of the cell that changed most: something small that moves."""

    dark_level: float = 38.0
    """Brightest 0.5 % of a dark view; night with a lamp in it is brighter."""

    blocked_contrast: float = 3.5
    """Standard deviation in a cell below which it shows nothing."""
    blocked_share: float = 0.95
    """Share of the cells that show nothing when a view is blocked."""

    blurred_ratio: float = 0.3
    """Sharpness against the median of the past, at most, when a view is blurred."""
    blurred_deviations: float = 4.0
    """And as many standard deviations below it, of the logarithm: a camera whose pictures differ much needs more."""
    past_seconds: float = 5.0
    """One picture in this time is remembered."""
    past_pictures: int = 720
    """An hour: slow enough for the fault to be seen, fast enough for dusk."""
    past_least: int = 24
    """Pictures remembered before any view is called blurred: two minutes."""


DEFAULT_PARAMS: Final = ViewParams()


@dataclass(frozen=True, slots=True)
class ViewSigns:
    """What the rules look at, of one picture."""

    brightest: float
    """Level that 0.5 % of the view exceeds."""
    empty_share: float
    """Share of cells without contrast, for both bounds: to become blocked, and to stay so."""
    empty_share_stay: float
    sharpness: float
    """Variance of the Laplacian by the variance of the picture: the same in fog or under a weak light."""
    samples: Grey
    """(rows, columns) pixels of the full picture, with their noise."""


def measure_signs(image: Image, params: ViewParams = DEFAULT_PARAMS) -> ViewSigns:
    """The signs of an RGB picture of any size."""
    import cv2

    # every n-th pixel of a large picture: as many as are needed, for a fraction of the time, with their noise
    thin = cv2.resize(image, _fit(image.shape[:2], 2 * SHARPNESS_SIDE), interpolation=cv2.INTER_NEAREST)
    grey = cv2.cvtColor(thin, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, _fit(grey.shape, SHARPNESS_SIDE), interpolation=cv2.INTER_AREA)
    tiny = cv2.resize(small, TINY_WH, interpolation=cv2.INTER_AREA)
    contrasts = _cells(tiny.astype(np.float32)).std(axis=(1, 3))
    samples = cv2.resize(grey, TINY_WH, interpolation=cv2.INTER_NEAREST)
    return ViewSigns(
        brightest=float(np.percentile(tiny, 99.5)),
        empty_share=float((contrasts < params.blocked_contrast).mean()),
        empty_share_stay=float((contrasts < params.blocked_contrast * params.leave_factor).mean()),
        sharpness=_measure_sharpness(np.asarray(small, np.uint8)),
        samples=np.asarray(samples[CLOCK_ROWS:-CLOCK_ROWS], np.uint8),
    )


def is_dark(signs: ViewSigns, params: ViewParams, *, stays: bool) -> bool:
    """No light anywhere; `stays`: whether it is already believed."""
    return signs.brightest < params.dark_level * (params.leave_factor if stays else 1.0)


def is_blocked(signs: ViewSigns, params: ViewParams, *, stays: bool) -> bool:
    """Light, but nothing to see over nearly the whole view."""
    return (signs.empty_share_stay if stays else signs.empty_share) >= params.blocked_share


def is_same(samples: Grey, others: Grey, params: ViewParams) -> bool:
    """The same picture, coded twice perhaps; two pictures of one still scene differ by their noise."""
    change = np.abs(samples.astype(np.int16) - others)
    if change.mean() > params.frozen_change:
        return False
    return bool(_cells(change[: change.shape[0] // CELL * CELL]).mean(axis=(1, 3)).max() <= params.frozen_cell_change)


def blurred_below(past: Sequence[float], params: ViewParams) -> float:
    """Sharpness below which a view is out of focus, from the camera's own past; 0 before enough of it is known."""
    if len(past) < params.past_least:
        return 0.0
    logs = np.log(past)
    median = float(np.median(logs))
    # the factor makes a standard deviation of a median deviation
    deviation = 1.4826 * float(np.median(np.abs(logs - median)))
    fall = max(-math.log(params.blurred_ratio), params.blurred_deviations * deviation)
    return math.exp(median - fall)


class ViewWatch:
    """One camera's view, judged picture by picture; a fault is believed once it has lasted.

    Make a new one when the camera is changed: what it remembers belongs to one scene.
    """

    def __init__(self, params: ViewParams = DEFAULT_PARAMS) -> None:
        self._params = params
        self._view: View = "ok"
        self._coming: View = "ok"
        self._coming_since = 0.0
        self._coming_pictures = 0
        self._still: Grey | None = None
        self._still_since = 0.0
        self._still_pictures = 0
        self._past: deque[float] = deque(maxlen=params.past_pictures)
        self._blurred_below = 0.0
        self._remembered_at = float("-inf")

    def judge(self, image: Image, now: float) -> View:
        """The view after this picture, RGB uint8 (height, width, 3); `now` in seconds of a clock that never steps."""
        signs = measure_signs(image, self._params)
        seen = self._look(signs, now)
        if seen != self._coming:
            self._coming, self._coming_since, self._coming_pictures = seen, now, 0
        self._coming_pictures += 1
        if self._lasted(now):
            self._view = seen
        if seen == self._view == "ok" and now - self._remembered_at >= self._params.past_seconds:
            self._past.append(signs.sharpness)
            self._blurred_below = blurred_below(self._past, self._params)
            self._remembered_at = now
        return self._view

    def _look(self, signs: ViewSigns, now: float) -> View:
        """What this picture alone says. Dark and blocked come first: a codec repeats an empty picture exactly."""
        frozen = self._is_frozen(signs.samples, now)
        if is_dark(signs, self._params, stays=self._view == "dark"):
            return "dark"
        if is_blocked(signs, self._params, stays=self._view == "blocked"):
            return "blocked"
        if frozen:
            return "frozen"
        if signs.sharpness < self._blurred_below * (self._params.leave_factor if self._view == "blurred" else 1.0):
            return "blurred"
        return "ok"

    def _is_frozen(self, samples: Grey, now: float) -> bool:
        if self._still is None or not is_same(samples, self._still, self._params):
            self._still, self._still_since, self._still_pictures = samples, now, 0
        self._still_pictures += 1
        lasted = now - self._still_since >= self._params.frozen_seconds
        return lasted and self._still_pictures >= self._params.hold_pictures

    def _lasted(self, now: float) -> bool:
        if "frozen" in (self._coming, self._view):
            return True  # it has lasted long enough before it is called so, and one other picture ends it
        enough = self._coming_pictures >= self._params.hold_pictures
        return enough and now - self._coming_since >= self._params.hold_seconds


def _fit(size_hw: Sequence[int], longest_side: int) -> tuple[int, int]:
    """(width, height) with its sides in proportion, never larger than before."""
    scale = min(1.0, longest_side / max(size_hw))
    return max(1, round(size_hw[1] * scale)), max(1, round(size_hw[0] * scale))


def _measure_sharpness(grey: Grey) -> float:
    """Never 0, so that it has a logarithm."""
    import cv2

    values = grey.astype(np.float32)
    # a little smoothing keeps the noise of a weak light from passing for detail
    edges = cv2.Laplacian(cv2.GaussianBlur(values, (3, 3), 0), cv2.CV_32F)
    return float((edges.var() + 0.01) / (values.var() + 1.0))


def _cells(values: NDArray[np.float32] | NDArray[np.int16]) -> NDArray[np.float32] | NDArray[np.int16]:
    """(rows, CELL, columns, CELL) of what can be divided so."""
    rows, columns = values.shape
    return values.reshape(rows // CELL, CELL, columns // CELL, CELL)
