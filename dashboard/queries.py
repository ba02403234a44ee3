"""What the page asks of the prediction store: bounded, indexed, read only."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, bindparam, create_engine, event, func, inspect, make_url, select
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.pool import NullPool

from pipelines.errors import SettingsError
from stream.tables import LIVE, cameras, dead_letters, model_events, predictions

MAX_CAMERAS: Final = 12
"""Cards on the page; the most recent ones."""
SEARCHED_CAMERAS: Final = 200
SEARCHED_ROWS: Final = 64
"""Rows of one camera that are searched for the picture on the page."""
DEAD_LETTERS_COUNTED: Final = 10_000


@dataclass(frozen=True, slots=True)
class CameraPrediction:
    """A prediction as a card shows it."""

    camera_id: str
    classifier: str
    label: str
    confidence: float
    model_version: int
    image_sha256: str
    captured_at: datetime
    predicted_at: datetime
    consensus_label: str | None = None
    consensus_confidence: float | None = None
    consensus_frames: int | None = None
    """That its window held; None of a frame that no window was asked about."""

    @property
    def latency_seconds(self) -> float:
        """From capture to prediction; a camera's clock that runs ahead gives 0."""
        return max(0.0, (self.predicted_at - self.captured_at).total_seconds())


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera of `cameras.yaml`, or one that only its frames tell of."""

    camera_id: str
    state: str | None
    """`connecting`, `online`, `stale`, `offline`, `disabled`; None for a camera that another program feeds."""
    last_error: str | None
    last_at: datetime | None
    """Latest prediction, else latest frame."""


@dataclass(frozen=True, slots=True)
class ModelInForce:
    """The model version that answers for a classifier."""

    classifier: str
    version: int
    since: datetime | None
    """When a worker took it up; None where no worker said so."""
    refused: str | None
    """Why a newer version was refused, if that is the last word."""
    precision: str | None = None
    """In which its last prediction was computed; None until there is one that says so."""


@dataclass(frozen=True, slots=True)
class DeadLetterRow:
    """A message that could not be used."""

    created_at: datetime
    stage: str
    reason: str
    message: str
    camera_id: str | None
    size_bytes: int


@dataclass(frozen=True, slots=True)
class DeadLetters:
    """How many, and the latest ones."""

    count: int
    more: bool
    """There are more than were counted."""
    latest: tuple[DeadLetterRow, ...]


def build_engine(url: str) -> Engine:
    """An engine that can only read; opens nothing, and never makes a SQLite file.

    Raises SettingsError for an address that SQLAlchemy cannot use.
    """
    try:
        address = make_url(url)
        if address.get_backend_name() != "sqlite":
            options = "-c default_transaction_read_only=on -c statement_timeout=5000"
            return create_engine(address, pool_size=2, pool_pre_ping=True, connect_args={"options": options})
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
        # the address may hold a password: it is not repeated
        raise SettingsError(
            "Expected VIGIA_DATABASE_URL like sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME, "
            f"received one that {type(error).__name__} refuses. Correct the variable and start again."
        ) from error
    # one connection a visit: a store that was removed and made again is found
    engine = create_engine(address, poolclass=NullPool, connect_args={"timeout": 2})
    event.listen(engine, "connect", _forbid_writing)
    return engine


def has_store(engine: Engine) -> bool:
    """False while the SQLite file or the tables do not exist yet."""
    if engine.dialect.name == "sqlite" and not Path(engine.url.database or "").is_file():
        return False
    with engine.connect() as connection:
        names = set(inspect(connection).get_table_names())
    return {predictions.name, dead_letters.name, cameras.name, model_events.name} <= names


def load_cameras(connection: Connection) -> tuple[Camera, ...]:
    """Enabled cameras and those whose frames were predicted, latest first, then cut to what the page shows."""
    found = {row.camera_id: row for row in connection.execute(select(cameras).limit(SEARCHED_CAMERAS))}
    last_at = _last_prediction_times(connection)
    listed = [
        Camera(
            camera_id=camera_id,
            state=found[camera_id].state if camera_id in found else None,
            last_error=found[camera_id].last_error if camera_id in found else None,
            last_at=last_at.get(camera_id) or found[camera_id].last_frame_at,
        )
        for camera_id in found.keys() | last_at.keys()
    ]
    shown = [camera for camera in listed if camera.state != "disabled"]
    shown.sort(key=lambda camera: camera.last_at.timestamp() if camera.last_at else -math.inf, reverse=True)
    return tuple(sorted(shown[:MAX_CAMERAS], key=lambda camera: camera.camera_id))


def load_camera_predictions(
    connection: Connection, camera_id: str, *, image_sha256: str | None
) -> tuple[CameraPrediction, ...]:
    """One prediction per classifier: of the picture with this hash where it is among the latest, else the last one."""
    rows = connection.execute(_LATEST_OF_CAMERA, {"camera": camera_id}).all()
    of_picture = [row for row in rows if row.image_sha256 == image_sha256]
    return _first_of_each(of_picture or rows)


def load_models(connection: Connection) -> tuple[ModelInForce, ...]:
    """Per classifier: the version of the last prediction, or a later one that a worker took up since."""
    events = connection.execute(
        select(model_events).where(model_events.c.role == LIVE).order_by(model_events.c.at.desc()).limit(SEARCHED_ROWS)
    ).all()
    recent = connection.execute(
        select(*(predictions.c[name] for name in ("classifier", "model_version", "predicted_at", "precision")))
        .where(predictions.c.role == LIVE)
        .order_by(predictions.c.predicted_at.desc())
        .limit(SEARCHED_ROWS)
    ).all()
    names = sorted({row.classifier for row in events} | {row.classifier for row in recent})
    models = (
        _model_in_force(
            name,
            [row for row in events if row.classifier == name],
            next((row for row in recent if row.classifier == name), None),
        )
        for name in names
    )
    return tuple(model for model in models if model is not None)


def load_dead_letters(connection: Connection, *, latest: int) -> DeadLetters:
    """The count stops at `DEAD_LETTERS_COUNTED`, so that a flood of them cannot slow the page."""
    bounded = select(dead_letters.c.offset).limit(DEAD_LETTERS_COUNTED + 1).subquery()
    count = connection.execute(select(func.count()).select_from(bounded)).scalar_one()
    names = tuple(DeadLetterRow.__dataclass_fields__)
    rows = connection.execute(
        select(*(dead_letters.c[name] for name in names)).order_by(dead_letters.c.created_at.desc()).limit(latest)
    )
    return DeadLetters(
        count=min(count, DEAD_LETTERS_COUNTED),
        more=count > DEAD_LETTERS_COUNTED,
        latest=tuple(DeadLetterRow(**row._mapping) for row in rows),
    )


def _last_prediction_times(connection: Connection) -> dict[str, datetime]:
    """Latest prediction per camera by hopping through the index: its cost grows with cameras, not with rows."""
    times: dict[str, datetime] = {}
    camera_id = connection.execute(_FIRST_CAMERA).scalar()
    while camera_id is not None and len(times) < SEARCHED_CAMERAS:
        if (predicted_at := connection.execute(_LAST_TIME, {"camera": camera_id}).scalar()) is not None:
            times[camera_id] = predicted_at
        camera_id = connection.execute(_NEXT_CAMERA, {"camera": camera_id}).scalar()
    return times


def _first_of_each(rows: Sequence[Any]) -> tuple[CameraPrediction, ...]:
    """Of rows that begin with the newest, the first of each classifier."""
    first: dict[str, Any] = {}
    for row in rows:
        first.setdefault(row.classifier, row)
    return tuple(CameraPrediction(**first[name]._mapping) for name in sorted(first))


# built once: the page asks them of every camera each second, and building takes as long as asking
_FIRST_CAMERA: Final = select(func.min(predictions.c.camera_id)).where(predictions.c.role == LIVE)
_NEXT_CAMERA: Final = _FIRST_CAMERA.where(predictions.c.camera_id > bindparam("camera"))
_OF_CAMERA: Final = (predictions.c.camera_id == bindparam("camera"), predictions.c.role == LIVE)
_LAST_TIME: Final = (
    select(predictions.c.predicted_at).where(*_OF_CAMERA).order_by(predictions.c.predicted_at.desc()).limit(1)
)
_LATEST_OF_CAMERA: Final = (
    select(*(predictions.c[name] for name in CameraPrediction.__dataclass_fields__))
    .where(*_OF_CAMERA)
    .order_by(predictions.c.predicted_at.desc())
    .limit(SEARCHED_ROWS)
)


def _model_in_force(classifier: str, events: Sequence[Any], last: Any) -> ModelInForce | None:
    changes = (row for row in events if row.event not in ("refused", "warned"))
    taken = next((row for row in changes if row.to_version is not None), None)
    refused = events[0].detail or "" if events and events[0].event == "refused" else None
    if last is not None and (taken is None or last.predicted_at > taken.at):
        since = taken.at if taken is not None and taken.to_version == last.model_version else None
        return ModelInForce(classifier, last.model_version, since, refused, last.precision)
    return ModelInForce(classifier, taken.to_version, taken.at, refused) if taken is not None else None


def _forbid_writing(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA query_only = ON")
