"""What many cameras cost: `python -m docs.measure_cameras [--cameras 60] [--rate 1] [--seconds 60] [--pictures DIR]`.

A real embedded Kafka, and one `vigia cameras` process with that many folder cameras, once with the pictures as they are
and once with `resize`, so that each is decoded, scaled and encoded anew. Processor time is that of the camera process
between two moments in its steady state, as a share of one core; what encoding and looking at views took of it is told
apart. Without --pictures JPEGs of 640x480 are drawn. Judge by shares of a core: they hold on a busy machine too.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from PIL import Image

from tests.stream.embedded_kafka import EmbeddedKafka
from tests.waiting import wait_until

ROOT = Path(__file__).parents[1]
DRAWN = 20
WARM_UP_FRAMES = 3
"""A camera."""
RESIZED = 320


def draw_pictures(folder: Path) -> Path:
    """JPEGs of about the size that a camera's have: smooth shapes and some noise."""
    folder.mkdir(parents=True)
    random = np.random.default_rng(5)
    for number in range(DRAWN):
        coarse = Image.fromarray(random.integers(0, 255, (9, 12, 3), np.uint8)).resize(
            (640, 480), Image.Resampling.BICUBIC
        )
        noisy = np.asarray(coarse, np.int16) + random.normal(0, 6, (480, 640, 3)).astype(np.int16)
        Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(folder / f"{number:02}.jpg", quality=85)
    return folder


def measure(folder: Path, bootstrap: str, options: argparse.Namespace, resize: int | None) -> Mapping[str, Any]:
    """Shares of a core of one process over `--seconds`."""
    camera = {"source": str(options.pictures), "rate": options.rate, "order": "shuffled"}
    if resize:
        camera["resize"] = resize
    workspace = folder / ("resized" if resize else "as_they_are")
    workspace.mkdir()
    document = {"cameras": {f"camera-{number:03}": camera for number in range(options.cameras)}}
    (workspace / "cameras.yaml").write_text(json.dumps(document), encoding="utf-8")
    home = workspace / "home"
    process = subprocess.Popen(
        [sys.executable, "-m", "vigia", "cameras"],
        cwd=workspace,
        env={**os.environ, "PYTHONPATH": str(ROOT), "VIGIA_HOME": str(home), "VIGIA_KAFKA_BOOTSTRAP": bootstrap},
        stderr=subprocess.DEVNULL,
    )
    try:
        beat = home / "cameras.json"
        warm = WARM_UP_FRAMES * options.cameras
        wait_until(lambda: read(beat).get("sent", 0) >= warm, timeout_seconds=120, what=f"{warm} frames")
        before, (first, began) = read(beat), spent(process.pid)
        wait_until(
            lambda: time.monotonic() - began >= options.seconds, timeout_seconds=options.seconds + 60, what="the time"
        )
        after, (last, ended) = read(beat), spent(process.pid)
        memory = psutil.Process(process.pid).memory_info().rss / 1e6
        threads = psutil.Process(process.pid).num_threads()
    finally:
        process.terminate()
        process.wait(30)
    span = ended - began
    of_all = (last - first) / span
    between = seconds_between(before, after)
    shares = {
        name: (after["cpu_seconds"][name] - before["cpu_seconds"][name]) / between for name in before["cpu_seconds"]
    }
    return {
        "frames_per_second": round((after["sent"] - before["sent"]) / between, 1),
        "dropped": after["dropped"],
        "core_share": round(of_all, 3),
        "of_it_encoding": round(shares["encoding"], 3),
        "of_it_looking": round(shares["looking"], 3),
        "besides_encoding": round(of_all - shares["encoding"], 3),
        "memory_mb": round(memory),
        "threads": threads,
    }


def read(beat: Path) -> dict[str, Any]:
    return dict(json.loads(beat.read_text())) if beat.exists() else {}


def seconds_between(before: Mapping[str, Any], after: Mapping[str, Any]) -> float:
    """From one beat to the other."""
    return (datetime.fromisoformat(after["at"]) - datetime.fromisoformat(before["at"])).total_seconds()


def spent(pid: int) -> tuple[float, float]:
    """Processor seconds of the process, and when that was."""
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system, time.monotonic()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cameras", type=int, default=60)
    parser.add_argument("--rate", type=float, default=1.0)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--pictures", type=Path, help="a folder of JPEGs; drawn when none is named")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vigia-cameras-") as name:
        folder = Path(name)
        options.pictures = (options.pictures or draw_pictures(folder / "pictures")).absolute()
        with EmbeddedKafka(folder / "kafka") as kafka:
            for resize in (None, RESIZED):
                figures = measure(folder, kafka.bootstrap, options, resize)
                print(json.dumps({"resize": resize, **figures}), flush=True)


if __name__ == "__main__":
    main()
