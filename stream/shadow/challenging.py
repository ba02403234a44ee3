"""Who challenges production: the alias in the registry, and the file that tells the stack to run a shadow."""

from pathlib import Path

from pipelines.errors import RegistryError
from pipelines.registry import Registry


def challenge_production(registry: Registry, state: Path, classifier: str, version: int) -> int | None:
    """`version` becomes the challenger; returns the one before.

    Raises RegistryError for an unknown one, and for the production version, which would be compared with itself.
    """
    registry.version(classifier, version)
    serving = registry.version_of_alias(classifier, "production")
    if serving is None:
        raise RegistryError(
            f"Expected a production version of {classifier} to challenge, found none. "
            f"Run `vigia promote {classifier} {version}`."
        )
    if serving == version:
        others = [str(each.version) for each in registry.versions(classifier) if each.version != serving]
        raise RegistryError(
            f"Expected another version of {classifier} than {serving}, which is production. "
            f"Name one of: {', '.join(reversed(others)) or '(there is no other)'}."
        )
    before = registry.version_of_alias(classifier, "challenger")
    registry.point(classifier, "challenger", version)
    want_shadow(state, wanted=True)
    return before if before != version else None


def withdraw_challenger(registry: Registry, state: Path, classifier: str) -> tuple[int | None, bool]:
    """Takes the alias away; returns the version that held it, and whether another classifier has a challenger.

    Raises RegistryError for a classifier that is not registered.
    """
    names = registry.classifiers()
    if classifier not in names:
        raise RegistryError(
            f"Expected a registered classifier, received {classifier!r}; there are: {', '.join(names) or 'none'}. "
            "Correct the name."
        )
    before = registry.version_of_alias(classifier, "challenger")
    registry.release(classifier, "challenger")
    others = any(registry.version_of_alias(name, "challenger") is not None for name in names if name != classifier)
    want_shadow(state, wanted=others)
    return before, others


def want_shadow(state: Path, *, wanted: bool) -> None:
    """The keeper of a stack looks for this file, and starts or stops the service `shadow`."""
    file = wanted_file(state)
    if wanted:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    else:
        file.unlink(missing_ok=True)


def wanted_file(state: Path) -> Path:
    return state / "shadow" / "wanted"
