"""The processes that docs/measure_flow.py measures: a worker whose model hashes bytes, and one that sends frames."""

import asyncio
import hashlib
import io
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from aiokafka import AIOKafkaProducer
from PIL import Image as PillowImage

from pipelines.images import Image
from pipelines.inference import Inference
from stream.broker.topics import LARGEST_MESSAGE_BYTES
from stream.logs import configure_logs
from stream.messages import FRAMES_TOPIC, encode_v2
from stream.worker.worker import run_worker
from tests.stream.fake_worker import fake_setup
from tests.stream.fakes import FakeClassifier
from tests.stream.live import LiveWorker

CAMERAS = 8


@dataclass
class Hashing(FakeClassifier):
    """Takes time like a network: outside Python's lock, one picture after the other."""

    work: bytes = b""

    def infer(self, images: Sequence[Image]) -> Inference:
        for _ in images:
            hashlib.sha256(self.work).digest()
        return super().infer(images)


class MeasuredWorker(LiveWorker):
    """A worker process whose model hashes so many megabytes a frame."""

    def __init__(self, home: Path, bootstrap: str, work: int) -> None:
        super().__init__(home, bootstrap)
        self._command = [sys.executable, "-m", "docs.flow_processes", "worker", str(home), bootstrap, str(work)]
        self.memory: list[int] = []

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def rows(self, where: str = "1=1") -> int:
        found = self.query(f"SELECT count(*) FROM predictions WHERE {where}")  # noqa: S608  our own words
        return int(found[0][0]) if found else 0

    def megabytes(self) -> float:
        """Resident now."""
        with open(f"/proc/{self.pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6

    def cpu_seconds(self) -> float:
        with open(f"/proc/{self.pid}/stat", encoding="ascii") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def ledger(self) -> dict[str, int]:
        names = ("stored", "dead", "dropped", "skipped", "expired", "next_offset", "first_offset")
        sums = ", ".join(f"sum({name})" for name in names)
        row = self.query(f"SELECT {sums} FROM frame_ledger")[0]  # noqa: S608  our own words
        return {name: int(value or 0) for name, value in zip(names, row, strict=True)}


@dataclass
class Load:
    """Frames to send, by a process of their own."""

    bootstrap: str
    fps: float
    seconds: float
    mode: str
    run: str
    side: int = 640
    _process: subprocess.Popen[bytes] | None = field(default=None)

    def __enter__(self) -> "Load":
        words = [str(word) for word in (self.bootstrap, self.fps, self.seconds, self.mode, self.run, self.side)]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "docs.flow_processes", "load", *words], stdout=subprocess.PIPE
        )
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()

    def wait(self) -> int:
        """Frames sent."""
        assert self._process is not None
        return int(self._process.communicate()[0])


def draw_noise(side: int, *, quality: int = 75) -> bytes:
    """A JPEG of `side` x 3/4 `side` pixels that compresses badly."""
    generator = np.random.default_rng(7)
    small = generator.integers(0, 255, (side * 3 // 4, side, 3), dtype=np.uint8)
    output = io.BytesIO()
    PillowImage.fromarray(small).resize((side, side * 3 // 4)).save(output, "JPEG", quality=quality)
    return output.getvalue()


async def send_at(bootstrap: str, fps: float, seconds: float, mode: str, run: str, side: int) -> int:
    """Send frames of some cameras evenly, each captured when it is sent; `both` alternates cameras of both modes."""
    picture = draw_noise(side, quality=15)
    sent, pending = 0, set()
    async with AIOKafkaProducer(
        bootstrap_servers=bootstrap, acks=1, linger_ms=5, max_request_size=LARGEST_MESSAGE_BYTES
    ) as producer:
        began = time.monotonic()
        while (passed := time.monotonic() - began) < seconds:
            while sent < passed * fps:
                camera = sent % CAMERAS
                of = ("lossless" if camera == 0 else "realtime") if mode == "both" else mode
                frame = encode_v2(
                    f"{run}-{of}-{camera}", f"{run}-{sent}", datetime.now(UTC), picture, image_name=None, sequence=sent
                )
                headers = [*frame.headers, ("mode", of.encode())]
                pending.add(await producer.send(FRAMES_TOPIC, key=frame.key, value=frame.value, headers=headers))
                sent += 1
            pending = {delivery for delivery in pending if not delivery.done()}
            await asyncio.sleep(0.01)
        await producer.flush()
    return sent


def run_measured_worker(home: Path, bootstrap: str, work: int) -> int:
    configure_logs("console")
    payload = bytes(work * 1_000_000)
    return run_worker(fake_setup(home, bootstrap, lambda _folder, name, version: Hashing(name, version, work=payload)))


def main(words: Sequence[str]) -> int:
    if words[0] == "worker":
        return run_measured_worker(Path(words[1]), words[2], int(words[3]))
    bootstrap, fps, seconds, mode, run, side = words[1:]
    print(asyncio.run(send_at(bootstrap, float(fps), float(seconds), mode, run, int(side))))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
