"""Camera sources: where pictures come from. In this version a folder, played in order."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PIL import Image as PillowImage

from pipelines.errors import CameraError
from pipelines.images import decode_image

JPEG_SUFFIXES: Final = frozenset({".jpg", ".jpeg"})
OTHER_SUFFIXES: Final = frozenset({".png", ".webp"})
JPEG_QUALITY: Final = 92


@dataclass(frozen=True, slots=True)
class SourcePicture:
    """One picture of a source, encoded as JPEG."""

    image_name: str
    jpeg: bytes


@dataclass(frozen=True, slots=True)
class FolderSource:
    """The pictures of a folder and its sub-folders, sorted by path; other files are ignored."""

    folder: Path

    def names(self) -> list[str]:
        """Paths of the pictures relative to the folder. Raises CameraError when there are none."""
        if not self.folder.is_dir():
            raise CameraError(f"Expected a folder of pictures at {self.folder}, found none. Correct its source.")
        try:
            names = sorted(_find_names(self.folder))
        except OSError as error:
            raise CameraError(f"Expected to read the folder {self.folder}. {error}. Check its permissions.") from error
        if not names:
            suffixes = ", ".join(sorted(JPEG_SUFFIXES | OTHER_SUFFIXES))
            raise CameraError(f"Expected pictures ({suffixes}) in {self.folder}, found none. Correct its source.")
        return names

    def read(self, image_name: str) -> SourcePicture:
        """JPEG files go as they are, whatever they hold; others are encoded anew.

        Raises CameraError for a file that is gone or unreadable, ImageError for one that is no picture.
        """
        file = self.folder / image_name
        try:
            encoded = file.read_bytes()
        except OSError as error:
            raise CameraError(f"Expected to read the picture {file}. {error.strerror}.") from error
        if file.suffix.lower() not in JPEG_SUFFIXES:
            encoded = _encode_jpeg(encoded)
        return SourcePicture(image_name, encoded)


def _find_names(folder: Path) -> Iterator[str]:
    suffixes = JPEG_SUFFIXES | OTHER_SUFFIXES
    for file in folder.rglob("*"):
        if file.suffix.lower() in suffixes and file.is_file():
            yield file.relative_to(folder).as_posix()


def _encode_jpeg(encoded: bytes) -> bytes:
    output = io.BytesIO()
    PillowImage.fromarray(decode_image(encoded)).save(output, "JPEG", quality=JPEG_QUALITY)
    return output.getvalue()
