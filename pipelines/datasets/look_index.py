"""An index that finds earlier pictures which look like a new one without comparing it with all of them.

The signs of the slowest waves are a description's bits. Pictures are filed under three keys of twenty bits each, and
looked up under the keys of every view and under those that differ in the bits whose waves are weakest, which are the
ones that another encoding turns: multi-probe hashing, Lv et al., "Multi-probe LSH" (VLDB 2007). What a look-up costs
grows with the pictures that really look alike, hardly with their number.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.datasets.views import DESCRIPTION_SIZE, Floats

Integers = NDArray[np.int64]

BITS: Final = 30
"""The slowest waves of a description."""
TABLES: Final = 3
"""Each leaves out every third bit, another third each."""
WEAK_BITS: Final = 4
"""The weakest bits of a key, looked up both ways."""
FILED_UNDER_A_KEY: Final = 16
"""Only so many, the first that came, so that a thousand pictures of one wall cost no million comparisons."""


class LookIndex:
    """Descriptions by number; find before you add."""

    def __init__(self, pictures: int) -> None:
        """Room for `pictures`."""
        self._descriptions: Floats = np.zeros((pictures, DESCRIPTION_SIZE), np.float32)
        self._filed: defaultdict[int, list[int]] = defaultdict(list)

    def add(self, number: int, description: Floats, keys: Iterable[int]) -> None:
        """File a picture: its description (43,) and its `filing_keys`."""
        self._descriptions[number] = description
        for key in keys:
            if len(self._filed[key]) < FILED_UNDER_A_KEY:
                self._filed[key].append(number)

    def find(self, keys: Iterable[int]) -> Integers:
        """Numbers of the pictures filed under any of a picture's `probing_keys`, in order."""
        found = {number for key in keys if key in self._filed for number in self._filed[key]}
        return np.array(sorted(found), np.int64)

    def measure(self, views: Floats, numbers: Integers) -> Floats:
        """(n, 21): distance of each numbered picture to each of (21, 43) views."""
        known = self._descriptions[numbers]
        squares = (known**2).sum(axis=1)[:, None] + (views**2).sum(axis=1) - 2 * known @ views.T
        return np.asarray(np.sqrt(np.maximum(0, squares)), np.float32)


def filing_keys(descriptions: Floats) -> Integers:
    """(n, 3): the keys of (n, 43) descriptions."""
    bits = descriptions[:, _table_bits()] > 0
    return _tagged(bits @ _bit_values())


def probing_keys(views: Floats) -> Integers:
    """(n, 21 * 3 * 16): the keys under which likes of (n, 21, 43) views may be filed."""
    waves = views[:, :, _table_bits()]
    keys = _tagged((waves > 0) @ _bit_values())
    weakest = np.argpartition(np.abs(waves), WEAK_BITS, axis=3)[..., :WEAK_BITS]
    turned = _bit_values()[weakest]  # (n, 21, 3, 4)
    ways = (np.arange(2**WEAK_BITS)[:, None] >> np.arange(WEAK_BITS)) & 1  # (16, 4)
    probed = keys[..., None] ^ (turned @ ways.T)
    return np.asarray(probed.reshape(len(views), -1), np.int64)


def _tagged(keys: Integers) -> Integers:
    """Keys of different tables made different; the tables are the last axis."""
    return np.asarray(keys | (np.arange(TABLES) << BITS), np.int64)


def _table_bits() -> NDArray[np.intp]:
    """(3, 20)."""
    bits = np.arange(BITS)
    return np.stack([bits[bits % TABLES != table] for table in range(TABLES)])


def _bit_values() -> Integers:
    return np.asarray(1 << np.arange(BITS - BITS // TABLES), np.int64)
