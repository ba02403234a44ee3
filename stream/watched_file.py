"""A file that people change while a process runs by it."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, Generic, TypeVar

from pipelines.errors import ParamsError

LOOK_SECONDS: Final = 1.0

T = TypeVar("T")


class WatchedFile(Generic[T]):
    """A file's content as it is now; read again when it changed, looked at once a second at most.

    A change that `load` refuses with ParamsError is said once and ignored: what was read before stays.
    """

    def __init__(
        self,
        file: Path,
        load: Callable[[Path], T],
        say: Callable[[str], object],
        load_first: Callable[[Path], T] | None = None,
    ) -> None:
        self.error: str | None = None
        """What is wrong with the file as it is now."""
        self._file = file
        self._load = load
        self._say = say
        self._stamp = look(file)  # before it is read: what is written meanwhile is read again
        self._looked_at = time.monotonic()
        self._content = (load_first or load)(file)

    def current(self) -> T:
        now = time.monotonic()
        if now - self._looked_at >= LOOK_SECONDS:
            self._looked_at = now
            if (stamp := look(self._file)) != self._stamp:
                self._stamp = stamp
                self._reload()
        return self._content

    def _reload(self) -> None:
        try:
            self._content = self._load(self._file)
            self.error = None
        except ParamsError as error:
            self.error = str(error)
            self._say(f"the change of {self._file.name} is ignored: {error}")


def look(file: Path) -> tuple[int, int] | None:
    """Another one when the file was written; None when there is none."""
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size
