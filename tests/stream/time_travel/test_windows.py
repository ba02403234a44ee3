from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from pipelines.errors import StoreError
from stream.messages import Position
from stream.time_travel.windows import (
    ReplayWindow,
    count_unanswered,
    load_frames,
    load_frames_at,
    name_role,
    plan_parts,
    require_frames,
)
from tests.stream.fakes import NOON
from tests.stream.test_store import LETTER
from tests.stream.time_travel.past import Past, live_row, make_past


@pytest.fixture
def past(tmp_path: Path) -> Past:
    return make_past(tmp_path, None, frames=40)


def test_every_frame_of_the_window_is_in_one_part_and_no_part_has_two_partitions(past: Past) -> None:
    parts = plan_parts(past.store, past.window, part_frames=3)

    found = [frame for part in parts for frame in load_frames(past.store, past.window, part, None)]
    assert sorted(frame.frame_id for frame in found) == sorted(f"f{number}" for number in range(40))
    assert [part.frames for part in parts] == [3, 3, 3, 1] * 4
    assert all(frame.position.partition == part.partition for part in parts for frame in load_frames(
        past.store, past.window, part, None))  # fmt: skip


def test_a_window_ends_before_its_end_and_takes_only_its_cameras(past: Past) -> None:
    window = ReplayWindow("cars", NOON + timedelta(seconds=4), NOON + timedelta(seconds=12), ("cam1", "cam2"))

    (first, second) = plan_parts(past.store, window)

    frames = [f.frame_id for part in (first, second) for f in load_frames(past.store, window, part, None)]
    assert frames == ["f5", "f9", "f6", "f10"]


def test_other_classifiers_and_other_roles_are_not_in_the_window(past: Past) -> None:
    row = live_row(1, Position("taller_camara_stream", 0, 900), b"")
    past.store.store_batch([replace(row, classifier="dogs"), replace(row, role="shadow")], ())

    assert sum(part.frames for part in plan_parts(past.store, past.window)) == 40


def test_a_window_is_found_by_its_time_without_rows_of_replays(past: Past) -> None:
    asked: list[tuple[str, Any]] = []
    event.listen(past.store.engine, "before_cursor_execute", lambda *call: asked.append((call[2], call[3])))

    plan_parts(past.store, past.window)

    statement, values = next(each for each in asked if "FROM predictions" in each[0])
    with past.store.engine.connect() as connection:
        plan = [row[-1] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)]
    assert any("INDEX predictions_by_time" in step for step in plan), plan


def test_what_was_answered_about_the_same_picture_is_not_asked_again(past: Past) -> None:
    row, other = (live_row(number, past.positions[number], past.jpegs[number]) for number in (0, 4))
    role = name_role(2)
    past.store.store_batch([replace(row, role=role), replace(other, role=role, image_sha256="00" * 32)], ())
    (part, *_) = plan_parts(past.store, past.window)

    left = load_frames(past.store, past.window, part, role)

    assert [frame.frame_id for frame in left] == [f"f{number}" for number in range(4, 40, 4)]


def test_single_frames_are_found_by_their_places(past: Past) -> None:
    some = load_frames_at(past.store, past.window, [past.positions[n] for n in (5, 2, 1)])

    assert [[frame.frame_id for frame in frames] for frames in some] == [["f1", "f5"], ["f2"]]


def test_a_window_without_frames_says_when_there_are_some(past: Past) -> None:
    window = ReplayWindow("cars", NOON - timedelta(hours=2), NOON - timedelta(hours=1))

    with pytest.raises(StoreError, match=r"found none\. Its frames are from 2025-06-01T12:00:00Z to .*12:00:39Z"):
        require_frames(past.store, window, plan_parts(past.store, window))


def test_a_camera_without_frames_is_named_beside_those_that_have_some(past: Past) -> None:
    window = replace(past.window, cameras=("cam1", "nope"))

    with pytest.raises(StoreError, match=r"received 'nope'; there are: cam0, cam1, cam2, cam3"):
        require_frames(past.store, window, plan_parts(past.store, window))


def test_what_nothing_was_live_for_is_counted_apart(past: Past) -> None:
    past.store.store_batch((), [LETTER])
    past.keep([1, 2])
    window = replace(past.window, classifier="dogs")

    assert (count_unanswered(past.store, window).dead_letters, count_unanswered(past.store, window).kept) == (1, 2)
    assert count_unanswered(past.store, past.window).kept == 0
