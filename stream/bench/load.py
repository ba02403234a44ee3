"""Frames sent at a steady rate, whatever becomes of them: `python -m stream.bench.load LOAD` is the sender.

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
from stream.broker.sending import send_in_batches
from stream.broker.topics import LARGEST_MESSAGE_BYTES
from stream.messages import Mode, Outgoing

TICK_SECONDS: Final = 0.002
MOST_WAITING: Final = 512
"""Frames that the broker has not taken yet; beyond, frames are left out, as the number that was sent tells."""


@dataclass(frozen=True, slots=True)
class Load:
    """What is sent."""

    bootstrap: str
    pictures: str
    """A folder."""
    fps: float
    seconds: float
    run: str
    mode: Mode = "lossless"


async def send(load: Load, pictures: Sequence[bytes]) -> int:
    """The number of frames that the broker took."""
    deliveries: set[asyncio.Task[int]] = set()
    taken = number = 0

    def count(task: asyncio.Task[int]) -> None:
        nonlocal taken
        deliveries.discard(task)
        taken += task.result()

    async with AIOKafkaProducer(
        bootstrap_servers=load.bootstrap, acks=1, max_batch_size=BATCH_BYTES, max_request_size=LARGEST_MESSAGE_BYTES
    ) as producer:
        began, epoch = time.monotonic(), time.time()
        while (passed := time.monotonic() - began) < load.seconds:
            due = min(int(passed * load.fps) + 1, int(load.seconds * load.fps))
            waiting = sum(int(task.get_name()) for task in deliveries)
            if due > number and waiting < MOST_WAITING:
                frames = [_frame(load, each, pictures, epoch + each / load.fps) for each in range(number, due)]
                task = asyncio.create_task(_deliver(producer, frames), name=str(len(frames)))
                deliveries.add(task)
                task.add_done_callback(count)
            number = due
            pause = began + number / load.fps - time.monotonic()
            await asyncio.sleep(max(TICK_SECONDS, pause))
        await asyncio.gather(*deliveries)
    return taken


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


def dump(load: Load) -> str:
    return json.dumps(asdict(load))


if __name__ == "__main__":
    order = Load(**json.loads(sys.argv[1]))
    print(asyncio.run(send(order, read_pictures(Path(order.pictures)))))
