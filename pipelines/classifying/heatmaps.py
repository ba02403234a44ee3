"""Heatmaps as pictures: what the label rests on, laid over the picture."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from pipelines.classifying.activation import ActivationMap, OcclusionMap, Relevance, open_map
from pipelines.classifying.opening import OpenedVersion
from pipelines.classifying.pictures import Pool, read_picture
from pipelines.classifying.sources import STANDARD_INPUT, Source
from pipelines.errors import ImageError, ModelError
from pipelines.images import Image
from pipelines.preprocessing import WholePicture

FILE_SUFFIXES: Final = (".jpg", ".jpeg", ".png", ".webp")
JPEG_QUALITY: Final = 90
STRENGTH: Final = 0.62
"""How much of the picture the strongest part covers."""
COLOURS: Final = np.array(
    [(32, 24, 96), (90, 30, 140), (190, 45, 110), (245, 110, 50), (255, 190, 40), (255, 250, 160)], np.float32
)
"""From little to much: dark to light, so that it reads in grey and for eyes that do not tell red from green."""


@dataclass(slots=True)
class HeatmapWriter:
    """One picture after the other; nothing is written over another picture's map."""

    class_names: tuple[str, ...]
    prepare: WholePicture
    relevance: ActivationMap | OcclusionMap
    out: Path
    is_file: bool
    _written: set[str] = field(default_factory=set)

    @classmethod
    def open(cls, opened: OpenedVersion, pool: Pool, out: Path, sources: Sequence[Source]) -> "HeatmapWriter":
        """Into the file `out` when there is one picture and `out` ends like one, else into the folder `out`.

        Raises ModelError for a network that looks at faces, ImageError when `out` would replace what is classified.
        """
        if opened.card.subject != "picture":
            raise ModelError(
                f"Expected a network that looks at whole pictures for --heatmap, {opened.classifier} looks at faces. "
                "Leave --heatmap out."
            )
        is_file = len(sources) == 1 and out.suffix.lower() in FILE_SUFFIXES and not out.is_dir()
        folder = out.parent if is_file else out
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ImageError(
                f"Expected a folder at {folder}. {error.strerror}. Name another with --heatmap."
            ) from error
        if is_file and any(os.path.abspath(out) == source.path for source in sources):
            raise ImageError(f"Expected another file than the picture itself for --heatmap, received {out}.")
        size_hw = (opened.card.image_size, opened.card.image_size)
        return cls(pool.class_names, WholePicture(size_hw), open_map(opened.artefact, pool.infer), out, is_file)

    def write(self, path: str, label: str) -> Path:
        """Raises ImageError when the map cannot be written."""
        image = read_picture(path)
        relevance = self.relevance(self.prepare(image), self.class_names.index(label))
        file = self.out.absolute() if self.is_file else self._name(path)
        try:
            PillowImage.fromarray(overlay(image, relevance)).save(file, quality=JPEG_QUALITY)
        except OSError as error:
            raise ImageError(f"Expected to write the heatmap {file}. {error}. Name another place.") from error
        return file

    def _name(self, path: str) -> Path:
        stem = "stdin" if path == STANDARD_INPUT else Path(path).stem
        name, number = f"{stem}.heatmap.jpg", 2
        while name in self._written:
            name, number = f"{stem}-{number}.heatmap.jpg", number + 1
        self._written.add(name)
        return (self.out / name).absolute()


def overlay(image: Image, relevance: Relevance) -> Image:
    """The picture in grey where nothing speaks for the label, in warm colours where much does."""
    height, width = image.shape[:2]
    grid = PillowImage.fromarray((relevance * 255).astype(np.uint8))
    strength = np.asarray(grid.resize((width, height), PillowImage.Resampling.BICUBIC), np.float32)[..., None] / 255
    grey = image.astype(np.float32).mean(axis=2, keepdims=True)
    calm = 0.5 * image + 0.5 * grey
    share = STRENGTH * strength**0.8
    return np.asarray((calm * (1 - share) + colour(strength[..., 0]) * share).clip(0, 255), np.uint8)


def colour(strength: NDArray[np.floating]) -> NDArray[np.floating]:
    """RGB for 0 to 1."""
    place = strength * (len(COLOURS) - 1)
    steps = np.arange(len(COLOURS))
    return np.stack([np.interp(place, steps, COLOURS[:, channel]) for channel in range(3)], axis=-1)
