from pathlib import Path

import httpx
import pytest

from deploy.alone import run_service
from deploy.processes import find_processes
from pipelines.errors import StackError
from pipelines.settings import Settings


def test_only_prefect_runs_alone(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="received 'kafka'"), run_service(Settings(home=tmp_path), "kafka"):
        pass


@pytest.mark.integration
def test_prefect_runs_alone_and_ends_with_the_block(tmp_path: Path) -> None:
    with run_service(Settings(home=tmp_path), "prefect") as url:
        assert httpx.get(f"{url}/health", timeout=20).json() is True
        assert list(find_processes(tmp_path)) == []  # no part of the stack: `vigia down` lets it be

    assert (tmp_path / "prefect" / "prefect.db").exists()
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/health", timeout=5)
