"""Frames sent at a rate, as cameras would, and where each of them came to lie."""

import asyncio
import itertools
import threading
import time
import uuid
from datetime import UTC, datetime

from aiokafka import AIOKafkaProducer

from stream.messages import FRAMES_TOPIC, encode_v2
from tests.stream.fakes import draw_jpeg

CAMERAS = 64
"""Enough that each of four partitions gets some."""


class Sender:
    """Sends on a thread of its own until it is joined, and at least so many frames.

    A broker that is away makes it wait, never skip.
    """

    def __init__(self, bootstrap: str, frames: int, rate: float) -> None:
        self._bootstrap = bootstrap
        self._frames = frames
        self._rate = rate
        self._loop = asyncio.new_event_loop()
        self._enough = threading.Event()
        self._run = uuid.uuid4().hex[:8]
        self._thread = threading.Thread(target=self._main, name="sender", daemon=True)
        self.positions: dict[tuple[int, int], str] = {}
        """(partition, offset) to frame id, complete once `join` has returned."""
        self._failure: BaseException | None = None

    def start(self) -> None:
        self._thread.start()

    def join(self, timeout_seconds: float) -> None:
        self._enough.set()
        self._thread.join(timeout_seconds)
        assert not self._thread.is_alive(), f"the frames were not sent within {timeout_seconds} s"
        if self._failure is not None:
            raise self._failure

    def abandon(self) -> None:
        """Send no more, whatever is under way; for a scene that failed."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(lambda: [task.cancel() for task in asyncio.all_tasks(self._loop)])
            self._thread.join(30)

    def _main(self) -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
                runner.run(self._send())
        except BaseException as error:  # noqa: BLE001  told by join
            self._failure = error

    async def _send(self) -> None:
        producer = AIOKafkaProducer(
            bootstrap_servers=self._bootstrap,
            acks="all",
            enable_idempotence=True,
            request_timeout_ms=180_000,
            metadata_max_age_ms=5_000,
        )
        pictures = [draw_jpeg(value, 16) for value in (40, 200)]
        async with producer:
            begin = time.monotonic()
            deliveries = []
            for number in itertools.count():
                if number >= self._frames and self._enough.is_set():
                    break
                await asyncio.sleep(max(0.0, begin + number / self._rate - time.monotonic()))
                frame_id, camera_id = f"{self._run}-{number}", f"{self._run}-{number % CAMERAS}"
                frame = encode_v2(
                    camera_id,
                    frame_id,
                    datetime.now(UTC),
                    pictures[number % 2],
                    image_name=f"{number}.jpg",
                    sequence=number,
                )
                deliveries.append(
                    await producer.send(FRAMES_TOPIC, key=frame.key, value=frame.value, headers=list(frame.headers))
                )
            for number, record in enumerate(await asyncio.gather(*deliveries)):
                self.positions[record.partition, record.offset] = f"{self._run}-{number}"
