"""What the workers' guards see, in a line a classifier for `vigia status`."""

from collections.abc import Mapping
from typing import Any

from deploy.health import Health


def say_guarded(healths: Mapping[str, Health]) -> list[str]:
    """The worst figure of all workers, and what was found of it; nothing of a classifier whose guard is off."""
    lines = []
    for name, told in sorted(_by_classifier(healths).items()):
        version = max(each["version"] for each in told)
        told = [each for each in told if each["version"] == version and each["mode"] != "off"]
        seconds = [each["watched_seconds"] for each in told if each["watched_seconds"] is not None]
        if not seconds:
            continue
        worst = max((figure for each in told for figure in _figures(each)), default=None)
        words = f"{name} version {version}: watched for {max(seconds)} s, "
        if worst is None:
            lines.append(f"{words}too few frames to judge")
            continue
        of_limit, rule, found = worst
        lines.append(f"{words}worst {rule} at {of_limit:.0%} of its limit{f'; {found}' if found else ''}")
    return lines


def _by_classifier(healths: Mapping[str, Health]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for health in healths.values():
        for name, told in health.figures.get("guard", {}).items():
            found.setdefault(name, []).append(told)
    return found


def _figures(told: Mapping[str, Any]) -> list[tuple[float, str, str]]:
    """Each by its limit, its rule, and what was found of it."""
    found = told["found"]
    return [(each["value"] / each["limit"], rule, found.get(rule, "")) for rule, each in told["figures"].items()]
