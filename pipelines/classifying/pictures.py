"""Pictures answered one by one, on every core, through the code that serves frames."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Final

import numpy as np

from pipelines.classifying.sources import STANDARD_INPUT, Kind, Source
from pipelines.datasets.class_folders import DATASET_LIMITS
from pipelines.datasets.threads import map_in_threads
from pipelines.errors import ImageError
from pipelines.images import Image, decode_image
from pipelines.inference import Answer, Classifier, Inference, build_answers
from pipelines.preprocessing import find_side
from pipelines.scaled_images import decode_for_all

PICTURE_LIMITS: Final = DATASET_LIMITS
"""Those of a picture that is imported: a photograph may be larger than a camera's frame."""


@dataclass(frozen=True, slots=True)
class PictureAnswer:
    """What was said about one picture, or why nothing was."""

    path: str
    answer: Answer | None
    error: str = ""
    kind: Kind = "picture"
    heatmap: Path | None = None


class Pool:
    """Classifiers of one version, lent to one thread at a time."""

    def __init__(self, classifiers: Sequence[Classifier]) -> None:
        self.class_names = classifiers[0].class_names
        self.version = classifiers[0].version
        self.decode_side = find_side(classifiers[0])
        self._idle: SimpleQueue[Classifier] = SimpleQueue()
        for classifier in classifiers:
            self._idle.put(classifier)

    def infer(self, image: Image) -> Inference:
        """May be called by more threads than there are classifiers; they wait."""
        classifier = self._idle.get()
        try:
            return classifier.infer([image])
        finally:
            self._idle.put(classifier)


Draw = Callable[[str, Image, Image, str], Path]
"""Draws what a picture's label rests on; its path, all its pixels, those that were asked about, the label. Raises
ImageError."""


def answer_pictures(
    pool: Pool, sources: Iterable[Source], top: int, draw: Draw | None = None
) -> Iterator[PictureAnswer]:
    """In the order of the sources; a picture that cannot be read is an answer with its reason."""

    def answer(source: Source) -> PictureAnswer:
        said: Answer | None = None
        try:
            sides = {pool.decode_side, None} if draw else {pool.decode_side}
            images = decode_for_all(read_encoded(source.path), sides, limits=PICTURE_LIMITS)
            seen = images[pool.decode_side]
            said = build_answers(pool.class_names, pool.infer(seen), top)[0]
            heatmap = draw(source.path, images[None], seen, said.label) if draw else None
            return PictureAnswer(source.path, said, heatmap=heatmap)
        except ImageError as error:
            return PictureAnswer(source.path, said, str(error))

    return map_in_threads(answer, sources)


def read_picture(path: str) -> Image:
    """All its pixels. Raises ImageError for a file that cannot be read or is no picture within the limits."""
    return decode_image(read_encoded(path), limits=PICTURE_LIMITS)


def read_encoded(path: str) -> bytes:
    """Raises ImageError for a file that cannot be read or is too large."""
    try:
        if path == STANDARD_INPUT:
            return sys.stdin.buffer.read(PICTURE_LIMITS.max_bytes + 1)
        if os.path.getsize(path) > PICTURE_LIMITS.max_bytes:
            raise ImageError(f"Expected at most {PICTURE_LIMITS.max_bytes} bytes, received {os.path.getsize(path)}.")
        return Path(path).read_bytes()
    except OSError as error:
        raise ImageError(f"Expected to read the file. {error.strerror or error}. Check its permissions.") from error


def join_inferences(parts: Sequence[Inference]) -> Inference:
    """One row after the other."""
    return Inference(
        np.concatenate([part.probabilities for part in parts]), np.concatenate([part.known for part in parts])
    )
