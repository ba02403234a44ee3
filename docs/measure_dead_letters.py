"""The figures of docs/dead-letters.md: `python -m docs.measure_dead_letters bad|flood`.

`bad` sends every kind of bad input, ten of each, among 400 good frames. `flood` asks what ten bad messages for each
good one cost: the same good frames alone and in the flood, in turns, through a real worker process, a real Kafka and a
network as heavy as MobileNetV2. One JSON document is printed. Times mean something only while the machine does nothing
else; the ratio of the lanes moves less than they do.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import uuid
from base64 import b64encode
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from PIL import Image as PillowImage

from pipelines.artefact import Precision
from pipelines.images import Image, resize_image
from pipelines.inference import Inference
from stream.logs import configure_logs
from stream.messages import FRAMES_TOPIC, Outgoing, encode_v2
from stream.worker.worker import run_worker
from tests.stream.bad_messages import encode, v1
from tests.stream.dead_letters.bad_input import run_bad_input
from tests.stream.embedded_kafka import EmbeddedKafka
from tests.stream.fake_worker import fake_setup
from tests.stream.live import LiveWorker, send
from tests.waiting import wait_until

BAD_PER_GOOD = 10
SIDE = 224


class ConvNet:
    """Random convolutions in OpenVINO, one thread: about the work of MobileNetV2, and like it without the GIL."""

    classifier, version, class_names, size_hw = "cars", 1, ("dark", "light"), (SIDE, SIDE)
    precision: Precision = "f32"

    def __init__(self, blocks: int) -> None:
        import openvino as ov
        from openvino import opset13 as ops

        random = np.random.default_rng(0)
        pixels = ops.parameter([1, SIDE, SIDE, 3], np.uint8)
        layer = ops.transpose(ops.convert(pixels, np.float32), np.array([0, 3, 1, 2]))
        channels = 3
        for wide in (32, 64, *[64] * blocks):
            weights = random.normal(0, 0.05, (wide, channels, 3, 3)).astype(np.float32)
            stride = [2, 2] if channels < 64 else [1, 1]
            layer = ops.relu(ops.convolution(layer, weights, stride, [1, 1], [1, 1], [1, 1]))
            channels = wide
        pooled = ops.reduce_mean(layer, np.array([2, 3]))
        model = ov.Model([pooled], [pixels])
        hints = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": 1}
        self._network = ov.compile_model(model, "CPU", hints)

    def infer(self, images: Sequence[Image]) -> Inference:
        # one by one, so that a frame costs the same in a batch of three as in one of 32
        for image in images:
            self._network(resize_image(image, self.size_hw)[None])
        return Inference(np.tile(np.array([0.25, 0.75], np.float32), (len(images), 1)), np.ones(len(images), bool))


class ConvWorker(LiveWorker):
    """A worker process that serves the network above."""

    def __init__(self, home: Path, bootstrap: str, blocks: int) -> None:
        super().__init__(home, bootstrap)
        self._command = [sys.executable, "-m", "docs.measure_dead_letters", "worker", str(home), bootstrap, str(blocks)]

    def cpu_seconds(self) -> float:
        assert self._process is not None
        times = psutil.Process(self._process.pid).cpu_times()
        return float(times.user + times.system)


def serve(home: Path, bootstrap: str, blocks: int) -> int:
    configure_logs("console")
    return run_worker(fake_setup(home, bootstrap, lambda folder, classifier, version: ConvNet(blocks)))


def draw_scene() -> bytes:
    """A JPEG of 640x480 with about as much in it as a camera's."""
    random = np.random.default_rng(3)
    ramp = np.add.outer(np.arange(480), np.arange(640))[..., None] * np.array([1, 2, 3]) / 8
    noisy = ramp + random.integers(0, 24, ramp.shape)
    return encode(PillowImage.fromarray((noisy % 256).astype(np.uint8)).resize((640, 480)), "JPEG", quality=85)


def make_kinds(picture: bytes, kinds: str) -> list[Outgoing]:
    """Ten bad messages; `light` ones fail before a picture is looked at, half of the `heavy` ones are broken JPEGs."""
    now = datetime.now(UTC)
    pictured = v1(now, image_data=b64encode(picture).decode())
    values = [
        b"garbage",
        b"",
        b"{}",
        pictured[: len(pictured) // 2],
        pictured.replace(b'"gate"', b'""'),
        v1(now, timestamp=0),
        v1(now, image_data="%%%"),
        v1(now, image_data=b64encode(b"no picture" * 1000).decode()),
        v1(now, camera_id=7),
        b"[1]",
    ]
    messages = [Outgoing(FRAMES_TOPIC, b"bad-%d" % number, value) for number, value in enumerate(values)]
    if kinds == "heavy":
        cut = picture[: len(picture) // 2]
        for number in range(0, len(messages), 2):
            messages[number] = encode_v2(f"bad-{number}", f"b{number}", now, cut, image_name=None, sequence=1)
    return messages


def run_lane(worker: ConvWorker, bootstrap: str, *, good: int, bad: Sequence[Outgoing]) -> dict[str, float]:
    """Frames a second of the good ones, from the first to the last row, all messages waiting when the worker starts."""
    run, picture = uuid.uuid4().hex[:8], draw_scene()
    messages: list[Outgoing] = []
    for number in range(good):
        frame = encode_v2(
            f"{run}-{number % 8}", f"{run}-{number}", datetime.now(UTC), picture, image_name=None, sequence=1
        )
        messages += [frame, *bad]
    for start in range(0, len(messages), 500):
        send(bootstrap, messages[start : start + 500])
    where = f"predictions WHERE camera_id LIKE '{run}-%'"
    worker.start()
    worker.wait_for_rows(where, 1, timeout_seconds=120)
    cpu = worker.cpu_seconds()
    worker.wait_for_rows(where, good, timeout_seconds=600)
    wait_until(lambda: worker.heartbeat()["acknowledged"] >= len(messages), timeout_seconds=60, what="the last letters")
    cpu = worker.cpu_seconds() - cpu
    first, last = worker.query(f"SELECT min(predicted_at), max(predicted_at) FROM {where}")[0]  # noqa: S608
    # rows of the first batch were there when the clock began
    later = worker.query(f"SELECT count(*) FROM {where} AND predicted_at > '{first}'")[0][0]  # noqa: S608
    seconds = (datetime.fromisoformat(last) - datetime.fromisoformat(first)).total_seconds()
    lines = len(worker.log.read_text().splitlines())
    assert worker.end() == 0
    return {"fps": later / seconds, "cpu_ms_per_good": cpu * 1000 / good, "log_lines": lines}


def measure_flood(good: int, rounds: int, blocks: int, kinds: str) -> dict[str, Any]:
    lanes: dict[str, list[dict[str, float]]] = {"alone": [], "flood": []}
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        with EmbeddedKafka(home / "kafka") as broker, ConvWorker(home, broker.bootstrap, blocks) as worker:
            worker.registry.promote(cars=1)
            for number in range(rounds):
                for name in ("alone", "flood") if number % 2 == 0 else ("flood", "alone"):
                    bad = make_kinds(draw_scene(), kinds) if name == "flood" else []
                    lanes[name].append(run_lane(worker, broker.bootstrap, good=good, bad=bad))
                    print(name, lanes[name][-1], file=sys.stderr, flush=True)
    ratios = [flood["fps"] / alone["fps"] for alone, flood in zip(lanes["alone"], lanes["flood"], strict=True)]
    fps = {name: round(statistics.median(lane["fps"] for lane in found), 1) for name, found in lanes.items()}
    cpu = {
        name: round(statistics.median(lane["cpu_ms_per_good"] for lane in found), 1) for name, found in lanes.items()
    }
    return {
        "kinds": kinds,
        "bad_per_good": BAD_PER_GOOD,
        "good": good,
        "rounds": rounds,
        "fps_of_good": fps,
        "cpu_ms_per_good": cpu,
        "kept": {"median": round(statistics.median(ratios), 3), "all": [round(ratio, 3) for ratio in ratios]},
        "log_lines": lanes["flood"][-1]["log_lines"],
        "cores": os.cpu_count(),
    }


def measure_bad() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        with EmbeddedKafka(home / "kafka") as broker, LiveWorker(home, broker.bootstrap) as worker:
            outcome = run_bad_input(worker, broker.bootstrap, times=10, good=400)
    return {name: getattr(outcome, name) for name in outcome.__slots__}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    figures = parser.add_subparsers(dest="figure", required=True)
    figures.add_parser("bad")
    flood = figures.add_parser("flood")
    flood.add_argument("--good", type=int, default=400)
    flood.add_argument("--rounds", type=int, default=5)
    flood.add_argument("--blocks", type=int, default=1, help="size of the network")
    flood.add_argument("--kinds", choices=("light", "heavy"), default="light")
    worker = figures.add_parser("worker")
    worker.add_argument("home", type=Path)
    worker.add_argument("bootstrap")
    worker.add_argument("blocks", type=int)
    asked = parser.parse_args()
    if asked.figure == "worker":
        sys.exit(serve(asked.home, asked.bootstrap, asked.blocks))
    figure = (
        measure_bad() if asked.figure == "bad" else measure_flood(asked.good, asked.rounds, asked.blocks, asked.kinds)
    )
    print(json.dumps(figure, indent=2))


if __name__ == "__main__":
    main()
