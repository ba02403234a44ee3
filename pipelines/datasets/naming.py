"""Names of picture files within a dataset: readable, safe on every file system, and free."""

import re
import unicodedata
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Final

from pipelines.datasets.class_folders import is_picture_name

UNSAFE: Final = re.compile(r"[^\w.()+,= -]+")
LONGEST_BYTES: Final = 200
"""Of UTF-8, for a name without its number and suffix; file systems take 255."""


class FreeNames:
    """Gives each picture a path `<class folder>/<name>` that no other has, upper and lower case taken as the same."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = {file.casefold() for file in taken}
        self._next: dict[str, int] = {}

    def take(self, folder: str, name: str) -> str:
        """`folder/name`, with a number where that is taken."""
        suffix = PurePosixPath(name).suffix
        stem = name.removesuffix(suffix)
        file = wanted = f"{folder}/{name}"
        number = self._next.get(wanted.casefold(), 2)  # remembered: thousands may want the same name
        while file.casefold() in self._taken:
            file, number = f"{folder}/{stem}-{number}{suffix}", number + 1
        self._next[wanted.casefold()] = number
        self._taken.add(file.casefold())
        return file


def plain_name(name: str, label: str, suffix: str) -> str:
    """A safe file name from a picture's path in its source, ending like a picture's.

    Folders below the class folder join into it; `suffix` is added to a name that does not end like a picture's.
    """
    parts = [unicodedata.normalize("NFC", part) for part in PurePosixPath(name).parts]
    below = parts[parts.index(label) + 1 :] if label in parts[:-1] else parts[-1:]
    plain = UNSAFE.sub("_", "_".join(below)).lstrip(". ") or "picture"
    if not is_picture_name(plain):
        plain += suffix
    ending = PurePosixPath(plain).suffix
    stem = plain.removesuffix(ending).encode()[:LONGEST_BYTES].decode("utf-8", "ignore")
    return f"{stem or 'picture'}{ending}"
