"""How each service is: one question to it, one rule that judges the answer.

`python -m deploy.health READY` asks one and ends with 0 or 1; containers ask so about themselves.
"""

import json
import sys
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from deploy.plan import Service, Stack, write_atomically
from deploy.processes import belongs
from deploy.records import Record, describe_ends, load_record

HEARTBEAT_SECONDS = 10.0
FIGURES = ("models", "fps", "lag", "latency_ms", "guard")
"""Keys of a heartbeat that `vigia status` shows; described in docs/monitoring.md."""
START_SECONDS = 90.0
"""So long a service may be silent after its start and still count as starting."""


@dataclass(frozen=True, slots=True)
class Health:
    """One service as `vigia status` and the dashboard show it."""

    state: str
    """`running`, `starting`, `waiting`, `unhealthy`, `restarting`, `failed` or `stopped`."""
    pid: int | None
    url: str | None
    uptime_seconds: float | None
    restarts: int
    healthy: bool
    detail: str
    figures: Mapping[str, Any] = field(default_factory=dict)
    """What a process tells of its work in its heartbeat: `models`, `lag`, `latency_ms`, `fps`, `guard`."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back when a service was asked."""

    ready: bool
    detail: str = ""
    url: str | None = None
    """Where it says that its pages are."""
    figures: Mapping[str, Any] = field(default_factory=dict)


def survey(stack: Stack, names: Iterable[str] | None = None) -> dict[str, Health]:
    """The health of every service, or of the named ones, asked now and side by side."""
    services = [stack.service(name) for name in (stack.names if names is None else names)]
    with ThreadPoolExecutor(max(1, len(services))) as pool:
        return dict(
            zip((item.name for item in services), pool.map(lambda item: check(stack, item), services), strict=True)
        )


def check(stack: Stack, service: Service) -> Health:
    record = load_record(stack.state, service.name)
    alive = record is not None and belongs(record.pid, stack.state, service.name)
    answer = Answer(False)
    if record and alive and not record.waiting_for:
        answer = ask(service.ready, since=record.started_at)
    return judge(service, record, alive=alive, answer=answer, now=time.time())


def judge(service: Service, record: Record | None, *, alive: bool, answer: Answer, now: float) -> Health:
    """The rule: only a running process that answers is healthy."""
    state, detail = _name_state(record, alive=alive, answer=answer, now=now)
    return Health(
        state=state,
        pid=record.pid if record and alive else None,
        url=service.url or answer.url,
        uptime_seconds=round(now - record.started_at, 1) if record and alive else None,
        restarts=record.restarts if record else 0,
        healthy=state == "running",
        detail=detail,
        figures=answer.figures,
    )


def _name_state(record: Record | None, *, alive: bool, answer: Answer, now: float) -> tuple[str, str]:
    if record is None:
        return "starting", "not started yet"
    if record.refusal:
        return "failed", record.refusal
    if not alive:
        return "restarting", describe_ends(record) or "its process has ended"
    if record.waiting_for:
        return "waiting", f"for {record.waiting_for}"
    if answer.ready:
        return "running", ", ".join(filter(None, (answer.detail, describe_ends(record))))
    if now - record.started_at < START_SECONDS:
        return "starting", answer.detail
    return "unhealthy", answer.detail or "gives no answer"


def ask(ready: str, *, since: float = 0.0, timeout_seconds: float = 3.0) -> Answer:
    """Ask a service through its `ready` address; a heartbeat must be younger than the process (Unix time `since`)."""
    kind, _, rest = ready.partition(":")
    if kind == "heartbeat":
        return read_heartbeat(Path(rest), since=since, now=time.time())
    if kind == "kafka":
        return Answer(_kafka_answers(rest.removeprefix("//"), timeout_seconds))
    return _ask_http(ready, timeout_seconds)


def read_heartbeat(file: Path, *, since: float, now: float) -> Answer:
    """Ready when the file was written after the process began and within the last ten seconds.

    A process that beats but cannot work yet says so by `"ready": false` or by the state `starting`.
    """
    try:
        written_at = file.stat().st_mtime
        document = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return Answer(False, "no heartbeat yet")
    if written_at < since:
        return Answer(False, "no heartbeat yet")
    age = now - written_at
    if age > HEARTBEAT_SECONDS:
        return Answer(False, f"last heartbeat {age:.0f} s ago")
    if not isinstance(document, dict):
        return Answer(False, "the heartbeat is no JSON object")
    state = str(document.get("state", ""))
    return Answer(
        document.get("ready", state != "starting") is True,
        "; ".join([state, *map(str, document.get("reasons") or [])]),
        url=document.get("url"),
        figures={name: document[name] for name in FIGURES if document.get(name) is not None},
    )


def describe(healths: Mapping[str, Health]) -> dict[str, Any]:
    """The document of `services.json` and of `vigia status --json`."""
    services = {name: asdict(health) for name, health in healths.items()}
    healthy = bool(healths) and all(health.healthy for health in healths.values())
    return {"at": datetime.now(UTC).isoformat(), "services": services, "healthy": healthy}


def save_healths(file: Path, healths: Mapping[str, Health]) -> None:
    write_atomically(file, describe(healths))


def load_healths(file: Path) -> dict[str, Health]:
    """Empty when no keeper has written any yet."""
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return {name: Health(**health) for name, health in document["services"].items()}


def _kafka_answers(bootstrap: str, timeout_seconds: float) -> bool:
    from stream.broker.embedded import answers

    return answers(bootstrap, timeout_seconds)


def _ask_http(url: str, timeout_seconds: float) -> Answer:
    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=timeout_seconds)
    try:
        connection.request("GET", parts.path)
        status = connection.getresponse().status
    except (OSError, HTTPException):
        return Answer(False, "no answer yet")
    finally:
        connection.close()
    return Answer(status == 200, "" if status == 200 else f"answers with status {status}")


if __name__ == "__main__":
    sys.exit(0 if ask(sys.argv[1]).ready else 1)
