"""Read without MLflow what MLflow wrote."""

import json
import sqlite3
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import pytest

from pipelines.errors import RegistryError
from pipelines.lean_registry import RestRegistry, TableRegistry, open_lean_registry
from pipelines.settings import Settings


@pytest.mark.integration
def test_the_tables_say_what_mlflow_itself_says(settings: Settings, make_artefact: Any) -> None:
    from pipelines.registry import open_registry
    from pipelines.tracking import open_client
    from tests.pipelines.test_registry import register

    version = register(settings, make_artefact("lean"), "lean")
    theirs = open_registry(settings)
    theirs.point("lean", "production", version)
    theirs.tag("lean", version, "vigia.gate", "passed")

    lean = open_lean_registry(settings)
    ours = lean.version("lean", version)
    run = lean.run(ours.run_id)

    expected = theirs.version("lean", version)
    assert (ours.run_id, ours.aliases, dict(ours.tags)) == (expected.run_id, ("production",), dict(expected.tags))
    assert ours.created_at == expected.created_at
    assert dict(run.metrics) == theirs.metrics(expected)
    assert run.name == open_client(settings).get_run(ours.run_id).info.run_name
    with pytest.raises(RegistryError, match=r"registered: 1\), received 9"):
        lean.version("lean", 9)
    with pytest.raises(RegistryError, match="training run 0000"):
        lean.run("0000")


def test_a_registry_that_was_never_used_is_named_and_not_made(tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match="found none"):
        TableRegistry(f"sqlite:///{tmp_path}/mlflow.db").version("cars", 1)

    assert list(tmp_path.iterdir()) == []


def test_a_file_of_another_kind_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").write_text("no database")

    with pytest.raises(RegistryError, match="Expected the tables of MLflow"):
        TableRegistry(f"sqlite:///{tmp_path}/mlflow.db").version("cars", 1)


def test_a_folder_may_have_any_name(tmp_path: Path) -> None:
    file = tmp_path / "50% mine #1" / "mlflow.db"
    file.parent.mkdir()
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE model_versions (name, version, run_id, creation_time)")

    with pytest.raises(RegistryError, match="registered: none"):
        TableRegistry(f"sqlite:///{file}").version("cars", 1)


class Server(BaseHTTPRequestHandler):
    """Answers as MLflow's REST API does."""

    authorization: ClassVar[list[str | None]] = []

    def do_GET(self) -> None:
        self.authorization.append(self.headers.get("Authorization"))
        address = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(address.query).items()}
        answer = _answer(address.path.removeprefix("/api/2.0/mlflow/"), query)
        self.send_response(200 if answer else 404)
        self.end_headers()
        self.wfile.write(json.dumps(answer or {"error_code": "RESOURCE_DOES_NOT_EXIST"}).encode())

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


def _answer(method: str, query: dict[str, str]) -> dict[str, Any] | None:
    if method == "model-versions/get" and query == {"name": "cars", "version": "2"}:
        tags = [{"key": "vigia.git.dirty", "value": "false"}]
        return {"model_version": {"run_id": "r1", "creation_timestamp": 1_750_000_000_000, "tags": tags}}
    if method == "registered-models/get":
        aliases = [{"alias": "production", "version": "2"}, {"alias": "previous", "version": "1"}]
        return {"registered_model": {"aliases": aliases}}
    if method == "model-versions/search":
        return {"model_versions": [{"version": "2"}, {"version": "1"}]}
    if method == "runs/get" and query == {"run_id": "r1"}:
        info = {"run_name": "cars-1", "experiment_id": "7", "status": "FINISHED", "start_time": 1_750_000_000_000}
        data = {"params": [{"key": "train.seed", "value": "7"}], "metrics": [{"key": "accuracy", "value": 0.9}]}
        return {"run": {"info": info, "data": data}}
    return None


@pytest.fixture
def server() -> Iterator[str]:
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    thread = threading.Thread(target=httpd.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{httpd.server_port}"
    httpd.shutdown()
    thread.join()
    httpd.server_close()


def test_a_server_is_asked_over_its_rest_api(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "secret")
    registry = RestRegistry(server)

    version, run = registry.version("cars", 2), registry.run("r1")

    assert version.aliases == ("production",)
    assert version.tags == {"vigia.git.dirty": "false"}
    assert (run.name, run.params, run.metrics) == ("cars-1", {"train.seed": "7"}, {"accuracy": 0.9})
    assert run.ended_at is None
    assert set(Server.authorization) == {"Bearer secret"}
    with pytest.raises(RegistryError, match=r"registered: 1, 2\), received 5"):
        registry.version("cars", 5)
    with pytest.raises(RegistryError, match="training run r2"):
        registry.run("r2")


def test_a_server_that_is_away_says_how_to_start_one(server: str) -> None:
    address = server.rpartition(":")[0] + ":9"

    with pytest.raises(RegistryError, match="vigia up"):
        RestRegistry(address).version("cars", 1)
