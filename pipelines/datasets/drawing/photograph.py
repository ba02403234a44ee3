"""What a camera makes of a painted scene."""

import io

import numpy as np
from PIL import Image, ImageFilter


def photograph(picture: Image.Image, random: np.random.Generator) -> bytes:
    """A JPEG with what a camera adds: light, contrast, a little blur and noise."""
    if random.random() < 0.25:
        picture = picture.filter(ImageFilter.GaussianBlur(float(random.uniform(0.3, 0.9))))
    pixels = np.asarray(picture, dtype=np.float32)
    contrast, light = float(random.uniform(0.8, 1.2)), float(random.uniform(0.72, 1.18))
    tint = random.uniform(0.94, 1.06, 3).astype(np.float32)
    noise = random.standard_normal(pixels.shape[:2], dtype=np.float32)[:, :, None] * float(random.uniform(0, 7))
    exposed = ((pixels - 128) * contrast + 128) * light * tint + noise
    stream = io.BytesIO()
    taken = Image.fromarray(exposed.clip(0, 255).astype(np.uint8))
    taken.save(stream, "JPEG", quality=int(random.integers(82, 95)))
    return stream.getvalue()
