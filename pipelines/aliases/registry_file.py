"""MLflow's database file read directly, and only read: what the registry is while no server runs.

The five tables and the columns named here are MLflow's; a test compares each answer with MLflow's own client.
"""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pipelines.aliases.lookup import RegisteredVersion
from pipelines.errors import RegistryError

TIMEOUT_SECONDS: Final = 5.0
"""While a training writes."""

_VERSION: Final = """
select v.version, coalesce(t.value, ''), coalesce(v.storage_location, v.source)
from model_versions v left join model_version_tags t
on t.workspace = v.workspace and t.name = v.name and t.version = v.version and t.key = 'vigia.sha256'
where v.workspace = 'default' and v.name = ? and v.version = ? and v.current_stage != 'Deleted_Internal'
"""
_HOLDER: Final = "select version from registered_model_aliases where workspace = 'default' and name = ? and alias = ?"
_VERSIONS: Final = """
select version from model_versions
where workspace = 'default' and name = ? and current_stage != 'Deleted_Internal' order by version
"""
_CLASSIFIERS: Final = "select name from registered_models where workspace = 'default' order by name"


@dataclass(frozen=True, slots=True)
class RegistryFile:
    """Opened anew for each question; a file that is not there yet is a registry without versions."""

    file: Path

    def holder(self, classifier: str, alias: str) -> RegisteredVersion | None:
        rows = self._ask(_HOLDER, classifier, alias)
        return self.version(classifier, int(rows[0][0])) if rows else None

    def version(self, classifier: str, version: int) -> RegisteredVersion | None:
        rows = self._ask(_VERSION, classifier, version)
        if not rows:
            return None
        number, sha256, location = rows[0]
        return RegisteredVersion(classifier, int(number), str(sha256), str(location))

    def versions(self, classifier: str) -> tuple[int, ...]:
        return tuple(int(row[0]) for row in self._ask(_VERSIONS, classifier))

    def classifiers(self) -> tuple[str, ...]:
        return tuple(str(row[0]) for row in self._ask(_CLASSIFIERS))

    def _ask(self, question: str, *values: str | int) -> Sequence[Sequence[Any]]:
        if not self.file.is_file():
            return ()
        try:
            with closing(sqlite3.connect(f"{self.file.as_uri()}?mode=ro", uri=True, timeout=TIMEOUT_SECONDS)) as opened:
                return opened.execute(question, values).fetchall()
        except sqlite3.Error as error:
            raise RegistryError(
                f"Expected MLflow's database at {self.file}. {error}. If another MLflow made it, start that one and "
                "name it in MLFLOW_TRACKING_URI."
            ) from error
