"""Red and blue pictures, which anything learns, prepared as a stage would."""

import hashlib
import io
import json
from pathlib import Path

import numpy as np
from PIL import Image as PillowImage

from pipelines.datasets.shards import PreparedPicture, write_split
from pipelines.datasets.splits import SPLITS
from pipelines.training.pictures import Pictures

COLOURS = ((220, 10, 10), (10, 10, 220))


def draw_colours(count: int, side: int = 32) -> Pictures:
    """Half of each class."""
    labels = np.arange(count, dtype=np.int64) % 2
    images = np.empty((count, side, side, 3), np.uint8)
    for label, colour in enumerate(COLOURS):
        images[labels == label] = colour
    names = tuple(f"{index}.jpg" for index in range(count))
    return Pictures(images, labels, names, tuple(f"{index:064x}" for index in range(count)))


def write_colours(prepared: Path, train: int = 24, validation: int = 8, noise: int = 40) -> Path:
    """A prepared folder with these two splits and a test split of the same size as validation."""
    prepared.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(0)
    for split in SPLITS:
        count = train if split == "train" else validation
        pictures = []
        drawn = draw_colours(count)
        for number, (image, label) in enumerate(zip(drawn.images, drawn.labels, strict=True)):
            noisy = (image.astype(int) + random.integers(-noise, noise, image.shape)).clip(0, 255).astype(np.uint8)
            stream = io.BytesIO()
            PillowImage.fromarray(noisy).save(stream, "PNG")
            digest = hashlib.sha256(f"{split} {number}".encode()).hexdigest()
            pictures.append(PreparedPicture(f"{split}{number}.png", digest, int(label), stream.getvalue()))
        write_split(prepared, split, pictures, count, 512)
    (prepared / "class_names.json").write_text(json.dumps(["red", "blue"]), encoding="utf-8")
    return prepared
