"""What a registry says that no worker can follow: told in one line each time it begins, and the stream runs on."""

import logging
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from pipelines.params import CLASSIFIER_NAME

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Oddities:
    """Remembers what was told already."""

    _told: set[tuple[str, str]] = field(default_factory=set)

    def legal(self, names: Iterable[str]) -> list[str]:
        """Registered models that are classifiers by their name, which becomes part of paths and of rows."""
        return [name for name in names if not self._tell(name, "name", not re.fullmatch(CLASSIFIER_NAME, name))]

    def look(self, name: str, *, holds: bool, served: int | None) -> None:
        """Whether a classifier that serves lost its production version: the alias was removed, or the version was."""
        self._tell(name, "alias", not holds and served is not None, served)

    def is_orphan(self, name: str) -> bool:
        """Whether it serves and the registry has no production version of it."""
        return (name, "alias") in self._told

    def _tell(self, name: str, kind: str, odd: bool, served: int | None = None) -> bool:
        if not odd:
            self._told.discard((name, kind))
        elif (name, kind) not in self._told:
            self._told.add((name, kind))
            log.warning("%s", say(name, kind, served))
        return odd


def say(name: str, kind: str, served: int | None) -> str:
    if kind == "name":
        return (
            f"Expected classifiers named by lower-case letters, digits and underscores, found {name[:80]!r}. "
            "Nothing of it serves; register it under another name."
        )
    return (
        f"Expected a production version of {name}, found none: its alias or its version was removed. "
        f"Version {served} goes on serving; run `vigia promote {name} VERSION`."
    )
