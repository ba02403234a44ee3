from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.accounting.equation import Account, Frames, Offsets, Rows, account, describe_group, say_equation, total
from stream.ledger import Entry

READ = Entry(first_offset=10, next_offset=40, stored=25, dead=3, dropped=2)
OFFSETS = Offsets(start=10, end=47, committed=38)


def test_every_frame_between_the_first_read_and_the_end_is_somewhere() -> None:
    found = account(2, OFFSETS, READ)

    assert found == Account(2, Frames(produced=37, stored=25, dead=3, dropped=2, in_flight=7))
    assert found.frames.adds_up


def test_a_partition_that_was_never_read_is_all_in_flight() -> None:
    assert account(0, Offsets(5, 30, None), None).frames == Frames(produced=25, in_flight=25)


def test_what_was_acknowledged_before_there_was_a_ledger_is_not_counted() -> None:
    assert account(0, Offsets(5, 30, 20), None).frames == Frames(produced=10, in_flight=10)


def test_frames_that_retention_removed_before_anyone_read_them_are_expired_and_not_in_flight() -> None:
    found = account(0, replace(OFFSETS, start=44), READ)

    assert (found.frames.expired, found.frames.in_flight) == (4, 3)
    assert found.frames.adds_up
    assert found.faults == ()


def test_retention_that_took_everything_leaves_nothing_in_flight() -> None:
    found = account(0, Offsets(start=47, end=47, committed=38), READ)

    assert (found.frames.expired, found.frames.in_flight) == (7, 0)
    assert found.frames.adds_up


def test_an_acknowledged_frame_that_is_not_in_the_ledger_is_a_fault_with_its_offsets() -> None:
    (fault,) = account(0, replace(OFFSETS, committed=43), READ).faults

    assert "offsets 40 to 42 are acknowledged and not in the ledger" in fault


def test_a_ledger_beyond_kafkas_end_is_a_fault() -> None:
    (fault,) = account(0, Offsets(start=0, end=12, committed=None), READ).faults

    assert "the topic was made anew" in fault


def test_a_partition_that_kafka_does_not_know_is_a_fault() -> None:
    assert "Kafka does not" in account(7, None, READ).faults[0]


def test_counts_that_are_not_the_offsets_between_them_are_a_fault() -> None:
    found = account(0, OFFSETS, replace(READ, stored=24))

    assert "the ledger counts 29 frames from offset 10 to 40, which are 30" in found.faults[0]
    assert not found.frames.adds_up


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (Rows(stored=25, dead=3), []),
        (Rows(stored=24, dead=3), ["25 stored, the store holds 24: 1 were purged or lost"]),
        (Rows(stored=25, dead=4), ["3 dead, the store holds 4: 1 were never counted"]),
    ],
)
def test_counted_rows_that_differ_from_the_ledger_are_faults(rows: Rows, words: list[str]) -> None:
    faults = account(0, OFFSETS, READ, rows).faults

    assert len(faults) == len(words)
    assert all(word in fault for word, fault in zip(words, faults, strict=True))


def test_the_equation_is_one_line_and_shows_seldom_terms_only_when_there_are_any() -> None:
    frames = Frames(produced=1234, stored=1200, dead=12, in_flight=22)

    assert say_equation(frames) == "1,234 frames produced = 1,200 stored + 12 dead + 0 dropped + 22 in flight"
    assert say_equation(replace(frames, expired=3, in_flight=19)).endswith("0 dropped + 3 expired + 19 in flight")
    assert "≠" in say_equation(replace(frames, produced=1235))


def test_a_group_does_not_add_up_when_one_partition_has_a_fault() -> None:
    well, ill = account(0, OFFSETS, READ), account(1, replace(OFFSETS, committed=43), READ)

    assert describe_group([well])["adds_up"]
    document = describe_group([ill, well])
    assert not document["adds_up"]
    assert document["faults"][0].startswith("partition 1: offsets 40 to 42")
    assert [each["partition"] for each in document["partitions"]] == [0, 1]
    assert document["produced"] == 74


COUNTS = st.integers(0, 50)


@given(st.integers(0, 100), COUNTS, COUNTS, COUNTS, COUNTS, COUNTS, COUNTS, st.integers(0, 400))
def test_it_always_adds_up_for_an_honest_ledger_wherever_kafkas_offsets_are(
    first: int, stored: int, dead: int, dropped: int, skipped: int, expired: int, waiting: int, start: int
) -> None:
    read = stored + dead + dropped + skipped + expired
    entry = Entry(first, first + read, stored, dead, dropped, skipped, expired)
    end = first + read + waiting

    found = account(0, Offsets(min(start, end), end, None), entry)

    assert found.faults == ()
    assert found.frames.adds_up
    assert total([found, found]).adds_up
    assert min(getattr(found.frames, name) for name in Frames.__slots__) >= 0
