import json
import os
from datetime import UTC, datetime
from pathlib import Path

from pipelines.heartbeats import Heartbeat
from tests.waiting import wait_until


def test_a_heartbeat_says_when_and_what(tmp_path: Path) -> None:
    file = tmp_path / "workers" / "1.json"

    Heartbeat(file, lambda: {"state": "serving", "versions": {"cars": 3}}).beat()

    document = json.loads(file.read_text())
    assert (document["state"], document["versions"], document["pid"]) == ("serving", {"cars": 3}, os.getpid())
    assert abs((datetime.now(UTC) - datetime.fromisoformat(document["at"])).total_seconds()) < 120


def test_a_started_heartbeat_beats_by_itself(tmp_path: Path) -> None:
    file = tmp_path / "cameras.json"
    heartbeat = Heartbeat(file, lambda: {"state": "playing"})

    heartbeat.start()

    wait_until(file.exists, timeout_seconds=60, what="a beat")
    heartbeat.stop()


def test_a_disk_that_cannot_be_written_does_not_end_the_process(tmp_path: Path) -> None:
    (tmp_path / "workers").write_text("a file where the folder should be")

    Heartbeat(tmp_path / "workers" / "1.json", lambda: {"state": "serving"}).beat()
