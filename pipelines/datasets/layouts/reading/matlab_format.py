"""MATLAB's files of version 5 to 7.2, as far as lists need it: cells, structs, text and single numbers.

The MathWorks, "MAT-File Format" (2019), chapter 1. Written out because scipy's reader ends the whole process on a
damaged file: one changed byte in a length is enough.
"""

import math
import struct
import zlib
from dataclasses import dataclass
from typing import Any, Final, Literal

HEADER_BYTES: Final = 128
LARGEST_INFLATED: Final = 40_000_000
"""Bytes of one variable; the largest list of Stanford Cars has 8 MB."""
DEEPEST: Final = 8
"""Cells within cells."""

MATRIX, COMPRESSED = 14, 15
CELL, STRUCT, TEXT = 1, 2, 4
NUMBERS: Final = range(6, 16)
NUMBER_FORMS: Final = {1: "b", 2: "B", 3: "h", 4: "H", 5: "i", 6: "I", 7: "f", 9: "d", 12: "q", 13: "Q"}
ENCODINGS: Final = {1: "latin-1", 2: "latin-1", 4: "utf-16-le", 16: "utf-8", 17: "utf-16-le", 18: "utf-32-le"}

_PAIR: Final = struct.Struct("<II")


class FormatError(ValueError):
    """Bytes that are no such file; says what came."""


@dataclass(frozen=True, slots=True)
class Array:
    """One variable, or a part of one."""

    kind: Literal["cell", "struct", "other"]
    shape: tuple[int, ...]
    values: tuple[Any, ...] = ()
    """Column by column as MATLAB keeps them: text, numbers, None for what is empty, or arrays; of a struct, tuples in
    the order of the fields."""
    fields: tuple[str, ...] = ()


def parse_variable(content: bytes, name: str) -> Array | None:
    """The variable of that name; None when there is none. Raises FormatError."""
    if content[124:128] != b"\x00\x01IM":
        raise FormatError("it begins like another kind of file")
    place = HEADER_BYTES
    while place + 8 <= len(content):
        kind, size = _PAIR.unpack_from(content, place)
        start, place = place + 8, place + 8 + size
        if place > len(content):
            raise FormatError("it breaks off")
        body = _inflate(content[start:place]) if kind == COMPRESSED else content[start - 8 : place]
        found = _Parser(body).parse(name) if kind in (MATRIX, COMPRESSED) else None
        if found is not None:
            return found
    return None


def _inflate(packed: bytes) -> bytes:
    try:
        body = zlib.decompressobj().decompress(packed, LARGEST_INFLATED)
    except zlib.error as error:
        raise FormatError(f"a part of it cannot be inflated ({error})") from error
    if len(body) >= LARGEST_INFLATED:
        raise FormatError(f"it inflates to more than {LARGEST_INFLATED} bytes")
    return body


class _Parser:
    """Elements of one variable by their place; each is checked to lie within the one around it."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def parse(self, name: str) -> Array | None:
        kind, start, end, _ = self._tag(0, len(self._body))
        if kind != MATRIX:
            raise FormatError(f"it holds an element of kind {kind}")
        _, _, written, _ = self._head(start, end)
        if written != name:
            return None
        found = self._matrix(start, end, 0, opened=False)
        return found if isinstance(found, Array) else Array("other", (1, 1))

    def _tag(self, place: int, end: int) -> tuple[int, int, int, int]:
        """Kind, begin and end of an element's data, and where the next element begins."""
        if place + 8 > end:
            raise FormatError("an element breaks off")
        first, second = _PAIR.unpack_from(self._body, place)
        if first >> 16:  # up to four bytes within the tag itself
            kind, size, start, following = first & 0xFFFF, first >> 16, place + 4, place + 8
        else:
            kind, size, start = first, second, place + 8
            following = start + size + -size % 8
        if start + size > end:
            raise FormatError("an element is longer than what holds it")
        return kind, start, start + size, following

    def _head(self, start: int, end: int) -> tuple[int, tuple[int, ...], str, int]:
        """Class, shape and name of a matrix, and where its content begins."""
        _, flags, flags_end, place = self._tag(start, end)
        _, sizes, sizes_end, place = self._tag(place, end)
        _, name, name_end, place = self._tag(place, end)
        if flags_end - flags != 8 or not 8 <= sizes_end - sizes <= 128:
            raise FormatError("an array has no shape")
        shape = struct.unpack_from(f"<{(sizes_end - sizes) // 4}i", self._body, sizes)
        if min(shape) < 0:
            raise FormatError(f"an array has the shape {shape}")
        return self._body[flags], shape, self._body[name:name_end].decode("latin-1"), place

    def _matrix(self, start: int, end: int, depth: int, *, opened: bool = True) -> Any:
        """Text, a number, None or an Array; `opened`, a cell of one value is that value."""
        if start == end:
            return None
        if depth > DEEPEST:
            raise FormatError(f"cells lie deeper than {DEEPEST} within each other")
        kind, shape, _, place = self._head(start, end)
        count = math.prod(shape)
        if kind == CELL:
            values, _ = self._matrices(place, end, count, depth)
            return values[0] if opened and count == 1 else Array("cell", shape, values)
        if kind == STRUCT:
            return self._struct(place, end, shape, depth)
        if count == 0:
            return None
        if kind == TEXT and shape[0] == 1:
            return self._text(place, end)
        return self._number(place, end) if kind in NUMBERS and count == 1 else Array("other", shape)

    def _matrices(self, place: int, end: int, count: int, depth: int) -> tuple[tuple[Any, ...], int]:
        if count * 8 > end - place:
            raise FormatError(f"an array of {count} values has room for fewer")
        values = []
        for _ in range(count):
            kind, start, stop, place = self._tag(place, end)
            if kind != MATRIX:
                raise FormatError(f"a cell holds an element of kind {kind}")
            values.append(self._matrix(start, stop, depth + 1))
        return tuple(values), place

    def _struct(self, place: int, end: int, shape: tuple[int, ...], depth: int) -> Array:
        _, start, stop, place = self._tag(place, end)
        length = int.from_bytes(self._body[start:stop], "little")
        _, start, stop, place = self._tag(place, end)
        if not 0 < length <= 64 or (stop - start) % length:
            raise FormatError("a struct has no names of fields")
        fields = tuple(
            self._body[at : at + length].split(b"\0")[0].decode("latin-1") for at in range(start, stop, length)
        )
        values, _ = self._matrices(place, end, math.prod(shape) * len(fields), depth)
        rows = tuple(values[at : at + len(fields)] for at in range(0, len(values), max(len(fields), 1)))
        return Array("struct", shape, rows, fields)

    def _text(self, place: int, end: int) -> str:
        kind, start, stop, _ = self._tag(place, end)
        try:
            return self._body[start:stop].decode(ENCODINGS[kind])
        except (KeyError, UnicodeDecodeError) as error:
            raise FormatError("a text is in no encoding that is known") from error

    def _number(self, place: int, end: int) -> int | float:
        kind, start, stop, _ = self._tag(place, end)
        try:
            (number,) = struct.unpack(f"<{NUMBER_FORMS[kind]}", self._body[start:stop])
        except (KeyError, struct.error) as error:
            raise FormatError("a number is of no kind that is known") from error
        return int(number) if isinstance(number, int) else float(number)
