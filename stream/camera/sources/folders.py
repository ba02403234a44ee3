"""A folder of pictures as a source, played in order."""

import os
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final, Literal

from pipelines.errors import CameraError
from pipelines.images import decode_image
from stream.camera.addresses import SourceKind, redact
from stream.camera.sources.pictures import Picture, SourceFrame

JPEG_SUFFIXES: Final = frozenset({".jpg", ".jpeg"})
OTHER_SUFFIXES: Final = frozenset({".png", ".webp"})

Order = Literal["name", "shuffled"]


@dataclass(slots=True)
class FolderSource:
    """The pictures of a folder and its sub-folders; other files are ignored."""

    folder: Path
    order: Order = "name"
    """By path, or mixed."""
    seed: str = ""
    """A camera mixes the same pictures the same way each time."""
    kind: SourceKind = field(default="folder", init=False)
    codec: str | None = field(default=None, init=False)

    @property
    def shown(self) -> str:
        return redact(str(self.folder))

    def frames(self) -> Iterator[SourceFrame]:
        for name in self.names():
            yield SourceFrame(partial(self.read, name), _text(name))

    def names(self) -> list[str]:
        """Paths of the pictures relative to the folder. Raises CameraError when there are none."""
        if not self.folder.is_dir():
            raise CameraError(
                f"Expected a folder of pictures or a video at {self.shown}, found none. Correct its source."
            )
        try:
            names = sorted(_find_names(self.folder))
        except OSError as error:
            raise CameraError(
                f"Expected to read the folder {self.shown}. {error.strerror}. Check its permissions."
            ) from error
        if not names:
            suffixes = ", ".join(sorted(JPEG_SUFFIXES | OTHER_SUFFIXES))
            raise CameraError(f"Expected pictures ({suffixes}) in {self.shown}, found none. Correct its source.")
        if self.order == "shuffled":
            random.Random(self.seed).shuffle(names)  # noqa: S311  an order is no secret
        return names

    def read(self, image_name: str) -> Picture:
        """JPEG files as they are, whatever they hold; others decoded.

        Raises CameraError for a file that is gone or unreadable, ImageError for one that is no picture.
        """
        file = self.folder / image_name
        try:
            encoded = file.read_bytes()
        except OSError as error:
            raise CameraError(f"Expected to read the picture {_text(file)}. {error.strerror}.") from error
        return encoded if file.suffix.lower() in JPEG_SUFFIXES else decode_image(encoded)


def _find_names(folder: Path) -> Iterator[str]:
    suffixes = JPEG_SUFFIXES | OTHER_SUFFIXES
    for file in folder.rglob("*"):
        if file.suffix.lower() in suffixes and file.is_file():
            yield file.relative_to(folder).as_posix()


def _text(path: str | Path) -> str:
    """A path as text that can be stored and sent, for a file name may hold any bytes."""
    return os.fsencode(path).decode("utf-8", "replace")
