"""The same pictures, spoilt as cameras spoil them: what is left of the accuracy."""

import io
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageFilter

from pipelines.evaluation.answering import Network
from pipelines.images import Image

NOISE_LEVELS: Final = 16
"""Standard deviation of the noise, in levels of 256: a cheap camera at night."""
BLUR_SHARE: Final = 0.012
"""Radius of the blur as a share of the shorter side: slightly out of focus."""
JPEG_QUALITY: Final = 30
TURN_DEGREES: Final = 15


def add_noise(image: Image) -> Image:
    """The same noise for every picture of a size."""
    noise = np.random.default_rng(0).normal(0, NOISE_LEVELS, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def blur(image: Image) -> Image:
    radius = BLUR_SHARE * min(image.shape[:2])
    return np.asarray(PillowImage.fromarray(image).filter(ImageFilter.GaussianBlur(radius)))


def compress(image: Image) -> Image:
    stream = io.BytesIO()
    PillowImage.fromarray(image).save(stream, "JPEG", quality=JPEG_QUALITY)
    return np.asarray(PillowImage.open(stream))


def turn_left(image: Image) -> Image:
    return _turn(image, TURN_DEGREES)


def turn_right(image: Image) -> Image:
    return _turn(image, -TURN_DEGREES)


DISTORTIONS: Final[Mapping[str, Callable[[Image], Image]]] = MappingProxyType(
    {
        "noise": add_noise,
        "blur": blur,
        f"JPEG {JPEG_QUALITY}": compress,
        f"rotation +{TURN_DEGREES}°": turn_left,
        f"rotation −{TURN_DEGREES}°": turn_right,
    }
)


def measure_robustness(
    network: Network, images: Callable[[], Iterable[Image]], labels: NDArray[np.int64]
) -> dict[str, float]:
    """Accuracy on the pictures as they are (`none`) and spoilt in each way; empty without pictures.

    `images` gives them anew at each call, so that they need not all be in memory.
    """
    if not len(labels):
        return {}
    ways: dict[str, Callable[[Image], Image]] = {"none": lambda image: image, **DISTORTIONS}
    return {
        name: float((network.answer(map(distort, images())).probabilities.argmax(axis=1) == labels).mean())
        for name, distort in ways.items()
    }


def _turn(image: Image, degrees: float) -> Image:
    """Corners are filled with the picture's mean colour: a black wedge would be another distortion."""
    red, green, blue = (int(value) for value in image.reshape(-1, 3).mean(axis=0))
    turned = PillowImage.fromarray(image).rotate(degrees, PillowImage.Resampling.BILINEAR, fillcolor=(red, green, blue))
    return np.asarray(turned)
