"""What a real worker tells of itself over HTTP and in its heartbeat, with a broker that comes, goes and is absent."""

import signal
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from stream.messages import encode_v2
from tests.stream.embedded_kafka import EmbeddedKafka, find_free_ports
from tests.stream.fakes import POISON, draw_jpeg
from tests.stream.live import LiveWorker, send, small_frames
from tests.waiting import wait_until

pytestmark = pytest.mark.integration


def ask(worker: LiveWorker, page: str) -> tuple[int, Any]:
    answer = httpx.get(f"{worker.heartbeat()['url']}/{page}", timeout=60, trust_env=False)
    return answer.status_code, answer.json() if page != "metrics" else answer.text


def count_stored(worker: LiveWorker) -> float:
    """By its own figures, which come a moment after the rows."""
    lines = ask(worker, "metrics")[1].splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if 'outcome="stored"' in line)


def wait_for_ready(worker: LiveWorker, status: int) -> Any:
    """The document of /ready once it is answered with this status."""

    def answered() -> Any:
        found, document = ask(worker, "ready")
        return document if found == status else None

    return wait_until(answered, timeout_seconds=180, what=f"status {status}; see {worker.log}")


def test_a_worker_says_what_it_waits_for_serves_its_figures_and_says_that_the_broker_went(tmp_path: Path) -> None:
    port = find_free_ports(1)[0]
    broker = EmbeddedKafka(tmp_path / "broker")
    with LiveWorker(tmp_path, f"127.0.0.1:{port}") as worker:
        worker.start()
        worker.wait_for_state("waiting for the broker")
        assert ask(worker, "health")[0] == 200
        wait_until(
            lambda: "broker: away since" in str(ask(worker, "ready")[1]["reasons"]), timeout_seconds=120, what="away"
        )
        try:
            broker.start(port=port)
            worker.registry.promote(cars=3)
            worker.wait_for_state("serving")
            send(broker.bootstrap, small_frames(200))
            worker.wait_for_rows("predictions", 200)
            assert wait_for_ready(worker, 200)["ready"]
            assert ask(worker, "health")[0] == 200
            wait_until(lambda: count_stored(worker) == 200, timeout_seconds=60, what="200 frames in the figures")
            assert 'vigia_worker_model_version{classifier="cars"} 3.0' in ask(worker, "metrics")[1]
            wait_until(
                lambda: worker.heartbeat()["latency_ms"].get("p95", 0) > 0, timeout_seconds=50, what="the last minute"
            )
            wait_until(
                lambda: set(worker.heartbeat()["lag_by_partition"]) == {"0", "1", "2", "3"},
                timeout_seconds=120,
                what="the lag of four partitions",
            )

            broker.stop(signal.SIGKILL)

            assert "broker: away since" in str(wait_for_ready(worker, 503)["reasons"])
            assert ask(worker, "health")[0] == 200, "a broker that is away is not mended by a restart"
        finally:
            broker.stop()


def test_a_worker_tells_how_the_one_before_it_ended(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    poison = [
        encode_v2("gate", f"p{number}", now, draw_jpeg(POISON), image_name=None, sequence=1) for number in range(20)
    ]
    with EmbeddedKafka(tmp_path / "broker") as broker, LiveWorker(tmp_path, broker.bootstrap) as worker:
        worker.registry.promote(cars=1)
        send(broker.bootstrap, poison)
        worker.start()
        wait_until(lambda: not worker.running, timeout_seconds=180, what=f"the end; see {worker.log}")
        assert worker.end() == 1

        worker.start()

        said = wait_until(
            lambda: [reason for reason in worker.heartbeat().get("reasons", []) if reason.startswith("last end")],
            timeout_seconds=120,
            what="the last word",
        )
        assert "frames failed in a row" in said[0]
