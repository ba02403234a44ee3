"""What the measuring commands of the live side share: registered versions, a real worker, frames at a steady rate."""

import asyncio
import os
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psutil
from aiokafka import AIOKafkaProducer

from pipelines.artefact import digest_artefact
from pipelines.registry import open_registry
from pipelines.settings import Settings
from pipelines.tracking import ensure_experiment, log_model, open_client
from stream.messages import FRAMES_TOPIC, encode_v2
from tests.stream.fakes import draw_jpeg

ROOT = Path(__file__).parents[1]


def register(settings: Settings, artefact: Path) -> int:
    """The artefact as a version of `cars`."""
    client = open_client(settings)
    run_id = client.create_run(ensure_experiment(client, settings, "cars")).info.run_id
    digest = digest_artefact(artefact)
    model_id = log_model(client, run_id, artefact, digest)
    return open_registry(settings).register("cars", model_id, run_id, {"vigia.sha256": digest})


@contextmanager
def running_worker(settings: Settings, bootstrap: str) -> Iterator[psutil.Process]:
    """The real command, ended afterwards."""
    environment = {
        **os.environ,
        "VIGIA_HOME": str(settings.state),
        "VIGIA_KAFKA_BOOTSTRAP": bootstrap,
        "MLFLOW_TRACKING_URI": settings.resolve_tracking_uri(),
    }
    with (settings.state / "worker.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "vigia", "worker"], cwd=ROOT, env=environment, stdout=log, stderr=log
        )
    try:
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(120)


class Frames(threading.Thread):
    """Frames at a steady rate from eight cameras, until they are stopped."""

    def __init__(self, bootstrap: str, fps: float, *, side: int = 64) -> None:
        super().__init__(daemon=True)
        self._address = bootstrap
        self._fps = fps
        self._pictures = [draw_jpeg(value, side) for value in (40, 200)]
        self._stopping = threading.Event()
        self._sent = 0

    def run(self) -> None:
        asyncio.run(self._send())

    def stop(self) -> int:
        """How many were sent."""
        self._stopping.set()
        self.join(120)
        return self._sent

    def picture(self, number: int) -> bytes:
        """Of the frame with this number."""
        return self._pictures[number % 2]

    async def _send(self) -> None:
        run = uuid.uuid4().hex[:8]
        async with AIOKafkaProducer(bootstrap_servers=self._address, acks="all") as producer:
            due = time.monotonic()
            while not self._stopping.is_set():
                number = self._sent
                frame = encode_v2(
                    f"{run}-{number % 8}",
                    f"{run}-{number}",
                    datetime.now(UTC),
                    self.picture(number),
                    image_name=None,
                    sequence=number,
                )
                await producer.send_and_wait(
                    FRAMES_TOPIC, key=frame.key, value=frame.value, headers=list(frame.headers)
                )
                self._sent += 1
                due += 1 / self._fps
                await asyncio.sleep(max(0.0, due - time.monotonic()))
