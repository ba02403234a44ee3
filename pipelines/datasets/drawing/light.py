"""Light on painted surfaces: one lamp, the sky above and what the ground throws back."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from pipelines.datasets.drawing.arrays import Floats, floats


@dataclass(frozen=True, slots=True)
class Light:
    """Where the light comes from; directions in the camera's frame, y up."""

    lamp: tuple[float, float, float]
    """Of length one, towards the lamp."""
    strength: float
    """Share of the lamp in the light of a face turned to it; the rest comes from everywhere."""
    warmth: float
    """-1 blue to 1 orange."""
    gloss: float = 0.0


def draw_light(random: np.random.Generator, gloss: float = 0.0) -> Light:
    """A lamp above, to the left or right, mostly in front."""
    across, up = float(random.uniform(-0.9, 0.9)), float(random.uniform(0.3, 1.0))
    lamp = np.asarray((across, up, float(random.uniform(0.45, 1.0))))
    x, y, z = (lamp / np.linalg.norm(lamp)).tolist()
    return Light((x, y, z), float(random.uniform(0.35, 0.6)), float(random.uniform(-0.6, 1.0)), gloss)


def light_surface(colours: Floats, normals: Floats, light: Light) -> Floats:
    """Colours (n, 3) of 0 to 255 under a light; normals (n, 3) of length one."""
    lamp = np.asarray(light.lamp, np.float32)
    # wrapped: fur and skin let light around the edge, so the dark side stays soft
    facing = np.clip((normals @ lamp + 0.25) / 1.25, 0, 1)
    sky = 0.86 + 0.14 * normals[:, 1]
    warm = np.asarray((1 + 0.07 * light.warmth, 1.0, 1 - 0.09 * light.warmth), np.float32)
    cool = np.asarray((1 - 0.05 * light.warmth, 1.0, 1 + 0.08 * light.warmth), np.float32)
    shade = (1 - light.strength) * sky[:, None] * cool + 1.3 * light.strength * facing[:, None] * warm
    # what turns away from the camera darkens: the line that a pencil would draw
    edge = 0.72 + 0.28 * np.clip(normals[:, 2] * 2.2, 0, 1)
    lit = colours * shade * edge[:, None]
    if light.gloss:
        half = lamp + np.asarray((0, 0, 1), np.float32)
        mirror = np.clip(normals @ (half / np.linalg.norm(half)), 0, 1) ** 24
        lit += 255 * light.gloss * mirror[:, None]
    return floats(lit)


def run_on(colours: Floats, seen: NDArray[np.bool_], radius: int) -> Image.Image:
    """RGB picture of (rows, columns, 3) whose colours run on beyond what is seen, so that scaling keeps clean edges."""
    pixels = np.where(seen[:, :, None], colours.clip(0, 255), 0).astype(np.uint8)
    blurred = np.asarray(Image.fromarray(pixels).filter(ImageFilter.BoxBlur(radius)), np.float32)
    share = np.asarray(Image.fromarray(seen.astype(np.uint8) * 255).filter(ImageFilter.BoxBlur(radius)), np.float32)
    hidden = ~seen
    around = blurred[hidden] * (255 / np.maximum(share[hidden], 12))[:, None]
    pixels[hidden] = around.clip(0, 255)
    return Image.fromarray(pixels)
