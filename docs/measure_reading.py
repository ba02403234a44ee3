"""What it costs to read a frame that is dropped: `python -m docs.measure_reading [--frames N] [--rounds N]`.

Microseconds of processor time a frame: aiokafka's part for fetches of different sizes, with and without checksums, in
turns on an embedded Kafka; then Faust's and ours, from the record to the verdict. One JSON document on stdout.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import Any, Final

import aiokafka.conn
from aiokafka import AIOKafkaConsumer, TopicPartition
from faust.types import TP

from pipelines.bench.pictures import draw_pictures
from stream.bench.broker import fill, run_broker
from stream.messages import FRAMES_PARTITIONS, FRAMES_TOPIC
from stream.reading.app import READER_BYTES, build_app
from stream.reading.freshness import Freshness

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


def measure_judging(frames: int) -> float:
    """Microseconds a frame, from aiokafka's record until it is dropped."""
    headers = (("schema", b"2"), ("camera_id", b"gate"), ("frame_id", b"gate-1"),
               ("captured_at", b"2026-01-01T00:00:00Z"), ("sequence", b"1"), ("mode", b"realtime"))  # fmt: skip
    records = [
        SimpleNamespace(
            topic=FRAMES_TOPIC, partition=0, offset=offset, timestamp=0, timestamp_type=0, headers=headers,
            key=b"gate", value=b"", checksum=None, serialized_key_size=4, serialized_value_size=0,
        )
        for offset in range(frames)
    ]  # fmt: skip

    async def run(folder: str) -> float:
        app = build_app("127.0.0.1:9", instance_id="measured", datadir=Path(folder), freshness=Freshness())
        app.consumer_generation_id = 1

        async def ignore(*_: object) -> None:
            return None

        consumer: Any = app.transport.create_consumer(
            callback=ignore, on_partitions_revoked=ignore, on_partitions_assigned=ignore
        )

        async def fetched(timeout: float) -> Any:  # noqa: ASYNC109  upstream's
            return {TP(FRAMES_TOPIC, 0): records}, {TP(FRAMES_TOPIC, 0)}

        consumer._wait_next_records, consumer.highwater = fetched, lambda tp: frames + 1
        spent = time.process_time()
        handed_out = [message async for _, message in consumer.getmany(1.0)]
        assert not handed_out
        return 1e6 * (time.process_time() - spent) / frames

    with tempfile.TemporaryDirectory() as folder:
        return round(median(asyncio.run(run(folder)) for _ in range(5)), 1)


def main(words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args(words)
    fetches = measure_fetches(options.frames, options.rounds)
    print(json.dumps({"fetched_us": fetches, "judged_us": measure_judging(options.frames)}, indent=1))
    return 0


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        sys.exit(main(sys.argv[1:]))
