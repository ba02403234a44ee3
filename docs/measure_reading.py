"""What it costs to read a frame that is dropped: `python -m docs.measure_reading [--frames N] [--rounds N]`.

Microseconds of processor time a frame: aiokafka's part for fetches of different sizes, with and without checksums, in
turns on an embedded Kafka; then Faust's and ours, from the record to the verdict, and of a frame that is answered from
the record into the worker's queue, with upstream's way of handing it out and with ours. One JSON document on stdout.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import Any, Final

import aiokafka.conn
from aiokafka import AIOKafkaConsumer, TopicPartition
from faust.transport._cython.conductor import ConductorHandler
from faust.transport.drivers.aiokafka import Consumer
from faust.types import TP

from pipelines.bench.pictures import draw_pictures
from stream.bench.broker import fill, run_broker
from stream.messages import FRAMES_PARTITIONS, FRAMES_TOPIC
from stream.reading.app import READER_BYTES, build_app, frames_topic
from stream.reading.arrivals import Arrivals
from stream.reading.freshness import Freshness
from stream.reading.pace import MOST_FRAMES, Pace

HERE: Final = TP(FRAMES_TOPIC, 0)
AT_ONCE: Final = 30
"""Frames in a fetch of 2 MiB."""
MIB: Final = 1024 * 1024
FETCHES: Final = {
    "8 MiB, checked": (8 * MIB, 4 * MIB, True),
    "8 MiB": (8 * MIB, 4 * MIB, False),
    "4 MiB": (4 * MIB, 2 * MIB, False),
    "2 MiB, checked": (2 * MIB, MIB, True),
    "2 MiB": (2 * MIB, MIB, False),
    "1 MiB": (MIB, MIB // 2, False),
}
"""Bytes of a fetch, of a partition in it, and whether checksums are checked."""


async def fetch_all(bootstrap: str, frames: int, fetch: int, partition: int, checked: bool) -> float:
    """Microseconds a frame, from the socket to aiokafka's records."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, fetch_max_bytes=fetch, max_partition_fetch_bytes=partition, check_crcs=checked
    )
    async with consumer:
        consumer.assign([TopicPartition(FRAMES_TOPIC, number) for number in range(FRAMES_PARTITIONS)])
        await consumer.seek_to_beginning()
        read, spent = 0, time.process_time()
        while read < frames:
            read += sum(map(len, (await consumer.getmany(timeout_ms=1000)).values()))
        return 1e6 * (time.process_time() - spent) / read


def measure_fetches(frames: int, rounds: int) -> dict[str, float]:
    aiokafka.conn.READER_LIMIT = READER_BYTES
    with tempfile.TemporaryDirectory() as folder, run_broker(Path(folder) / "kafka") as broker:
        fill(broker.bootstrap, draw_pictures(), frames, 2)
        found: dict[str, list[float]] = {name: [] for name in FETCHES}
        for _ in range(rounds):
            for name, how in FETCHES.items():
                found[name].append(asyncio.run(fetch_all(broker.bootstrap, frames, *how)))
    return {name: round(median(costs), 1) for name, costs in found.items()}


def draw_records(frames: int, mode: bytes) -> list[Any]:
    """As aiokafka has them; without a picture, which nothing here looks at."""
    headers = (("schema", b"2"), ("camera_id", b"gate"), ("frame_id", b"gate-1"),
               ("captured_at", b"2026-01-01T00:00:00Z"), ("sequence", b"1"), ("mode", mode))  # fmt: skip
    return [
        SimpleNamespace(
            topic=FRAMES_TOPIC, partition=0, offset=offset, timestamp=0, timestamp_type=0, headers=headers,
            key=b"gate", value=b"", checksum=None, serialized_key_size=4, serialized_value_size=0,
        )
        for offset in range(frames)
    ]  # fmt: skip


def open_consumer(folder: str, records: Sequence[Any], at_once: int) -> Any:
    """One that no broker is needed for, and that finds so many of the records in each fetch."""
    app: Any = build_app(
        "127.0.0.1:9",
        instance_id="measured",
        datadir=Path(folder),
        pace=Pace(frames=MOST_FRAMES),
        freshness=Freshness(),
    )
    app.consumer_generation_id = 1
    left = list(records)

    async def fetched(timeout: float) -> Any:  # noqa: ASYNC109  upstream's
        some, left[:at_once] = left[:at_once], []
        await asyncio.sleep(0 if some else 3600)
        return {HERE: some}, {HERE}

    consumer = app.consumer
    consumer._wait_next_records, consumer.highwater = fetched, lambda tp: len(records) + 1
    return consumer


def measure_judging(frames: int) -> float:
    """Microseconds a frame, from aiokafka's record until it is dropped."""

    async def run(folder: str) -> float:
        consumer = open_consumer(folder, draw_records(frames, b"realtime"), frames)
        spent = time.process_time()
        handed_out = [message async for _, message in consumer.getmany(1.0)]
        assert not handed_out
        return 1e6 * (time.process_time() - spent) / frames

    with tempfile.TemporaryDirectory() as folder:
        return round(median(asyncio.run(run(folder)) for _ in range(5)), 1)


def measure_handing_out(frames: int, *, as_upstream: bool) -> float:
    """Microseconds a frame, from aiokafka's record into the worker's queue, through all of Faust."""

    async def run(folder: str) -> float:
        consumer = open_consumer(folder, draw_records(frames, b"lossless"), AT_ONCE)
        app = consumer.app
        app.flow_control.resume()
        stream = frames_topic(app).stream()
        stream._started.set()  # its start would wait for a broker
        consumer.callback = ConductorHandler(app.topics, HERE, {stream.channel})
        if as_upstream:
            consumer.wait_first = partial(Consumer.wait_first, consumer)
        arrivals, done = Arrivals(Pace(frames=MOST_FRAMES)), 0
        spent = time.process_time()
        tasks = [asyncio.create_task(arrivals.read(stream)),
                 asyncio.create_task(consumer._drain_messages(SimpleNamespace(_stopped=asyncio.Event())))]  # fmt: skip
        while done < frames:
            if not arrivals.events:
                await arrivals.change()
            for event in arrivals.cut():
                event.ack()
                done += 1
        spent = time.process_time() - spent
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        return 1e6 * spent / frames

    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(run(folder))


def main(words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args(words)
    fetches = measure_fetches(options.frames, options.rounds)
    handed_out: dict[str, list[float]] = {"upstream": [], "ours": []}
    for _ in range(options.rounds):
        for name, costs in handed_out.items():
            costs.append(measure_handing_out(options.frames, as_upstream=name == "upstream"))
    document = {
        "fetched_us": fetches,
        "judged_us": measure_judging(options.frames),
        "handed_out_us": {name: round(median(costs), 1) for name, costs in handed_out.items()},
    }
    print(json.dumps(document, indent=1))
    return 0


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        sys.exit(main(sys.argv[1:]))
