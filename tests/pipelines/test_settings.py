import socket
from pathlib import Path

import pytest

from pipelines.errors import SettingsError, WorkspaceError
from pipelines.settings import Endpoints, find_workspace, is_listening, load_settings


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in (
        "MLFLOW_TRACKING_URI",
        "PREFECT_API_URL",
        "VIGIA_KAFKA_BOOTSTRAP",
        "VIGIA_DATABASE_URL",
        "VIGIA_PORTS",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VIGIA_HOME", str(tmp_path / "home"))


def test_without_a_stack_mlflow_is_the_database_file_and_prefect_is_nowhere(tmp_path: Path) -> None:
    settings = load_settings()

    assert settings.resolve_tracking_uri() == f"sqlite:///{tmp_path}/home/mlflow/mlflow.db"
    assert settings.resolve_prefect_api_url() is None
    assert settings.resolve_kafka_bootstrap() is None


def test_a_running_stack_is_found_by_its_endpoints() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        Endpoints("127.0.0.1", port, port, port, port).save(load_settings().endpoints_file)

        settings = load_settings()

        assert settings.resolve_tracking_uri() == f"http://127.0.0.1:{port}"
        assert settings.resolve_prefect_api_url() == f"http://127.0.0.1:{port}/api"
        assert settings.resolve_kafka_bootstrap() == f"127.0.0.1:{port}"


def test_endpoints_that_a_killed_stack_left_behind_are_not_believed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    Endpoints("127.0.0.1", port, port, port, port).save(load_settings().endpoints_file)

    assert load_settings().resolve_tracking_uri().startswith("sqlite:///")


def test_a_configured_address_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")

    assert load_settings().resolve_tracking_uri() == "http://127.0.0.1:1"


def test_a_wrong_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIGIA_PORTS", "some")

    with pytest.raises(SettingsError, match="VIGIA_PORTS"):
        load_settings()


def test_settings_may_come_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VIGIA_HOME")
    (tmp_path / ".env").write_text("VIGIA_HOME=elsewhere\nSOMETHING_ELSE=1\n", encoding="utf-8")

    assert load_settings().state == tmp_path / "elsewhere"


def test_a_folder_without_params_is_no_workspace() -> None:
    with pytest.raises(WorkspaceError, match=r"params\.yaml"):
        find_workspace()


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "nonsense", "http://[::1", "http://127.0.0.1:port"])
def test_an_address_where_nothing_listens_or_that_is_none_is_not_listening(url: str) -> None:
    assert not is_listening(url)
