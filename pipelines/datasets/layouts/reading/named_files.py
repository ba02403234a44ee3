"""Files that a source's own lists name. A list may lie: it may name files that are not there, or not the source's."""

import os
import stat
from pathlib import Path
from typing import Final

from pipelines.datasets.manifest import Rejected

ABSENT: Final = "names it, but it is not there."


class NamedFiles:
    """Looks up what one list names below one folder; remembers the folders it has been to."""

    def __init__(self, folder: Path, list_name: str) -> None:
        self._folder = os.path.abspath(folder)
        self._root = os.path.realpath(folder)
        self._list_name = list_name
        self._inside: dict[str, bool] = {}

    def find(self, name: str) -> str | Rejected:
        """The file's path below the folder, as posix; or the name with the reason why nothing there can be used."""
        try:
            path = os.path.normpath(os.path.join(self._folder, name))
            if not self._is_inside(os.path.dirname(path)):
                return self._refuse(name, "leads out of the folder.")
            status = os.lstat(path)
            if stat.S_ISLNK(status.st_mode):
                if not _is_below(os.path.realpath(path), self._root):
                    return self._refuse(name, "is a link that leads out of the folder.")
                status = os.stat(path)
        except (OSError, ValueError):  # ValueError: a name with a zero byte
            return Rejected(name, f"{self._list_name} {ABSENT}")
        if not stat.S_ISREG(status.st_mode):
            return self._refuse(name, "is no ordinary file.")
        return Path(path).relative_to(self._folder).as_posix()

    def _refuse(self, name: str, reason: str) -> Rejected:
        return Rejected(name, f"{self._list_name} names it, but it {reason}")

    def _is_inside(self, parent: str) -> bool:
        if parent not in self._inside:
            self._inside[parent] = _is_below(parent, self._folder) and _is_below(os.path.realpath(parent), self._root)
        return self._inside[parent]


def _is_below(path: str, root: str) -> bool:
    return path == root or path.startswith(root.rstrip(os.sep) + os.sep)
