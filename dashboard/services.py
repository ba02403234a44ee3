"""The state of the stack's services, as its keeper writes it, and one word for the whole."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal

TOO_OLD: Final = timedelta(seconds=10)
STARTING: Final = frozenset({"starting", "waiting", "restarting"})

Health = Literal["good", "starting", "bad", "unknown"]
Overall = Literal["live", "ready", "starting", "attention", "unknown"]


@dataclass(frozen=True, slots=True)
class Service:
    """One process of the stack."""

    name: str
    health: Health
    state: str
    detail: str
    url: str | None
    """A page of its own, http or https; None where there is none."""
    uptime_seconds: float | None
    restarts: int


@dataclass(frozen=True, slots=True)
class Stack:
    """All services; `known` is False when nobody has written their state for ten seconds."""

    known: bool
    services: tuple[Service, ...]


UNKNOWN: Final = Stack(known=False, services=())


def load_stack(file: Path, now: datetime) -> Stack:
    """The stack as written at most ten seconds ago; else its services with health `unknown`, or none at all."""
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
        known = now - _time(document["at"]) <= TOO_OLD
        services = tuple(_service(name, entry, known=known) for name, entry in sorted(document["services"].items()))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        # no stack on this machine, or a file that is not the keeper's: either way nothing is known
        return UNKNOWN
    return Stack(known=known, services=services)


def judge(stack: Stack, *, predicts: bool) -> Overall:
    """One word: what does not work comes before what does; without a stack the frames speak."""
    healths = {service.health for service in stack.services}
    if stack.known and "bad" in healths:
        return "attention"
    if stack.known and "starting" in healths:
        return "starting"
    if predicts:
        return "live"
    return "ready" if stack.known else "unknown"


def _service(name: str, entry: Mapping[str, Any], *, known: bool) -> Service:
    state = str(entry.get("state") or "unknown").lower()
    url = str(entry.get("url") or "")
    return Service(
        name=name,
        health=_health(state, bool(entry.get("healthy"))) if known else "unknown",
        state=state,
        detail=str(entry.get("detail") or ""),
        url=url if url.startswith(("http://", "https://")) else None,
        uptime_seconds=float(entry["uptime_seconds"]) if entry.get("uptime_seconds") is not None else None,
        restarts=int(entry.get("restarts") or 0),
    )


def _health(state: str, healthy: bool) -> Health:
    if healthy:
        return "good"
    return "starting" if state in STARTING else "bad"


def _time(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
