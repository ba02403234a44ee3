import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from stamina.instrumentation import get_on_retry_hooks, set_on_retry_hooks

from stream.monitoring import report as module
from stream.monitoring.report import WorkerReport
from stream.store import PredictionStore
from stream.worker.outcomes import BatchOutcome
from tests.stream.fakes import NOON
from tests.stream.test_messages import PREDICTION
from tests.waiting import wait_until


@pytest.fixture
def store(tmp_path: Path) -> PredictionStore:
    store = PredictionStore(f"sqlite:///{tmp_path / 'vigia.db'}?timeout=0.1")
    store.migrate()
    return store


@pytest.fixture
def report(store: PredictionStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[WorkerReport]:
    """A report that hears of retries, without its pages."""
    hooks = get_on_retry_hooks()
    monkeypatch.setattr(module, "serve_pages", lambda *arguments: "http://127.0.0.1:9")
    report = WorkerReport(store)
    report.open("127.0.0.1", 0)
    yield report
    set_on_retry_hooks(hooks)


def retries(report: WorkerReport) -> float:
    return report.metrics.registry.get_sample_value("vigia_worker_store_retries_total") or 0


def test_a_locked_store_is_said_while_a_batch_is_tried_again_and_is_well_afterwards(
    report: WorkerReport, store: PredictionStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "stream")
    other = sqlite3.connect(tmp_path / "vigia.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    writing = threading.Thread(target=store.store_batch, args=([PREDICTION], []), daemon=True)
    writing.start()

    wait_until(lambda: report.checks.writes.away, timeout_seconds=60, what="a retry")
    assert retries(report) >= 1
    assert "database is locked" in report.checks.ready()["store"].reason
    assert any("database is locked" in reason for reason in report.describe()["reasons"])
    other.execute("ROLLBACK")
    writing.join(60)
    report.metrics.observe_batch(BatchOutcome((PREDICTION,), (), {}, (PREDICTION.position,)))

    assert report.checks.ready()["store"].ok
    said = [record.getMessage() for record in caplog.records if record.name == module.__name__]
    assert "OperationalError: database is locked" in said[0]
    assert said[-1] == "the store takes batches again"
    assert len(said) == 2, "said once, however often it is tried"


def test_the_heartbeat_holds_the_figures_of_the_last_minute(report: WorkerReport) -> None:
    answers = tuple(replace(PREDICTION, position=replace(PREDICTION.position, offset=n)) for n in range(10))
    positions = tuple(answer.position for answer in answers)

    report.metrics.observe_batch(BatchOutcome(answers, (), {}, positions), now=NOON)

    told: dict[str, Any] = report.describe()
    assert told["url"] == "http://127.0.0.1:9"
    assert told["fps"] > 0
    assert set(told["latency_ms"]) == {"p50", "p95", "p99"}
    assert (told["lag"], told["farewell"]) == (None, None)


def test_a_worker_that_ends_itself_leaves_its_word(report: WorkerReport) -> None:
    report.leave("412 frames waited")

    assert report.describe()["farewell"]["words"] == "412 frames waited"
