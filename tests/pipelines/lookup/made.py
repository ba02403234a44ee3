"""A version as a look-up tells it."""

from datetime import UTC, datetime

from pipelines.lookup.facts import RegisteredVersion


def registered_version(
    classifier: str, version: int, sha256: str = "f" * 64, location: str = "/artefacts"
) -> RegisteredVersion:
    """With nothing but its digest for a tag."""
    moment = datetime(2025, 6, 1, 12, 0, tzinfo=UTC)
    return RegisteredVersion(classifier, version, "r1", {"vigia.sha256": sha256}, ("candidate",), moment, location)
