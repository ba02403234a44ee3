"""The registry asked in milliseconds where that can be, else by MLflow's own client."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from pipelines.errors import RegistryError
from pipelines.lookup.facts import Lookup, RegisteredVersion, RunFacts, read_moment
from pipelines.lookup.finding import open_lookup
from pipelines.settings import Settings

if TYPE_CHECKING:
    from pipelines.registry import Alias, Registry


def choose_lookup(settings: Settings) -> Lookup:
    """MLflow's client is imported only for a registry that is neither a plain server nor tables that we can read."""
    return open_lookup(settings) or ClientLookup(open_client_registry(settings))


def open_client_registry(settings: Settings) -> "Registry":
    """Like `open_registry`, for addresses that nobody has tried before. Raises RegistryError."""
    from pipelines.registry import open_registry

    try:
        return open_registry(settings)
    except RegistryError:
        raise
    except Exception as error:  # its client and the drivers below it raise errors of every kind
        raise RegistryError(
            f"Expected an MLflow at {settings.resolve_tracking_uri()}. {type(error).__name__}: {error}. "
            "Correct MLFLOW_TRACKING_URI."
        ) from error


@dataclass(frozen=True, slots=True)
class ClientLookup:
    """MLflow's own client, for a registry that is neither a plain server nor tables of a known kind."""

    registry: "Registry"

    def holder(self, classifier: str, alias: str) -> RegisteredVersion | None:
        number = self.registry.version_of_alias(classifier, cast("Alias", alias))
        return None if number is None else self.version(classifier, number)

    def version(self, classifier: str, version: int) -> RegisteredVersion | None:
        for row in self.registry.versions(classifier):
            if row.version == version:
                return RegisteredVersion(
                    classifier=classifier,
                    version=version,
                    run_id=row.run_id,
                    tags=row.tags,
                    aliases=tuple(sorted(row.aliases)),
                    created_at=row.created_at,
                    location="mlflow:",  # no address: its client finds the artefact by name and number
                )
        return None

    def versions(self, classifier: str) -> tuple[int, ...]:
        return tuple(sorted(row.version for row in self.registry.versions(classifier)))

    def classifiers(self) -> tuple[str, ...]:
        return self.registry.classifiers()

    def run(self, run_id: str) -> RunFacts | None:
        if not self.registry.has_run(run_id):
            return None
        run: Any = self.registry.run(run_id)
        return RunFacts(
            run_id=run_id,
            name=run.info.run_name or "",
            experiment_id=str(run.info.experiment_id),
            status=run.info.status,
            started_at=read_moment(run.info.start_time),
            ended_at=read_moment(run.info.end_time),
            params=run.data.params,
            metrics=run.data.metrics,
            tags=run.data.tags,
        )
