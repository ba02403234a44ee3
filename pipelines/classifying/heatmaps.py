"""Heatmaps as pictures: what the label rests on, laid over the picture."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from pipelines.classifying.activation import ActivationMap, OcclusionMap, Relevance, open_map
from pipelines.classifying.opening import OpenedVersion
from pipelines.classifying.pictures import Pool
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


@dataclass(frozen=True, slots=True)
class HeatmapWriter:
    """May be asked by several threads; one map is made at a time."""

    class_names: tuple[str, ...]
    prepare: WholePicture
    relevance: ActivationMap | OcclusionMap
    files: Mapping[str, Path]
    """A picture's path -> its map's."""
    _one: Lock = field(default_factory=Lock)

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
        files = choose_files(out.absolute(), [source.path for source in sources])
        replaced = [path for path, file in files.items() if str(file) in files]
        if replaced:
            raise ImageError(f"Expected another file than the picture itself for --heatmap, received {replaced[0]}.")
        try:
            for file in files.values():
                file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ImageError(
                f"Expected a folder at {file.parent}. {error.strerror}. Name another with --heatmap."
            ) from error
        size_hw = (opened.card.image_size, opened.card.image_size)
        return cls(
            pool.class_names, WholePicture(size_hw, opened.card.decoding), open_map(opened.artefact, pool.infer), files
        )

    def write(self, path: str, image: Image, seen: Image, label: str) -> Path:
        """The map of what was asked about, laid over all pixels. Raises ImageError when it cannot be written."""
        with self._one:
            relevance = self.relevance(self.prepare(seen), self.class_names.index(label))
        file = self.files[path]
        try:
            PillowImage.fromarray(overlay(image, relevance)).save(file, quality=JPEG_QUALITY)
        except OSError as error:
            raise ImageError(f"Expected to write the heatmap {file}. {error}. Name another place.") from error
        return file


def choose_files(out: Path, paths: Sequence[str]) -> dict[str, Path]:
    """A file for each picture; pictures of one name get numbers."""
    if len(paths) == 1 and out.suffix.lower() in FILE_SUFFIXES and not out.is_dir():
        return {paths[0]: out}
    counts: Counter[str] = Counter()
    files = {}
    for path in paths:
        stem = "stdin" if path == STANDARD_INPUT else Path(path).stem
        counts[stem] += 1
        number = f"-{counts[stem]}" if counts[stem] > 1 else ""
        files[path] = out / f"{stem}{number}.heatmap.jpg"
    return files


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
