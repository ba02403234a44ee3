from prometheus_client import CollectorRegistry

from stream.guard.metrics import GuardCollector


def test_a_figure_is_told_by_its_limit() -> None:
    registry = CollectorRegistry()
    labels = {"value": 0.25, "limit": 0.5, "words": "", "alarm": True}
    registry.register(GuardCollector(lambda: {"cars": {"version": 2, "figures": {"labels": labels}}}))
    named = {"classifier": "cars", "version": "2", "rule": "labels"}

    assert registry.get_sample_value("vigia_guard_of_limit", named) == 0.5
    assert registry.get_sample_value("vigia_guard_alarm", named) == 1
