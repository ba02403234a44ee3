"""The figures of kept frames, as docs/kept-frames.md quotes them: `python -m docs.measure_kept [FIGURE...]`.

`throughput`: a worker on a real embedded Kafka that keeps nothing, 5 % and 100 %, in a folder and on an S3 of moto's,
one after the other in rounds. `memory`: one that keeps all, for long. `sweep`: 100,000 kept frames go while batches are
stored. The model is a fake that costs what a small network costs; the pictures are drawn. One JSON document a figure.
"""

import argparse
import json
import multiprocessing
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
import psutil
import requests
from sqlalchemy import func, select

from stream.frames.config import Keep, KeepPolicy
from stream.frames.frame_store import FrameStore
from stream.frames.kept_frames import KeptFrame, KeptIndex, at_now
from stream.frames.retention import Retention
from stream.messages import FRAMES_TOPIC, Outgoing, Position, encode_v2
from stream.store import PredictionStore
from stream.store_engine import has_tables
from stream.tables import predictions
from tests.stream.embedded_kafka import EmbeddedKafka, find_free_ports
from tests.stream.fakes import FakeRegistry
from tests.stream.live import send
from tests.stream.test_messages import PREDICTION
from tests.waiting import wait_until

Figures = Mapping[str, Any]

FRAMES: Final = 1500
ROUNDS: Final = 5
LONG_FRAMES: Final = 6_000
KEPT: Final = 100_000
LANES: Final[Mapping[str, tuple[float, bool]]] = {
    "nothing": (0.0, False),
    "5 % in a folder": (0.05, False),
    "100 % in a folder": (1.0, False),
    "5 % on S3": (0.05, True),
    "100 % on S3": (1.0, True),
}


def draw_pictures(count: int) -> list[bytes]:
    """JPEGs of 640x480 and about 50 KB, all different."""
    import cv2

    random = np.random.default_rng(7)
    pictures = []
    for _ in range(count):
        rough = random.integers(0, 255, (60, 80, 3), np.uint8)
        smooth = cv2.resize(rough, (640, 480), interpolation=cv2.INTER_LINEAR)
        pictures.append(bytes(cv2.imencode(".jpg", smooth, [cv2.IMWRITE_JPEG_QUALITY, 85])[1]))
    return pictures


def frames_of(pictures: Sequence[bytes], count: int) -> list[Outgoing]:
    run = f"{time.time_ns():x}"
    return [
        encode_v2(
            f"cam{n % 8}", f"{run}-{n}", datetime.now(UTC), pictures[n % len(pictures)], image_name=None, sequence=n
        )
        for n in range(count)
    ]


class Lane:
    """One worker with a home of its own, from its start to its last row."""

    def __init__(self, home: Path, bootstrap: str, share: float, endpoint: str | None) -> None:
        home.mkdir(parents=True)
        self.home = home
        self.bootstrap = bootstrap
        self.store = PredictionStore(f"sqlite:///{home / 'store' / 'vigia.db'}")
        keep = f"{{enabled: {str(share > 0).lower()}, sample: {share}, max_gib: 100}}"
        (home / "cameras.yaml").write_text(f"keep: {keep}\n")
        FakeRegistry(home / "registry.json").promote(cars=1)
        self.environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        if endpoint:
            address = {"VIGIA_FRAMES_URL": f"s3://frames/{home.name}", "VIGIA_FRAMES_ENDPOINT": endpoint}
            keys = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}
            self.environment |= {**address, **keys, "AWS_DEFAULT_REGION": "us-east-1"}

    def serve(self, count: int) -> Figures:
        """Frames a second, CPU-milliseconds a frame, memory and what was kept, of the frames that wait in Kafka."""
        command = [sys.executable, "-m", "docs.costly_worker", str(self.home), self.bootstrap]
        with (self.home / "worker.log").open("wb") as log:
            process = subprocess.Popen(command, env=self.environment, stdout=log, stderr=log)
        try:
            worker = psutil.Process(process.pid)
            wait_until(lambda: self.count() > 0, timeout_seconds=120, what=f"a first row in {self.home}")
            first, cpu, memory = self.count(), _cpu_seconds(worker), [worker.memory_info().rss]

            def done() -> bool:
                memory.append(worker.memory_info().rss)
                return self.count() >= count

            began = time.monotonic()
            wait_until(done, timeout_seconds=600, what=f"{count} rows in {self.home}")
            served, spent = time.monotonic() - began, _cpu_seconds(worker) - cpu
            not_kept = wait_until(self._not_kept, timeout_seconds=120, what="an empty queue") or {}
        finally:
            process.terminate()
            process.wait(30)
        return {
            "fps": (count - first) / served,
            "cpu_ms_per_frame": spent * 1000 / (count - first),
            "rss_mb": [round(each / 2**20) for each in memory[:: max(1, len(memory) // 20)]],
            "kept": sum(count.frames for count in KeptIndex(self.store).count()),
            "not_kept": sum(not_kept["not_kept"].values()),
        }

    def count(self) -> int:
        if not has_tables(self.store.engine):
            return 0
        return int(self.store.read(select(func.count()).select_from(predictions))[0][0])

    def _not_kept(self) -> Figures | None:
        """As the heartbeat tells once nothing waits; it is some seconds old."""
        kept: Figures = json.loads((self.home / "workers" / "1.json").read_text())["kept"]
        return kept if kept.get("waiting_bytes") == 0 else None


def measure_throughput(folder: Path, rounds: int) -> Figures:
    """Each lane once a round; medians, and the median of each round's ratio to the lane that keeps nothing."""
    found: dict[str, list[Figures]] = {name: [] for name in LANES}
    pictures = draw_pictures(400)
    with EmbeddedKafka(folder / "kafka") as broker, run_s3() as endpoint:
        for number in range(rounds):
            for place, (name, (share, on_s3)) in enumerate(LANES.items()):
                send(broker.bootstrap, frames_of(pictures, FRAMES))
                lane = Lane(folder / f"{number}-{place}", broker.bootstrap, share, endpoint if on_s3 else None)
                found[name].append(lane.serve(FRAMES))
                print(number, name, json.dumps(found[name][-1]), file=sys.stderr, flush=True)

    def ratio(name: str, key: str) -> float:
        pairs = zip(found[name], found["nothing"], strict=True)
        return float(statistics.median(each[key] / base[key] for each, base in pairs))

    return {
        name: {
            **{key: statistics.median(each[key] for each in lane) for key in ("fps", "cpu_ms_per_frame")},
            "fps_over_nothing": ratio(name, "fps"),
            "cpu_over_nothing": ratio(name, "cpu_ms_per_frame"),
            "kept": [each["kept"] for each in lane],
            "not_kept": [each["not_kept"] for each in lane],
        }
        for name, lane in found.items()
    }


def measure_memory(folder: Path, rounds: int) -> Figures:
    """Resident megabytes of a worker that keeps every frame, from its first row to its last."""
    pictures = draw_pictures(400)
    with EmbeddedKafka(folder / "kafka-memory") as broker:
        for _ in range(4):
            send(broker.bootstrap, frames_of(pictures, LONG_FRAMES // 4))
        return Lane(folder / "memory", broker.bootstrap, 1.0, None).serve(LONG_FRAMES)


def measure_sweep(folder: Path, rounds: int) -> Figures:
    """Seconds of a sweep of 100,000 frames, and what it does to the storing of batches meanwhile."""
    home = folder / "sweep"
    database = PredictionStore(f"sqlite:///{home / 'store' / 'vigia.db'}")
    database.migrate()
    fill(FrameStore(str(home / "kept")), database)
    quiet = store_batches(database, lambda seconds: seconds > 10)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        pool.apply(int)  # the process is there
        sweeping = pool.apply_async(sweep, (str(home),))
        busy = store_batches(database, lambda seconds: sweeping.ready())
        swept = sweeping.get()
    left = sum(1 for path in (home / "kept").rglob("*") if path.is_file())
    return {**swept, "files_left": left, "batch_ms": {"before": quiet, "meanwhile": busy}}


def fill(store: FrameStore, database: PredictionStore) -> None:
    """100,000 contents of 4 KB, kept eight days ago."""
    index, kept_at = KeptIndex(database), datetime.now(UTC) - timedelta(days=8)
    for start in range(0, KEPT, 5000):
        frames, contents = [], {}
        for number in range(start, start + 5000):
            content = number.to_bytes(8, "big") * 512
            frame = KeptFrame(
                position=Position(FRAMES_TOPIC, number % 4, number),
                reason="sampled",
                frame_id=f"f{number}",
                camera_id=f"cam{number % 8}",
                sha256=f"{hash((number, 7)) & (2**64 - 1):016x}" * 4,
                size_bytes=len(content),
                captured_at=kept_at,
            )
            frame = replace(at_now(frame, store=store.address, suffix="bin"), kept_at=kept_at)
            frames.append(frame)
            contents[frame.path] = content
        store.write(contents)
        index.record(frames)


def sweep(home: str) -> Figures:
    folder = Path(home)
    index = KeptIndex(PredictionStore(f"sqlite:///{folder / 'store' / 'vigia.db'}"))
    retention = Retention(FrameStore(str(folder / "kept")), index, lambda: KeepPolicy(Keep()))
    began, cpu = time.monotonic(), time.process_time()
    swept = retention.sweep(orphans=True)
    seconds, cpu_seconds = time.monotonic() - began, time.process_time() - cpu
    return {"rows": swept.rows if swept else 0, "seconds": seconds, "cpu_seconds": cpu_seconds}


def store_batches(database: PredictionStore, done: Callable[[float], bool]) -> Figures:
    """Milliseconds of a transaction of 32 rows, thirty of them a second."""
    taken: list[float] = []
    began, pause = time.monotonic(), multiprocessing.Event()
    while not done(time.monotonic() - began):
        offset = len(taken) * 32 + int(began * 1000) % 10**9 * 1000
        answers = [replace(PREDICTION, position=Position(FRAMES_TOPIC, 0, offset + n)) for n in range(32)]
        start = time.monotonic()
        database.store_batch(answers, [])
        taken.append((time.monotonic() - start) * 1000)
        pause.wait(max(0.0, 1 / 30 - taken[-1] / 1000))
    cuts = statistics.quantiles(taken, n=100, method="inclusive")
    return {"batches": len(taken), "p50": cuts[49], "p99": cuts[98], "max": max(taken)}


@contextmanager
def run_s3() -> Iterator[str]:
    """Address of moto's server in a process of its own, with the bucket `frames`."""
    port = find_free_ports(1)[0]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        try:
            return requests.put(f"{address}/frames", timeout=5).ok
        except requests.ConnectionError:
            return False

    try:
        wait_until(answers, timeout_seconds=60, what="moto's server")
        yield address
    finally:
        process.terminate()
        process.wait(10)


def _cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


FIGURES: Final[Mapping[str, Callable[[Path, int], Figures]]] = {
    "throughput": measure_throughput,
    "memory": measure_memory,
    "sweep": measure_sweep,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("figures", nargs="*", metavar="FIGURE", help=f"of {', '.join(FIGURES)}; all when none is named")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="of the throughput")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))  # what was started is ended
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vigia-kept-")))
        for name in options.figures or FIGURES:
            print(json.dumps({name: FIGURES[name](folder, options.rounds)}), flush=True)


if __name__ == "__main__":
    main()
