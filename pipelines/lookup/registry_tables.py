"""MLflow's tables read directly, and only read: what the registry is while no server runs.

The tables and columns named here are MLflow's; a test compares each answer with MLflow's own client.
"""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from pipelines.errors import RegistryError
from pipelines.lookup.facts import RegisteredVersion, RunFacts, read_moment, without_password

SQLITE: Final = "sqlite:///"
TIMEOUT_SECONDS: Final = 5
"""While a training writes."""

_VERSION: Final = """
select run_id, creation_time, coalesce(storage_location, source) from model_versions
where workspace = 'default' and name = ? and version = ? and current_stage != 'Deleted_Internal'
"""
_TAGS: Final = "select key, value from model_version_tags where workspace = 'default' and name = ? and version = ?"
_ALIASES: Final = "select alias from registered_model_aliases where workspace = 'default' and name = ? and version = ?"
_HOLDER: Final = "select version from registered_model_aliases where workspace = 'default' and name = ? and alias = ?"
_VERSIONS: Final = """
select version from model_versions
where workspace = 'default' and name = ? and current_stage != 'Deleted_Internal' order by version
"""
_CLASSIFIERS: Final = "select name from registered_models where workspace = 'default' order by name"
_RUN: Final = """
select name, experiment_id, status, start_time, end_time from runs where run_uuid = ? and lifecycle_stage = 'active'
"""
_PARAMS: Final = "select key, value from params where run_uuid = ?"
_METRICS: Final = "select key, value from latest_metrics where run_uuid = ?"
_RUN_TAGS: Final = "select key, value from tags where run_uuid = ?"

Rows = Sequence[Sequence[Any]]


@dataclass(frozen=True, slots=True)
class RegistryTables:
    """Of SQLite or PostgreSQL, opened anew for each question.

    A file that is not there yet is a registry without versions.
    """

    uri: str

    def holder(self, classifier: str, alias: str) -> RegisteredVersion | None:
        rows = self._ask(_HOLDER, classifier, alias)
        return self.version(classifier, int(rows[0][0])) if rows else None

    def version(self, classifier: str, version: int) -> RegisteredVersion | None:
        rows = self._ask(_VERSION, classifier, version)
        if not rows:
            return None
        run_id, created, location = rows[0]
        return RegisteredVersion(
            classifier=classifier,
            version=version,
            run_id=run_id or "",
            tags=_pairs(self._ask(_TAGS, classifier, version)),
            aliases=tuple(sorted(str(row[0]) for row in self._ask(_ALIASES, classifier, version))),
            created_at=read_moment(created) or datetime.fromtimestamp(0, UTC),
            location=str(location),
        )

    def versions(self, classifier: str) -> tuple[int, ...]:
        return tuple(int(row[0]) for row in self._ask(_VERSIONS, classifier))

    def classifiers(self) -> tuple[str, ...]:
        return tuple(str(row[0]) for row in self._ask(_CLASSIFIERS))

    def run(self, run_id: str) -> RunFacts | None:
        rows = self._ask(_RUN, run_id)
        if not rows:
            return None
        name, experiment, status, started, ended = rows[0]
        return RunFacts(
            run_id=run_id,
            name=name or "",
            experiment_id=str(experiment),
            status=status,
            started_at=read_moment(started),
            ended_at=read_moment(ended),
            params=_pairs(self._ask(_PARAMS, run_id)),
            metrics={str(key): float(value) for key, value in self._ask(_METRICS, run_id)},
            tags=_pairs(self._ask(_RUN_TAGS, run_id)),
        )

    def _ask(self, question: str, *values: str | int) -> Rows:
        if self.uri.startswith(SQLITE):
            return self._ask_file(Path(self.uri.removeprefix(SQLITE).partition("?")[0]).absolute(), question, values)
        return self._ask_postgresql(question, values)

    def _ask_file(self, file: Path, question: str, values: Sequence[str | int]) -> Rows:
        if not file.is_file():
            return ()
        try:
            with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=TIMEOUT_SECONDS)) as opened:
                return opened.execute(question, values).fetchall()
        except sqlite3.Error as error:
            raise self._explain(error) from error

    def _ask_postgresql(self, question: str, values: Sequence[str | int]) -> Rows:
        import psycopg

        address = f"postgresql://{self.uri.partition('://')[2]}"  # SQLAlchemy names a driver before the `://`
        try:
            with psycopg.connect(address, connect_timeout=TIMEOUT_SECONDS) as connection:
                connection.read_only = True
                return connection.execute(question.replace("?", "%s").encode(), values).fetchall()
        except psycopg.Error as error:
            raise self._explain(error) from error

    def _explain(self, error: Exception) -> RegistryError:
        words = " ".join(str(error).split())[:200].rstrip(".")
        return RegistryError(
            f"Expected MLflow's tables at {without_password(self.uri)}. {words}. If another MLflow made them, "
            "start that one and name it in MLFLOW_TRACKING_URI."
        )


def _pairs(rows: Rows) -> dict[str, str]:
    return {str(key): str(value) for key, value in rows}
