"""Replays whose rows lie in a real PostgreSQL: the same rules, with its own lock."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.errors import StoreError
from stream.store import PredictionStore
from stream.time_travel.comparing import LabelChange, compare_window, find_changed
from stream.time_travel.jobs import JobLog, hold_alone
from stream.time_travel.windows import load_frames, plan_parts
from tests.stream import postgres
from tests.stream.time_travel.past import Past, live_row, make_past

pytestmark = pytest.mark.integration


@pytest.fixture
def past(tmp_path: Path) -> Iterator[Past]:
    if reason := postgres.why_not():
        pytest.skip(reason)
    with postgres.Postgres() as server:
        yield make_past(tmp_path, None, frames=40, database_url=server.url)


def test_a_window_is_cut_compared_and_held_alone(past: Past) -> None:
    parts = plan_parts(past.store, past.window, part_frames=4)
    rows = [replace(live_row(n, past.positions[n], past.jpegs[n]), role="replay-2", label="red") for n in range(10)]
    past.store.store_batch(rows, ())

    left = [frame for part in parts for frame in load_frames(past.store, past.window, part, "replay-2")]
    comparison = compare_window(past.store, past.window, 2)

    assert sorted(frame.frame_id for frame in left) == sorted(f"f{number}" for number in range(10, 40))
    assert (comparison.frames, comparison.compared, comparison.changed) == (40, 10, 7)
    assert comparison.changes == (LabelChange("blue", "red", 4), LabelChange("green", "red", 3))
    assert len(find_changed(past.store, past.window, 2)) == 7

    log, other = JobLog(past.store), JobLog(PredictionStore(past.settings.resolve_database_url()))
    job = log.begin(past.window, 2, "local", 40)
    log.mark(job, 10, "running")
    with hold_alone(log, "cars", 2):
        with pytest.raises(StoreError, match="10 of 40 frames"), hold_alone(other, "cars", 2):
            pass
        with hold_alone(other, "cars", 3):
            pass
    with hold_alone(other, "cars", 2):
        assert other.find(past.window, 2) is not None
