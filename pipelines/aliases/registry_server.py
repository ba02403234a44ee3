"""A running MLflow asked by its REST interface, with the standard library's client."""

import http.client
import json
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from pipelines.aliases.lookup import RegisteredVersion
from pipelines.errors import RegistryError

TIMEOUT_SECONDS: Final = 5.0
NO_SUCH: Final = frozenset({"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"})
"""How MLflow says that there is no such model, version or alias."""
MOST_ROWS: Final = 1000


@dataclass(frozen=True, slots=True)
class RegistryServer:
    """Nothing is asked until a method is called; no answer within seconds is a RegistryError, there is no retry."""

    url: str

    def holder(self, classifier: str, alias: str) -> RegisteredVersion | None:
        answer = self._ask("registered-models/alias", name=classifier, alias=alias)
        return self._locate(classifier, answer)

    def version(self, classifier: str, version: int) -> RegisteredVersion | None:
        answer = self._ask("model-versions/get", name=classifier, version=str(version))
        return self._locate(classifier, answer)

    def versions(self, classifier: str) -> tuple[int, ...]:
        answer = self._ask("model-versions/search", filter=f"name = '{classifier}'", max_results=str(MOST_ROWS)) or {}
        return tuple(sorted(int(row["version"]) for row in answer.get("model_versions", ())))

    def classifiers(self) -> tuple[str, ...]:
        answer = self._ask("registered-models/search", max_results=str(MOST_ROWS)) or {}
        return tuple(sorted(str(row["name"]) for row in answer.get("registered_models", ())))

    def _locate(self, classifier: str, answer: dict[str, Any] | None) -> RegisteredVersion | None:
        if answer is None:
            return None
        row = answer["model_version"]
        place = self._ask("model-versions/get-download-uri", name=classifier, version=str(row["version"])) or {}
        tags = {tag["key"]: tag.get("value", "") for tag in row.get("tags", ())}
        location = place.get("artifact_uri") or row.get("source", "")
        return RegisteredVersion(classifier, int(row["version"]), tags.get("vigia.sha256", ""), location)

    def _ask(self, method: str, **query: str) -> dict[str, Any] | None:
        """The answer's document; None when there is no such thing."""
        parts = urlsplit(self.url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        path = f"{parts.path.rstrip('/')}/api/2.0/mlflow/{method}?{urlencode(query)}"
        try:
            connection = kind(parts.hostname or "", parts.port, timeout=TIMEOUT_SECONDS)
            try:
                connection.request("GET", path, headers={"Accept": "application/json"})
                answer = connection.getresponse()
                document = json.loads(answer.read())
            finally:
                connection.close()
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise self._away(str(error) or type(error).__name__) from error
        if answer.status == http.client.OK and isinstance(document, dict):
            return document
        if isinstance(document, dict) and document.get("error_code") in NO_SUCH:
            return None
        raise self._away(f"status {answer.status}: {str(document)[:200]}")

    def _away(self, why: str) -> RegistryError:
        return RegistryError(
            f"Expected MLflow at {self.url}. {why}. Start it with `vigia up`, or correct MLFLOW_TRACKING_URI."
        )
