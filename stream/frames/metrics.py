"""The keeper's counts as Prometheus reads them."""

from collections.abc import Callable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from stream.frames.keeper import KeeperCounts


class KeptFramesCollector(Collector):
    """`registry.register(KeptFramesCollector(keeper.counts))`: asked at each scrape, costs nothing between them."""

    def __init__(self, counts: Callable[[], KeeperCounts]) -> None:
        self._counts = counts

    def collect(self) -> Iterator[Metric]:
        counts = self._counts()
        yield CounterMetricFamily("vigia_frames_kept", "Frames whose pictures were kept.", value=counts.kept)
        yield CounterMetricFamily("vigia_frames_kept_bytes", "Bytes of kept pictures.", value=counts.kept_bytes)
        not_kept = CounterMetricFamily(
            "vigia_frames_not_kept", "Frames that were to be kept and were not.", labels=["reason"]
        )
        for reason in ("queue_full", "disk_reserve", "store_away", "stopping"):
            not_kept.add_metric([reason], counts.not_kept.get(reason, 0))
        yield not_kept
        yield GaugeMetricFamily(
            "vigia_frames_waiting_bytes", "Bytes of pictures that wait to be kept.", value=counts.waiting_bytes
        )
