"""Reading the registry without MLflow, whose import alone takes longer than `vigia trace` may.

A server is asked over its REST API, a database file or server over its tables, read-only.
"""

import base64
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen

from pipelines.errors import RegistryError
from pipelines.settings import Settings

TIMEOUT_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class VersionFacts:
    """A model version as the registry has it."""

    classifier: str
    version: int
    run_id: str
    tags: Mapping[str, str]
    aliases: tuple[str, ...]
    """Those it holds now."""
    created_at: datetime


@dataclass(frozen=True, slots=True)
class RunFacts:
    """A training run; times are aware, UTC."""

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


class LeanRegistry(Protocol):
    """Both methods raise RegistryError when the registry is away or does not know what was asked."""

    def version(self, classifier: str, version: int) -> VersionFacts: ...

    def run(self, run_id: str) -> RunFacts: ...


def open_lean_registry(settings: Settings) -> LeanRegistry:
    """Nothing is asked yet."""
    uri = settings.resolve_tracking_uri()
    return RestRegistry(uri) if uri.startswith(("http://", "https://")) else TableRegistry(uri)


class RestRegistry:
    """A tracking server. User, password and token are those of MLflow's own variables."""

    def __init__(self, uri: str) -> None:
        self._uri = uri.rstrip("/")

    def version(self, classifier: str, version: int) -> VersionFacts:
        found = self._ask("model-versions/get", name=classifier, version=version)
        if found is None:
            raise _unknown_version(classifier, version, self._list_versions(classifier))
        row = found["model_version"]
        model = self._ask("registered-models/get", name=classifier) or {}
        aliases = model.get("registered_model", {}).get("aliases", [])
        return VersionFacts(
            classifier=classifier,
            version=version,
            run_id=row.get("run_id", ""),
            tags=_pairs(row.get("tags", [])),
            aliases=tuple(sorted(each["alias"] for each in aliases if int(each["version"]) == version)),
            created_at=_moment(row["creation_timestamp"]) or datetime.fromtimestamp(0, UTC),
        )

    def run(self, run_id: str) -> RunFacts:
        found = self._ask("runs/get", run_id=run_id)
        if found is None:
            raise _unknown_run(run_id)
        info, data = found["run"]["info"], found["run"].get("data", {})
        return RunFacts(
            run_id=run_id,
            name=info.get("run_name", ""),
            experiment_id=str(info["experiment_id"]),
            status=info["status"],
            started_at=_moment(info.get("start_time")),
            ended_at=_moment(info.get("end_time")),
            params=_pairs(data.get("params", [])),
            metrics={each["key"]: float(each["value"]) for each in data.get("metrics", [])},
            tags=_pairs(data.get("tags", [])),
        )

    def _list_versions(self, classifier: str) -> list[int]:
        found = self._ask("model-versions/search", filter=f"name='{classifier}'") or {}
        return sorted(int(each["version"]) for each in found.get("model_versions", []))

    def _ask(self, method: str, **query: Any) -> dict[str, Any] | None:
        """None for what the server does not know."""
        address = f"{self._uri}/api/2.0/mlflow/{method}?{urlencode(query)}"
        try:
            with urlopen(Request(address, headers=_credentials()), timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310  http(s) alone comes here
                document: dict[str, Any] = json.load(answer)
                return document
        except HTTPError as error:
            if error.code == 404:
                return None
            raise RegistryError(
                f"Expected an answer of the model registry at {self._uri}, received {error}."
            ) from error
        except (URLError, OSError, ValueError) as error:
            reason = getattr(error, "reason", error)
            raise RegistryError(
                f"Expected MLflow at {self._uri}, nothing useful answers there ({reason}). "
                "Start it with `vigia up`, or correct MLFLOW_TRACKING_URI."
            ) from error


class TableRegistry:
    """MLflow's own tables, where no server runs. Reading makes no file and takes no lock."""

    def __init__(self, uri: str) -> None:
        self._uri = uri

    def version(self, classifier: str, version: int) -> VersionFacts:
        key = {"name": classifier, "version": version}
        rows = self._read("SELECT run_id, creation_time FROM model_versions WHERE name=:name AND version=:version", key)
        if not rows:
            known = self._read("SELECT version FROM model_versions WHERE name=:name ORDER BY version", key)
            raise _unknown_version(classifier, version, [int(row[0]) for row in known])
        run_id, created = rows[0]
        tags = self._read("SELECT key, value FROM model_version_tags WHERE name=:name AND version=:version", key)
        aliases = self._read("SELECT alias FROM registered_model_aliases WHERE name=:name AND version=:version", key)
        return VersionFacts(
            classifier=classifier,
            version=version,
            run_id=run_id or "",
            tags={str(key): str(value) for key, value in tags},
            aliases=tuple(sorted(str(row[0]) for row in aliases)),
            created_at=_moment(created) or datetime.fromtimestamp(0, UTC),
        )

    def run(self, run_id: str) -> RunFacts:
        key = {"run": run_id}
        rows = self._read(
            "SELECT name, experiment_id, status, start_time, end_time FROM runs "
            "WHERE run_uuid=:run AND lifecycle_stage='active'",
            key,
        )
        if not rows:
            raise _unknown_run(run_id)
        name, experiment, status, started, ended = rows[0]
        metrics = self._read("SELECT key, value FROM latest_metrics WHERE run_uuid=:run", key)
        return RunFacts(
            run_id=run_id,
            name=name or "",
            experiment_id=str(experiment),
            status=status,
            started_at=_moment(started),
            ended_at=_moment(ended),
            params={str(k): str(v) for k, v in self._read("SELECT key, value FROM params WHERE run_uuid=:run", key)},
            metrics={str(k): float(v) for k, v in metrics},
            tags={str(k): str(v) for k, v in self._read("SELECT key, value FROM tags WHERE run_uuid=:run", key)},
        )

    def _read(self, query: str, parameters: Mapping[str, Any]) -> list[Any]:
        from sqlalchemy import create_engine, text
        from sqlalchemy.exc import SQLAlchemyError
        from sqlalchemy.pool import NullPool

        try:
            engine = create_engine(_read_only(self._uri), poolclass=NullPool)
            with engine.connect() as connection:
                return list(connection.execute(text(query), parameters).all())
        except (SQLAlchemyError, ImportError) as error:
            cause = " ".join(str(getattr(error, "orig", None) or error).split())[:200]
            raise RegistryError(
                f"Expected the tables of MLflow at {_without_password(self._uri)}. {cause}. "
                "Start it with `vigia up`, or correct MLFLOW_TRACKING_URI."
            ) from error


def _read_only(uri: str) -> str:
    """Raises RegistryError for a SQLite file that is not there."""
    if not uri.startswith("sqlite:///"):
        return uri
    file = Path(uri.removeprefix("sqlite:///").partition("?")[0])
    if not file.exists():
        raise RegistryError(
            f"Expected the model registry at {file}, found none. "
            "Train a model with `vigia train CLASSIFIER`, or correct MLFLOW_TRACKING_URI."
        )
    return f"sqlite:///file:{quote(str(file.absolute()))}?mode=ro&uri=true"


def _without_password(uri: str) -> str:
    scheme, separator, rest = uri.partition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2]}"


def _credentials() -> dict[str, str]:
    token, user = os.environ.get("MLFLOW_TRACKING_TOKEN"), os.environ.get("MLFLOW_TRACKING_USERNAME")
    if user:
        both = f"{user}:{os.environ.get('MLFLOW_TRACKING_PASSWORD', '')}"
        return {"Authorization": f"Basic {base64.b64encode(both.encode()).decode('ascii')}"}
    return {"Authorization": f"Bearer {token}"} if token else {}


def _pairs(rows: list[dict[str, str]]) -> dict[str, str]:
    return {each["key"]: each.get("value", "") for each in rows}


def _moment(milliseconds: Any) -> datetime | None:
    return datetime.fromtimestamp(int(milliseconds) / 1000, UTC) if milliseconds else None


def _unknown_version(classifier: str, version: int, known: list[int]) -> RegistryError:
    listed = ", ".join(str(each) for each in known) or "none"
    return RegistryError(
        f"Expected a version of {classifier} (registered: {listed}), received {version}. See `vigia models`."
    )


def _unknown_run(run_id: str) -> RegistryError:
    return RegistryError(
        f"Expected the training run {run_id or '(none named)'} in the registry, found none: it was deleted, or the "
        "version came from elsewhere. Restore it in MLflow."
    )
