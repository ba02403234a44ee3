"""The rows of kept frames: which content lies in which store, of which frame and for what reason."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, Literal

from sqlalchemy import Select, and_, bindparam, delete, distinct, func, or_, select

from pipelines.errors import StoreError
from stream.messages import Position
from stream.store import PredictionStore
from stream.store_rows import bind_rows, values_of
from stream.tables import kept_frames

Reason = Literal["sampled", "unknown", "unsure", "dead_letter", "labelled"]
EVIDENCE: Final[tuple[Reason, ...]] = ("dead_letter", "labelled")
"""These go last."""


@dataclass(frozen=True, slots=True)
class KeptFrame:
    """One frame and one reason to keep it; a frame with two reasons has two rows and one content."""

    position: Position
    reason: Reason
    frame_id: str
    camera_id: str | None
    """None for a dead letter that named none."""
    sha256: str
    size_bytes: int
    captured_at: datetime | None
    """None for dead letters: what they say of their time may be what is wrong with them."""
    suffix: str = ""
    """Of the file, by its first bytes: `jpg`, `png`, `webp`, `gif`, `json`, else `bin`."""
    store: str = ""
    """Address of the frame store that has the bytes."""
    kept_at: datetime | None = None
    """By the clock of the machine that kept it; age counts from here."""

    @property
    def path(self) -> str:
        """Of the bytes, below the store's address."""
        return content_path(self.sha256, self.suffix)


def content_path(sha256: str, suffix: str) -> str:
    """Content-addressed: the same bytes have one place."""
    return f"{sha256[:2]}/{sha256}.{suffix}"


@dataclass(frozen=True, slots=True)
class KeptCount:
    """How many frames of one camera are kept for one reason."""

    store: str
    camera_id: str | None
    reason: str
    frames: int
    oldest_at: datetime
    newest_at: datetime


@dataclass(frozen=True, slots=True)
class KeptIndex:
    """The table of kept frames. What cannot be answered is StoreError."""

    database: PredictionStore

    def record(self, frames: Sequence[KeptFrame]) -> None:
        """Rows for content that is already in its store. A frame kept before keeps the time of then."""
        if frames:
            values = [_VALUES(frame) for frame in frames]
            rows = bind_rows(kept_frames, values, self.database.engine.dialect, keep=("kept_at",))
            self.database.write(rows.write)

    def remove(self, frames: Sequence[KeptFrame]) -> None:
        if frames:
            table = kept_frames.c
            keys = (table.topic, table.partition, table.offset, table.reason)
            statement = delete(kept_frames).where(*(column == bindparam(f"b_{column.name}") for column in keys))
            rows = [
                {
                    "b_topic": frame.position.topic,
                    "b_partition": frame.position.partition,
                    "b_offset": frame.position.offset,
                    "b_reason": frame.reason,
                }
                for frame in frames
            ]
            self.database.write(lambda connection: connection.execute(statement, rows))

    def find(self, frame_id: str) -> tuple[KeptFrame, ...]:
        """Rows of the frame with this id, or at this `topic-partition-offset`; newest first."""
        table = kept_frames.c
        topic, partition, offset = _split_position(frame_id)
        place = and_(table.topic == topic, table.partition == partition, table.offset == offset)
        statement = select(kept_frames).where(or_(table.frame_id == frame_id, place))
        return tuple(self._frames(statement.order_by(table.kept_at.desc(), table.reason)))

    def find_at(self, position: Position) -> tuple[KeptFrame, ...]:
        """Every reason for which the frame at this position is kept."""
        table = kept_frames.c
        statement = select(kept_frames).where(
            table.topic == position.topic, table.partition == position.partition, table.offset == position.offset
        )
        return tuple(self._frames(statement.order_by(table.reason)))

    def list_newest(self, *, camera_id: str | None, reason: str | None, limit: int) -> tuple[KeptFrame, ...]:
        table = kept_frames.c
        statement = select(kept_frames).order_by(table.kept_at.desc()).limit(limit)
        if camera_id is not None:
            statement = statement.where(table.camera_id == camera_id)
        if reason is not None:
            statement = statement.where(table.reason == reason)
        return tuple(self._frames(statement))

    def count(self) -> tuple[KeptCount, ...]:
        """By store, camera and reason."""
        table = kept_frames.c
        group = (table.store, table.camera_id, table.reason)
        statement = (
            select(*group, func.count(), func.min(table.kept_at), func.max(table.kept_at))
            .group_by(*group)
            .order_by(*group)
        )
        return tuple(KeptCount(*row) for row in self.rows(statement))

    def total_bytes(self, store: str) -> int:
        """Of the content in this store; the same bytes of two frames count once."""
        table = kept_frames.c
        contents = (
            select(func.max(table.size_bytes).label("size"))
            .where(table.store == store)
            .group_by(table.sha256, table.suffix)
            .subquery()
        )
        rows = self.rows(select(func.sum(contents.c.size)))
        return int(rows[0][0] or 0) if rows else 0

    def count_references(self, store: str, hashes: Iterable[str]) -> dict[str, int]:
        """Rows of this store by content."""
        table = kept_frames.c
        wanted = sorted(set(hashes))
        statement = (
            select(table.sha256, func.count())
            .where(table.store == store, table.sha256.in_(wanted))
            .group_by(table.sha256)
        )
        return {row[0]: row[1] for row in self.rows(statement)} if wanted else {}

    def count_camera(self, camera_id: str) -> dict[str, int]:
        """Contents of a camera by store."""
        table = kept_frames.c
        statement = select(table.store, func.count(distinct(table.sha256))).where(table.camera_id == camera_id)
        return {row[0]: row[1] for row in self.rows(statement.group_by(table.store))}

    def rows(self, statement: Any) -> Sequence[Any]:
        """Raises StoreError, with the mend where the tables are those of an older version."""
        try:
            return self.database.read(statement)
        except StoreError as error:
            if kept_frames.name not in str(error):
                raise
            raise StoreError(
                "Expected a prediction store with the tables of this version, found older ones. "
                "Start a worker once, for instance with `vigia up`: it updates them."
            ) from error

    def select(self, statement: Select[Any]) -> tuple[KeptFrame, ...]:
        """Rows of a `select(kept_frames)`."""
        return tuple(self._frames(statement))

    def _frames(self, statement: Any) -> Iterable[KeptFrame]:
        return (_frame(row) for row in self.rows(statement))


def at_now(frame: KeptFrame, *, store: str, suffix: str) -> KeptFrame:
    """The frame as kept now, in this store."""
    return replace(frame, store=store, suffix=suffix, kept_at=datetime.now(UTC))


def _frame(row: Any) -> KeptFrame:
    position = Position(row.topic, row.partition, row.offset)
    return KeptFrame(position=position, **{name: getattr(row, name) for name in _FIELDS})


def _split_position(frame_id: str) -> tuple[str, int, int]:
    topic, _, rest = frame_id.rpartition("-")
    topic, _, partition = topic.rpartition("-")
    if topic and partition.isdecimal() and rest.isdecimal() and max(len(partition), len(rest)) < 10:
        return topic, int(partition), int(rest)
    return "", -1, -1


_FIELDS: Final = tuple(c.name for c in kept_frames.columns if c.name not in {"topic", "partition", "offset"})
_VALUES: Final = values_of(kept_frames)
