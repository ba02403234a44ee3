"""What a worker tells of itself while it works: its pages, and the figures in its heartbeat."""

import logging
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.exc import SQLAlchemyError
from stamina.instrumentation import RetryDetails, set_on_retry_hooks

from stream.http import Pages, say_reasons, serve_pages
from stream.monitoring.checks import WorkerChecks
from stream.monitoring.farewell import Farewell
from stream.monitoring.metrics import WorkerMetrics
from stream.store import PredictionStore
from stream.worker.watchdog import Reading

log = logging.getLogger(__name__)


class WorkerReport:
    """Measures and checks of one worker in one place. Constructing it starts nothing."""

    def __init__(self, store: PredictionStore) -> None:
        self.metrics = WorkerMetrics(on_stored=self._note_stored)
        self.checks = WorkerChecks(probe_store=store.probe)
        self.url: str | None = None
        self.farewell: Farewell | None = None
        """Set when this worker ends itself."""

    def open(self, host: str, port: int) -> None:
        """Serve the pages from now on, and hear of every write to the store that is tried again."""
        self.url = serve_pages(Pages(self.checks.health, self.checks.ready, self.metrics.registry), host, port)
        set_on_retry_hooks([self._note_retry])

    def observe(self, reading: Reading) -> None:
        """What the watchdog learnt."""
        self.checks.observe(reading)
        self.metrics.observe_lag(reading.lag, reading.polls_without_progress)

    def leave(self, words: str) -> None:
        """This worker ends itself; the next heartbeat says why."""
        self.farewell = Farewell(datetime.now(UTC), words)

    def describe(self) -> dict[str, Any]:
        """For the heartbeat: where the pages are, and the figures of the last seconds."""
        checks = self.checks.ready(probe=False)
        self.metrics.observe_checks({name: check.ok for name, check in checks.items()})
        self.metrics.observe_versions(self.checks.versions())
        lag = self.checks.lag.latest
        return {
            "farewell": self.farewell.describe() if self.farewell else None,
            "url": self.url,
            "lag": sum(lag.values()) if lag else None,
            "lag_by_partition": {str(partition): frames for partition, frames in sorted((lag or {}).items())},
            "latency_ms": self.metrics.recent.percentiles_ms(),
            "fps": round(self.metrics.recent.frames_per_second(), 1),
            "reasons": say_reasons(checks),
        }

    def _note_stored(self) -> None:
        if self.checks.writes.away:
            log.info("the store takes batches again")
        self.checks.writes.heard()

    def _note_retry(self, details: RetryDetails) -> None:
        if not isinstance(details.caused_by, SQLAlchemyError):
            return
        words = say_cause(details.caused_by)
        if not self.checks.writes.away:
            log.warning("the store does not take a batch, which is tried again: %s", words)
        self.metrics.observe_retry()
        self.checks.writes.lost(words)


def say_cause(error: SQLAlchemyError) -> str:
    """The database's own words, without the statement and its values."""
    cause = getattr(error, "orig", None) or error
    return f"{type(cause).__name__}: {cause}"
