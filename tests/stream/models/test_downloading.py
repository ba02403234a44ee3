"""Against a real MLflow server, in the walls of a child."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.artefact import digest_artefact
from pipelines.errors import RegistryError
from pipelines.lookup.facts import RegisteredVersion
from pipelines.registry import open_registry
from pipelines.settings import Settings
from pipelines.tracking import ensure_experiment, log_model, open_client
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
        with pytest.raises(RegistryError, match=r"^Expected a version of cars \(registered: 1\), received 2\.$"):
            build_download(settings)(absent, tmp_path / "other")
    finally:
        server.kill()
