"""From a classifier's name to the version that shall answer, and to the run behind it."""

import os
from typing import Final

from pipelines.errors import RegistryError
from pipelines.lookup.facts import Lookup, RegisteredVersion, RunFacts
from pipelines.lookup.registry_server import RegistryServer
from pipelines.lookup.registry_tables import RegistryTables
from pipelines.settings import Settings

PRODUCTION: Final = "production"
CLIENT_ONLY: Final = (
    "MLFLOW_TRACKING_AUTH",
    "MLFLOW_TRACKING_INSECURE_TLS",
    "MLFLOW_TRACKING_SERVER_CERT_PATH",
    "MLFLOW_TRACKING_CLIENT_CERT_PATH",
)
"""With one of these in the environment a server wants more than a user, a password or a token."""


def open_lookup(settings: Settings) -> Lookup | None:
    """The quick way to the configured registry; None where only MLflow's own client knows the way."""
    uri = settings.resolve_tracking_uri()
    if uri.startswith(("http://", "https://")) and not any(os.environ.get(name) for name in CLIENT_ONLY):
        return RegistryServer(uri)
    return RegistryTables(uri) if uri.startswith(("sqlite:///", "postgresql", "postgres:")) else None


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


def find_run(lookup: Lookup, run_id: str) -> RunFacts:
    """Raises RegistryError when it is gone."""
    found = lookup.run(run_id) if run_id else None
    if found is None:
        raise RegistryError(
            f"Expected the training run {run_id or '(none named)'} in the registry, found none: it was deleted, or the "
            "version came from elsewhere. Restore it in MLflow."
        )
    return found
