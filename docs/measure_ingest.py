"""What pushes cost: `python -m docs.measure_ingest [--pushes 400] [--picture FILE]`.

A real embedded Kafka and one `vigia cameras` process; clients on this machine push JPEGs of 640x480, by 1, 8 and 32 at
once, in turn. Processor time is that of the camera process; each answer means that the broker has the frame. Judge by
processor milliseconds a push: they hold on a busy machine too. One JSON document.
"""

import argparse
import json
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import httpx
import numpy as np
import psutil
from PIL import Image

from stream.camera.sources.pictures import encode_picture
from tests.stream.embedded_kafka import EmbeddedKafka
from tests.stream.ingest.test_live import PushTarget

ROUNDS: Final = 3
CAMERAS: Final = 8


def draw_picture() -> bytes:
    """A JPEG of about the size that a camera's has."""
    rng = np.random.default_rng(5)
    coarse = Image.fromarray(rng.integers(0, 255, (12, 16, 3), np.uint8)).resize((640, 480), Image.Resampling.BICUBIC)
    noisy = np.asarray(coarse, np.int16) + rng.integers(-6, 7, (480, 640, 3))
    return encode_picture(noisy.clip(0, 255).astype(np.uint8), None)


def measure(
    client: httpx.Client, process: psutil.Process, picture: bytes, pushes: int, at_once: int
) -> dict[str, float]:
    """One lane: how many a second, how long each, what it cost."""
    waits: list[float] = []

    def push(number: int) -> None:
        began = time.perf_counter()
        answer = client.post("/frames", params={"camera_id": f"cam{number % CAMERAS}"}, content=picture)
        waits.append(time.perf_counter() - began)
        assert answer.status_code == 202, answer.text

    before, began = process.cpu_times(), time.perf_counter()
    with ThreadPoolExecutor(at_once) as pushers:
        list(pushers.map(push, range(pushes)))
    seconds, after = time.perf_counter() - began, process.cpu_times()
    spent = after.user + after.system - before.user - before.system
    return {
        "pushes_per_second": round(pushes / seconds, 1),
        "p50_ms": round(1000 * float(np.percentile(waits, 50)), 1),
        "p95_ms": round(1000 * float(np.percentile(waits, 95)), 1),
        "processor_ms_per_push": round(1000 * spent / pushes, 2),
    }


def main() -> None:
    """Every lane in turn, medians of the rounds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pushes", type=int, default=400)
    parser.add_argument("--picture", type=Path)
    options = parser.parse_args()
    picture = options.picture.read_bytes() if options.picture else draw_picture()
    lanes: dict[int, list[dict[str, float]]] = {1: [], 8: [], 32: []}
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "cameras").mkdir()
        with EmbeddedKafka(Path(folder) / "kafka") as broker:
            cameras: dict[str, Any] = {f"cam{number}": {"rate": 1000} for number in range(CAMERAS)}
            target = PushTarget(Path(folder) / "cameras", broker.bootstrap, **cameras)
            with target.running() as client:
                process = psutil.Process(int(target.heartbeat()["pid"]))
                measure(client, process, picture, 100, 8)  # warms up
                for _ in range(ROUNDS):
                    for at_once, found in lanes.items():
                        found.append(measure(client, process, picture, options.pushes, at_once))
    medians = {
        f"{at_once} at once": {name: float(np.median([each[name] for each in found])) for name in found[0]}
        for at_once, found in lanes.items()
    }
    print(json.dumps({"picture_bytes": len(picture), **medians}, indent=2))


if __name__ == "__main__":
    main()
