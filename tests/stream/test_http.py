import json
import socket
from collections.abc import Mapping

import httpx
import pytest
from prometheus_client import CollectorRegistry, Counter

from stream.http import Check, Pages, page_url, serve_pages
from tests.stream.embedded_kafka import find_free_ports

WELL = {"broker": Check(ok=True), "store": Check(ok=True, reason="slow")}
AWAY = {"broker": Check(ok=False, reason="away since 12 s"), "store": Check(ok=True)}


def pages_of(ready: Mapping[str, Check] = WELL) -> Pages:
    registry = CollectorRegistry()
    Counter("vigia_worker_frames", "Frames.", ["outcome"], registry=registry).labels("stored").inc(3)
    return Pages(health=lambda: WELL, ready=lambda: ready, registry=registry)


def get(url: str) -> tuple[int, bytes, str]:
    answer = httpx.get(url, timeout=60, trust_env=False)
    return answer.status_code, answer.content, answer.headers["Content-Type"]


def test_a_process_that_has_what_it_needs_is_ready_and_may_say_more() -> None:
    answer = pages_of().answer("/ready")

    assert answer is not None
    assert (answer.status, answer.content_type) == (200, "application/json")
    assert json.loads(answer.body) == {
        "ready": True,
        "reasons": ["store: slow"],
        "checks": {"broker": {"ok": True, "reason": ""}, "store": {"ok": True, "reason": "slow"}},
    }


def test_a_part_that_is_away_makes_the_answer_503_and_says_why() -> None:
    answer = pages_of(AWAY).answer("/ready")

    assert answer is not None
    assert answer.status == 503
    assert json.loads(answer.body)["reasons"] == ["broker: away since 12 s"]


def test_checks_that_cannot_be_asked_are_not_well() -> None:
    def broken() -> Mapping[str, Check]:
        raise RuntimeError("half closed")

    answer = Pages(broken, broken, CollectorRegistry()).answer("/health")

    assert answer is not None
    assert answer.status == 503
    assert "RuntimeError: half closed" in json.loads(answer.body)["reasons"][0]


def test_the_pages_are_served_over_http_and_no_other_path_is() -> None:
    url = serve_pages(pages_of(), "127.0.0.1", 0)

    assert get(f"{url}/health")[0] == 200
    status, body, content_type = get(f"{url}/metrics?x=1")
    assert (status, content_type.split(";")[0]) == (200, "text/plain")
    assert b'vigia_worker_frames_total{outcome="stored"} 3.0' in body
    assert get(f"{url}/etc/passwd")[0] == 404


def test_a_metrics_page_holds_nothing_that_was_not_put_into_its_own_registry() -> None:
    answer = Pages(lambda: WELL, lambda: WELL, CollectorRegistry()).answer("/metrics")

    assert answer is not None
    assert answer.body == b""


def test_a_taken_port_is_said_and_another_one_serves(caplog: pytest.LogCaptureFixture) -> None:
    port = find_free_ports(1)[0]
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()

        url = serve_pages(pages_of(), "127.0.0.1", port)

    assert url is not None
    assert not url.endswith(f":{port}")
    assert get(f"{url}/ready")[0] == 200
    assert f"port {port} of 127.0.0.1 is not free" in caplog.text


def test_a_host_that_is_not_this_machine_costs_the_pages_and_nothing_else() -> None:
    assert serve_pages(pages_of(), "192.0.2.1", 0) is None


@pytest.mark.parametrize(
    ("host", "url"),
    [("127.0.0.1", "http://127.0.0.1:9"), ("0.0.0.0", "http://127.0.0.1:9"), ("::1", "http://[::1]:9")],  # noqa: S104
)
def test_an_address_can_be_opened_on_this_machine(host: str, url: str) -> None:
    assert page_url(host, 9) == url
