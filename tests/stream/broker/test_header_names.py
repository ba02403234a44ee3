import pytest
from aiokafka.consumer import fetcher
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy
from aiokafka.record.memory_records import MemoryRecords

from stream.broker.header_names import TolerantRecords, tolerate_header_names

Record = tuple[bytes | None, bytes | None, list[tuple[str, bytes | None]]]


class Raw(str):
    """A header name as a client in another language may send it: two bytes that are no UTF-8."""

    def encode(self, *how: str) -> bytes:
        return b"\xff\xfe"


def batch_of(first_offset: int, *records: Record, compression: int = 0) -> bytes:
    builder = _DefaultRecordBatchBuilderPy(2, compression, 0, -1, -1, -1, 1_000_000)
    for number, (key, value, headers) in enumerate(records):
        builder.append(number, 1000 + number, key, value, headers)
    built = bytearray(builder.build())
    built[:8] = first_offset.to_bytes(8)
    return bytes(built)


def read(data: bytes) -> list[tuple[int, bytes | None, bytes | None, list[tuple[str, bytes | None]]]]:
    records, found = TolerantRecords(data), []
    while records.has_next():
        batch = records.next_batch()
        found += [(record.offset, record.key, record.value, list(record.headers)) for record in batch]
    return found


GOOD: Record = (b"k", b"\xffvalue", [("ñ", b"1"), ("none", None)])
BAD: Record = (None, b"v", [(Raw("x"), b"\xff"), ("a", None)])


@pytest.mark.parametrize("compression", [0, 1], ids=["plain", "gzip"])
def test_messages_around_and_with_a_name_that_is_no_utf_8_are_read_once_and_in_order(compression: int) -> None:
    data = batch_of(5, GOOD) + batch_of(6, GOOD, BAD, GOOD, compression=compression) + batch_of(9, GOOD)

    found = read(data)

    assert [offset for offset, *_ in found] == [5, 6, 7, 8, 9]
    assert found[2][1:] == (None, b"v", [(r"\xff\xfe", b"\xff"), ("a", None)])
    assert all(record[1:] == GOOD for place, record in enumerate(found) if place != 2)


def test_half_a_batch_at_the_end_of_a_fetch_is_left_for_the_next() -> None:
    whole = batch_of(0, BAD)

    assert [offset for offset, *_ in read(whole + batch_of(1, GOOD)[:40])] == [0]


def test_aiokafkas_own_parser_still_fails_and_its_consumer_still_finds_it_where_it_is_replaced() -> None:
    with pytest.raises(UnicodeDecodeError):
        list(MemoryRecords(batch_of(0, BAD)).next_batch())

    tolerate_header_names()

    assert fetcher.MemoryRecords is TolerantRecords
