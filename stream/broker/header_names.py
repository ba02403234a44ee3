"""Header names that are no UTF-8: Kafka takes them from any sender, and aiokafka's parser ends its consumer on them.

One such message would stop its partition for ever. Here the batch that holds it is read once more, with those names
written in escapes (`\\xff`), and everything else byte for byte.
"""

import struct
from collections.abc import Iterator
from typing import Any, Final

import aiokafka.consumer.fetcher
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import MemoryRecords

_LENGTH: Final = struct.Struct(">qi")
"""Base offset and length, in front of every batch."""


def tolerate_header_names() -> None:
    """From now on every consumer of this process reads on behind such names; call it as often as you like."""
    aiokafka.consumer.fetcher.MemoryRecords = TolerantRecords


class TolerantRecords:
    """aiokafka's parser of what one fetch brought of a partition."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._records = MemoryRecords(data)
        self._position = 0

    def size_in_bytes(self) -> int:
        return int(self._records.size_in_bytes())

    def has_next(self) -> bool:
        return bool(self._records.has_next())

    def next_batch(self) -> Any:
        start = self._position
        length: int = _LENGTH.unpack_from(self._data, start)[1]
        self._position = start + _LENGTH.size + length
        batch = self._records.next_batch()
        return None if batch is None else _TolerantBatch(batch, memoryview(self._data)[start : self._position])


class _TolerantBatch:
    def __init__(self, batch: Any, data: memoryview) -> None:
        self._batch = batch
        self._data = data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __iter__(self) -> Iterator[Any]:
        last = -1
        try:
            for record in self._batch:
                last = record.offset
                yield record
        except UnicodeDecodeError:
            for record in _EscapingBatch(bytes(self._data)):
                if record.offset > last:
                    yield record


class _EscapingBatch(_DefaultRecordBatchPy):  # type: ignore[misc]  # final to its author, who has no other way in
    """The parser in Python, whose buffer decodes text with escapes."""

    def _maybe_uncompress(self) -> None:
        super()._maybe_uncompress()
        self._buffer: bytearray = _EscapingBytes(self._buffer)


class _EscapingBytes(bytearray):
    def __getitem__(self, place: Any) -> Any:
        found = super().__getitem__(place)
        return _EscapingBytes(found) if isinstance(place, slice) else found

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        return super().decode(encoding, "backslashreplace")
