"""A LiteRT file before any runtime opens it: none but LiteRT's own operators, all weights inside.

The file is a flatbuffer; only the tables that matter are read (schema_v3c.fbs), and nothing is built from it.
"""

import struct
from pathlib import Path
from typing import Final

from pipelines.errors import ModelError

CUSTOM: Final = 32
MEND: Final = "Convert the model again with LiteRT's own operators alone, without Select TF ops, into one file."

# places of fields in schema_v3c.fbs
_OPERATOR_CODES, _SUBGRAPHS, _BUFFERS = 1, 2, 4
_OLD_CODE, _CUSTOM_CODE, _CODE = 0, 1, 3
_BUFFER_OFFSET = 1


def check_litert(file: Path) -> None:
    """Raises ModelError for custom operators (Flex ones among them), outside data, several graphs or a broken file."""
    table = _Tables(file.read_bytes())
    try:
        root = table.root()
        for code in table.vector(root, _OPERATOR_CODES):
            custom = table.text(code, _CUSTOM_CODE)
            if custom or CUSTOM in (table.number(code, _OLD_CODE, "b"), table.number(code, _CODE, "i")):
                raise ModelError(f"Expected LiteRT's own operators, found the custom one {custom!r:.80}. {MEND}")
        graphs = len(table.vector(root, _SUBGRAPHS))
        if graphs != 1:
            raise ModelError(f"Expected one graph in {file.name}, found {graphs}. {MEND}")
        if any(table.number(buffer, _BUFFER_OFFSET, "Q") > 1 for buffer in table.vector(root, _BUFFERS)):
            raise ModelError(f"Expected all weights in the tables of {file.name}, found some beside them. {MEND}")
    except struct.error as error:
        raise ModelError(f"Expected a whole LiteRT file, {file.name} is broken: {error}. {MEND}") from error


class _Tables:
    """Just enough of the flatbuffer format: tables, vectors of tables, numbers and texts. All raise struct.error."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def root(self) -> int:
        return self._follow(0)

    def vector(self, table: int, place: int) -> list[int]:
        start = self._field(table, place)
        if start is None:
            return []
        start = self._follow(start)
        length = self._read("I", start)
        if 4 * length > len(self._content):
            raise struct.error("a list is longer than the file")
        return [self._follow(start + 4 + 4 * index) for index in range(length)]

    def number(self, table: int, place: int, kind: str) -> int:
        start = self._field(table, place)
        return 0 if start is None else self._read(kind, start)

    def text(self, table: int, place: int) -> str:
        start = self._field(table, place)
        if start is None:
            return ""
        start = self._follow(start)
        length = min(self._read("I", start), 1000)
        return self._content[start + 4 : start + 4 + length].decode(errors="replace")

    def _field(self, table: int, place: int) -> int | None:
        """Where a field of a table lies; None where it is left out."""
        vtable = table - self._read("i", table)
        entry = 4 + 2 * place
        if entry >= self._read("H", vtable):
            return None
        offset = self._read("H", vtable + entry)
        return table + offset if offset else None

    def _follow(self, place: int) -> int:
        return place + self._read("I", place)

    def _read(self, kind: str, place: int) -> int:
        if place < 0:
            raise struct.error("a table before the file's beginning")
        return int(struct.unpack_from(f"<{kind}", self._content, place)[0])
