"""`vigia cameras` takes pushes: a real process, a real Kafka, a real store."""

import itertools
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiokafka import TopicPartition

from stream.decoding import decode_frame
from stream.messages import FRAMES_PARTITIONS, FRAMES_TOPIC, Frame, Message, Position
from stream.store import PredictionStore
from tests.stream.embedded_kafka import EmbeddedKafka
from tests.stream.ingest.stand import AUTHORIZED, TOKEN, draw
from tests.stream.live import end_offsets, read_since
from tests.waiting import wait_until

ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.integration


class PushTarget:
    """`vigia cameras` with cameras that push, in a workspace of its own."""

    def __init__(self, workspace: Path, bootstrap: str, **cameras: dict[str, Any]) -> None:
        self.workspace = workspace
        self.store = PredictionStore(f"sqlite:///{workspace / 'home' / 'store' / 'vigia.db'}")
        self.write(**cameras)
        self.environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "VIGIA_HOME": str(workspace / "home"),
            "VIGIA_KAFKA_BOOTSTRAP": bootstrap,
            "VIGIA_INGEST_TOKEN": TOKEN,
            "VIGIA_DEBUG": "1",
        }

    def write(self, **cameras: dict[str, Any]) -> None:
        entries = {name: {"source": "push", **fields} for name, fields in cameras.items()}
        partial = self.workspace / "cameras.yaml.partial"
        partial.write_text(json.dumps({"cameras": entries}))
        partial.replace(self.workspace / "cameras.yaml")  # half of a file would be read as its end

    @contextmanager
    def running(self) -> Iterator[httpx.Client]:
        """A client at the address in the heartbeat; ended by SIGTERM with exit code 0."""
        with self.log.open("wb") as log:
            command = [sys.executable, "-m", "vigia", "cameras"]
            process = subprocess.Popen(command, cwd=self.workspace, env=self.environment, stdout=log, stderr=log)
        try:
            url = wait_until(
                lambda: str(self.heartbeat().get("url") or ""), timeout_seconds=180, what=f"an address; see {self.log}"
            )
            with httpx.Client(base_url=url, headers=AUTHORIZED, timeout=120) as client:
                yield client
            process.send_signal(signal.SIGTERM)
            assert process.wait(90) == 0
        finally:
            process.kill()
            process.wait()

    @property
    def log(self) -> Path:
        return self.workspace / "cameras.log"

    def heartbeat(self) -> dict[str, Any]:
        file = self.workspace / "home" / "cameras.json"
        return dict(json.loads(file.read_text())) if file.exists() else {}

    def camera(self, camera_id: str) -> dict[str, Any]:
        return {row["camera_id"]: row for row in self.store.read_cameras()}.get(camera_id, {})


def frames_since(bootstrap: str, starts: dict[TopicPartition, int]) -> list[Frame]:
    return [
        decode_frame(
            Message(
                Position(record.topic, record.partition, record.offset),
                record.key,
                record.value,
                record.headers,
                record.timestamp,
                datetime.now(UTC),
            )
        )
        for record in read_since(bootstrap, FRAMES_TOPIC, starts)
    ]


def test_a_push_is_on_the_topic_byte_for_byte_and_counted_like_any_camera(kafka: str, tmp_path: Path) -> None:
    starts = end_offsets(kafka, FRAMES_TOPIC)
    target = PushTarget(tmp_path, kafka, gate={"rate": 50})
    with target.running() as client:
        pictures = {form: draw(form, 64) for form in ("JPEG", "PNG", "WEBP")}
        answers = [
            push_until_taken(client, {"camera_id": "gate", "frame_id": form}, picture)
            for form, picture in pictures.items()
        ]

        frames = frames_since(kafka, starts)
        assert {frame.frame_id: frame.jpeg for frame in frames} == pictures
        places = {(answer.json()["partition"], answer.json()["offset"]) for answer in answers}
        assert places == {(frame.position.partition, frame.position.offset) for frame in frames}
        wait_until(lambda: target.camera("gate").get("frames_sent") == 3, timeout_seconds=120, what="3 frames counted")
        row = target.camera("gate")
        assert (row["kind"], row["width"], row["view"]) == ("push", 64, "ok")
        ready = client.get("/ready")
        assert (ready.status_code, ready.json()["checks"]["broker"]["ok"]) == (200, True)
        assert 'vigia_camera_frames_sent_total{camera_id="gate"} 3.0' in client.get("/metrics").text

        def is_online() -> bool:
            """It is stale soon after its last push."""
            client.post("/frames", params={"camera_id": "gate"}, content=pictures["JPEG"])
            return bool(target.camera("gate")["state"] == "online")

        wait_until(is_online, timeout_seconds=60, what="a camera that is online")

        target.write(yard={"rate": 50})

        def status(camera_id: str) -> int:
            return client.post("/frames", params={"camera_id": camera_id}, content=pictures["JPEG"]).status_code

        wait_until(lambda: status("yard") == 202, timeout_seconds=120, what="the new camera")
        assert status("gate") == 403
    assert TOKEN not in target.log.read_text(errors="replace")


def push_until_taken(client: httpx.Client, params: dict[str, str], picture: bytes) -> httpx.Response:
    """As a camera should: the same frame_id again after a refusal that says when to come again."""

    def push() -> httpx.Response | None:
        answer = client.post("/frames", params=params, content=picture)
        assert answer.status_code in (202, 503), answer.text
        assert answer.status_code == 202 or int(answer.headers["Retry-After"]) >= 1
        return answer if answer.status_code == 202 else None

    answer = wait_until(push, timeout_seconds=240, what=f"{params['frame_id']} taken")
    assert answer is not None
    return answer


@contextmanager
def pushing(client: httpx.Client, picture: bytes) -> Iterator[list[int]]:
    """Eight cameras push as long as the block runs; the numbers of the frames that were taken."""
    numbers, taken, enough = itertools.count(), list[int](), threading.Event()

    def push() -> None:
        while not enough.is_set():
            number = next(numbers)
            push_until_taken(client, {"camera_id": f"cam{number % 4}", "frame_id": str(number)}, picture)
            taken.append(number)

    with ThreadPoolExecutor(8) as pushers:
        pushes = [pushers.submit(push) for _ in range(8)]
        try:
            yield taken
        finally:
            enough.set()
        for each in pushes:
            each.result()


def test_nothing_is_lost_or_doubled_while_the_broker_is_killed_and_started_again(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    picture = draw("JPEG", 64)
    with EmbeddedKafka(tmp_path_factory.mktemp("broker")) as broker:
        target = PushTarget(tmp_path, broker.bootstrap, **{f"cam{number}": {"rate": 1000} for number in range(4)})
        with target.running() as client, pushing(client, picture) as taken:
            wait_until(lambda: len(taken) >= 50, timeout_seconds=120, what="50 pushes")
            port = broker.port
            broker.stop(signal.SIGKILL)
            wait_until(
                lambda: 'reason="broker_away"' in client.get("/metrics").text,
                timeout_seconds=120,
                what="a push told that the broker is away",
            )
            assert client.get("/health").status_code == 200
            broker.start(port=port)
            before = len(taken)
            wait_until(lambda: len(taken) >= before + 100, timeout_seconds=120, what="100 pushes more")

        starts = {TopicPartition(FRAMES_TOPIC, partition): 0 for partition in range(FRAMES_PARTITIONS)}
        found = sorted(int(frame.frame_id) for frame in frames_since(broker.bootstrap, starts))
        assert found == sorted(taken) == list(range(len(taken)))


def test_a_port_that_is_taken_is_one_error_and_exit_code_1(kafka: str, tmp_path: Path) -> None:
    target = PushTarget(tmp_path, kafka, gate={})
    with target.running() as client:
        environment = {**target.environment, "VIGIA_INGEST_PORT": str(client.base_url.port), "VIGIA_DEBUG": "0"}
        other = subprocess.run(
            [sys.executable, "-m", "vigia", "cameras"],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )

    assert other.returncode == 1
    assert other.stderr.splitlines()[-1].startswith("error: Expected a free port for HTTP ingest")
