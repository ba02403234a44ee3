import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from deploy.ports import find_free_ports
from deploy.services import plan_mlflow
from pipelines.errors import RegistryError
from pipelines.lookup.artefact_cache import local_folder
from pipelines.lookup.registry_server import RegistryServer
from pipelines.lookup.registry_tables import RegistryTables
from pipelines.settings import Endpoints, Settings
from tests.pipelines.lookup.conftest import NAME
from tests.waiting import wait_until


@contextmanager
def mlflow_server(settings: Settings) -> Iterator[str]:
    """The stack's own MLflow, on a free port."""
    port = find_free_ports("127.0.0.1", 1)[0]
    service = plan_mlflow(settings, Endpoints("127.0.0.1", 1, port, 2, 3))
    with subprocess.Popen(service.command, env={**os.environ, **service.environment}) as process:
        try:
            url = f"http://127.0.0.1:{port}"
            wait_until(lambda: answers(url), timeout_seconds=240, what="MLflow to answer")
            yield url
        finally:
            process.terminate()


def answers(url: str) -> bool:
    """Whether its first answer came: that one opens the database, and on a slow machine takes longer than we wait."""
    try:
        RegistryServer(url).classifiers()
    except RegistryError:
        return False
    return True


@contextmanager
def answering(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """A server's address."""
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


@pytest.mark.integration
def test_a_server_says_what_its_database_file_says(registered: tuple[Settings, Path]) -> None:
    file = RegistryTables(registered[0].resolve_tracking_uri())
    expected = file.holder(NAME, "production")
    assert expected is not None

    with mlflow_server(registered[0]) as url:
        server = RegistryServer(url)
        found = server.holder(NAME, "production")

        assert found is not None
        # the file says `file:///...`, the server may say the same folder as a plain path
        assert local_folder(found.location) == local_folder(expected.location)
        assert replace(found, location=expected.location) == expected
        assert server.version(NAME, 2) == found
        assert server.versions(NAME) == file.versions(NAME) == (1, 2)
        assert server.classifiers() == file.classifiers()
        assert server.run(found.run_id) == file.run(found.run_id)
        assert server.run("0" * 32) is None
        assert server.holder(NAME, "challenger") is None
        assert server.holder("nobody", "production") is None
        assert server.version(NAME, 3) is None
        assert server.version(NAME, 99) is None
        assert server.versions("nobody") == ()


def test_a_server_that_is_away_is_said_at_once() -> None:
    port = find_free_ports("127.0.0.1", 1)[0]

    with pytest.raises(RegistryError, match=rf"Expected MLflow at http://127\.0\.0\.1:{port}.*vigia up"):
        RegistryServer(f"http://127.0.0.1:{port}").classifiers()


def test_another_kind_of_server_is_no_registry() -> None:
    class Greeter(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>hello</html>")

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with answering(Greeter) as url, pytest.raises(RegistryError, match="Expected MLflow at"):
        RegistryServer(url).holder("cars", "production")


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, None),
        ({"TOKEN": "secret"}, "Bearer secret"),
        ({"USERNAME": "ana", "PASSWORD": "secret", "TOKEN": "other"}, "Basic YW5hOnNlY3JldA=="),
    ],
)
def test_a_server_is_asked_with_the_credentials_of_mlflows_own_variables(
    variables: dict[str, str], expected: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[str | None] = []

    class Guarded(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.append(self.headers.get("Authorization"))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    for name in ("USERNAME", "PASSWORD", "TOKEN"):
        monkeypatch.delenv(f"MLFLOW_TRACKING_{name}", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(f"MLFLOW_TRACKING_{name}", value)

    with answering(Guarded) as url:
        assert RegistryServer(url).classifiers() == ()
    assert heard == [expected]
