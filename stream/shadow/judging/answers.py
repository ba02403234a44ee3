"""What a challenger and production said about the same frames, as the prediction store has it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, case, func, literal_column, select

from stream.messages import Position
from stream.store import PredictionStore
from stream.tables import LIVE, predictions

UNKNOWN: Final = "unknown"
"""The answer where a version refuses to name a label; a class of this name would be told apart by nobody."""
MEASURED_ROWS: Final = 20_000
"""The newest frames whose times are looked at."""
SHADOW: Final[ColumnElement[str]] = literal_column("'shadow'")
"""Not as a parameter: an index of these rows alone is used only where the query says so itself."""
KEY: Final = ("topic", "partition", "offset", "classifier")

challenger = predictions.alias("challenger")
production = predictions.alias("production")


@dataclass(frozen=True, slots=True)
class Window:
    """Which answers are compared: those of one version in the shadow with those of one in production."""

    classifier: str
    version: int
    against: int
    """Production's version; frames that another one answered are left out."""
    begins: datetime | None = None
    ends: datetime | None = None
    """Of the capture, where they are given; from the beginning to before the end."""


@dataclass(frozen=True, slots=True)
class Answers:
    """So many frames of one camera that production answered so, and the challenger so."""

    camera_id: str
    production: str
    challenger: str
    frames: int


@dataclass(frozen=True, slots=True)
class Times:
    """Of one frame, by production and by the challenger; milliseconds."""

    production_latency: float
    challenger_latency: float


@dataclass(frozen=True, slots=True)
class NetworkTimes:
    """Milliseconds of processor time of frames that were asked alone. Each version's own frames: production's come in
    batches where the challenger's do not, and they need not be the same."""

    production: tuple[float, ...]
    challenger: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A frame that both answered, differently."""

    position: Position
    frame_id: str
    camera_id: str
    image_sha256: str
    captured_at: datetime
    production: str
    production_confidence: float
    challenger: str
    challenger_confidence: float


def find_challengers(store: PredictionStore, classifier: str) -> list[tuple[int, datetime]]:
    """Versions that answered in the shadow, with the time of the last answer; the latest first."""
    table = predictions.c
    last = func.max(table.predicted_at)
    statement = (
        select(table.model_version, last)
        .where(table.classifier == classifier, table.role == SHADOW)
        .group_by(table.model_version)
        .order_by(last.desc())
    )
    return [(row[0], row[1]) for row in store.read(statement)]


def find_opponents(store: PredictionStore, window: Window) -> dict[int, int]:
    """Production's versions on the challenger's frames, with how many each answered; the latest first."""
    statement = _both(window, production.c.model_version, func.count(), func.max(production.c.predicted_at))
    statement = statement.group_by(production.c.model_version).order_by(func.max(production.c.predicted_at).desc())
    return {row[0]: row[1] for row in store.read(statement)}


def count_alone(store: PredictionStore, window: Window) -> int:
    """Frames that the challenger answered, and production did not."""
    everything = select(func.count()).select_from(challenger).where(*_asked(window, SHADOW, window.version))
    both = _both(window, func.count())
    return int((_scalar(store, everything) or 0) - (_scalar(store, both) or 0))


def count_answers(store: PredictionStore, window: Window) -> tuple[Answers, ...]:
    """By camera and by what each said."""
    said, says = answer_of(production.c), answer_of(challenger.c)
    group = (production.c.camera_id, said, says)
    statement = _against(window, *group, func.count()).group_by(*group).order_by(*group)
    return tuple(Answers(*row) for row in store.read(statement))


def read_times(store: PredictionStore, window: Window) -> tuple[Times, ...]:
    """Of the newest frames."""
    columns = [side.c[name] for side in (production, challenger) for name in ("captured_at", "predicted_at")]
    statement = _against(window, *columns).order_by(challenger.c.predicted_at.desc()).limit(MEASURED_ROWS)
    return tuple(Times(_milliseconds(*row[:2]), _milliseconds(*row[2:])) for row in store.read(statement))


def read_network_times(store: PredictionStore, window: Window) -> NetworkTimes:
    """Of the newest frames of each."""

    def read(rules: list[ColumnElement[bool]]) -> tuple[float, ...]:
        table = challenger.c
        statement = select(table.infer_ms).where(*rules, table.infer_ms.is_not(None))
        return tuple(row[0] for row in store.read(statement.order_by(table.predicted_at.desc()).limit(MEASURED_ROWS)))

    return NetworkTimes(read(_asked(window, LIVE, window.against)), read(_asked(window, SHADOW, window.version)))


def read_disagreements(store: PredictionStore, window: Window, *, limit: int) -> tuple[Disagreement, ...]:
    """The newest first."""
    said, says = answer_of(production.c), answer_of(challenger.c)
    statement = _against(window, *_shown(said, says)).where(said != says)
    return _disagreements(store, statement.order_by(challenger.c.predicted_at.desc()).limit(limit))


def read_answers(store: PredictionStore, window: Window, frame_ids: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Frame id to what production and the challenger said, of those that both answered."""
    said, says = answer_of(production.c), answer_of(challenger.c)
    found: dict[str, tuple[str, str]] = {}
    for start in range(0, len(frame_ids), 500):
        some = frame_ids[start : start + 500]
        statement = _against(window, challenger.c.frame_id, said, says).where(challenger.c.frame_id.in_(some))
        found.update({row[0]: (row[1], row[2]) for row in store.read(statement)})
    return found


def answer_of(columns: Any) -> ColumnElement[str]:
    """The label, or that it is unknown."""
    return case((columns.decision == "unknown", UNKNOWN), else_=columns.label)


def _asked(window: Window, role: ColumnElement[str], version: int) -> list[ColumnElement[bool]]:
    table = challenger.c
    rules = [
        table.classifier == window.classifier,
        table.model_version == version,
        table.role == role,
    ]
    if window.begins is not None:
        rules.append(table.captured_at >= window.begins)
    if window.ends is not None:
        rules.append(table.captured_at < window.ends)
    return rules


def _both(window: Window, *columns: Any) -> Select[Any]:
    same = and_(*(production.c[name] == challenger.c[name] for name in KEY), production.c.role == "production")
    return (
        select(*columns).select_from(challenger.join(production, same)).where(*_asked(window, SHADOW, window.version))
    )


def _against(window: Window, *columns: Any) -> Select[Any]:
    return _both(window, *columns).where(production.c.model_version == window.against)


def _shown(said: ColumnElement[str], says: ColumnElement[str]) -> list[Any]:
    table = challenger.c
    names = ("topic", "partition", "offset", "frame_id", "camera_id", "image_sha256", "captured_at")
    columns: list[Any] = [table[name] for name in names]
    return [*columns, said, production.c.confidence, says, table.confidence]


def _disagreements(store: PredictionStore, statement: Select[Any]) -> tuple[Disagreement, ...]:
    return tuple(Disagreement(Position(row[0], row[1], row[2]), *row[3:]) for row in store.read(statement))


def _milliseconds(began: datetime, ended: datetime) -> float:
    return max(0.0, 1000 * (ended - began).total_seconds())


def _scalar(store: PredictionStore, statement: Select[Any]) -> Any:
    rows = store.read(statement)
    return rows[0][0] if rows else None
