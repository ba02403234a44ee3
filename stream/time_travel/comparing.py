"""What a version says now against what was live then, counted by the database."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Select, and_, case, func, select

from stream.messages import Position
from stream.store import PredictionStore
from stream.tables import predictions
from stream.time_travel.windows import ReplayWindow, is_same_frame, name_role

SHOWN_CHANGES: Final = 48
_AGAIN: Final = predictions.alias("again")
_LIVE: Final = predictions.alias("live")


@dataclass(frozen=True, slots=True)
class LabelChange:
    """How many frames of one label have another one now."""

    before: str
    after: str
    frames: int


@dataclass(frozen=True, slots=True)
class CameraChange:
    """One camera's frames, of those that both answered."""

    camera_id: str
    compared: int
    changed: int
    confidence_shift: float
    """Mean of confidence now less that of then."""

    @property
    def agreement(self) -> float:
        return 1 - self.changed / self.compared


@dataclass(frozen=True, slots=True)
class ChangedFrame:
    """A frame whose label is another one now."""

    position: Position
    frame_id: str
    camera_id: str
    image_sha256: str
    before: str
    before_confidence: float
    before_version: int
    before_decision: str
    after: str
    after_confidence: float
    after_decision: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """Of the frames that production answered then, and of these the ones that the version answers now."""

    version: int
    frames: int
    compared: int
    changed: int
    """Frames with another label."""
    to_unknown: int
    to_known: int
    live_versions: tuple[tuple[int, int], ...]
    """(version that was live, frames it answered)."""
    changes: tuple[LabelChange, ...]
    """The most frequent first."""
    cameras: tuple[CameraChange, ...]

    @property
    def agreement(self) -> float | None:
        """Share with the same label; None where nothing can be compared."""
        return 1 - self.changed / self.compared if self.compared else None

    @property
    def missing(self) -> int:
        return self.frames - self.compared

    @property
    def confidence_shift(self) -> float | None:
        """Mean of confidence now less that of then."""
        if not self.compared:
            return None
        return sum(each.confidence_shift * each.compared for each in self.cameras) / self.compared


def compare_window(store: PredictionStore, window: ReplayWindow, version: int) -> Comparison:
    """From the rows alone: a replay that was stopped is compared as far as it came."""
    live = store.read(
        select(_LIVE.c.model_version, func.count())
        .where(window.holds(_LIVE))
        .group_by(_LIVE.c.model_version)
        .order_by(_LIVE.c.model_version)
    )
    cameras = _compare_cameras(store, window, version)
    decisions = dict(_count_pairs(store, window, version, "decision"))
    changes = [
        LabelChange(before, after, frames) for (before, after), frames in _count_pairs(store, window, version, "label")
    ]
    return Comparison(
        version=version,
        frames=sum(frames for _, frames in live),
        compared=sum(camera.compared for camera in cameras),
        changed=sum(camera.changed for camera in cameras),
        to_unknown=decisions.get(("known", "unknown"), 0),
        to_known=decisions.get(("unknown", "known"), 0),
        live_versions=tuple((number, frames) for number, frames in live),
        changes=tuple(sorted(changes, key=lambda each: (-each.frames, each.before, each.after))),
        cameras=cameras,
    )


def find_changed(
    store: PredictionStore, window: ReplayWindow, version: int, *, most: int = SHOWN_CHANGES
) -> tuple[ChangedFrame, ...]:
    """Those of which the version is surest now."""
    statement = (
        _both(
            window,
            version,
            *(_LIVE.c[name] for name in ("topic", "partition", "offset", "frame_id", "camera_id", "image_sha256")),
            *(_LIVE.c[name] for name in ("label", "confidence", "model_version", "decision")),
            _AGAIN.c.label.label("after"),
            _AGAIN.c.confidence.label("after_confidence"),
            _AGAIN.c.decision.label("after_decision"),
        )
        .where(_LIVE.c.label != _AGAIN.c.label)
        .order_by(_AGAIN.c.confidence.desc(), _LIVE.c.topic, _LIVE.c.partition, _LIVE.c.offset)
        .limit(most)
    )
    return tuple(ChangedFrame(Position(*row[:3]), *row[3:]) for row in store.read(statement))


def _compare_cameras(store: PredictionStore, window: ReplayWindow, version: int) -> tuple[CameraChange, ...]:
    statement = _both(
        window,
        version,
        _LIVE.c.camera_id,
        func.count(),
        func.sum(case((_LIVE.c.label != _AGAIN.c.label, 1), else_=0)),
        func.avg(_AGAIN.c.confidence - _LIVE.c.confidence),
    )
    rows = store.read(statement.group_by(_LIVE.c.camera_id).order_by(_LIVE.c.camera_id))
    return tuple(CameraChange(row[0], row[1], int(row[2]), float(row[3])) for row in rows)


def _count_pairs(
    store: PredictionStore, window: ReplayWindow, version: int, column: str
) -> Sequence[tuple[tuple[str, str], int]]:
    before, after = _LIVE.c[column], _AGAIN.c[column]
    statement = _both(window, version, before, after.label("after"), func.count())
    rows = store.read(statement.where(before != after).group_by(before, after))
    return [((row[0], row[1]), row[2]) for row in rows]


def _both(window: ReplayWindow, version: int, *columns: Any) -> Select[Any]:
    """Frames with both answers, about the same picture."""
    return (
        select(*columns)
        .join_from(_LIVE, _AGAIN, is_same_frame(_LIVE, _AGAIN))
        .where(
            window.holds(_LIVE),
            and_(_AGAIN.c.role == name_role(version), _AGAIN.c.image_sha256 == _LIVE.c.image_sha256),
        )
    )
