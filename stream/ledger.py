"""The frame ledger: what became of every frame of a partition, counted exactly once however often it is delivered.

Per consumer group and partition, always:
`next_offset - first_offset = stored + dead + dropped + skipped + expired`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from operator import attrgetter
from typing import Any, Final, Literal

from sqlalchemy import Connection, Table, bindparam, select, true, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect

from stream.messages import Position, Role
from stream.prepared import Prepared, prepare
from stream.tables import camera_drops, dead_letters, frame_ledger, predictions

Outcome = Literal["stored", "dead", "dropped", "skipped"]
Rows = Literal["stored", "dead"]
"""What the rows written before say about a frame."""

LOOKUP_OFFSETS: Final = 500


@dataclass(frozen=True, slots=True)
class FrameRead:
    """One frame of a batch and what became of it."""

    position: Position
    outcome: Outcome
    """`dead` with a dead letter, else `dropped` (too old), `skipped` (nobody here is asked) or `stored`."""
    camera_id: str | None = None
    """Of a dropped frame."""


@dataclass(frozen=True, slots=True)
class Entry:
    """The counts of one partition."""

    first_offset: int
    next_offset: int
    """The first offset that is not counted yet."""
    stored: int = 0
    dead: int = 0
    dropped: int = 0
    skipped: int = 0
    expired: int = 0
    """Offsets that Kafka had no frame for when they were due: removed by retention before they were read."""


COUNTS: Final = tuple(Entry.__slots__)
_counts: Final = attrgetter(*COUNTS)


def begin(first_offset: int) -> Entry:
    """The ledger of a partition that nothing was read of before this offset."""
    return Entry(first_offset, first_offset)


def count(entry: Entry, outcomes: Mapping[int, Outcome], before: Mapping[int, Rows]) -> Entry:
    """The entry after these frames (offset to outcome), given what earlier rows say of those delivered again.

    Frames below `next_offset` were counted when they came first: they only move when their rows say more now.
    """
    counts = dict.fromkeys(("stored", "dead", "dropped", "skipped", "expired"), 0)
    due = entry.next_offset
    for offset in sorted(outcomes):
        outcome = outcomes[offset]
        if offset >= due:
            counts["expired"] += offset - due
            counts[outcome] += 1
            due = offset + 1
        elif (moved := _move(entry, before.get(offset), outcome)) is not None:
            counts[moved] -= 1
            counts[outcome] += 1
    changed = {name: getattr(entry, name) + number for name, number in counts.items()}
    return replace(entry, next_offset=due, **changed)


def write_ledger(connection: Connection, group: str, reads: Sequence[FrameRead], *, role: Role = "production") -> None:
    """Count a batch, in the transaction that stores it and before any of its rows.

    The partitions' entries are locked first, always in the same order: two workers that hold a partition for a
    moment take turns here, and neither waits for the other's rows. `role` is that of the group's rows.
    """
    now = datetime.now(UTC)
    partitions = _by_partition(reads)
    changes, newly_dropped = [], []
    for (topic, partition), entry in _lock_entries(connection, group, partitions, now).items():
        frames = partitions[topic, partition]
        again = [offset for offset in frames if offset < entry.next_offset]
        outcomes = {offset: frame.outcome for offset, frame in frames.items()}
        changed = count(entry, outcomes, _rows_before(connection, topic, partition, again, role))
        changes.append((*_counts(changed), group, topic, partition))
        newly_dropped += [
            frame for offset, frame in frames.items() if offset >= entry.next_offset and frame.outcome == "dropped"
        ]
    statement = _change_entry(connection.dialect)
    statement.execute(connection, statement.bind(changes))
    _count_drops(connection, group, newly_dropped, now)


def _move(entry: Entry, before: Rows | None, outcome: Outcome) -> str | None:
    """Which count a frame leaves that is delivered again; None when it stays where it is."""
    if outcome not in ("stored", "dead") or before == "dead" or before == outcome:
        return None
    if before == "stored":
        return "stored"
    # no rows: it was dropped or skipped when it came first, and is answered now
    return "dropped" if entry.dropped else "skipped" if entry.skipped else None


def _by_partition(reads: Iterable[FrameRead]) -> dict[tuple[str, int], dict[int, FrameRead]]:
    partitions: dict[tuple[str, int], dict[int, FrameRead]] = {}
    for read in sorted(reads, key=lambda read: (read.position.topic, read.position.partition, read.position.offset)):
        partitions.setdefault((read.position.topic, read.position.partition), {})[read.position.offset] = read
    return partitions


def _lock_entries(
    connection: Connection, group: str, partitions: Mapping[tuple[str, int], Mapping[int, FrameRead]], now: datetime
) -> dict[tuple[str, int], Entry]:
    """The entries as they are, opened where there is none; nobody else changes them until the transaction ends."""
    statement = _touch_entries(connection.dialect, len(partitions))
    values: list[Any] = []
    for (topic, partition), frames in partitions.items():
        values += (group, topic, partition, *_counts(begin(next(iter(frames)))), now)
    (bound,) = statement.bind([values])
    found = statement.execute(connection, bound)
    return {(row[0], row[1]): Entry(*row[2:]) for row in found}


@lru_cache(maxsize=64)
def _touch_entries(dialect: Dialect, partitions: int) -> Prepared:
    names = ("consumer_group", "topic", "partition", *COUNTS, "updated_at")
    statement = _insert(dialect.name, frame_ledger).values([dict.fromkeys(names)] * partitions)
    statement = statement.on_conflict_do_update(
        index_elements=list(frame_ledger.primary_key.columns), set_={"updated_at": statement.excluded.updated_at}
    ).returning(frame_ledger.c.topic, frame_ledger.c.partition, *(frame_ledger.c[name] for name in COUNTS))
    return prepare(statement, dialect, [f"{name}_m{place}" for place in range(partitions) for name in names])


@lru_cache(maxsize=8)
def _change_entry(dialect: Dialect) -> Prepared:
    statement = update(frame_ledger).where(
        frame_ledger.c.consumer_group == bindparam("in_group"),
        frame_ledger.c.topic == bindparam("in_topic"),
        frame_ledger.c.partition == bindparam("in_partition"),
    )
    return prepare(statement, dialect, [*COUNTS, "in_group", "in_topic", "in_partition"])


def _rows_before(
    connection: Connection, topic: str, partition: int, offsets: Sequence[int], role: Role
) -> dict[int, Rows]:
    found: dict[int, Rows] = {}
    if not offsets:
        return found
    kinds: list[tuple[Table, Rows, Any]] = [(predictions, "stored", predictions.c.role == role)]
    if role == "production":  # no other role writes dead letters
        kinds.append((dead_letters, "dead", true()))
    for table, kind, ours in kinds:
        for start in range(0, len(offsets), LOOKUP_OFFSETS):
            some = offsets[start : start + LOOKUP_OFFSETS]
            statement = select(table.c.offset).where(
                table.c.topic == topic, table.c.partition == partition, table.c.offset.in_(some), ours
            )
            found.update(dict.fromkeys(connection.execute(statement).scalars(), kind))
    return found


def _count_drops(connection: Connection, group: str, dropped: Sequence[FrameRead], now: datetime) -> None:
    numbers: dict[str, int] = {}
    for frame in dropped:
        if frame.camera_id is not None:
            numbers[frame.camera_id] = numbers.get(frame.camera_id, 0) + 1
    if not numbers:
        return
    statement = _insert(connection.dialect.name, camera_drops)
    statement = statement.on_conflict_do_update(
        index_elements=list(camera_drops.primary_key.columns),
        set_={"dropped": camera_drops.c.dropped + statement.excluded.dropped, "last_dropped_at": now},
    )
    rows = [
        {"consumer_group": group, "camera_id": camera_id, "dropped": number, "last_dropped_at": now}
        for camera_id, number in sorted(numbers.items())
    ]
    connection.execute(statement, rows)


def _insert(dialect: str, table: Table) -> Any:
    return (sqlite.insert if dialect == "sqlite" else postgresql.insert)(table)
