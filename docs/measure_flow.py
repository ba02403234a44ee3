"""The figures of docs/freshness.md: `python -m docs.measure_flow overload|bytes|small|mixed [--seconds N] [--work N]`.

A real embedded Kafka, one real worker process with a model whose only work is to hash bytes, and frames sent from a
process of its own. One JSON document on stdout. Times mean something only while the machine does nothing else.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from aiokafka import AIOKafkaProducer

from docs.flow_processes import CAMERAS, Load, MeasuredWorker, draw_noise
from stream.broker.topics import LARGEST_MESSAGE_BYTES
from stream.messages import FRAMES_TOPIC, encode_v2
from tests.stream.embedded_kafka import EmbeddedKafka
from tests.waiting import wait_until

WARM_SECONDS = 3.0


@contextmanager
def scene(work: int) -> Iterator[tuple[EmbeddedKafka, MeasuredWorker]]:
    """A broker and a worker that waits for its first frame."""
    with tempfile.TemporaryDirectory() as folder, EmbeddedKafka(Path(folder) / "kafka") as broker:
        home = Path(folder) / "home"
        home.mkdir()
        with MeasuredWorker(home, broker.bootstrap, work) as worker:
            worker.registry.promote(cars=1)
            worker.start()
            worker.wait_for_state("serving")
            yield broker, worker


def served(worker: MeasuredWorker, run: str, seconds: float) -> dict[str, float]:
    """Ages and rate of what was answered, without the first seconds."""
    rows = worker.query(
        "SELECT (julianday(predicted_at) - julianday(captured_at)) * 86400.0, julianday(predicted_at) * 86400.0 "  # noqa: S608
        f"FROM predictions WHERE camera_id LIKE '{run}-%' ORDER BY predicted_at"
    )
    if not rows:
        return {"frames": 0}
    began = rows[0][1] + WARM_SECONDS
    kept = [(age, at) for age, at in rows if began <= at <= began + seconds - WARM_SECONDS - 1]
    ages = [age for age, _ in kept]
    span = kept[-1][1] - kept[0][1]
    return {
        "frames": len(kept),
        "fps": round(len(kept) / span, 1),
        "age_p50": round(float(np.percentile(ages, 50)), 3),
        "age_p99": round(float(np.percentile(ages, 99)), 3),
        "oldest": round(max(ages), 3),
    }


def run_load(broker: EmbeddedKafka, worker: MeasuredWorker, load: Load) -> dict[str, Any]:
    """One phase under load: what was served meanwhile, and the worker's memory and processor time."""
    began, cpu = time.monotonic(), worker.cpu_seconds()
    memory: list[float] = []
    with load:
        while time.monotonic() - began < load.seconds:
            memory.append(worker.megabytes())
            time.sleep(0.1)
        cpu = worker.cpu_seconds() - cpu
        wall = time.monotonic() - began
        sent = load.wait()
    half = memory[len(memory) // 2 :]
    return {
        "sent_fps": round(sent / load.seconds, 1),
        "sent": sent,
        **served(worker, load.run, load.seconds),
        "cpu_cores": round(cpu / wall, 2),
        "cpu_ms_a_frame_served": round(1000 * cpu / max(worker.rows(f"camera_id LIKE '{load.run}-%'"), 1), 2),
        "rss_mb": {"first_half_max": round(max(memory[: len(memory) // 2])), "second_half_max": round(max(half))},
    }


def drain(worker: MeasuredWorker) -> None:
    """Wait until nothing is answered any more."""
    seen, since = -1, time.monotonic()

    def still() -> bool:
        nonlocal seen, since
        now = worker.ledger()["next_offset"]
        if now != seen:
            seen, since = now, time.monotonic()
        return time.monotonic() - since > 2.0

    wait_until(still, timeout_seconds=300, what="the end of the backlog")


def measure_overload(seconds: float, work: int) -> dict[str, Any]:
    """Own peak on frames that wait, then 5 times as many as that, realtime and lossless in turns."""
    document: dict[str, Any] = {"peak": [], "peak_cpu_ms": [], "realtime": [], "lossless": []}
    with scene(work) as (broker, worker):
        with Load(broker.bootstrap, 200, 2, "lossless", "warm") as load:
            load.wait()
        drain(worker)
        for round_ in range(2):
            cpu = worker.cpu_seconds()
            with Load(broker.bootstrap, 500, 2, "lossless", f"peak{round_}") as load:
                sent = load.wait()
            drain(worker)
            document["peak"].append(peak(worker, f"peak{round_}"))
            document["peak_cpu_ms"].append(round(1000 * (worker.cpu_seconds() - cpu) / sent, 2))
            rate = 5 * document["peak"][-1]
            for mode in ("realtime", "lossless"):
                of = f"{mode}{round_}"
                spell = seconds if mode == "realtime" else seconds / 3
                document[mode].append(run_load(broker, worker, Load(broker.bootstrap, rate, spell, mode, of)))
                drain(worker)
        document["ledger"] = worker.ledger()
    best = max(document["peak"])
    document["realtime_over_peak"] = [round(phase["fps"] / best, 2) for phase in document["realtime"]]
    return document


def peak(worker: MeasuredWorker, run: str) -> float:
    """Frames a second while there is a backlog: the middle eight tenths."""
    times = [
        row[0]
        for row in worker.query(
            f"SELECT julianday(predicted_at) * 86400.0 FROM predictions WHERE camera_id LIKE '{run}-%' ORDER BY 1"  # noqa: S608
        )
    ]
    middle = times[len(times) // 5 : -len(times) // 10]
    return round(float(len(middle) / (middle[-1] - middle[0])), 1)


def measure_mixed(seconds: float, work: int) -> dict[str, Any]:
    """One lossless camera in eight, the others realtime, at three times the peak."""
    with scene(work) as (broker, worker):
        with Load(broker.bootstrap, 1000, 2, "lossless", "peak") as load:
            load.wait()
        drain(worker)
        best = peak(worker, "peak")
        phase = run_load(broker, worker, Load(broker.bootstrap, 3 * best, seconds, "both", "mixed"))
        drain(worker)
        lossless = worker.rows("camera_id LIKE 'mixed-lossless-%'")
        return {
            "peak": best,
            "mixed": phase,
            "lossless": {"sent": -(-phase["sent"] // CAMERAS), "stored": lossless},
            "ledger": worker.ledger(),
        }


def measure_bytes(frames: int, side: int) -> dict[str, Any]:
    """Frames that wait before the worker starts; how its memory grows while it answers them."""
    picture = draw_noise(side)

    async def preload(bootstrap: str) -> None:
        async with AIOKafkaProducer(bootstrap_servers=bootstrap, max_request_size=LARGEST_MESSAGE_BYTES) as producer:
            for number in range(frames):
                frame = encode_v2(
                    f"big-{number % CAMERAS}", f"{number}", datetime.now(UTC), picture, image_name=None, sequence=number
                )
                await producer.send_and_wait(
                    FRAMES_TOPIC, key=frame.key, value=frame.value, headers=list(frame.headers)
                )

    with tempfile.TemporaryDirectory() as folder, EmbeddedKafka(Path(folder) / "kafka") as broker:
        home = Path(folder) / "home"
        home.mkdir()
        asyncio.run(preload(broker.bootstrap))
        with MeasuredWorker(home, broker.bootstrap, 1) as worker:
            worker.start()
            worker.wait_for_state("waiting for a model")
            before = worker.megabytes()
            worker.registry.promote(cars=1)
            highest = before

            def done() -> bool:
                nonlocal highest
                highest = max(highest, worker.megabytes())
                return worker.rows() >= frames

            began = time.monotonic()
            wait_until(done, timeout_seconds=600, what="all rows")
            return {
                "frames": frames,
                "frame_bytes": len(picture),
                "seconds": round(time.monotonic() - began, 1),
                "cpu_seconds_per_frame": round(worker.cpu_seconds() / frames, 5),
                "rss_mb_before": round(before),
                "rss_mb_highest": round(highest),
                "growth_mb": round(highest - before),
                "fps": peak(worker, "big"),
            }


def main(words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("figure", choices=["overload", "bytes", "small", "mixed"])
    parser.add_argument("--seconds", type=float, default=30, help="Of each phase under load.")
    parser.add_argument("--work", type=int, default=4, help="Megabytes hashed a frame, in place of a network.")
    options = parser.parse_args(words)
    figures = {
        "overload": lambda: measure_overload(options.seconds, options.work),
        "mixed": lambda: measure_mixed(options.seconds, options.work),
        "bytes": lambda: measure_bytes(500, 2110),
        "small": lambda: measure_bytes(6000, 64),
    }
    print(json.dumps(figures[options.figure](), indent=2))
    return 0


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        sys.exit(main(sys.argv[1:]))
