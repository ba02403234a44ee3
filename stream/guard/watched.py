"""What the guard holds of one version that serves here."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from pipelines.artefact import ServingCard
from pipelines.errors import ModelError
from pipelines.guard_params import GuardParams
from pipelines.lookup.facts import RegisteredVersion
from stream.guard.alarms import Alarm
from stream.guard.rules import USUAL_ERROR, Figure, Known, Rule
from stream.guard.watches import Watch
from stream.guard.window import Answered, Window
from stream.models.watcher import LiveLookup
from stream.worker.outcomes import BatchOutcome

EXPORTED_MILLISECONDS: Final = "parity_openvino_p50_ms"
"""A metric of the version's run."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A version that went live, as the store says, and what it is known for."""

    watch: Watch
    at: float
    """Monotonic seconds when it went live, wherever that was."""
    known: Known


@dataclass(slots=True)
class Watched:
    """One version, from the first batch that it answered here; changed under the guard's lock alone."""

    version: int
    milliseconds_before: float | None = None
    """For a frame, by the version before on this machine."""
    window: Window = field(default_factory=Window)
    alarms: dict[Rule, Alarm] = field(default_factory=dict)
    figures: tuple[Figure, ...] = ()
    opened: Opened | None = None
    """None until the store has said it."""
    due_at: dict[Rule, float] = field(default_factory=dict)
    """When a raised alarm is answered again."""
    pauses: dict[Rule, float] = field(default_factory=dict)
    """Seconds until the answer after the next."""
    waits: int = 0
    """For the version before to be loaded."""
    words: dict[Rule, str] = field(default_factory=dict)
    """What became of an alarm."""
    explained: set[Rule] = field(default_factory=set)
    """Alarms that the scene explained: not said again after the probation."""

    def forget_alarm(self, rule: Rule) -> None:
        """It ended, if there was one."""
        for kept in (self.words, self.due_at, self.pauses):
            kept.pop(rule, None)
        self.explained.discard(rule)

    def may_be_asked(self, limits: GuardParams, now: float) -> bool:
        """Whether pictures are worth their memory."""
        return self.opened is None or self.probation_left(limits, now) > 0

    def probation_left(self, limits: GuardParams, now: float) -> float:
        """Seconds in which it may still be rolled back."""
        return 0.0 if self.opened is None else max(self.opened.at + limits.probation_minutes * 60 - now, 0.0)


def load_known(
    folder: Path, class_names: Sequence[str], metrics: Mapping[str, float], milliseconds: float | None = None
) -> Known:
    """What the artefact's card tells of its validation, and its run of its test; `milliseconds` of another count first.

    Nothing is required: an older card tells less.
    """
    alike = dict.fromkeys(class_names, 1 / max(1, len(class_names)))
    known = Known(
        alike,
        milliseconds=milliseconds or metrics.get(EXPORTED_MILLISECONDS),
        error=1 - metrics["accuracy"] if "accuracy" in metrics else USUAL_ERROR,
    )
    try:
        card = ServingCard.load(folder)
    except ModelError:
        return known
    known, told = replace(known, tells_unknown=card.unknown is not None), card.validation
    if told is None or len(told.label_shares) != len(class_names) or not told.pictures:
        return known
    shares = dict(zip(class_names, told.label_shares, strict=True))
    return replace(known, label_shares=shares, pictures=told.pictures, unknown_share=told.unknown_share)


def look_up_metrics(open_lookup: Callable[[], LiveLookup], version: RegisteredVersion) -> Mapping[str, float]:
    """Of its run; none where nobody can say."""
    try:
        run = open_lookup().run(version.run_id)
    except Exception:  # noqa: BLE001  clients of the registry leak errors of many kinds, and some figures less are no harm
        return {}
    return run.metrics if run else {}


def sum_up(outcome: BatchOutcome) -> dict[tuple[str, int], Answered]:
    """Each version's part of a batch."""
    parts: dict[tuple[str, int], Answered] = {}
    for each in outcome.asked:
        part = parts.setdefault((each.classifier, each.version), Answered())
        part.failed.extend(each.failed)
        part.seconds += each.seconds
    for answer in outcome.predictions:
        if (found := parts.get((answer.classifier, answer.model_version))) is not None:
            found.answered.append((answer.position, answer.camera_id))
            found.labels[answer.label] += 1
            found.unknown += answer.decision == "unknown"
    return parts


def describe_watched(watched: Watched, limits: GuardParams, now: float) -> Mapping[str, Any]:
    """For the heartbeat."""
    opened = watched.opened
    return {
        "version": watched.version,
        "mode": limits.mode,
        "watched_seconds": None if opened is None else round(now - opened.at),
        "probation_seconds": round(watched.probation_left(limits, now)),
        "figures": {
            figure.rule: {
                "value": round(figure.value, 4),
                "limit": figure.limit,
                "words": figure.words,
                "alarm": watched.alarms.get(figure.rule, Alarm()).raised,
            }
            for figure in watched.figures
        },
        "found": dict(watched.words),
    }
