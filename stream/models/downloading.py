"""Artefacts that lie on another machine, by MLflow's own client."""

import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from pipelines.client_lookup import open_client_registry
from pipelines.lookup.facts import RegisteredVersion
from pipelines.settings import Settings
from stream.models.copies import Download

IMPATIENCE: Final[Mapping[str, str]] = MappingProxyType(
    {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2", "MLFLOW_HTTP_REQUEST_TIMEOUT": "30"}
)
"""By itself MLflow's client waits four minutes for a server that is gone, and says nothing meanwhile. The watcher tries
again anyway, and says so. What is set in the environment wins."""


def build_download(settings: Settings) -> Download:
    """Nothing of MLflow is loaded before the first download."""

    def download(version: RegisteredVersion, into: Path) -> Path:
        for name, value in IMPATIENCE.items():
            os.environ.setdefault(name, value)
        return open_client_registry(settings).download(version.classifier, version.version, into)

    return download
