import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from pipelines.errors import BrokerError, MessageError, StoreError, VigiaError
from stream.commands import app
from stream.dead_letters.choosing import parse_moment
from stream.dead_letters.records import Choice, find_letters
from stream.dead_letters.topic import find_kept_letter
from stream.messages import FRAMES_TOPIC, Outgoing, Position
from stream.store import PredictionStore
from tests.stream.bad_messages import SCRIPT
from tests.stream.dead_letters.buried import bury
from tests.stream.test_store import LETTER

runner = CliRunner()
NOW = datetime(2026, 11, 27, 18, tzinfo=UTC)
ESCAPES = "\x1b]0;owned\x07\x9b2J\u202e"


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PredictionStore:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VIGIA_HOME", str(tmp_path / "home"))
    for name in ("VIGIA_KAFKA_BOOTSTRAP", "VIGIA_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    store = PredictionStore(f"sqlite:///{tmp_path / 'home' / 'store' / 'vigia.db'}")
    store.migrate()
    return store


def run(*arguments: str) -> Result:
    return runner.invoke(app, ["dead-letters", *arguments], catch_exceptions=False, standalone_mode=False)


def document(*arguments: str) -> Any:
    return json.loads(run(*arguments, "--json").stdout)


def refuse(*arguments: str) -> VigiaError:
    with pytest.raises(VigiaError) as caught:
        run(*arguments)
    return caught.value


def keep(store: PredictionStore, offset: int, **changes: Any) -> None:
    store.store_batch([], [replace(LETTER, position=Position("t", 0, offset), **changes)])


def test_the_list_is_chosen_by_reason_stage_camera_time_and_number(store: PredictionStore) -> None:
    for offset in range(3):
        keep(store, offset, created_at=datetime.now(UTC) - timedelta(hours=offset), camera_id=f"c{offset}")
    keep(store, 9, stage="schema", reason="not_json", created_at=datetime.now(UTC) - timedelta(days=9))

    def ids(*options: str) -> list[str]:
        return [row["id"] for row in document("list", *options)]

    assert ids() == ["t-0-0", "t-0-1", "t-0-2", "t-0-9"]
    assert ids("--limit", "1") == ["t-0-0"]
    assert ids("--reason", "not_json") == ids("--stage", "schema") == ids("--until", "2d") == ["t-0-9"]
    assert ids("--camera", "c1") == ids("--since", "90m", "--until", "30m") == ["t-0-1"]
    assert ids("t-0-2", "t-0-9") == ["t-0-2", "t-0-9"]
    assert ids("--camera", SCRIPT) == []


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-27T17:00", NOW - timedelta(hours=1)),
        ("2026-11-27T18:00+01:00", NOW - timedelta(hours=1)),
        ("2026-11-27", NOW.replace(hour=0)),
        ("30m", NOW - timedelta(minutes=30)),
        ("7d", NOW - timedelta(days=7)),
    ],
)
def test_a_time_is_written_out_or_as_how_long_ago(text: str, moment: datetime) -> None:
    assert parse_moment(text, NOW, "--since") == moment


@pytest.mark.parametrize("text", ["", "yesterday", "999999d", "1e3", "-5m"])
def test_what_is_no_time_is_wrong_usage(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="expected a time"):
        parse_moment(text, NOW, "--since")


@pytest.mark.parametrize(
    "arguments",
    [
        ("list", "--stage", "infra"),
        ("list", "--limit", "0"),
        ("replay",),
        ("purge",),
        ("replay", "--all", "--reason", "no_model"),
        ("purge", "--all", "t-0-1"),
    ],
)
def test_wrong_usage_is_exit_2(store: PredictionStore, arguments: tuple[str, ...]) -> None:
    result = runner.invoke(app, ["dead-letters", *arguments])

    assert result.exit_code == 2


def test_nothing_that_a_sender_wrote_reaches_the_terminal_as_it_is(store: PredictionStore, tmp_path: Path) -> None:
    keep(store, 1, camera_id=f"{SCRIPT}{ESCAPES}", message=f"{SCRIPT}{ESCAPES}")

    plain = run("list").stdout + run("show", "t-0-1").output
    rows = run("list", "--json").stdout

    for text in (plain, rows):
        assert not set(text) & {"\x1b", "\x07", "\x9b", "\u202e"}
    assert "<script>" not in plain
    assert json.loads(rows)[0]["camera_id"] == f"{SCRIPT}{ESCAPES}", "a program gets what is stored"


def test_without_a_broker_a_letter_is_shown_and_saving_it_names_the_way_out(store: PredictionStore) -> None:
    keep(store, 1)

    shown = document("show", "t-0-1")

    assert (shown["message"], shown["original"], shown["replayed_as"]) == ("Expected a picture.", None, None)
    assert isinstance(refuse("show", "t-0-1", "--save", "x.jpg"), BrokerError)
    assert isinstance(refuse("replay", "--all"), BrokerError)


def test_a_dry_run_sends_nothing_and_needs_no_broker(store: PredictionStore) -> None:
    keep(store, 1)
    keep(store, 2)

    assert document("replay", "t-0-1", "--dry-run") == {"would_replay": ["t-0-1"]}
    assert len(document("replay", "--all", "--limit", "1", "--dry-run")["would_replay"]) == 1


def test_an_unknown_id_is_refused_before_anything_is_sent(store: PredictionStore) -> None:
    keep(store, 1)

    assert isinstance(refuse("replay", "t-0-1", "t-0-5"), StoreError)


def test_purging_asks_first_and_where_nobody_can_answer_wants_yes(store: PredictionStore) -> None:
    keep(store, 1)
    keep(store, 2, camera_id="gate")

    assert "--yes" in str(refuse("purge", "--camera", "gate"))
    assert len(find_letters(store, Choice())) == 2
    assert document("purge", "--camera", "gate", "--yes") == {"purged": 1, "deleted_messages": 0}
    assert [stored.position.offset for stored in find_letters(store, Choice())] == [1]


@pytest.mark.integration
def test_a_letter_is_shown_saved_replayed_and_purged_with_its_bytes(
    store: PredictionStore, kafka: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIGIA_KAFKA_BOOTSTRAP", kafka)
    original = Outgoing(FRAMES_TOPIC, SCRIPT.encode(), ESCAPES.encode() + b"\xff", ((SCRIPT, ESCAPES.encode()),))
    (letter,) = bury(kafka, store, [original])
    (hashed,) = bury(kafka, store, [original], max_value_bytes=1)
    letter_id = letter.position.frame_id

    plain = run("show", letter_id).output
    shown = document("show", letter_id, "--save", "saved")
    replayed = document("replay", letter_id, hashed.position.frame_id, "--wait", "0")
    again = document("show", letter_id)
    purged = document("purge", "--all", "--yes")

    assert "<script>" not in plain
    assert "\x1b" not in plain
    assert (tmp_path / "saved").read_bytes() == original.value
    assert shown["original"]["key"] == r"\x3cscript>alert(1)\x3c/script>"
    assert isinstance(shown["original"]["headers"][0][1], str)
    assert (replayed["replayed"], replayed["again_dead"], replayed["waiting"]) == (1, 0, [letter_id])
    assert [left["because"] for left in replayed["not_sent"]] == ["left_out"]
    assert again["replayed_as"].startswith(f"{FRAMES_TOPIC}-0-")
    assert purged["purged"] == 2
    assert purged["deleted_messages"] >= 2
    assert find_kept_letter(kafka, letter.position) is None
    assert find_letters(store, Choice()) == []
    bury(kafka, store, [original], on_topic=False)
    gone = find_letters(store, Choice())[0].position.frame_id
    assert isinstance(refuse("show", gone, "--save", "gone"), MessageError)
