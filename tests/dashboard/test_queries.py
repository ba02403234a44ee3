from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, insert
from sqlalchemy.exc import OperationalError

from dashboard.activity import SpanHistory, load_span
from dashboard.queries import (
    MAX_CAMERAS,
    SEARCHED_ROWS,
    build_engine,
    has_store,
    load_camera_predictions,
    load_cameras,
    load_dead_letters,
    load_models,
)
from stream.tables import cameras
from tests.dashboard.made_home import MadeHome

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SHOWN = "b" * 64


def seconds_ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def test_a_store_that_does_not_exist_is_not_made_by_looking(home: MadeHome) -> None:
    engine = build_engine(home.database_url)

    assert not has_store(engine)
    assert not (home.folder / "store").exists()


def test_a_file_without_tables_is_no_store_yet(home: MadeHome) -> None:
    (home.folder / "store").mkdir(parents=True)
    (home.folder / "store" / "vigia.db").touch()

    assert not has_store(build_engine(home.database_url))


def test_the_page_cannot_write(home: MadeHome) -> None:
    home.add_predictions()

    with build_engine(home.database_url).connect() as connection, pytest.raises(OperationalError, match="readonly"):
        connection.execute(insert(cameras).values(camera_id="cam01", source="x", state="online"))


def test_cameras_come_from_their_table_and_from_their_frames(home: MadeHome) -> None:
    home.add_camera("listed", last_frame_at=seconds_ago(5))
    home.add_camera("switched off", state="disabled")
    home.add_predictions(camera_id="fed by another program", at=seconds_ago(2))

    with build_engine(home.database_url).connect() as connection:
        found = load_cameras(connection)

    assert [(camera.camera_id, camera.state, camera.last_at) for camera in found] == [
        ("fed by another program", None, seconds_ago(2)),
        ("listed", "online", seconds_ago(5)),
    ]


def test_only_the_most_recent_cameras_are_shown(home: MadeHome) -> None:
    for number in range(MAX_CAMERAS + 3):
        home.add_predictions(camera_id=f"cam{number:02}", at=seconds_ago(number))

    with build_engine(home.database_url).connect() as connection:
        found = load_cameras(connection)

    assert [camera.camera_id for camera in found] == [f"cam{number:02}" for number in range(MAX_CAMERAS)]


def test_the_card_tells_of_the_picture_it_shows(home: MadeHome) -> None:
    home.add_predictions(label="older", image_sha256="a" * 64, at=seconds_ago(3))
    home.add_predictions(label="shown", image_sha256="b" * 64, at=seconds_ago(2))
    home.add_predictions(label="newest", image_sha256="c" * 64, at=seconds_ago(1))

    with build_engine(home.database_url).connect() as connection:
        (shown,) = load_camera_predictions(connection, "cam01", image_sha256="b" * 64)

    assert shown.label == "shown"
    assert shown.latency_seconds == pytest.approx(0.08)


def test_without_its_picture_the_card_tells_the_newest_per_classifier(home: MadeHome) -> None:
    home.add_predictions(classifier="cars", label="old car", at=seconds_ago(3))
    home.add_predictions(classifier="cars", label="new car", at=seconds_ago(2))
    home.add_predictions(classifier="animals", label="cat", at=seconds_ago(4))
    home.add_predictions(classifier="cars", label="challenger", role="shadow", at=seconds_ago(1))
    home.add_predictions(camera_id="cam02", label="of another camera", at=seconds_ago(1))

    with build_engine(home.database_url).connect() as connection:
        found = load_camera_predictions(connection, "cam01", image_sha256="d" * 64)

    assert [prediction.label for prediction in found] == ["cat", "new car"]


def test_the_version_of_the_last_prediction_is_in_force(home: MadeHome) -> None:
    home.add_model_event("loaded", to_version=2, at=seconds_ago(60))
    home.add_predictions(model_version=2, at=seconds_ago(1), precision="bf16")

    with build_engine(home.database_url).connect() as connection:
        (model,) = load_models(connection)

    assert (model.classifier, model.version, model.since, model.refused) == ("cars", 2, seconds_ago(60), None)
    assert model.precision == "bf16"


def test_a_version_taken_up_after_the_last_prediction_is_in_force(home: MadeHome) -> None:
    home.add_predictions(model_version=2, at=seconds_ago(60))
    home.add_model_event("swapped", from_version=2, to_version=3, at=seconds_ago(1))

    with build_engine(home.database_url).connect() as connection:
        (model,) = load_models(connection)

    assert (model.version, model.since) == (3, seconds_ago(1))


def test_a_refused_version_is_told_and_not_in_force(home: MadeHome) -> None:
    home.add_model_event("loaded", to_version=2, at=seconds_ago(60))
    home.add_model_event("refused", from_version=2, to_version=3, detail="hash differs", at=seconds_ago(1))

    with build_engine(home.database_url).connect() as connection:
        (model,) = load_models(connection)

    assert (model.version, model.refused) == (2, "hash differs")


def test_a_version_that_is_warned_about_serves_since_it_was_loaded(home: MadeHome) -> None:
    home.add_model_event("loaded", to_version=2, at=seconds_ago(60))
    home.add_model_event("warned", to_version=2, detail="red 60 of 60", at=seconds_ago(30))
    home.add_predictions(model_version=2, at=seconds_ago(1))

    with build_engine(home.database_url).connect() as connection:
        (model,) = load_models(connection)

    assert (model.version, model.since) == (2, seconds_ago(60))


def test_dead_letters_are_counted_and_the_latest_told(home: MadeHome) -> None:
    home.add_dead_letters(3, at=seconds_ago(9))
    home.add_dead_letters(1, reason="unknown_schema", at=seconds_ago(1))

    with build_engine(home.database_url).connect() as connection:
        letters = load_dead_letters(connection, latest=2)

    assert (letters.count, letters.more) == (4, False)
    assert [letter.reason for letter in letters.latest] == ["unknown_schema", "truncated_jpeg"]


def test_a_flood_of_dead_letters_is_not_counted_to_its_end(home: MadeHome, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboard.queries.DEAD_LETTERS_COUNTED", 5)
    home.add_dead_letters(7)

    with build_engine(home.database_url).connect() as connection:
        letters = load_dead_letters(connection, latest=1)

    assert (letters.count, letters.more) == (5, True)


def test_no_query_walks_through_all_rows(home: MadeHome) -> None:
    home.add_predictions(camera_id="cam02")
    engine = build_engine(home.database_url)
    asked: list[tuple[str, object]] = []

    with engine.connect() as connection:
        event.listen(engine, "before_cursor_execute", lambda *call: asked.append((call[2], call[3])))
        load_cameras(connection)
        load_camera_predictions(connection, "cam01", image_sha256="0" * 64)
        load_camera_predictions(connection, "cam01", image_sha256=None)
        load_span(connection, NOW)
        load_models(connection)
        load_dead_letters(connection, latest=5)
        plans = [
            row[3]
            for statement, values in list(asked)
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)  # type: ignore[arg-type] # as recorded
        ]

    large = ("predictions", "dead_letters", "model_events")
    assert any("SEARCH predictions USING" in plan for plan in plans)
    assert [
        plan for plan in plans if plan.startswith(tuple(f"SCAN {name}" for name in large)) and "INDEX" not in plan
    ] == []


def test_what_a_challenger_does_is_no_sign_of_life_and_changes_no_model_in_force(home: MadeHome) -> None:
    home.add_predictions(at=seconds_ago(60), camera_id="cam01", model_version=1)
    home.add_model_event("loaded", at=seconds_ago(90), to_version=1)
    home.add_predictions(at=seconds_ago(5), camera_id="cam01", model_version=2, role="shadow")
    home.add_predictions(at=seconds_ago(5), camera_id="cam02", model_version=2, role="shadow")
    home.add_model_event("loaded", at=seconds_ago(4), to_version=2, role="shadow")
    home.add_model_event("refused", at=seconds_ago(3), to_version=3, role="shadow")

    with build_engine(home.database_url).connect() as connection:
        (model,) = load_models(connection)
        found = load_cameras(connection)

    assert (model.version, model.refused) == (1, None)
    assert [(camera.camera_id, camera.last_at) for camera in found] == [("cam01", seconds_ago(60))]


@pytest.mark.parametrize("role", ["shadow", "replay-2"])
def test_what_a_challenger_or_a_replay_says_changes_nothing_that_the_live_page_asks(home: MadeHome, role: str) -> None:
    def ask() -> tuple[Any, ...]:
        with build_engine(home.database_url).connect() as connection:
            return (
                load_cameras(connection),
                load_models(connection),
                *(
                    load_camera_predictions(connection, f"cam0{n}", image_sha256=h)
                    for n in (1, 2)
                    for h in (None, SHOWN)
                ),
                SpanHistory().load(connection, NOW, minutes=2),
            )

    home.add_model_event("loaded", at=seconds_ago(50), to_version=1)
    home.add_predictions(3, at=seconds_ago(40), label="live", image_sha256=SHOWN)
    before = ask()
    for camera_id in ("cam01", "cam02"):
        home.add_predictions(
            SEARCHED_ROWS * 2,
            at=seconds_ago(3),
            camera_id=camera_id,
            label="other",
            image_sha256=SHOWN,
            model_version=2,
            role=role,
        )

    assert ask() == before
    assert before[-1].last_minute.predictions == 3
