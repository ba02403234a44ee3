"""What a service's launcher remembers from start to start, and the rule for restarting it."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from deploy.plan import run_folder, write_atomically

SETTLED_SECONDS = 120.0
"""A process that lived so long ends the series of quick ends before it."""
CRASH_LOOP_STARTS = 6
"""So many quick starts in a row are no accident any more."""
SPACING_SECONDS = (0.0, 0.0, 0.0, *(2.0,) * 8, 4.0, 8.0, 16.0, 32.0, 60.0)
"""At least so long from one start to the next, by the number of the start within such a series."""


@dataclass(frozen=True, slots=True)
class Record:
    """The latest start of one service; times are Unix seconds."""

    pid: int
    started_at: float
    starts: tuple[float, ...] = ()
    """Those of a series in which each process but this one soon ended again; this one is the last."""
    restarts: int = 0
    """Since `vigia up`."""
    waiting_for: str | None = None
    refusal: str | None = None
    """Why it is not started again."""


def record_start(previous: Record | None, pid: int, now: float) -> Record:
    """The record of a start that happens now."""
    if previous is None:
        return Record(pid, now, (now,))
    # a negative life: the clock was set back, and says nothing about this service
    settled = not 0 <= now - previous.started_at < SETTLED_SECONDS
    starts = () if settled else (*previous.starts[:-1], previous.started_at)[-len(SPACING_SECONDS) :]
    return Record(pid, now, (*starts, now), previous.restarts + 1, refusal=previous.refusal)


def delay_seconds(record: Record) -> float:
    """How long to wait before this start; it comes sooner or later, whatever happened before.

    The distance is kept from start to start: a process that lived for longer than it is started again at once, one
    that ends as soon as it begins is tried once a minute in the end.
    """
    if len(record.starts) < 2:
        return 0.0
    spacing = SPACING_SECONDS[min(len(record.starts), len(SPACING_SECONDS)) - 1]
    return max(0.0, spacing - (record.starts[-1] - record.starts[-2]))


def describe_ends(record: Record) -> str:
    """For `vigia status`: how often it ended soon after its start, of late; empty when that was an accident at most."""
    ends = len(record.starts) - 1
    return f"ended {ends} times soon after its start" if ends >= CRASH_LOOP_STARTS - 1 else ""


def record_file(state: Path, name: str) -> Path:
    return run_folder(state) / f"{name}.json"


def save_record(state: Path, name: str, record: Record) -> None:
    write_atomically(record_file(state, name), asdict(record))


def load_record(state: Path, name: str) -> Record | None:
    """None when the service has not been started since `vigia up`."""
    try:
        document = json.loads(record_file(state, name).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return Record(**{**document, "starts": tuple(document["starts"])})
