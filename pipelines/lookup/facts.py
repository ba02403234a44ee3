"""What a look-up answers, whichever way it asks."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class RegisteredVersion:
    """A model version as the registry tells it."""

    classifier: str
    version: int
    run_id: str
    tags: Mapping[str, str]
    aliases: tuple[str, ...]
    """Those it holds now, sorted."""
    created_at: datetime
    """Aware, UTC."""
    location: str
    """Address of the artefact's folder: a path, `file:`, or what only MLflow's client can fetch."""

    @property
    def sha256(self) -> str:
        """Of the artefact's files; empty when the version has no such tag."""
        return self.tags.get("vigia.sha256", "")

    @property
    def failed_live(self) -> str | None:
        """Why the guard rolled it back before; None when it never did."""
        return self.tags.get("vigia.guard")


@dataclass(frozen=True, slots=True)
class RunFacts:
    """A run; times are aware, UTC."""

    run_id: str
    name: str
    experiment_id: str
    status: str
    started_at: datetime | None
    ended_at: datetime | None
    params: Mapping[str, str]
    metrics: Mapping[str, float]
    """The last value of each."""
    tags: Mapping[str, str]


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

    def run(self, run_id: str) -> RunFacts | None:
        """None for one that is not there, or was deleted."""
        ...


def describe_version(version: RegisteredVersion) -> dict[str, Any]:
    """For a note in JSON."""
    return {**asdict(version), "created_at": version.created_at.isoformat()}


def parse_version(fields: Mapping[str, Any]) -> RegisteredVersion:
    """Of such a note. Raises KeyError, TypeError or ValueError for one that is none."""
    created_at = datetime.fromisoformat(fields["created_at"])
    return RegisteredVersion(**{**fields, "aliases": tuple(fields["aliases"]), "created_at": created_at})


def read_moment(milliseconds: Any) -> datetime | None:
    """As MLflow keeps times; None for none."""
    return datetime.fromtimestamp(int(milliseconds) / 1000, UTC) if milliseconds else None


def without_password(uri: str) -> str:
    """For a message."""
    scheme, separator, rest = uri.partition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2]}"
