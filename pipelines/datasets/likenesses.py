"""Pictures that look alike: found in the order in which they came, so that later ones change nothing about earlier."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.datasets.look_index import Integers, LookIndex, filing_keys, probing_keys
from pipelines.datasets.perceptual_hash import TONE_BYTES, unpack_looks
from pipelines.datasets.views import Floats, compare_colours, compare_details, describe_looks
from pipelines.stage_params import NearDuplicateParams

BATCH: Final = 256
"""Looks described at once."""
COMPARED: Final = 16
"""Earlier pictures whose detail is compared, the nearest: a picture that looks like more needs no more proof."""
VIEWS_COMPARED: Final = 3
"""Views through which the detail is compared, the nearest: the very nearest may be a lucky guess at a border."""
SAME_SHARE: Final = 1 / 3
"""Of the distance: within it a picture adds nothing to the index, its like stands for it."""
COLOUR_AGREES: Final = 0.75
"""Least agreement of the colours: 0.9 in crops, 0.8 in much brighter pictures, 0 without relation."""
EQUAL_LEVELS: Final = 3
"""Two looks are equal, detail or not, when no value differs by more."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """An earlier picture that a picture looks like."""

    earlier: int
    """Its number."""
    distance: float
    same: bool
    """It stands for the picture: what looks like one is not compared with the other."""


def find_likenesses(
    packed: NDArray[np.uint8], order: Integers, params: NearDuplicateParams
) -> Iterator[tuple[Likeness, ...]]:
    """For each picture in turn, the earlier ones that it looks like, nearest first.

    `packed` is (n, LOOK_BYTES), `order` says which of its rows came first, second and so on; a number is a place in
    `order`. Mirrored pictures are not alike. The last picture costs about as much as the first.
    """
    index = LookIndex(len(order))
    for start in range(0, len(order), BATCH):
        tones, chromas = unpack_looks(packed[order[start : start + BATCH]])
        views = describe_looks(tones, chromas)
        filing, probing = filing_keys(views[:, 0]).tolist(), probing_keys(views).tolist()
        for place in range(len(tones)):
            number = start + place
            found, to_views = _find_nearest(index, set(probing[place]), views[place], params.distance)
            looks = packed[order[[number, *found]]]
            alike = _choose_alike(looks[0], looks[1:], found, to_views, params) if len(found) else ()
            if not any(each.same for each in alike):
                index.add(number, views[place, 0], filing[place])
            yield alike


def _find_nearest(index: LookIndex, keys: set[int], views: Floats, distance: float) -> tuple[Integers, Floats]:
    """Numbers of the nearest earlier pictures within the distance, and (n, 21) their distances to each view."""
    found = index.find(keys)
    if not len(found):
        return found, np.zeros((0, len(views)), np.float32)
    to_views = index.measure(views, found)
    distances = to_views.min(axis=1)
    nearest = np.argsort(distances, kind="stable")[:COMPARED]
    nearest = nearest[distances[nearest] <= distance]
    return found[nearest], to_views[nearest]


def _choose_alike(
    look: NDArray[np.uint8],
    others: NDArray[np.uint8],
    numbers: Integers,
    to_views: Floats,
    params: NearDuplicateParams,
) -> tuple[Likeness, ...]:
    alike = compare_colours(look[TONE_BYTES:], others[:, TONE_BYTES:]) >= COLOUR_AGREES
    if alike.any():  # the colours cost a tenth of the detail
        alike[alike] = _best_details(look, others[alike], to_views[alike]) >= params.detail
    alike |= np.abs(others.astype(np.int16) - look).max(axis=1) <= EQUAL_LEVELS
    distances = to_views.min(axis=1)
    same = distances <= params.distance * SAME_SHARE
    return tuple(
        Likeness(int(numbers[place]), float(distances[place]), bool(same[place])) for place in np.flatnonzero(alike)
    )


def _best_details(look: NDArray[np.uint8], others: NDArray[np.uint8], to_views: Floats) -> Floats:
    """(n,): agreement in detail through the best of the nearest views."""
    (tone,), _ = unpack_looks(look[None])
    tones, _ = unpack_looks(others)
    views = np.argsort(to_views, axis=1, kind="stable")[:, :VIEWS_COMPARED]
    details = compare_details(tone, np.repeat(tones, VIEWS_COMPARED, axis=0), views.ravel())
    return np.asarray(details.reshape(views.shape).max(axis=1), np.float32)
