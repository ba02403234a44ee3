"""Tables of the prediction store, as SQLAlchemy describes them; alembic's migrations make them."""

from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    ColumnElement,
    DateTime,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    literal_column,
    text,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

metadata = MetaData()

LIVE: Final[ColumnElement[str]] = literal_column("'production'")
"""The role of live rows. No parameter: an index of these rows alone is used only where the query says so itself."""
_LIVE_ROWS: Final[dict[str, Any]] = {
    "sqlite_where": text("role = 'production'"),
    "postgresql_where": text("role = 'production'"),
}


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC in Python on every database; SQLite itself keeps no zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"expected an aware time, received {value!r}")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class FreeText(TypeDecorator[str]):
    """Text that anything may have written: what no database keeps (NUL, half a character) becomes U+FFFD."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "\ufffd")


predictions = Table(
    "predictions",
    metadata,
    Column("topic", String(249), primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("offset", BigInteger, primary_key=True),
    Column("classifier", String(40), primary_key=True),
    Column("role", String(20), primary_key=True),
    Column("frame_id", String(300), nullable=False),
    Column("camera_id", String(200), nullable=False),
    Column("image_name", Text),
    Column("image_sha256", String(64), nullable=False),
    Column("model_version", Integer, nullable=False),
    Column("label", String(200), nullable=False),
    Column("confidence", Float, nullable=False),
    Column("top", JSON, nullable=False),
    Column("decision", String(10), nullable=False),
    Column("captured_at", UtcDateTime, nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("predicted_at", UtcDateTime, nullable=False),
    Column("worker", String(100), nullable=False),
    Column("nearest", JSON(none_as_null=True)),
    Column("consensus_label", String(200)),
    Column("consensus_confidence", Float),
    Column("consensus_frames", Integer),
    Column("consensus_policy", String(40)),
    # processor time of the network, where the frame was asked alone
    Column("infer_ms", Float),
    # in which the network was really computed; null in rows of before it was kept
    Column("precision", String(10)),
    # live rows alone: a page that looks for the newest ones does not wade through those of a replay
    Index("predictions_by_time", "predicted_at", **_LIVE_ROWS),
    Index("predictions_by_camera", "camera_id", "predicted_at", **_LIVE_ROWS),
    Index("predictions_by_frame", "frame_id"),
    # what `vigia trace --model` counts, from the index alone
    Index("predictions_by_model", "classifier", "model_version", "camera_id", "worker", "predicted_at"),
    # challengers' rows are few among production's, which pay nothing for it
    Index(
        "predictions_of_shadows",
        "classifier",
        "model_version",
        "predicted_at",
        sqlite_where=text("role = 'shadow'"),
        postgresql_where=text("role = 'shadow'"),
    ),
)

dead_letters = Table(
    "dead_letters",
    metadata,
    Column("topic", String(249), primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("offset", BigInteger, primary_key=True),
    Column("stage", String(20), nullable=False),
    Column("reason", String(60), nullable=False),
    Column("message", FreeText, nullable=False),
    Column("camera_id", String(200)),
    Column("size_bytes", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("replayed_at", UtcDateTime),
    # who replays it: taken in one transaction, so that of two commands one does
    Column("replay_id", String(32)),
    Column("replay_claimed_at", UtcDateTime),
    # the partition's end at that moment: a replay that was sent and not marked lies behind it
    Column("replay_from", BigInteger),
    Column("replayed_offset", BigInteger),
    Index("dead_letters_by_time", "created_at"),
    Index("dead_letters_by_replay", "topic", "partition", "replayed_offset"),
)

cameras = Table(
    "cameras",
    metadata,
    Column("camera_id", String(200), primary_key=True),
    Column("source", FreeText, nullable=False),
    Column("state", String(20), nullable=False),
    Column("last_frame_at", UtcDateTime),
    Column("frames_sent", BigInteger, nullable=False, server_default="0"),
    Column("frames_dropped", BigInteger, nullable=False, server_default="0"),
    Column("last_error", FreeText),
    Column("updated_at", UtcDateTime),
    Column("kind", String(20)),
    Column("width", Integer),
    Column("height", Integer),
    Column("codec", String(40)),
    Column("fps", Float),
    Column("view", String(20)),
)

model_events = Table(
    "model_events",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at", UtcDateTime, nullable=False),
    Column("worker", String(100), nullable=False),
    Column("classifier", String(40), nullable=False),
    Column("from_version", Integer),
    Column("to_version", Integer),
    Column("event", String(20), nullable=False),
    Column("detail", FreeText),
    Column("role", String(20), nullable=False, server_default="production"),
    Index("model_events_by_time", "at"),
)

frame_ledger = Table(
    "frame_ledger",
    metadata,
    Column("consumer_group", String(249), primary_key=True),
    Column("topic", String(249), primary_key=True),
    Column("partition", Integer, primary_key=True),
    # always: next_offset - first_offset = stored + dead + dropped + skipped + expired
    Column("first_offset", BigInteger, nullable=False),
    Column("next_offset", BigInteger, nullable=False),
    Column("stored", BigInteger, nullable=False, server_default="0"),
    Column("dead", BigInteger, nullable=False, server_default="0"),
    Column("dropped", BigInteger, nullable=False, server_default="0"),
    Column("skipped", BigInteger, nullable=False, server_default="0"),
    Column("expired", BigInteger, nullable=False, server_default="0"),
    Column("updated_at", UtcDateTime, nullable=False),
)

camera_drops = Table(
    "camera_drops",
    metadata,
    Column("consumer_group", String(249), primary_key=True),
    Column("camera_id", String(200), primary_key=True),
    Column("dropped", BigInteger, nullable=False, server_default="0"),
    Column("last_dropped_at", UtcDateTime, nullable=False),
)

kept_frames = Table(
    "kept_frames",
    metadata,
    Column("topic", String(249), primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("offset", BigInteger, primary_key=True),
    Column("reason", String(20), primary_key=True),
    Column("frame_id", String(300), nullable=False),
    Column("camera_id", String(200)),
    Column("store", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("suffix", String(10), nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("captured_at", UtcDateTime),
    Column("kept_at", UtcDateTime, nullable=False),
    Index("kept_frames_by_time", "kept_at"),
    Index("kept_frames_by_camera", "camera_id", "captured_at"),
    Index("kept_frames_by_frame", "frame_id"),
    # references of a content and the size of all, from the index alone
    Index("kept_frames_by_content", "sha256", "store", "suffix", "size_bytes"),
)

kept_frame_leases = Table(
    "kept_frame_leases",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("holder", String(200), nullable=False),
    Column("camera_id", String(200)),
    Column("captured_from", UtcDateTime),
    Column("captured_to", UtcDateTime),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
)

guard_watches = Table(
    "guard_watches",
    metadata,
    Column("classifier", String(40), primary_key=True),
    # the n-th version of the classifier that went live, a version that comes back counted again
    Column("activation", Integer, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("before_version", Integer),
    # by the database's clock, which all workers share
    Column("opened_at", UtcDateTime, nullable=False),
    Column("opened_by", String(100), nullable=False),
)

guard_verdicts = Table(
    "guard_verdicts",
    metadata,
    Column("classifier", String(40), primary_key=True),
    Column("activation", Integer, primary_key=True),
    # `rollback`, or the rule that warns
    Column("kind", String(20), primary_key=True),
    Column("version", Integer, nullable=False),
    # who acts: taken in one transaction, so that of all workers one does; past the lease another may
    Column("claim_id", String(32), nullable=False),
    Column("claimed_by", String(100), nullable=False),
    Column("lease_until", UtcDateTime, nullable=False),
    Column("done_at", UtcDateTime),
    Column("outcome", String(20)),
    Column("to_version", Integer),
    Column("words", FreeText),
    Column("figures", JSON),
)

window_replays = Table(
    "window_replays",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("classifier", String(40), nullable=False),
    Column("model_version", Integer, nullable=False),
    Column("captured_from", UtcDateTime, nullable=False),
    Column("captured_to", UtcDateTime, nullable=False),
    Column("cameras", JSON, nullable=False),
    Column("engine", String(10), nullable=False),
    Column("done", BigInteger, nullable=False),
    Column("total", BigInteger, nullable=False),
    Column("state", String(10), nullable=False),
    Column("holder", String(200), nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Index("window_replays_by_model", "classifier", "model_version", "started_at"),
)
