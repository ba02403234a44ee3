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
from pipelines.aliases.artefact_cache import local_folder
from pipelines.aliases.registry_file import RegistryFile
from pipelines.aliases.registry_server import RegistryServer
from pipelines.errors import RegistryError
from pipelines.settings import Endpoints, Settings, is_listening
from tests.pipelines.aliases.conftest import NAME
from tests.waiting import wait_until


@contextmanager
def mlflow_server(settings: Settings) -> Iterator[str]:
    """The stack's own MLflow, on a free port."""
    port = find_free_ports("127.0.0.1", 1)[0]
    service = plan_mlflow(settings, Endpoints("127.0.0.1", 1, port, 2, 3))
    with subprocess.Popen(service.command, env={**os.environ, **service.environment}) as process:
        try:
            url = f"http://127.0.0.1:{port}"
            wait_until(lambda: is_listening(url), timeout_seconds=90, what="MLflow to listen")
            yield url
        finally:
            process.terminate()


@pytest.mark.integration
def test_a_server_says_what_its_database_file_says(registered: tuple[Settings, Path]) -> None:
    file = RegistryFile(registered[0].mlflow_database)
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

    with HTTPServer(("127.0.0.1", 0), Greeter) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            with pytest.raises(RegistryError, match="Expected MLflow at"):
                RegistryServer(f"http://127.0.0.1:{server.server_port}").holder("cars", "production")
        finally:
            server.shutdown()
