"""The guard of two real workers, on a real Kafka and a real MLflow."""

from pathlib import Path

import pytest

from docs.measure_guard import measure_guard
from tests.stream.live import LiveWorker, send, small_frames
from tests.waiting import wait_until

pytestmark = pytest.mark.integration


def test_of_three_versions_only_the_failing_one_is_rolled_back_once_and_nothing_is_lost(tmp_path: Path) -> None:
    report = measure_guard(tmp_path, fps=20.0, quiet_seconds=8.0)

    assert (report.rolled_back_events, report.rollbacks_in_log_book, report.production_after) == (1, 1, 1)
    assert report.tagged
    assert report.one_class_scene_events == {"rolled_back": 0, "warned": 0}
    assert report.warn_mode_events == {"rolled_back": 0, "warned": 1}
    assert report.warn_mode_production_kept
    assert (report.lost, report.doubled) == (0, 0)


class GuardedWorker(LiveWorker):
    """Its version 3 answers the blank picture of its loading, and no frame."""

    def __init__(self, home: Path, bootstrap: str) -> None:
        super().__init__(home, bootstrap)
        self._command[2] = "tests.stream.guard.guarded_worker"


def test_a_version_that_answers_no_frame_is_gone_before_its_worker_starts_again(kafka: str, tmp_path: Path) -> None:
    with GuardedWorker(tmp_path, kafka) as worker:
        worker.registry.promote(cars=1)
        worker.start()
        send(kafka, small_frames(40, run="guarded-a"))
        worker.wait_for_rows("predictions WHERE frame_id LIKE 'guarded-a-%'", 40)
        worker.registry.promote(cars=3)
        worker.wait_for_rows("model_events WHERE event = 'swapped'", 1)

        send(kafka, small_frames(60, run="guarded-b"))
        wait_until(lambda: not worker.running, timeout_seconds=180, what=f"the worker's end; see {worker.log}")
        assert worker.end() == 1
        events = worker.query("SELECT event, from_version, to_version FROM model_events ORDER BY id")
        assert [tuple(row) for row in events].count(("rolled_back", 3, 1)) == 1

        worker.start()
        worker.wait_for_rows("predictions WHERE frame_id LIKE 'guarded-%' AND model_version = 1", 100)
