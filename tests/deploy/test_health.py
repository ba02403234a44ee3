import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.health import (
    START_SECONDS,
    Answer,
    Health,
    ask,
    describe,
    judge,
    load_healths,
    read_heartbeat,
    save_healths,
)
from deploy.plan import Service
from deploy.ports import find_free_ports
from deploy.records import Record

SERVICE = Service("mlflow", ("true",), "http://127.0.0.1:1/health", url="http://127.0.0.1:1")
STARTED_AT = 1000.0


@pytest.mark.parametrize(
    ("record", "alive", "ready", "age", "state"),
    [
        (None, False, False, 0, "starting"),
        (Record(1, STARTED_AT), True, True, 5, "running"),
        (Record(1, STARTED_AT), True, False, 5, "starting"),
        (Record(1, STARTED_AT), True, False, START_SECONDS + 1, "unhealthy"),
        (Record(1, STARTED_AT), False, False, 5, "restarting"),
        (Record(1, STARTED_AT, waiting_for="kafka"), True, False, 5, "waiting"),
        (Record(1, STARTED_AT, refusal="port 5000 is taken"), False, False, 5, "failed"),
    ],
)
def test_the_state_follows_from_record_process_and_answer(
    record: Record | None, alive: bool, ready: bool, age: float, state: str
) -> None:
    health = judge(SERVICE, record, alive=alive, answer=Answer(ready), now=STARTED_AT + age)

    assert health.state == state
    assert health.healthy == (state == "running")


def test_a_process_that_has_ended_has_no_pid_and_no_uptime() -> None:
    health = judge(SERVICE, Record(9, STARTED_AT, restarts=2), alive=False, answer=Answer(False), now=STARTED_AT + 3)

    assert (health.pid, health.uptime_seconds, health.restarts) == (None, None, 2)


def write_heartbeat(file: Path, document: object, written_at: float) -> Path:
    file.write_text(json.dumps(document), encoding="utf-8")
    os.utime(file, (written_at, written_at))
    return file


def test_a_fresh_heartbeat_is_ready_and_says_what_the_process_does(tmp_path: Path) -> None:
    file = write_heartbeat(tmp_path / "1.json", {"state": "waiting for a model"}, 2000.0)

    assert read_heartbeat(file, since=1990.0, now=2004.0) == Answer(True, "waiting for a model")


def test_a_heartbeat_tells_where_its_pages_are_how_fast_it_works_and_what_an_operator_should_know(
    tmp_path: Path,
) -> None:
    document = {
        "state": "serving",
        "url": "http://127.0.0.1:9",
        "fps": 9.8,
        "lag": 0,
        "latency_ms": {"p95": 41.0},
        "models": {"cars": {"version": 12}},
        "reasons": ["store: away since 12 s: database is locked"],
        "acknowledged": 5,
    }
    answer = read_heartbeat(write_heartbeat(tmp_path / "1.json", document, 2000.0), since=1990.0, now=2004.0)

    health = judge(replace(SERVICE, url=None), Record(1, STARTED_AT), alive=True, answer=answer, now=STARTED_AT + 5)

    assert health.healthy
    assert health.url == "http://127.0.0.1:9"
    assert health.detail == "serving; store: away since 12 s: database is locked"
    assert health.figures == {
        "models": {"cars": {"version": 12}},
        "fps": 9.8,
        "lag": 0,
        "latency_ms": {"p95": 41.0},
    }


@pytest.mark.parametrize(
    ("document", "written_at", "words"),
    [
        ({"state": "serving"}, 1980.0, "no heartbeat yet"),  # of the process before
        ({"state": "serving"}, 1992.0, "last heartbeat 12 s ago"),
        ({"state": "starting"}, 2003.0, "starting"),
        ({"state": "last polled 30 s ago", "ready": False}, 2003.0, "last polled 30 s ago"),
        ([], 2003.0, "no JSON object"),
    ],
)
def test_an_old_or_reluctant_heartbeat_is_not_ready(
    tmp_path: Path, document: object, written_at: float, words: str
) -> None:
    answer = read_heartbeat(write_heartbeat(tmp_path / "1.json", document, written_at), since=1990.0, now=2004.0)

    assert not answer.ready
    assert words in answer.detail


def test_a_missing_or_half_written_heartbeat_is_not_ready(tmp_path: Path) -> None:
    (tmp_path / "half.json").write_text('{"sta', encoding="utf-8")

    assert not read_heartbeat(tmp_path / "half.json", since=0, now=1).ready
    assert not read_heartbeat(tmp_path / "none.json", since=0, now=1).ready


@pytest.mark.parametrize("scheme", ["http", "kafka"])
def test_a_port_where_nobody_listens_is_not_ready(scheme: str) -> None:
    port = find_free_ports("127.0.0.1", 1)[0]

    assert not ask(f"{scheme}://127.0.0.1:{port}", timeout_seconds=1).ready


def test_the_document_is_healthy_only_when_every_service_is(tmp_path: Path) -> None:
    well = Health("running", 1, None, 5.0, 0, True, "")
    ill = Health("starting", 2, None, 5.0, 0, False, "")

    assert describe({"a": well})["healthy"] is True
    assert describe({"a": well, "b": ill})["healthy"] is False
    assert describe({})["healthy"] is False
    save_healths(tmp_path / "services.json", {"a": well, "b": ill})
    assert load_healths(tmp_path / "services.json") == {"a": well, "b": ill}
