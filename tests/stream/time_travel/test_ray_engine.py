from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from pipelines.errors import SettingsError
from pipelines.settings import Settings
from stream.time_travel.ray_engine import check_cluster
from stream.time_travel.replayer import Asked
from stream.time_travel.windows import ReplayWindow
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


def test_what_is_sent_to_other_processes_needs_no_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    pinned = replace(ASKED, settings=Settings(home=Path("here"))).pinned().settings

    assert pinned.home == tmp_path / "here"
    assert pinned.database_url == f"sqlite:///{tmp_path / 'here' / 'store' / 'vigia.db'}"
    assert pinned.mlflow_tracking_uri == f"sqlite:///{tmp_path / 'here' / 'mlflow' / 'mlflow.db'}"
