"""A file that is still coming: its bytes so far, and by what its rest can be asked for."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Origin:
    """Of which answer of which server the bytes are the beginning."""

    address: str
    validator: str | None
    """Strong ETag or Last-Modified for If-Range (RFC 9110, 13.1.5); None: the rest cannot be asked for safely."""


class PartialFile:
    """`NAME.partial`, and beside it `NAME.origin.partial`, written before the first byte so that a kill is survived."""

    def __init__(self, whole: Path) -> None:
        self.whole = whole
        self.path = whole.with_name(f"{whole.name}.partial")
        self._record = whole.with_name(f"{whole.name}.origin.partial")

    @property
    def size(self) -> int:
        """Bytes that have come; 0 without the file."""
        return self.path.stat().st_size if self.path.is_file() else 0

    def find_origin(self, address: str) -> Origin | None:
        """What was recorded for this address; None: there is nothing to continue."""
        try:
            origin = Origin(**json.loads(self._record.read_text(encoding="utf-8")))
        except (FileNotFoundError, ValueError, TypeError):  # a record that was cut short is none
            return None
        return origin if origin.address == address and self.size else None

    def begin(self, origin: Origin) -> None:
        """Nothing has come yet."""
        self.path.write_bytes(b"")
        self._record.write_text(json.dumps(asdict(origin)), encoding="utf-8")

    def drop(self) -> None:
        self.path.unlink(missing_ok=True)
        self._record.unlink(missing_ok=True)

    def complete(self) -> Path:
        """All has come: the file gets its name."""
        os.replace(self.path, self.whole)
        self._record.unlink(missing_ok=True)
        return self.whole
