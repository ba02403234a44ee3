"""What is in memory of a classifier, and whether another version is to be loaded."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pipelines.inference import Classifier
from pipelines.lookup.facts import RegisteredVersion


@dataclass(frozen=True, slots=True)
class Refusal:
    """A version that could not be loaded, and when to try it again."""

    version: int
    failures: int
    retry_at: float
    """Monotonic seconds."""
    words: str = ""
    """Why."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A version in memory."""

    version: RegisteredVersion
    classifier: Classifier
    since: float
    """Monotonic seconds when it began to serve; of a spare, when it ended."""
    from_copy: bool = False
    """It was served last and the registry did not answer: nobody said that it still is production."""


@dataclass(frozen=True, slots=True)
class Versions:
    """What is in memory of one classifier: never more than the one that serves and one more."""

    served: Loaded | None = None
    spare: Loaded | None = None
    refusal: Refusal | None = None


def should_load(holder: RegisteredVersion, versions: Versions, now: float) -> bool:
    """Whether the version that holds the alias is to be loaded now."""
    if versions.served and versions.served.version.version == holder.version:
        return False
    refusal = versions.refusal
    return refusal is None or refusal.version != holder.version or now >= refusal.retry_at


def forget_refusal(versions: Versions, holder: RegisteredVersion | None) -> Versions:
    """Without the refusal of a version that does not hold the alias any more."""
    refusal = versions.refusal
    stale = refusal is not None and (holder is None or holder.version != refusal.version)
    return replace(versions, refusal=None) if stale else versions


def describe_versions(versions: Versions, now: float, *, orphan: bool = False) -> Mapping[str, Any]:
    """For the heartbeat: what serves, and what is wrong with the version that should.

    `orphan`: the registry has no production version any more.
    """
    served, refusal = versions.served, versions.refusal
    return {
        "version": served.version.version if served else None,
        "precision": served.classifier.precision if served else None,
        "seconds": round(now - served.since) if served else None,
        "from_copy": bool(served and served.from_copy),
        "orphan": orphan,
        "refused": refusal
        and {
            "version": refusal.version,
            "reason": refusal.words,
            "tries": refusal.failures,
            "next_try_seconds": max(0, round(refusal.retry_at - now)),
        },
    }
