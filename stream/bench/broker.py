"""A Kafka of the bench's own, filled before anything is measured."""

import asyncio
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from pipelines.bench.pictures import name_picture
from pipelines.errors import BrokerError
from pipelines.processes import bind_command
from stream.bench.processes import last_line
from stream.broker.embedded import answers, embedded_kafka_command, prepare_embedded_kafka
from stream.broker.sending import send_in_batches
from stream.broker.topics import LARGEST_MESSAGE_BYTES, ensure_topics
from stream.messages import FRAMES_PARTITIONS, FRAMES_TOPIC, Outgoing, encode_v1, encode_v2

HOST: Final = "127.0.0.1"
START_SECONDS: Final = 60.0
STOP_SECONDS: Final = 20.0
BATCH_BYTES: Final = 1024 * 1024
AT_ONCE: Final = 64
CAMERAS_A_PARTITION: Final = 2

Offsets = Mapping[int, int]
"""By partition of the frames topic."""


@dataclass(frozen=True, slots=True)
class BenchBroker:
    """The broker that runs."""

    bootstrap: str
    pid: int


@dataclass(frozen=True, slots=True)
class Region:
    """Frames of one encoding that lie beside each other in every partition."""

    begins: Offsets
    ends: Offsets
    """The first offset behind it."""

    @property
    def frames(self) -> int:
        return sum(self.ends[partition] - begin for partition, begin in self.begins.items())


@contextmanager
def run_broker(home: Path) -> Iterator[BenchBroker]:
    """An embedded Kafka on free ports with the project's topics; it ends with the block. Raises BrokerError."""
    prepare_embedded_kafka(home)
    port, controller = find_free_ports(2)
    bootstrap, log = f"{HOST}:{port}", home / "kafka.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            bind_command(*embedded_kafka_command(home, HOST, port, controller)),
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        _wait_for_answer(process, bootstrap, log)
        ensure_topics(bootstrap)
        yield BenchBroker(bootstrap, process.pid)
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for_answer(process: "subprocess.Popen[bytes]", bootstrap: str, log: Path) -> None:
    deadline, pause = time.monotonic() + START_SECONDS, threading.Event()
    while not answers(bootstrap, 1.0):
        if process.poll() is not None or time.monotonic() > deadline:
            # its folder goes with the bench
            raise BrokerError(
                f"Expected the embedded Kafka to answer at {bootstrap}, it did not. It said: {last_line(log)}. "
                "`vigia doctor` checks Java, jars and disk."
            )
        pause.wait(0.1)


def find_free_ports(count: int) -> list[int]:
    """Distinct ones: all are held until the last is found."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind((HOST, 0))
        return [int(each.getsockname()[1]) for each in sockets]
    finally:
        for each in sockets:
            each.close()


def read_pictures(folder: Path) -> list[bytes]:
    """In the order of their numbers, which are their names."""
    return [file.read_bytes() for file in sorted(folder.iterdir(), key=lambda file: int(file.stem))]


def frame_of(
    schema: int, number: int, pictures: Sequence[bytes], captured_at: datetime, *, run: str = "bench"
) -> tuple[int, Outgoing]:
    """Partition and message of frame `number`; it tells which picture it shows."""
    partition = number % FRAMES_PARTITIONS
    camera_id = f"{run}-{partition}-{number // FRAMES_PARTITIONS % CAMERAS_A_PARTITION}"
    jpeg, name = pictures[number % len(pictures)], name_picture(number, pictures)
    if schema == 1:
        return partition, encode_v1(camera_id, name, captured_at, jpeg)
    return partition, encode_v2(camera_id, f"{run}-{number}", captured_at, jpeg, image_name=name, sequence=number)


def fill(bootstrap: str, pictures: Sequence[bytes], frames: int, schema: int) -> Region:
    """So many frames behind what is there, spread evenly over the partitions."""
    return asyncio.run(_fill(bootstrap, pictures, frames, schema))


async def _fill(bootstrap: str, pictures: Sequence[bytes], frames: int, schema: int) -> Region:
    begins = await _ends(bootstrap)
    async with AIOKafkaProducer(
        bootstrap_servers=bootstrap, max_batch_size=BATCH_BYTES, max_request_size=LARGEST_MESSAGE_BYTES
    ) as producer:
        now = datetime.now(UTC)
        for start in range(0, frames, AT_ONCE):
            numbers = range(start, min(start + AT_ONCE, frames))
            await send_in_batches(producer, [frame_of(schema, number, pictures, now) for number in numbers])
    return Region(begins, await _ends(bootstrap))


async def _ends(bootstrap: str) -> dict[int, int]:
    async with AIOKafkaConsumer(FRAMES_TOPIC, bootstrap_servers=bootstrap) as consumer:
        found: Mapping[Any, int] = await consumer.end_offsets(consumer.assignment())
        return {tp.partition: offset for tp, offset in found.items()}


def find_ends(bootstrap: str) -> dict[int, int]:
    """Where the frames topic ends now."""
    return asyncio.run(_ends(bootstrap))


def start_group(bootstrap: str, group: str, begins: Offsets) -> None:
    """Let a consumer group that has no members yet begin at these offsets."""

    async def commit() -> None:
        async with AIOKafkaConsumer(bootstrap_servers=bootstrap, group_id=group, enable_auto_commit=False) as consumer:
            places = {TopicPartition(FRAMES_TOPIC, partition): offset for partition, offset in begins.items()}
            consumer.assign(list(places))
            await consumer.commit(places)

    asyncio.run(commit())
