from pathlib import Path

import pytest

from pipelines.errors import StackError, WorkspaceError
from stream.bench.home import check_room, open_home


def test_one_bench_runs_at_a_time_and_removes_what_a_killed_one_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIGIA_HOME", str(tmp_path))
    left = tmp_path / "bench" / "run-abc" / "kafka"
    left.mkdir(parents=True)

    with open_home() as home:
        assert home == tmp_path / "bench"
        assert not left.exists()
        with pytest.raises(StackError, match="Expected no other bench"), open_home():
            pass

    with open_home():
        pass


def test_a_full_disk_is_found_before_kafka_fills_it(tmp_path: Path) -> None:
    check_room(tmp_path, 1)

    with pytest.raises(WorkspaceError, match="Make room"):
        check_room(tmp_path, 10**18)
