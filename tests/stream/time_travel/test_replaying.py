"""A replay on a real topic: from kept frames and from Kafka, stopped, killed, continued, on both engines."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from stream.messages import Position
from stream.tables import predictions, window_replays
from stream.time_travel.replayer import Asked
from stream.time_travel.replaying import replay_window
from tests.place import ROOT
from tests.stream.time_travel.past import Past, make_past, make_versions
from tests.waiting import wait_until

pytestmark = pytest.mark.integration

WINDOW = ("--from", "2025-06-01T12:00", "--to", "2025-06-01T13:00")
SECONDS = 300
"""A replay is the last to be given a processor."""
LONG_FRAMES = 3000
SAID = ("label", "confidence", "top", "decision", "model_version")


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> str:
    return make_versions(tmp_path_factory.mktemp("registry"))


@pytest.fixture
def past(tmp_path: Path, kafka: str, registry: str) -> Past:
    return make_past(tmp_path, kafka, frames=60, registry=registry)


def rows(past: Past, role: str) -> dict[Position, tuple[Any, ...]]:
    """What one role says, by place, without who and when."""
    table = predictions.c
    chosen = select(table.topic, table.partition, table.offset, *(table[name] for name in SAID))
    found = past.store.read(chosen.where(table.role == role))
    return {Position(*row[:3]): tuple(map(str, row[3:])) for row in found}


def count(past: Past, role: str) -> int:
    return int(past.store.read(select(func.count()).where(predictions.c.role == role))[0][0])


def start(past: Past, *words: str) -> "subprocess.Popen[str]":
    """The command itself, as it is typed."""
    settings = past.settings
    places: Mapping[str, str] = {
        "VIGIA_HOME": str(settings.state),
        "VIGIA_KAFKA_BOOTSTRAP": settings.kafka_bootstrap or "",
        "MLFLOW_TRACKING_URI": settings.mlflow_tracking_uri or "",
        "VIGIA_DATABASE_URL": settings.resolve_database_url(),
    }
    command = [sys.executable, "-m", "vigia", "replay-window", "--classifier", "cars", "--model", "2", *WINDOW, *words]
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, **places},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # whoever runs the tests in the background has it ignored
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def finish(replay: "subprocess.Popen[str]") -> dict[str, Any]:
    """The document of a command that must succeed."""
    stdout, stderr = replay.communicate(timeout=SECONDS)
    assert replay.returncode == 0, stderr
    return dict(json.loads(stdout))


@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="the extra `ray` is not installed")
def test_a_window_comes_from_kept_frames_and_topic_and_both_engines_say_the_same(past: Past) -> None:
    past.keep(range(0, 60, 3))
    live = rows(past, "production")

    here = replay_window(Asked(past.settings, past.window, 2, idle=False), "local", print)
    said_here = rows(past, "replay-2")
    on_ray = finish(start(past, "--engine", "ray", "--anew", "--json"))

    tally, comparison = here.tally, here.comparison
    assert (tally.kept, tally.topic, tally.answered) == (20, 40, 60)
    assert (comparison.compared, comparison.changed) == (60, 8)
    assert on_ray["source"] == {"kept": 20, "topic": 40, "gone": 0, "before": 0}
    assert (on_ray["answered"], on_ray["compared"], on_ray["changed"]) == (60, 60, 8)
    assert rows(past, "replay-2") == said_here
    assert rows(past, "production") == live
    assert len(said_here) == 60


def test_a_replay_that_is_stopped_or_killed_goes_on_where_it_was(tmp_path: Path, kafka: str, registry: str) -> None:
    past = make_past(tmp_path, kafka, frames=LONG_FRAMES, registry=registry)

    with start(past) as stopped:
        wait_for_more(past, 0, stopped)
        stopped.send_signal(signal.SIGINT)
        _, words = stopped.communicate(timeout=SECONDS)
    first = count(past, "replay-2")
    with start(past) as killed:
        wait_for_more(past, first, killed)
        killed.kill()
    second = count(past, "replay-2")
    document = finish(start(past, "--json"))

    assert stopped.returncode == 130
    assert f"stopped after {first:,} of {LONG_FRAMES:,} frames" in words
    assert "go on with: vigia replay-window --classifier cars --model 2 --from 2025-06-01T12:00:00+00:00" in words
    assert 0 < first < second < LONG_FRAMES
    assert (document["source"]["before"], document["answered"]) == (second, LONG_FRAMES - second)
    assert document["resumed"]
    assert count(past, "replay-2") == LONG_FRAMES
    assert [row.state for row in past.store.read(select(window_replays.c.state))] == ["done"]


def wait_for_more(past: Past, before: int, replay: "subprocess.Popen[str]") -> None:
    def more() -> bool:
        assert replay.poll() is None, "it ended before it could be disturbed"
        return count(past, "replay-2") > before

    wait_until(more, timeout_seconds=SECONDS, what="rows of a replay")
