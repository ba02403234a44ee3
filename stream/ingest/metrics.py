"""What Prometheus learns of pushes."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from stream.ingest.limits import Gate

SECONDS_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class IngestMetrics:
    """Counted in the loop, read from any thread."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self._requests = Counter(
            "vigia_ingest_requests",
            "Pushes by the status of their answer; 499: the client was gone.",
            ["status"],
            registry=registry,
        )
        self._refusals = Counter("vigia_ingest_refusals", "Pushes not taken, by reason.", ["reason"], registry=registry)
        self._seconds = Histogram(
            "vigia_ingest_seconds", "From a push's headers to its answer.", buckets=SECONDS_BUCKETS, registry=registry
        )

    def observe(self, status: int, seconds: float) -> None:
        self._requests.labels(str(status)).inc()
        self._seconds.observe(seconds)

    def count_refusal(self, reason: str) -> None:
        """`reason`: one of a few; never what a client wrote."""
        self._refusals.labels(reason).inc()

    def watch(self, gate: "Gate") -> None:
        """Show what is under way, too."""
        self._registry.register(_UnderWay(gate))


class _UnderWay(Collector):
    def __init__(self, gate: "Gate") -> None:
        self._gate = gate

    def collect(self) -> Iterable[GaugeMetricFamily]:
        yield GaugeMetricFamily("vigia_ingest_requests_under_way", "Pushes not answered yet.", len(self._gate.loads))
        yield GaugeMetricFamily("vigia_ingest_bytes_under_way", "Bytes that they hold.", self._gate.size_bytes)
