"""Against a real MLflow server, in the walls of a child."""

import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pipelines.artefact import digest_artefact
from pipelines.errors import RegistryError
from pipelines.lookup.facts import RegisteredVersion
from pipelines.registry import open_registry
from pipelines.settings import Settings
from pipelines.tracking import ensure_experiment, log_model, open_client
from stream.models import downloading
from stream.models.downloading import build_download
from tests.stream.models.made_artefact import make_artefact
from tests.stream.models.mlflow_server import MlflowServer


@pytest.mark.integration
def test_an_artefact_of_another_machine_is_fetched_and_one_that_is_not_there_is_a_line(tmp_path: Path) -> None:
    server = MlflowServer(tmp_path)
    settings = Settings(home=tmp_path / "home", mlflow_tracking_uri=server.uri)
    artefact = make_artefact(tmp_path / "made")
    digest = digest_artefact(artefact)
    server.start()
    try:
        client = open_client(settings)
        run_id = client.create_run(ensure_experiment(client, settings, "cars")).info.run_id
        model_id = log_model(client, run_id, artefact, digest)
        number = open_registry(settings).register("cars", model_id, run_id, {"vigia.sha256": digest})
        version = RegisteredVersion("cars", number, run_id, {}, (), datetime.now(UTC), "mlflow-artifacts:/")

        assert digest_artefact(build_download(settings)(version, tmp_path / "into")) == digest
        absent = RegisteredVersion("cars", number + 1, run_id, {}, (), datetime.now(UTC), "mlflow-artifacts:/")
        with pytest.raises(
            RegistryError, match=r"^Expected a version of cars \(registered: 1\), received 2\. Name one of these\.$"
        ):
            build_download(settings)(absent, tmp_path / "other")
    finally:
        server.kill()


def test_one_that_never_comes_is_given_up_and_its_child_is_gone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    children: list[subprocess.Popen[str]] = []
    begin = subprocess.Popen

    def begin_waiting(command: list[str], **named: Any) -> Any:
        children.append(begin([sys.executable, "-c", "import threading; threading.Event().wait(60)"], **named))
        return children[-1]

    monkeypatch.setattr(downloading, "DEADLINE_SECONDS", 0.2)
    monkeypatch.setattr("stream.models.downloading.subprocess.Popen", begin_waiting)
    version = RegisteredVersion("cars", 1, "run", {}, (), datetime.now(UTC), "mlflow-artifacts:/")

    with pytest.raises(RegistryError, match=r"within 0\.2 s, it did not come"):
        build_download(Settings(home=tmp_path))(version, tmp_path)

    assert children[0].returncode == -signal.SIGKILL
