"""What a service's launcher remembers from start to start, and the rule for restarting it."""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from deploy.plan import run_folder, write_atomically

WINDOW_SECONDS = 120.0
MAX_STARTS = 10
"""So many starts within the window are a crash loop: the service is given up."""
MAX_DELAY_SECONDS = 8.0


@dataclass(frozen=True, slots=True)
class Record:
    """The latest start of one service; times are Unix seconds."""

    pid: int
    started_at: float
    starts: tuple[float, ...] = ()
    """Those within the window, this one included."""
    restarts: int = 0
    """Since `vigia up`."""
    waiting_for: str | None = None
    refusal: str | None = None
    """Why it is not started again."""


def record_start(previous: Record | None, pid: int, now: float) -> Record:
    """The record of a start that happens now. Its refusal is set when the service keeps ending at once."""
    if previous is None:
        return Record(pid, now, (now,))
    starts = (*(start for start in previous.starts if now - start < WINDOW_SECONDS), now)
    record = Record(pid, now, starts, previous.restarts + 1)
    if len(starts) <= MAX_STARTS:
        return record
    return replace(record, refusal=f"ended {MAX_STARTS} times within {WINDOW_SECONDS:.0f} s")


def delay_seconds(record: Record) -> float:
    """How long to wait before this start: not at all the first two times, then 1, 2, 4, 8, 8, ... seconds."""
    repeated = len(record.starts) - 2
    return min(MAX_DELAY_SECONDS, 2.0 ** (repeated - 1)) if repeated > 0 else 0.0


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
