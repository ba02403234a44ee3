"""Random changes of training pictures: one warp of the geometry, then light, then a rectangle erased."""

import numpy as np
from numpy.typing import NDArray

from pipelines.images import Image, resize_image
from pipelines.training.params import Augmentation

OVERSIZE = 1.15
"""A picture is squashed to so much more than what is wanted before it is warped, so that a crop stays sharp."""


def augment_image(image: Image, augment: Augmentation, side: int, random: np.random.Generator) -> Image:
    """A changed copy, (side, side, 3); the same generator state, the same copy."""
    import cv2

    larger = round(side * OVERSIZE) if min(image.shape[:2]) > side else side
    source = resize_image(image, (larger, larger))
    warp = draw_warp(augment, larger, side, random)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    warped = cv2.warpAffine(source, warp, (side, side), flags=flags, borderMode=cv2.BORDER_REFLECT_101)
    changed = _change_light(np.asarray(warped, np.float32), augment, random)
    if random.random() < augment.erasing:
        _erase(changed, random)
    return changed.clip(0, 255).astype(np.uint8)


def draw_warp(augment: Augmentation, source: int, side: int, random: np.random.Generator) -> NDArray[np.float32]:
    """(2, 3): where in a source of `source` pixels a side each pixel of the outcome is taken from."""
    share = (1 - random.uniform(0, augment.crop)) * (1 + random.uniform(-augment.zoom, augment.zoom))
    aspect = np.sqrt(1 + random.uniform(-augment.aspect, augment.aspect))
    angle = np.deg2rad(random.uniform(-augment.rotation_degrees, augment.rotation_degrees))
    mirror = -1 if augment.flip and random.random() < 0.5 else 1
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    scale = np.diag([mirror * share * aspect, share / aspect]) * (source / side)
    # what a crop leaves over is where its centre may go
    room = max(0.0, 1 - share) / 2 * bool(augment.crop) + augment.translation
    centre = source * (0.5 + random.uniform(-room, room, 2))
    matrix = turn @ scale
    # the centres of pixels lie half a pixel inside
    offset = centre - matrix @ np.full(2, side / 2) + matrix @ np.full(2, 0.5) - 0.5
    return np.column_stack([matrix, offset]).astype(np.float32)


def _change_light(
    pixels: NDArray[np.float32], augment: Augmentation, random: np.random.Generator
) -> NDArray[np.float32]:
    mean = pixels.mean()
    contrast = 1 + random.uniform(-augment.contrast, augment.contrast)
    brightness = 255 * random.uniform(-augment.brightness, augment.brightness)
    changed: NDArray[np.float32] = (pixels - mean) * np.float32(contrast) + np.float32(mean + brightness)
    return changed


def _erase(pixels: NDArray[np.float32], random: np.random.Generator) -> None:
    height, width = (random.uniform(0.1, 0.35, 2) * pixels.shape[0]).astype(int)
    top, left = random.integers(0, pixels.shape[0] - height), random.integers(0, pixels.shape[1] - width)
    pixels[top : top + height, left : left + width] = pixels.mean(axis=(0, 1))
