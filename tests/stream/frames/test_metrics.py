from prometheus_client import CollectorRegistry, generate_latest

from stream.frames.keeper import KeeperCounts
from stream.frames.metrics import KeptFramesCollector


def test_prometheus_reads_what_was_kept_and_what_was_not_by_reason() -> None:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(KeptFramesCollector(lambda: KeeperCounts(7, 700, {"queue_full": 3}, 50)))

    lines = generate_latest(registry).decode().splitlines()

    assert "vigia_frames_kept_total 7.0" in lines
    assert 'vigia_frames_not_kept_total{reason="queue_full"} 3.0' in lines
    assert 'vigia_frames_not_kept_total{reason="store_away"} 0.0' in lines
    assert "vigia_frames_waiting_bytes 50.0" in lines
