"""Aliases of then: they move, but the log book of decisions and what workers wrote down stay."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pipelines.promotion.decisions import ModelDecision
from stream.messages import REPLAY_PREFIX, Prediction
from stream.store import ModelEvent

SERVES: Final = ("loaded", "swapped", "rolled_back")
ALIAS_OF_ROLE: Final = {"production": "production", "shadow": "challenger"}
NO_ALIAS: Final = "none"
"""Neither production nor the one before it."""


@dataclass(frozen=True, slots=True)
class HeldAlias:
    """The alias that a version held when it answered."""

    alias: str
    since: datetime | None
    """When it came to hold it, or the worker that answered took it for it; None where nobody wrote that down."""
    until: datetime | None
    """When another took its place; None: none has."""
    known_from: str
    disagreement: str | None = None
    """Between the records, in words."""


@dataclass(frozen=True, slots=True)
class Parent:
    """A version that this one took the place of."""

    version: int
    relation: str


def decide_held_alias(
    prediction: Prediction, events: Iterable[ModelEvent], decisions: Iterable[ModelDecision]
) -> HeldAlias:
    """What production was, the log book says; what the worker had loaded, the worker's own events."""
    if prediction.role.startswith(REPLAY_PREFIX):
        return HeldAlias(NO_ALIAS, None, None, "a replay of the window asked this version by its number, long after")
    served = _find_served(prediction, events)
    if prediction.role != "production":  # of challengers the log book tells nothing
        return served
    moves = [each for each in decisions if _moves(each)]
    before = [move for move in moves if move.at <= prediction.predicted_at]
    if not before:
        return served
    move, version = before[-1], prediction.model_version
    known_from = f"log book: {move.sentence()}, by {move.by}"
    if served.since:
        known_from += f"; {served.known_from} at {served.since.isoformat(timespec='seconds')}"
    if move.to_version == version:
        later = next((each.at for each in moves if each.at > prediction.predicted_at), None)
        return HeldAlias("production", move.at, later, known_from)
    replaced = move.from_version == version
    return HeldAlias(
        alias="previous" if replaced else NO_ALIAS,
        since=move.at if replaced else None,
        until=None,
        known_from=known_from,
        disagreement=f"by the log book version {move.to_version or 'none'} was production since "
        f"{move.at.isoformat(timespec='seconds')}, yet {prediction.worker} answered with version {version}: it had not "
        "taken the new one yet, or the alias was moved without the log book",
    )


def find_parents(version: int, events: Iterable[ModelEvent], decisions: Iterable[ModelDecision]) -> tuple[Parent, ...]:
    """What was production when the version was promoted; else, by workers, what served where it took over."""
    promoted = [each for each in decisions if each.version == version and each.event in ("promoted", "forced")]
    named = {
        each.from_version: f"production when it was {each.event}, {each.at.isoformat(timespec='seconds')}"
        for each in reversed(promoted)
    }
    if not promoted:
        named = {
            each.from_version: f"production before it on {each.worker}, until {each.at.isoformat(timespec='seconds')}"
            for each in events
            if each.event in SERVES and each.role == "production"
        }
    return tuple(Parent(each, named[each]) for each in sorted(each for each in named if each not in (None, version)))


def _moves(decision: ModelDecision) -> bool:
    """Whether production became another version by it."""
    return decision.from_version != decision.to_version and decision.event != "overtaken"


def _find_served(prediction: Prediction, events: Iterable[ModelEvent]) -> HeldAlias:
    """From what the worker that answered wrote when it loaded versions."""
    alias = ALIAS_OF_ROLE.get(prediction.role, prediction.role)
    own: Sequence[ModelEvent] = [
        event for event in events if event.worker == prediction.worker and event.event in SERVES
    ]
    before = [event for event in own if event.at <= prediction.predicted_at]
    if not before or before[-1].to_version != prediction.model_version:
        return HeldAlias(
            alias,
            None,
            None,
            f"the prediction's role ({prediction.role}): a worker serves in it what holds that alias; "
            "when it was loaded is not recorded",
        )
    later = next(
        (e.at for e in own if e.at > prediction.predicted_at and e.to_version != prediction.model_version), None
    )
    return HeldAlias(
        alias,
        before[-1].at,
        later,
        f"model event: {prediction.worker} {before[-1].event} version {prediction.model_version} as {alias}",
    )
