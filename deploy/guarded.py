"""What the workers' guards see, in a line a classifier for `vigia status`."""

from collections.abc import Mapping
from typing import Any

from deploy.health import Health


def say_guarded(healths: Mapping[str, Health]) -> list[str]:
    """The worst figure of all workers, and what was found; nothing of a classifier whose guard is off."""
    lines = []
    for name, told in sorted(_by_classifier(healths).items()):
        version = max(each["version"] for each in told)
        told = [each for each in told if each["version"] == version and each["mode"] != "off"]
        seconds = [each["watched_seconds"] for each in told if each["watched_seconds"] is not None]
        if not seconds:
            continue
        figures = [(figure["value"] / figure["limit"], rule) for each in told for rule, figure in _figures(each)]
        worst = max(figures, default=None)
        words = f"{name} version {version}: watched for {max(seconds)} s, "
        words += f"worst {worst[1]} at {worst[0]:.0%} of its limit" if worst else "too few frames to judge"
        found = {text for each in told for text in each["found"].values()}
        lines.append("; ".join([words, *sorted(found)]))
    return lines


def _by_classifier(healths: Mapping[str, Health]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for health in healths.values():
        for name, told in health.figures.get("guard", {}).items():
            found.setdefault(name, []).append(told)
    return found


def _figures(told: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return list(told["figures"].items())
