"""What a picture looks like, in a kilobyte: enough to recognise it after another encoding, size, crop or brightness."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.images import Image

TONE_SIDE: Final = 32
CHROMA_SIDE: Final = 8
TONE_BYTES: Final = TONE_SIDE**2
LOOK_BYTES: Final = TONE_BYTES + 2 * CHROMA_SIDE**2
HASH_SIDE: Final = 8
"""A hash has a bit for each of the 8 x 8 slowest waves."""


@dataclass(frozen=True, slots=True)
class Look:
    """A picture squashed to two squares."""

    tone: NDArray[np.uint8]
    """(32, 32), half the grey and half the grey with its histogram levelled, so that light changes it little."""
    chroma: NDArray[np.uint8]
    """(8, 8, 2), Cr and Cb; 128 is grey."""

    def pack(self) -> bytes:
        """LOOK_BYTES of them."""
        return self.tone.tobytes() + self.chroma.tobytes()


def take_look(image: Image) -> Look:
    """The same pixels give the same look, whatever the thread."""
    import cv2

    small = cv2.resize(image, (TONE_SIDE, TONE_SIDE), interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    tone = np.asarray(cv2.addWeighted(grey, 0.5, cv2.equalizeHist(grey), 0.5, 0), np.uint8)
    tiny = cv2.resize(small, (CHROMA_SIDE, CHROMA_SIDE), interpolation=cv2.INTER_AREA)
    chroma = np.ascontiguousarray(cv2.cvtColor(tiny, cv2.COLOR_RGB2YCrCb)[..., 1:], np.uint8)
    return Look(tone, chroma)


def unpack_looks(packed: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """(n, LOOK_BYTES) as tones (n, 32, 32) and chromas (n, 8, 8, 2)."""
    tones, chromas = np.split(packed, [TONE_BYTES], axis=1)
    return tones.reshape(-1, TONE_SIDE, TONE_SIDE), chromas.reshape(-1, CHROMA_SIDE, CHROMA_SIDE, 2)


def hash_look(look: Look) -> str:
    """16 hex digits, of which most agree for pictures that look alike.

    The hash pHash of Zauner, "Implementation and benchmarking of perceptual image hash functions" (2010): which of
    the slowest waves of the cosine transform are stronger than their median.
    """
    import cv2

    waves = cv2.dct(look.tone.astype(np.float32))[:HASH_SIDE, :HASH_SIDE].ravel()
    return np.packbits(waves > np.median(waves)).tobytes().hex()
