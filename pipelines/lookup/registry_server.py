"""A running MLflow asked by its REST interface, with the standard library's client."""

import base64
import http.client
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from pipelines.errors import RegistryError
from pipelines.lookup.facts import RegisteredVersion, RunFacts, read_moment, without_password

TIMEOUT_SECONDS: Final = 5.0
NO_SUCH: Final = frozenset({"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"})
"""How MLflow says that there is no such model, version, alias or run."""
MOST_ROWS: Final = 1000
"""Of one answer."""

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class RegistryServer:
    """Nothing is asked until a method is called; no answer within seconds is a RegistryError, there is no retry.

    User, password and token are those of MLflow's own variables.
    """

    url: str

    def holder(self, classifier: str, alias: str) -> RegisteredVersion | None:
        return self._locate(classifier, self._ask("registered-models/alias", name=classifier, alias=alias))

    def version(self, classifier: str, version: int) -> RegisteredVersion | None:
        return self._locate(classifier, self._ask("model-versions/get", name=classifier, version=str(version)))

    def versions(self, classifier: str) -> tuple[int, ...]:
        rows = self._search("model_versions", filter=f"name = '{classifier}'")
        return tuple(sorted(int(row["version"]) for row in rows))

    def classifiers(self) -> tuple[str, ...]:
        return tuple(sorted(self.aliases()))

    def aliases(self) -> dict[str, dict[str, int]]:
        """Of every classifier, those that have none included: alias to version."""
        return {
            str(row["name"]): {str(held["alias"]): int(held["version"]) for held in row.get("aliases", ())}
            for row in self._search("registered_models")
        }

    def greet(self) -> None:
        """Costs the server a tenth of any other question."""
        status, _ = self._get("/health")
        if status != http.client.OK:
            raise self._away(f"status {status}")

    def run(self, run_id: str) -> RunFacts | None:
        answer = self._ask("runs/get", run_id=run_id)
        if answer is None or answer["run"]["info"].get("lifecycle_stage") == "deleted":
            return None
        info, data = answer["run"]["info"], answer["run"].get("data", {})
        return RunFacts(
            run_id=run_id,
            name=info.get("run_name", ""),
            experiment_id=str(info["experiment_id"]),
            status=info["status"],
            started_at=read_moment(info.get("start_time")),
            ended_at=read_moment(info.get("end_time")),
            params=_pairs(data.get("params", ())),
            metrics={row["key"]: float(row["value"]) for row in data.get("metrics", ())},
            tags=_pairs(data.get("tags", ())),
        )

    def _locate(self, classifier: str, answer: Document | None) -> RegisteredVersion | None:
        if answer is None:
            return None
        row = answer["model_version"]
        place = self._ask("model-versions/get-download-uri", name=classifier, version=str(row["version"])) or {}
        return RegisteredVersion(
            classifier=classifier,
            version=int(row["version"]),
            run_id=row.get("run_id", ""),
            tags=_pairs(row.get("tags", ())),
            aliases=tuple(sorted(row.get("aliases", ()))),
            created_at=read_moment(row.get("creation_timestamp")) or datetime.fromtimestamp(0, UTC),
            location=place.get("artifact_uri") or row.get("source", ""),
        )

    def _search(self, kind: str, **query: str) -> Iterator[Document]:
        """All rows: a server that others use as well has more than one answer holds."""
        token: str | None = ""
        while token is not None:
            page = {"page_token": token} if token else {}
            found = self._ask(f"{kind.replace('_', '-')}/search", max_results=str(MOST_ROWS), **query, **page) or {}
            yield from found.get(kind, ())
            token = found.get("next_page_token") or None

    def _ask(self, method: str, **query: str) -> Document | None:
        """The answer's document; None when there is no such thing."""
        status, said = self._get(f"/api/2.0/mlflow/{method}?{urlencode(query)}")
        try:
            document = json.loads(said)
        except ValueError as error:
            raise self._away(str(error)) from error
        if status == http.client.OK and isinstance(document, dict):
            return document
        if isinstance(document, dict) and document.get("error_code") in NO_SUCH:
            return None
        raise self._away(f"status {status}: {str(document)[:200]}")

    def _get(self, path: str) -> tuple[int, bytes]:
        """Status and body."""
        parts = urlsplit(self.url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        try:
            connection = kind(parts.hostname or "", parts.port, timeout=TIMEOUT_SECONDS)
            try:
                headers = {"Accept": "application/json", **_read_credentials()}
                connection.request("GET", f"{parts.path.rstrip('/')}{path}", headers=headers)
                answer = connection.getresponse()
                return answer.status, answer.read()
            finally:
                connection.close()
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise self._away(str(error) or type(error).__name__) from error

    def _away(self, why: str) -> RegistryError:
        return RegistryError(
            f"Expected MLflow at {without_password(self.url)}. {why}. Start it with `vigia up`, or correct "
            "MLFLOW_TRACKING_URI."
        )


def _read_credentials() -> dict[str, str]:
    token, user = os.environ.get("MLFLOW_TRACKING_TOKEN"), os.environ.get("MLFLOW_TRACKING_USERNAME")
    if user:
        both = f"{user}:{os.environ.get('MLFLOW_TRACKING_PASSWORD', '')}"
        return {"Authorization": f"Basic {base64.b64encode(both.encode()).decode('ascii')}"}
    return {"Authorization": f"Bearer {token}"} if token else {}


def _pairs(rows: Sequence[dict[str, str]]) -> dict[str, str]:
    return {row["key"]: row.get("value", "") for row in rows}
