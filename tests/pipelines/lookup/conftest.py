"""A registry made by MLflow's own client: three versions, the second in production, the third deleted."""

from pathlib import Path
from typing import Any

import pytest

from pipelines.artefact import digest_artefact
from pipelines.registry import open_registry
from pipelines.settings import Settings
from pipelines.tracking import ensure_experiment, log_model, open_client

NAME = "looked-up"


@pytest.fixture
def registered(settings: Settings, make_artefact: Any) -> tuple[Settings, Path]:
    """Its settings, and the artefact of the production version as it was before it was registered."""
    client, registry = open_client(settings), open_registry(settings)
    if not registry.versions(NAME):
        for content in ("one", "two", "three"):
            artefact = make_artefact(NAME, content)
            run_id = client.create_run(ensure_experiment(client, settings, NAME)).info.run_id
            digest = digest_artefact(artefact)
            registry.register(
                NAME, log_model(client, run_id, artefact, digest), run_id, {"vigia.sha256": digest, "x": "y"}
            )
        registry.point(NAME, "production", 2)
        client.delete_model_version(NAME, "3")
    return settings, make_artefact(NAME, "two")
