"""How far a worker has come, in words for its heartbeat and its checks."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from stream.guard.guard import Guard
from stream.models.watcher import ModelWatcher
from stream.monitoring.report import WorkerReport
from stream.reading.app import assigned_partitions
from stream.worker.agent import Agent


@dataclass(slots=True)
class Phase:
    """How far a worker has come; read by the heartbeat and by its checks."""

    state: str
    report: WorkerReport
    watcher: ModelWatcher | None = None
    agent: Agent | None = None
    guard: Guard | None = None

    def __post_init__(self) -> None:
        checks = self.report.checks
        checks.phase, checks.versions, checks.partitions = self.say, self.versions, self.partitions
        checks.refusals = lambda: self.watcher.refusals if self.watcher else {}
        checks.registry = lambda: self.watcher.registry_contact if self.watcher else None

    def say(self) -> str:
        reads = self.partitions()
        joined = reads is not None and self.agent is not None and self.agent.app.consumer_generation_id > 0
        return name_state("joining the group" if reads is not None else self.state, joined=joined, reads=reads or [])

    def versions(self) -> dict[str, int]:
        serving = self.watcher.serving if self.watcher else {}
        return {name: classifier.version for name, classifier in serving.items()}

    def assigned(self) -> list[tuple[str, int]]:
        return assigned_partitions(self.agent.app) if self.agent else []

    def partitions(self) -> list[int] | None:
        """None before the worker reads."""
        if self.agent is None or not self.agent.reading:
            return None
        return sorted(partition for _, partition in self.assigned())

    def describe(self) -> dict[str, Any]:
        return {
            "state": self.say(),
            "versions": self.versions(),
            "models": self.watcher.describe() if self.watcher else {},
            "guard": self.guard.describe() if self.guard else {},
            "partitions": self.partitions() or [],
            "acknowledged": self.agent.acked if self.agent else 0,
            "group": self.agent.group if self.agent else None,
            "kept": asdict(self.agent.keeper.counts()) if self.agent else {},
            **self.report.describe(),
        }


def name_state(phase: str, *, joined: bool, reads: Sequence[int]) -> str:
    """`standby` is a worker of the group that has nothing to read: there are more workers than partitions."""
    if not joined:
        return phase
    return "serving" if reads else "standby"
