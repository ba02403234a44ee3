"""Which frames a replay is about: those that production answered, cut into parts of one partition each."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, FromClause, and_, func, select

from pipelines.errors import StoreError
from stream.decoding import FUTURE_TOLERANCE
from stream.messages import REPLAY_PREFIX, Position
from stream.store import PredictionStore
from stream.tables import LIVE, dead_letters, kept_frames, predictions

PART_FRAMES: Final = 500
NAMED_CAMERAS: Final = 20
_NAMES: Final = (
    "topic", "partition", "offset", "frame_id", "camera_id", "image_name", "image_sha256", "captured_at", "received_at",
)  # fmt: skip


def name_role(version: int) -> str:
    """Under which a replay's rows are stored."""
    return f"{REPLAY_PREFIX}{version}"


@dataclass(frozen=True, slots=True)
class ReplayWindow:
    """What is asked again: a classifier's frames by their time of capture."""

    classifier: str
    captured_from: datetime
    captured_to: datetime
    """Exclusive; both aware, UTC."""
    cameras: tuple[str, ...] = ()
    """None named: all."""

    def holds(self, table: Any) -> ColumnElement[bool]:
        """Rows of production in this window; `table` is `predictions` or an alias of it."""
        return and_(
            _by_time(table.c.classifier) == self.classifier,
            table.c.role == LIVE,
            # no index knows capture times; this one is implied, as no frame is taken earlier than that
            table.c.predicted_at >= self.captured_from - FUTURE_TOLERANCE,
            self._captured(table),
        )

    def _captured(self, table: Any) -> ColumnElement[bool]:
        inside = and_(table.c.captured_at >= self.captured_from, table.c.captured_at < self.captured_to)
        return and_(inside, table.c.camera_id.in_(self.cameras)) if self.cameras else inside


@dataclass(frozen=True, slots=True)
class Part:
    """Consecutive frames of the window in one partition."""

    topic: str
    partition: int
    first: int
    last: int
    """Offsets, both inclusive."""
    frames: int


@dataclass(frozen=True, slots=True)
class LiveFrame:
    """A frame that production answered."""

    position: Position
    frame_id: str
    camera_id: str
    image_name: str | None
    image_sha256: str
    captured_at: datetime
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Unanswered:
    """What lies in the window and is not replayed: nothing was live that it could be compared with."""

    dead_letters: int
    kept: int
    """Kept frames that the classifier did not answer."""


def plan_parts(store: PredictionStore, window: ReplayWindow, *, part_frames: int = PART_FRAMES) -> tuple[Part, ...]:
    """Every frame of the window in exactly one part. Raises StoreError when the store is away."""
    table = predictions.c
    place = (_by_time(table.topic), _by_time(table.partition))
    spans = select(*place, func.min(table.offset), func.max(table.offset)).where(window.holds(predictions))
    parts: list[Part] = []
    for topic, partition, first, last in sorted(map(tuple, store.read(spans.group_by(*place)))):
        inside = and_(table.topic == topic, table.partition == partition, table.offset.between(first, last))
        here = and_(window.holds(predictions), inside)
        offsets = [row.offset for row in store.read(select(table.offset).where(here).order_by(table.offset))]
        some = (offsets[start : start + part_frames] for start in range(0, len(offsets), part_frames))
        parts.extend(Part(topic, partition, each[0], each[-1], len(each)) for each in some)
    return tuple(parts)


def load_frames(store: PredictionStore, window: ReplayWindow, part: Part, role: str | None) -> tuple[LiveFrame, ...]:
    """The part's frames by offset, without those that have a row of `role` about the same picture already."""
    table = predictions.c
    statement = select(*(table[name] for name in _NAMES)).where(
        window.holds(predictions),
        table.topic == part.topic,
        table.partition == part.partition,
        table.offset.between(part.first, part.last),
    )
    if role is not None:
        again = predictions.alias("again")
        answered = select(again.c.offset).where(
            is_same_frame(predictions, again), again.c.role == role, again.c.image_sha256 == table.image_sha256
        )
        statement = statement.where(~answered.exists())
    return tuple(_build_frame(row) for row in store.read(statement.order_by(table.offset)))


def load_frames_at(
    store: PredictionStore, window: ReplayWindow, positions: Collection[Position]
) -> Iterator[tuple[LiveFrame, ...]]:
    """Some frames of the window, partition by partition, by offset."""
    table = predictions.c
    for topic, partition in sorted({(each.topic, each.partition) for each in positions}):
        offsets = [each.offset for each in positions if (each.topic, each.partition) == (topic, partition)]
        here = (table.topic == topic, table.partition == partition, table.offset.in_(offsets))
        statement = select(*(table[name] for name in _NAMES)).where(window.holds(predictions), *here)
        yield tuple(_build_frame(row) for row in store.read(statement.order_by(table.offset)))


def is_same_frame(live: FromClause, again: FromClause) -> ColumnElement[bool]:
    """Rows of two roles about one frame by one classifier."""
    return and_(*(live.c[name] == again.c[name] for name in ("topic", "partition", "offset", "classifier")))


def count_unanswered(store: PredictionStore, window: ReplayWindow) -> Unanswered:
    """Dead letters by the time they were written, as what they say of their own may be what is wrong with them."""
    letters, kept = dead_letters.c, kept_frames.c
    buried = [letters.created_at >= window.captured_from, letters.created_at < window.captured_to]
    seen = [kept.captured_at >= window.captured_from, kept.captured_at < window.captured_to]
    if window.cameras:
        buried.append(letters.camera_id.in_(window.cameras))
        seen.append(kept.camera_id.in_(window.cameras))
    answered = select(predictions.c.offset).where(
        *(predictions.c[name] == kept[name] for name in ("topic", "partition", "offset")),
        predictions.c.classifier == window.classifier,
        predictions.c.role == LIVE,
    )
    places = select(kept.topic, kept.partition, kept.offset).where(
        *seen, kept.reason != "dead_letter", ~answered.exists()
    )
    return Unanswered(
        _count(store, select(func.count()).select_from(dead_letters).where(*buried)),
        _count(store, select(func.count()).select_from(places.distinct().subquery())),
    )


def require_frames(store: PredictionStore, window: ReplayWindow, parts: Sequence[Part]) -> None:
    """Raises StoreError for a window, or a camera of it, without a frame; says where there are some."""
    table = predictions.c
    found = set(_texts(store, select(table.camera_id).where(window.holds(predictions)).distinct()))
    if parts and found >= set(window.cameras):
        return
    anywhere = ReplayWindow(window.classifier, window.captured_from, window.captured_to)
    others = sorted(_texts(store, select(table.camera_id).where(anywhere.holds(predictions)).distinct()))
    if others:
        strangers = ", ".join(repr(camera) for camera in window.cameras if camera not in found)
        more = f" and {len(others) - NAMED_CAMERAS:,} more" if len(others) > NAMED_CAMERAS else ""
        raise StoreError(
            f"Expected cameras with frames that {window.classifier} answered in this window, received {strangers}; "
            f"there are: {', '.join(others[:NAMED_CAMERAS])}{more}. Correct --camera."
        )
    own = and_(table.classifier == window.classifier, table.role == LIVE)
    spans = store.read(select(func.min(table.captured_at), func.max(table.captured_at)).where(own))
    first, last = spans[0] if spans else (None, None)
    mend = (
        f"Its frames are from {first:%Y-%m-%dT%H:%M:%SZ} to {last:%Y-%m-%dT%H:%M:%SZ}: correct --from and --to."
        if first and last
        else "Nothing was answered here yet: start with `vigia up`, or correct VIGIA_HOME or VIGIA_DATABASE_URL."
    )
    raise StoreError(
        f"Expected frames that {window.classifier} answered from {window.captured_from:%Y-%m-%dT%H:%M:%SZ} to "
        f"{window.captured_to:%Y-%m-%dT%H:%M:%SZ}, found none. {mend}"
    )


def _by_time(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """The column as an expression: SQLite would take an index that begins with it, and read every row there is."""
    return func.coalesce(column, column)


def _build_frame(row: Any) -> LiveFrame:
    return LiveFrame(Position(row.topic, row.partition, row.offset), *(getattr(row, name) for name in _NAMES[3:]))


def _count(store: PredictionStore, statement: Any) -> int:
    rows = store.read(statement)
    return int(rows[0][0]) if rows else 0


def _texts(store: PredictionStore, statement: Any) -> Iterator[str]:
    return (str(row[0]) for row in store.read(statement))
