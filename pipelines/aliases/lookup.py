"""What a look-up answers, whichever way it asks."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class RegisteredVersion:
    """A model version as the registry tells it."""

    classifier: str
    version: int
    sha256: str
    """Of the artefact's files, by tag `vigia.sha256`; empty when the version has none."""
    location: str
    """Address of the artefact's folder: a path, `file:`, or what only MLflow's client can fetch."""


class Lookup(Protocol):
    """A way to ask the registry. Every method raises RegistryError when it does not answer."""

    def holder(self, classifier: str, alias: str) -> RegisteredVersion | None:
        """The version that holds the alias; None when none does."""
        ...

    def version(self, classifier: str, version: int) -> RegisteredVersion | None: ...

    def versions(self, classifier: str) -> tuple[int, ...]:
        """Numbers in their order; empty when the classifier is not registered."""
        ...

    def classifiers(self) -> tuple[str, ...]: ...
