import os
import subprocess
import tempfile
from collections import Counter
from dataclasses import asdict, replace
from datetime import timedelta
from pathlib import Path

import pytest

from pipelines.errors import BrokerError, SettingsError
from pipelines.settings import Settings
from stream.time_travel.answering import MissingFrame, Tally
from stream.time_travel.ray_engine import (
    PartAnswerer,
    check_cluster,
    read_answer,
    require_cluster,
    sweep_folders,
    tell_failure,
)
from stream.time_travel.replayer import Asked
from stream.time_travel.windows import Part, ReplayWindow
from tests.stream.embedded_kafka import find_free_ports
from tests.stream.fakes import NOON

ASKED = Asked(Settings(), ReplayWindow("cars", NOON, NOON + timedelta(hours=1)), 2)
SHARED = replace(ASKED, settings=Settings(database_url="postgresql://host/name", frames_url="s3://frames"))


def test_other_machines_need_a_store_that_they_reach(tmp_path: Path) -> None:
    folder = replace(SHARED, settings=SHARED.settings.model_copy(update={"frames_url": str(tmp_path)}))

    for asked, what in ((ASKED, "store on PostgreSQL"), (folder, "frame store on S3")):
        with pytest.raises(SettingsError, match=what):
            check_cluster(asked, "ray://head:10001")
    check_cluster(SHARED, "ray://head:10001")
    check_cluster(replace(folder, source="topic"), "head:6379")


def test_this_machine_alone_needs_nothing() -> None:
    for address in (None, "", "local"):
        check_cluster(ASKED, address)
        require_cluster(address)


def test_a_cluster_that_does_not_answer_is_said_at_once() -> None:
    (port,) = find_free_ports(1)
    for address in (f"127.0.0.1:{port}", f"ray://127.0.0.1:{port}"):
        with pytest.raises(SettingsError, match="nobody answers there"):
            require_cluster(address)


def test_what_an_actor_counted_comes_back_and_its_error_is_raised_here() -> None:
    counts = {"before": 1, "kept": 2, "topic": 3, "answered": 4, "missing": [["expired", "5"]]}
    frames = [["f1", "gate", NOON.isoformat(), "expired"]]
    row = {**counts, "missing_frames": frames, "error": "", "words": ""}

    assert read_answer(row) == Tally(1, 2, 3, 4, Counter(expired=5), [MissingFrame("f1", "gate", NOON, "expired")])
    with pytest.raises(BrokerError, match="Expected Kafka"):
        read_answer({**row, "error": "BrokerError", "words": "Expected Kafka."})


def test_an_actor_whose_version_is_gone_says_so_in_its_row(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, mlflow_tracking_uri=f"sqlite:///{tmp_path / 'none.db'}")

    row = PartAnswerer(replace(ASKED, settings=settings))(asdict(Part("t", 0, 0, 9, 10)))

    assert row["error"] == "RegistryError"


def test_folders_of_runs_that_were_killed_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with subprocess.Popen(["true"]) as ended:
        pass
    for name in (f"{ended.pid}-a", f"{os.getpid()}-b", "else"):
        (tmp_path / f"vigia-ray-{name}").mkdir()

    sweep_folders()

    assert sorted(folder.name for folder in tmp_path.iterdir()) == [f"vigia-ray-{os.getpid()}-b", "vigia-ray-else"]


def test_what_fails_in_ray_itself_is_one_line() -> None:
    assert "received ValueError: first. What" in str(tell_failure(ValueError("first\nsecond")))


def test_what_is_sent_to_other_processes_needs_no_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    pinned = replace(ASKED, settings=Settings(home=Path("here"))).pinned().settings

    assert pinned.home == tmp_path / "here"
    assert pinned.database_url == f"sqlite:///{tmp_path / 'here' / 'store' / 'vigia.db'}"
    assert pinned.mlflow_tracking_uri == f"sqlite:///{tmp_path / 'here' / 'mlflow' / 'mlflow.db'}"
