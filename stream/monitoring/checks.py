"""How a worker is, in words that an operator at night understands: what works, what it waits for, since when."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from pipelines.errors import StoreError
from stream.http import Check
from stream.models.versions import Refusal
from stream.monitoring.contacts import Contact
from stream.monitoring.farewell import Farewell, check_farewell
from stream.monitoring.lag import LagHistory
from stream.worker.watchdog import POLLS_WITHOUT_PROGRESS, Reading

LOOP_SILENT_SECONDS: Final = 15.0
PROBE_SECONDS: Final = 2.0
"""A store that was heard so lately is not asked again."""


@dataclass(slots=True)
class WorkerChecks:
    """What the parts of one worker say of themselves; `health` and `ready` are asked by the HTTP thread."""

    probe_store: Callable[[], None]
    """Raises StoreError when the store does not answer."""
    broker: Contact = field(default_factory=lambda: Contact("not reached yet"))
    writes: Contact = field(default_factory=lambda: Contact("not written yet", silent_seconds=math.inf))
    """The store, as storing a batch finds it."""
    reads: Contact = field(default_factory=lambda: Contact("not opened yet", silent_seconds=math.inf))
    """The store, as a question to it finds it."""
    loop: Contact = field(default_factory=lambda: Contact("not started yet", silent_seconds=LOOP_SILENT_SECONDS))
    lag: LagHistory = field(default_factory=LagHistory)
    reading: Reading | None = None
    farewell: Farewell | None = None
    """Of the worker before this one."""
    phase: Callable[[], str] = lambda: "starting"
    versions: Callable[[], Mapping[str, int]] = dict
    refusals: Callable[[], Mapping[str, Refusal]] = dict
    registry: Callable[[], Contact | None] = lambda: None
    partitions: Callable[[], Sequence[int] | None] = lambda: None
    """None before the worker reads."""

    def observe(self, reading: Reading) -> None:
        self.reading = reading
        self.lag.add(reading.lag)

    def health(self) -> dict[str, Check]:
        """Whether the process works. Waiting for a part that is away is work; a restart would not help."""
        checks = {"process": Check(ok=True, reason=say_phase(self.phase()))}
        if self.partitions() is not None:
            checks["loop"] = self.loop.check()
            checks["progress"] = check_progress(self.reading)
        return checks

    def ready(self, *, probe: bool = True) -> dict[str, Check]:
        """Whether a frame that comes now would be answered and stored. A probe may wait for the store."""
        return {
            "broker": self.broker.check(),
            "store": self._check_store(probe=probe),
            "model": check_model(self.versions(), self.refusals(), self.registry(), time.monotonic()),
            "partitions": check_partitions(self.partitions()),
            "lag": self.lag.check(),
            "last end": check_farewell(self.farewell),
        }

    def _check_store(self, *, probe: bool) -> Check:
        if self.writes.away:
            return self.writes.check()  # knows more than a question: a locked store can be read
        silent = self.writes.silent_for()
        if silent is not None and silent < PROBE_SECONDS:
            return Check(ok=True)
        if probe:
            try:
                self.probe_store()
                self.reads.heard()
            except StoreError as error:
                self.reads.lost(str(error))
        return self.reads.check()


def say_phase(phase: str) -> str:
    """Nothing to say of a worker that serves, or would at once."""
    return "" if phase in ("serving", "standby") else phase


def check_progress(reading: Reading | None) -> Check:
    """Not ok from half of the watchdog's patience on."""
    if reading is None or reading.polls_without_progress < POLLS_WITHOUT_PROGRESS / 2:
        return Check(ok=True)
    waiting, polls = sum(reading.lag.values()), reading.polls_without_progress
    return Check(
        ok=False,
        reason=f"{waiting} frames wait and none was acknowledged in {polls} looks; "
        f"after {POLLS_WITHOUT_PROGRESS} the worker ends and is started again",
    )


def check_model(
    versions: Mapping[str, int], refusals: Mapping[str, Refusal], registry: Contact | None, now: float
) -> Check:
    """Ok as soon as anything is served; a refused version or a registry that is away is said beside it."""
    words = [
        f"{name} version {refusal.version} refused {say_count(refusal.failures)}, next try in "
        f"{max(refusal.retry_at - now, 0):.0f} s: {refusal.words.rstrip('.')}; "
        + (f"version {versions[name]} goes on serving" if name in versions else "nothing of it serves")
        for name, refusal in refusals.items()
    ]
    if registry is not None and registry.away:
        words.append(f"the registry is {registry.check().reason}")
    if not versions and not words:
        words.append("no production version yet: train one with `vigia train cars`")
    return Check(ok=bool(versions), reason="; ".join(words))


def say_count(times: int) -> str:
    return "once" if times == 1 else f"{times} times"


def check_partitions(partitions: Sequence[int] | None) -> Check:
    """A worker without a partition is ready to take over: it stands by."""
    if partitions is None:
        return Check(ok=False, reason="does not read yet")
    if not partitions:
        return Check(ok=True, reason="stands by: no partition is assigned, others read them all or are just sharing")
    return Check(ok=True)
