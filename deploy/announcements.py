"""What `vigia up` says while it runs: each change of a service once, the addresses when all are healthy."""

import time
from collections.abc import Mapping

from deploy.health import Health, describe
from pipelines.terminal import print_json, say

PAGES = {"dashboard": "the live page", "mlflow": "models and runs", "prefect": "flows and schedules"}


class Announcer:
    """Remembers what it has said."""

    def __init__(self, *, as_json: bool = False) -> None:
        self._as_json = as_json
        self._started_at = time.monotonic()
        self._states: dict[str, str] = {}
        self._announced = False

    def announce(self, healths: Mapping[str, Health]) -> None:
        seconds = time.monotonic() - self._started_at
        for line in describe_changes(self._states, healths):
            say(f"{seconds:6.1f} s  {line}")
        self._states = {name: health.state for name, health in healths.items()}
        if healths and not self._announced and all(health.healthy for health in healths.values()):
            self._announced = True
            self._say_addresses(healths, seconds)

    def _say_addresses(self, healths: Mapping[str, Health], seconds: float) -> None:
        say(f"Every service is healthy after {seconds:.1f} s.")
        urls = {name: healths[name].url for name in PAGES if name in healths}
        for name, url in urls.items():
            say(f"  {url}  {PAGES[name]}")
        if self._as_json:
            print_json({**describe(healths), "urls": urls})


def describe_changes(before: Mapping[str, str], healths: Mapping[str, Health]) -> list[str]:
    """A line for each service that is ready, or that is no longer, and was otherwise in the survey before."""
    lines = []
    for name, health in healths.items():
        was = before.get(name)
        if health.state == was:
            continue
        if health.healthy:
            lines.append(f"{name} is ready{f': {health.detail}' if health.detail else ''}")
        elif was == "running" or health.state in ("failed", "unhealthy"):
            lines.append(f"{name} is {health.state}{f': {health.detail}' if health.detail else ''}")
    return lines
