"""From a classifier's name to the version that shall answer."""

import os
from pathlib import Path
from typing import Final

from pipelines.aliases.lookup import Lookup, RegisteredVersion
from pipelines.aliases.registry_file import RegistryFile
from pipelines.aliases.registry_server import RegistryServer
from pipelines.errors import RegistryError
from pipelines.settings import Settings

PRODUCTION: Final = "production"
CLIENT_ONLY: Final = (
    "MLFLOW_TRACKING_USERNAME",
    "MLFLOW_TRACKING_TOKEN",
    "MLFLOW_TRACKING_AUTH",
    "MLFLOW_TRACKING_INSECURE_TLS",
    "MLFLOW_TRACKING_SERVER_CERT_PATH",
    "MLFLOW_TRACKING_CLIENT_CERT_PATH",
)
"""With one of these in the environment a server wants more than a plain question."""


def open_lookup(settings: Settings) -> Lookup | None:
    """The quick way to the configured registry; None where only MLflow's own client knows the way."""
    uri = settings.resolve_tracking_uri()
    if uri.startswith(("http://", "https://")) and not any(os.environ.get(name) for name in CLIENT_ONLY):
        return RegistryServer(uri)
    if uri.startswith("sqlite:///"):
        return RegistryFile(Path(uri.removeprefix("sqlite:///")).absolute())
    return None


def find_version(lookup: Lookup, classifier: str, wanted: int | None) -> RegisteredVersion:
    """`wanted`, else the production version. Raises RegistryError naming what there is instead."""
    found = lookup.holder(classifier, PRODUCTION) if wanted is None else lookup.version(classifier, wanted)
    if found is not None:
        return found
    versions = lookup.versions(classifier)
    if not versions:
        others = ", ".join(lookup.classifiers())
        raise RegistryError(
            f"Expected a registered classifier, received {classifier!r}; there are: {others}. Correct the name."
            if others
            else f"Expected a registered classifier, none is registered here. Run `vigia train {classifier}`, "
            "or work in the folder of your clone."
        )
    known = ", ".join(map(str, versions))
    if wanted is not None:
        raise RegistryError(
            f"Expected a version of {classifier} (registered: {known}), received {wanted}. Name one of these."
        )
    raise RegistryError(
        f"Expected a production version of {classifier}, none of its versions ({known}) is. "
        f"Run `vigia promote {classifier} {versions[-1]}`, or name one with --model."
    )
