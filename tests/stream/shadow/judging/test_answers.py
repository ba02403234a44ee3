from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from stream.shadow.judging.answers import (
    Answers,
    NetworkTimes,
    Window,
    count_alone,
    count_answers,
    find_challengers,
    find_opponents,
    read_answers,
    read_disagreements,
    read_network_times,
    read_times,
)
from stream.store import PredictionStore
from tests.stream.fakes import NOON
from tests.stream.shadow.judging.made import BOTH_REFUSE, OTHER, REFUSED, SAME, store_pairs

WINDOW = Window("cars", 2, 1)


@pytest.fixture
def store(tmp_path: Path) -> PredictionStore:
    store = PredictionStore(f"sqlite:///{tmp_path / 'vigia.db'}")
    store.migrate()
    return store


def test_answers_are_counted_by_camera_and_an_unknown_frame_has_no_label(store: PredictionStore) -> None:
    store_pairs(store, [SAME, SAME, OTHER, REFUSED, BOTH_REFUSE])
    store_pairs(store, [SAME], first=10, camera_id="yard")

    assert set(count_answers(store, WINDOW)) == {
        Answers("gate", "Volvo", "Volvo", 2),
        Answers("gate", "Volvo", "Saab", 1),
        Answers("gate", "Volvo", "unknown", 1),
        Answers("gate", "unknown", "unknown", 1),
        Answers("yard", "Volvo", "Volvo", 1),
    }


def test_only_frames_that_both_answered_count_and_the_others_are_told(store: PredictionStore) -> None:
    store_pairs(store, [SAME, (SAME[0], None), (None, SAME[1]), (None, SAME[1])])

    assert sum(each.frames for each in count_answers(store, WINDOW)) == 1
    assert count_alone(store, WINDOW) == 2


def test_frames_of_another_production_version_are_left_out_and_named(store: PredictionStore) -> None:
    store_pairs(store, [SAME, SAME])
    store_pairs(store, [OTHER], first=10, versions=(4, 2))

    assert find_opponents(store, WINDOW) == {4: 1, 1: 2}
    assert list(find_opponents(store, WINDOW)) == [4, 1], "the latest first"
    assert count_answers(store, WINDOW) == (Answers("gate", "Volvo", "Volvo", 2),)


def test_a_window_begins_with_its_first_moment_and_ends_before_its_last(store: PredictionStore) -> None:
    store_pairs(store, [SAME, OTHER, OTHER, SAME])
    window = Window("cars", 2, 1, NOON + timedelta(seconds=1), NOON + timedelta(seconds=3))

    assert count_answers(store, window) == (Answers("gate", "Volvo", "Saab", 2),)


def test_challengers_are_those_that_answered_the_latest_first(store: PredictionStore) -> None:
    store_pairs(store, [SAME])
    store_pairs(store, [SAME], first=10, versions=(1, 5))

    assert [version for version, _ in find_challengers(store, "cars")] == [5, 2]
    assert find_challengers(store, "simpsons") == []


def test_times_are_of_both_sides(store: PredictionStore) -> None:
    store_pairs(store, [SAME])

    (times,) = read_times(store, WINDOW)

    assert (times.production_latency, times.challenger_latency) == (20, 900)


def test_times_of_networks_need_not_be_of_the_same_frames(store: PredictionStore) -> None:
    store_pairs(store, [(SAME[0], None), (None, SAME[1]), (None, SAME[1])])
    store_pairs(store, [SAME], first=10, versions=(4, 5))

    assert read_network_times(store, WINDOW) == NetworkTimes((2.0,), (3.0, 3.0))


def test_disagreements_are_the_newest_first_and_as_many_as_wanted(store: PredictionStore) -> None:
    store_pairs(store, [OTHER, SAME, REFUSED, BOTH_REFUSE, OTHER])

    found = read_disagreements(store, WINDOW, limit=2)

    assert [(each.frame_id, each.production, each.challenger) for each in found] == [
        ("f4", "Volvo", "Saab"),
        ("f2", "Volvo", "unknown"),
    ]


def test_answers_of_named_frames_are_found(store: PredictionStore) -> None:
    store_pairs(store, [OTHER, SAME])

    assert read_answers(store, WINDOW, ["f0", "f1", "f9"]) == {"f0": ("Volvo", "Saab"), "f1": ("Volvo", "Volvo")}


def test_a_store_that_was_never_used_has_no_challengers(tmp_path: Path) -> None:
    assert find_challengers(PredictionStore(f"sqlite:///{tmp_path / 'new.db'}"), "cars") == []


def test_challengers_are_found_without_walking_through_production_s_rows(store: PredictionStore) -> None:
    store_pairs(store, [SAME])
    plans: list[str] = []

    def explain(connection: Any, cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if statement.startswith("SELECT predictions"):
            plans.extend(
                row[-1] for row in connection.connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            )

    event.listen(store.engine, "before_cursor_execute", explain)
    find_challengers(store, "cars")

    assert plans
    assert "predictions_of_shadows" in plans[0]
