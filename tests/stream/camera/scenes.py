"""Drawn scenes and what can happen to a camera that looks at them; for the tests of views and for their figures."""

import cv2
import numpy as np
from numpy.typing import NDArray

from pipelines.images import Image

HEIGHT, WIDTH = 360, 640


def draw_street(*, shift: int = 0, seed: int = 7) -> Image:
    """A street by day: sky, houses with windows, cars, a road; `shift` pixels further to the right when it pans."""
    rng = np.random.default_rng(seed)
    wide = np.full((HEIGHT, 3 * WIDTH, 3), (150, 185, 220), np.uint8)
    wide[HEIGHT * 2 // 3 :] = (95, 95, 100)
    for left in range(0, 3 * WIDTH, 80):
        top = int(rng.integers(40, 160))
        wall = [int(level) for level in rng.integers(80, 200, 3)]
        cv2.rectangle(wide, (left, top), (left + 72, HEIGHT * 2 // 3), wall, -1)
        for y in range(top + 10, HEIGHT * 2 // 3 - 20, 28):
            for x in range(left + 8, left + 60, 18):
                cv2.rectangle(wide, (x, y), (x + 9, y + 14), (40, 45, 60), -1)
        cv2.rectangle(wide, (left + 10, 280), (left + 60, 310), [int(level) for level in rng.integers(0, 255, 3)], -1)
    return np.ascontiguousarray(wide[:, shift : shift + WIDTH])


def draw_night() -> Image:
    """Dark walls with a few street lamps."""
    night = (draw_street().astype(np.float32) * 0.06).astype(np.uint8)
    for x in (90, 300, 520):
        cv2.circle(night, (x, 120), 14, (250, 230, 170), -1)
        cv2.ellipse(night, (x, 300), (60, 12), 0, 0, 360, (70, 64, 48), -1)
    return cv2.GaussianBlur(night, (3, 3), 0).astype(np.uint8)


def with_fog(image: Image) -> Image:
    """Contrast down to a fifth, everything pale."""
    return (image.astype(np.float32) * 0.2 + 170).astype(np.uint8)


def with_noise(image: Image, rng: np.random.Generator, sigma: float = 2.0) -> Image:
    """As a sensor delivers it: no two pictures alike."""
    return np.clip(image + rng.normal(0, sigma, image.shape), 0, 255).round().astype(np.uint8)


def defocus(image: Image, sigma: float) -> Image:
    """Out of focus; sigma in pixels."""
    return cv2.GaussianBlur(image, (0, 0), sigma).astype(np.uint8)


def cover(image: Image) -> Image:
    """A hand or a bag over the lens: some light comes through, brighter on one side."""
    height, width = image.shape[:2]
    light: NDArray[np.float32] = np.linspace(60, 130, width, dtype=np.float32)[None, :, None]
    return np.broadcast_to(light, (height, width, 3)).astype(np.uint8)


def darken(image: Image) -> Image:
    """No light: a lens cap, or a night without a lamp."""
    return (image.astype(np.float32) * 0.04).astype(np.uint8)
