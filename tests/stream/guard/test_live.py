"""The guard of two real workers, on a real Kafka and a real MLflow."""

from pathlib import Path

import pytest

from docs.measure_guard import measure_guard

pytestmark = pytest.mark.integration


def test_of_three_versions_only_the_failing_one_is_rolled_back_once_and_nothing_is_lost(tmp_path: Path) -> None:
    report = measure_guard(tmp_path, fps=20.0, quiet_seconds=8.0)

    assert (report.rolled_back_events, report.rollbacks_in_log_book, report.production_after) == (1, 1, 1)
    assert report.tagged
    assert report.one_class_scene_events == {"rolled_back": 0, "warned": 0}
    assert report.warn_mode_events == {"rolled_back": 0, "warned": 1}
    assert report.warn_mode_production_kept
    assert (report.lost, report.doubled) == (0, 0)
