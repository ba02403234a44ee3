"""Frames sent at a steady rate, whatever becomes of them: `python -m stream.bench.latency.load LOAD` is the sender.

A frame's time of capture is when it was due, so that a sender that is late does not make answers look quick.
"""

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from stream.bench.broker import BATCH_BYTES, frame_of, read_pictures
from stream.bench.measuring import percentiles
from stream.broker.sending import send_in_batches
from stream.broker.topics import LARGEST_MESSAGE_BYTES
from stream.messages import Mode, Outgoing

TICK_SECONDS: Final = 0.001
FLOOD_TICK_SECONDS: Final = 0.02
"""Of frames of which most are dropped: the sender shares the machine, and a few together cost less."""
MOST_WAITING: Final = 512
"""Frames that the broker has not taken yet; beyond, frames are left out, as the number that was sent tells."""


@dataclass(frozen=True, slots=True)
class Load:
    """What is sent."""

    fps: float
    seconds: float
    run: str
    mode: Mode = "lossless"
    bootstrap: str = ""
    pictures: str = ""
    """A folder."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of it."""

    frames: int
    """That the broker took."""
    late_ms_p99: float = 0.0
    """From when a frame was due until it was on its way: part of every delay that is told."""
    cpu_seconds: float = 0.0
    """That the sender itself took from the machine which it shares."""


async def send(load: Load, pictures: Sequence[bytes]) -> Sent:
    """Returns once the broker has taken or refused the last frame."""
    deliveries: set[asyncio.Task[int]] = set()
    taken = number = 0
    late_ms: list[float] = []
    tick = FLOOD_TICK_SECONDS if load.mode == "realtime" else TICK_SECONDS

    def count(task: asyncio.Task[int]) -> None:
        nonlocal taken
        deliveries.discard(task)
        taken += task.result()

    async with AIOKafkaProducer(
        bootstrap_servers=load.bootstrap, acks=1, max_batch_size=BATCH_BYTES, max_request_size=LARGEST_MESSAGE_BYTES
    ) as producer:
        began, epoch, spent = time.monotonic(), time.time(), time.process_time()
        while (passed := time.monotonic() - began) < load.seconds:
            due = min(int(passed * load.fps) + 1, int(load.seconds * load.fps))
            waiting = sum(int(task.get_name()) for task in deliveries)
            if due > number and waiting < MOST_WAITING:
                frames = [_frame(load, each, pictures, epoch + each / load.fps) for each in range(number, due)]
                task = asyncio.create_task(_deliver(producer, frames), name=str(len(frames)))
                deliveries.add(task)
                task.add_done_callback(count)
                late_ms += [1000 * (time.monotonic() - began - each / load.fps) for each in range(number, due)]
            number = due
            pause = began + number / load.fps - time.monotonic()
            await asyncio.sleep(max(tick, pause))
        await asyncio.gather(*deliveries)
    return Sent(taken, percentiles(late_ms)["p99"] if late_ms else 0.0, time.process_time() - spent)


async def _deliver(producer: AIOKafkaProducer, frames: Sequence[tuple[int, Outgoing]]) -> int:
    try:
        offsets = await send_in_batches(producer, frames)
    except KafkaError:  # the broker does not keep up: what it did not take was not sent
        return 0
    return sum(offset is not None for offset in offsets)


def _frame(load: Load, number: int, pictures: Sequence[bytes], captured_at: float) -> tuple[int, Outgoing]:
    moment = datetime.fromtimestamp(captured_at, UTC)
    partition, frame = frame_of(2, number, pictures, moment, run=load.run)
    headers = (*frame.headers, ("mode", load.mode.encode()))
    return partition, Outgoing(frame.topic, frame.key, frame.value, headers)


def dump(load: Load | Sent) -> str:
    return json.dumps(asdict(load))


if __name__ == "__main__":
    order = Load(**json.loads(sys.argv[1]))
    print(dump(asyncio.run(send(order, read_pictures(Path(order.pictures))))))
