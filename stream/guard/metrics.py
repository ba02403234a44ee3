"""What the guard sees, as Prometheus reads it."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector


class GuardCollector(Collector):
    """Asked at each scrape, costs nothing between them."""

    def __init__(self, describe: Callable[[], Mapping[str, Any]]) -> None:
        self._describe = describe

    def collect(self) -> Iterator[Metric]:
        labels = ["classifier", "version", "rule"]
        figure = GaugeMetricFamily("vigia_guard_of_limit", "A rule's figure by its limit; 1: at it.", labels=labels)
        alarm = GaugeMetricFamily("vigia_guard_alarm", "1 while a rule's alarm is raised.", labels=labels)
        for name, watched in self._describe().items():
            for rule, found in watched["figures"].items():
                named = [name, str(watched["version"]), rule]
                figure.add_metric(named, found["value"] / found["limit"])
                alarm.add_metric(named, float(found["alarm"]))
        yield figure
        yield alarm
