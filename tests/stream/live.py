"""Driving a real worker process against a real Kafka, and looking at what came out."""

import asyncio
import json
import signal
import subprocess
import sys
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from sqlalchemy import text

from stream.broker.topics import LARGEST_MESSAGE_BYTES
from stream.messages import FRAMES_TOPIC, Outgoing, encode_v2
from stream.store import PredictionStore
from stream.store_engine import has_tables
from tests.stream.fakes import FakeRegistry, draw_jpeg
from tests.waiting import wait_until

ROOT = Path(__file__).parents[2]


class LiveWorker:
    """One worker process in a home of its own; ended when the test ends."""

    def __init__(self, home: Path, bootstrap: str, slot: int = 1) -> None:
        self.home = home
        self.registry = FakeRegistry(home / "registry.json")
        self.store = PredictionStore(f"sqlite:///{home / 'store' / 'vigia.db'}")
        self._command = [sys.executable, "-m", "tests.stream.fake_worker", str(home), bootstrap, str(slot)]
        self._slot = slot
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end(signal.SIGKILL)

    def start(self) -> None:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(self._command, cwd=ROOT, stdout=log, stderr=log)

    def end(self, how: signal.Signals = signal.SIGTERM, timeout_seconds: float = 90) -> int | None:
        """Send the signal and wait; the exit code, None when it did not run."""
        process, self._process = self._process, None
        if process is None:
            return None
        if process.poll() is None:
            process.send_signal(how)
        return process.wait(timeout_seconds)

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def log(self) -> Path:
        return self.home / f"worker-{self._slot}.log"

    def heartbeat(self) -> dict[str, Any]:
        file = self.home / "workers" / f"{self._slot}.json"
        return dict(json.loads(file.read_text())) if file.exists() else {}

    def wait_for_state(self, state: str) -> None:
        wait_until(lambda: self.heartbeat().get("state") == state, timeout_seconds=180, what=f"{state}; see {self.log}")

    def query(self, statement: str) -> list[Any]:
        if not has_tables(self.store.engine):
            return []
        with self.store.engine.connect() as connection:
            return list(connection.execute(text(statement)))

    def wait_for_rows(self, table: str, count: int, *, timeout_seconds: float = 240) -> None:
        def enough() -> bool:
            rows = self.query(f"SELECT count(*) FROM {table}")  # noqa: S608  a name from the test itself
            return bool(rows) and rows[0][0] >= count

        wait_until(enough, timeout_seconds=timeout_seconds, what=f"{count} rows in {table}; see {self.log}")


def small_frames(count: int, *, cameras: int = 8, run: str | None = None) -> list[Outgoing]:
    """Frames of v2 with tiny pictures and ids that belong to one test alone."""
    run = run or uuid.uuid4().hex[:8]
    pictures = [draw_jpeg(value, 16) for value in (40, 200)]
    return [
        encode_v2(
            f"{run}-{number % cameras}",
            f"{run}-{number}",
            datetime.now(UTC),
            pictures[number % 2],
            image_name=f"{number}.jpg",
            sequence=number,
        )
        for number in range(count)
    ]


def send(bootstrap: str, messages: Sequence[Outgoing]) -> list[tuple[int, int]]:
    """Publish on the frames topic; (partition, offset) of each."""

    async def run() -> list[tuple[int, int]]:
        producer = AIOKafkaProducer(
            bootstrap_servers=bootstrap, acks="all", enable_idempotence=True, max_request_size=LARGEST_MESSAGE_BYTES
        )
        async with producer:
            numbers = sorted(await producer.partitions_for(FRAMES_TOPIC))
            sent = [
                await producer.send(
                    FRAMES_TOPIC, key=m.key, value=m.value, headers=list(m.headers), timestamp_ms=m.timestamp_ms
                )
                if m.key is not None or m.value is not None
                else await send_nothing(producer, m, numbers[-1])
                for m in messages
            ]
            return [(record.partition, record.offset) for record in await asyncio.gather(*sent)]

    return asyncio.run(run())


async def send_nothing(producer: AIOKafkaProducer, message: Outgoing, partition: int) -> Any:
    """A message without key and value, which clients in other languages send and `send` refuses."""
    batch = producer.create_batch()
    batch.append(timestamp=message.timestamp_ms, key=None, value=None, headers=list(message.headers))
    return await producer.send_batch(batch, message.topic, partition=partition)


def end_offsets(bootstrap: str, topic: str) -> dict[TopicPartition, int]:
    """Where the topic ends now, to read only what a test adds."""

    async def run() -> dict[TopicPartition, int]:
        async with AIOKafkaConsumer(topic, bootstrap_servers=bootstrap) as consumer:
            return dict(await consumer.end_offsets(consumer.assignment()))

    return asyncio.run(run())


def wait_for_records(bootstrap: str, topic: str, starts: dict[TopicPartition, int], count: int) -> None:
    """Until so many came since the given offsets: a row is stored before its prediction is published."""

    def enough() -> bool:
        return sum(end_offsets(bootstrap, topic).values()) - sum(starts.values()) >= count

    wait_until(enough, timeout_seconds=120, what=f"{count} records on {topic}")


def read_since(bootstrap: str, topic: str, starts: dict[TopicPartition, int]) -> list[Any]:
    """Every record of the topic from the given offsets to its end."""

    async def run() -> list[Any]:
        records: list[Any] = []
        async with AIOKafkaConsumer(bootstrap_servers=bootstrap, max_partition_fetch_bytes=1 << 23) as consumer:
            consumer.assign(list(starts))
            ends = await consumer.end_offsets(list(starts))
            for partition, start in starts.items():
                consumer.seek(partition, start)
            waiting = {partition for partition in starts if starts[partition] < ends[partition]}
            while waiting:
                for partition, found in (await consumer.getmany(timeout_ms=500)).items():
                    records.extend(found)
                    if found and found[-1].offset + 1 >= ends[partition]:
                        waiting.discard(partition)
        return records

    return asyncio.run(run())
