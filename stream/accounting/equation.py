"""The equation of frames: produced = stored + dead + dropped + in flight, and where it does not add up."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from stream.ledger import Entry

ALWAYS: Final = ("stored", "dead", "dropped")
"""Terms that are shown even when they are nothing."""
SELDOM: Final = ("skipped", "expired")
"""No classifier of the group was asked; removed by Kafka's retention before anyone read it."""
TERMS: Final = (*ALWAYS, *SELDOM, "in_flight")


@dataclass(frozen=True, slots=True)
class Offsets:
    """What Kafka says of one partition and one consumer group."""

    start: int
    """Of the oldest frame that is kept."""
    end: int
    """Of the frame that comes next."""
    committed: int | None
    """Of the first frame that was not acknowledged; None when nothing ever was."""


@dataclass(frozen=True, slots=True)
class Frames:
    """Frames of one partition, or of several together."""

    produced: int = 0
    """Since the ledger began."""
    stored: int = 0
    dead: int = 0
    dropped: int = 0
    skipped: int = 0
    expired: int = 0
    in_flight: int = 0
    """In Kafka and not answered yet."""

    @property
    def adds_up(self) -> bool:
        return bool(self.produced == sum(getattr(self, term) for term in TERMS))


@dataclass(frozen=True, slots=True)
class Rows:
    """What the store itself holds of a partition's frames, counted one by one."""

    stored: int
    dead: int


@dataclass(frozen=True, slots=True)
class Account:
    """One partition: its frames, and each sentence that says where they do not add up."""

    partition: int
    frames: Frames
    faults: tuple[str, ...] = ()


def account(partition: int, offsets: Offsets | None, entry: Entry | None, rows: Rows | None = None) -> Account:
    """Reconcile Kafka's offsets with the ledger, and the ledger with the rows where they were counted.

    The offsets' `start` and `committed` must be older than the entry, and `end` younger: then frames that move
    meanwhile are no fault. A partition that was never read begins behind what was acknowledged before there was
    a ledger.
    """
    if offsets is None:
        return Account(partition, Frames(), (f"the ledger knows partition {partition}, Kafka does not",))
    if entry is None:
        first = max(offsets.start, offsets.committed or 0)
        waiting = max(offsets.end - first, 0)
        return Account(partition, Frames(produced=waiting, in_flight=waiting))
    behind = max(entry.next_offset, offsets.start)
    frames = Frames(
        produced=offsets.end - entry.first_offset,
        stored=entry.stored,
        dead=entry.dead,
        dropped=entry.dropped,
        skipped=entry.skipped,
        # what retention removed since the last frame was read is in the ledger only when the next one comes
        expired=entry.expired + behind - entry.next_offset,
        in_flight=max(offsets.end - behind, 0),
    )
    return Account(partition, frames, tuple(_find_faults(offsets, entry, frames, rows)))


def total(accounts: Iterable[Account]) -> Frames:
    """The sum over partitions."""
    every = [each.frames for each in accounts]
    return Frames(**{name: sum(getattr(frames, name) for frames in every) for name in ("produced", *TERMS)})


def say_equation(frames: Frames) -> str:
    """`1,234 frames produced = 1,200 stored + 12 dead + 0 dropped + 22 in flight`."""
    shown = [term for term in TERMS if term not in SELDOM or getattr(frames, term)]
    terms = " + ".join(f"{getattr(frames, term):,} {term.replace('_', ' ')}" for term in shown)
    return f"{frames.produced:,} frames produced {'=' if frames.adds_up else '≠'} {terms}"


def describe_group(accounts: Iterable[Account]) -> dict[str, Any]:
    """The terms, whether they add up, and the same for each partition."""
    every = sorted(accounts, key=lambda each: each.partition)
    faults = [f"partition {each.partition}: {fault}" for each in every for fault in each.faults]
    frames = total(every)
    return {
        **_terms(frames),
        "adds_up": frames.adds_up and not faults,
        "equation": say_equation(frames),
        "faults": faults,
        "partitions": [{"partition": each.partition, **_terms(each.frames)} for each in every],
    }


def _terms(frames: Frames) -> Mapping[str, int]:
    return {name: getattr(frames, name) for name in ("produced", *TERMS)}


def _find_faults(offsets: Offsets, entry: Entry, frames: Frames, rows: Rows | None) -> Iterable[str]:
    counted = entry.stored + entry.dead + entry.dropped + entry.skipped + entry.expired
    if counted != entry.next_offset - entry.first_offset:
        yield (
            f"the ledger counts {counted} frames from offset {entry.first_offset} to {entry.next_offset}, "
            f"which are {entry.next_offset - entry.first_offset}"
        )
    if entry.next_offset > offsets.end:
        yield (
            f"the ledger ends at offset {entry.next_offset}, Kafka at {offsets.end}: the topic was made anew, "
            "or this is another broker than the one that was read"
        )
    if offsets.committed is not None and offsets.committed > entry.next_offset:
        yield (
            f"offsets {entry.next_offset} to {offsets.committed - 1} are acknowledged and not in the ledger: "
            "somebody moved the group's offsets, or frames were lost"
        )
    if rows is not None:
        yield from _compare("stored", frames.stored, rows.stored)
        yield from _compare("dead", frames.dead, rows.dead)


def _compare(name: str, counted: int, found: int) -> Iterable[str]:
    if counted != found:
        fewer = "were purged or lost" if found < counted else "were never counted"
        yield f"the ledger counts {counted} {name}, the store holds {found}: {abs(counted - found)} {fewer}"
