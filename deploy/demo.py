"""The main job on an embedded default: every step is a command that a user could type."""

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path
from typing import Any, Final

from deploy.health import load_healths
from deploy.keeper import is_kept
from deploy.stack import start_in_background, stop_stack
from pipelines.errors import StackError, VigiaError
from pipelines.processes import bind_command
from pipelines.settings import Endpoints, Settings
from pipelines.terminal import say

CLASSIFIER: Final = "cars"
CAMERAS: Final = {"entrance": "v1", "yard": "v2", "ramp": "v2", "gate": "v2"}
"""Camera id to the message format it sends; one still speaks the old one."""
FRAMES_A_CAMERA: Final = 75
FRAMES_SEED: Final = 20_260
"""Another seed than any dataset's: the cameras play pictures that the model never saw."""
ONCE_RATE: Final = 6.0
LIVE_RATE: Final = 1.0
ANSWER_SECONDS: Final = 180.0
"""A worker that was killed is started again, imports and gets its partitions back meanwhile."""


@dataclass(frozen=True, slots=True)
class Demo:
    """Where the demo runs."""

    settings: Settings
    workspace: Path

    @property
    def folder(self) -> Path:
        return self.settings.state / "demo"

    @property
    def cameras_file(self) -> Path:
        return self.folder / "cameras.yaml"


def run_demo(settings: Settings, workspace: Path, *, once: bool) -> dict[str, Any] | None:
    """Stack, sample, training and cameras. With `once` the summary when all is answered; otherwise until Ctrl-C.

    A stack that was running before goes on running; one that the demo started is stopped.
    """
    demo = Demo(settings, workspace)
    with _stop_on_sigterm(), _stack(demo) as seconds:
        began = time.monotonic()
        dataset = run_command("data", "sample", CLASSIFIER)
        seconds["data"] = time.monotonic() - began
        draw_frames(demo)
        wait_for_services(settings, seconds["started"], ("mlflow", "prefect"))
        training = run_command("train", CLASSIFIER)
        seconds["started"].result()
        write_cameras(demo, loop=not once, rate=ONCE_RATE if once else LIVE_RATE)
        if not once:
            say_addresses(settings)
            play(demo)
            return None
        return summarise(demo, dataset, training, seconds)


def summarise(demo: Demo, dataset: dict[str, Any], training: dict[str, Any], seconds: dict[str, Any]) -> dict[str, Any]:
    """Play every frame once and count what came back. Raises StackError when a frame was lost."""
    wait_for_version(demo.settings.state, training["model_version"])
    since = datetime.now(UTC)
    sent = int(run_command("cameras", "--file", str(demo.cameras_file), "--once")["sent"])
    report = wait_for_answers(sent, since)
    endpoints = Endpoints.load(demo.settings.endpoints_file)
    if endpoints is None:
        raise StackError("Expected the stack to run to the end of the demo, it was stopped. Run the demo again.")
    lost = sent - report["predictions"] - report["dead_letters"]
    return {
        "classifier": CLASSIFIER,
        "dataset": {"images": dataset["images"], "md5": dataset["md5"]},
        "model": {"version": training["model_version"], "accuracy": training["metrics"]["accuracy"]},
        "frames_sent": sent,
        "predictions": report["predictions"],
        "dead_letters": report["dead_letters"],
        "lost": lost,
        "live_accuracy": report["accuracy"],
        "latency_ms": report["latency_ms"],
        "seconds": {
            "data": round(seconds["data"], 1),
            "train": training["seconds"],
            "start": round(seconds["start"], 1),
            "serve": round((datetime.now(UTC) - since).total_seconds(), 1),
        },
        "urls": {
            "dashboard": endpoints.dashboard_url,
            "mlflow": endpoints.mlflow_url,
            "prefect": endpoints.prefect_url,
        },
        "kafka": describe_kafka(demo.settings, endpoints),
    }


def draw_frames(demo: Demo) -> None:
    """Pictures for all cameras, dealt out like cards; each camera keeps the class folders."""
    drawn = demo.folder / "drawn"
    options = ("--images", str(FRAMES_A_CAMERA * len(CAMERAS)), "--seed", str(FRAMES_SEED), "--out", str(drawn))
    run_command("data", "sample", CLASSIFIER, *options)
    shutil.rmtree(demo.folder / "frames", ignore_errors=True)
    for picture, camera in zip(sorted(drawn.rglob("*.jpg")), cycle(CAMERAS), strict=False):
        folder = demo.folder / "frames" / camera / picture.parent.name
        folder.mkdir(parents=True, exist_ok=True)
        picture.rename(folder / picture.name)


def write_cameras(demo: Demo, *, loop: bool, rate: float) -> None:
    """The demo's own cameras.yaml below the state folder; the workspace's is left alone."""
    cameras = {
        camera: {
            "source": str(demo.folder / "frames" / camera),
            "rate": rate,
            "format": message_format,
            "loop": loop,
            "order": "shuffled",
            "classifiers": [CLASSIFIER],
        }
        for camera, message_format in CAMERAS.items()
    }
    demo.folder.mkdir(parents=True, exist_ok=True)
    # JSON is YAML
    demo.cameras_file.write_text(json.dumps({"cameras": cameras}, indent=2), encoding="utf-8")


def play(demo: Demo) -> None:
    """All cameras in the foreground until Ctrl-C."""
    command = bind_command(*_vigia("cameras", "--file", str(demo.cameras_file), "--stay"))
    with (demo.settings.state / "logs" / "demo-cameras.log").open("ab") as log:
        cameras = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    try:
        raise StackError(f"Expected the cameras to play on, they ended with code {cameras.wait()}. See {log.name}.")
    finally:
        cameras.terminate()
        cameras.wait()


def wait_for_services(settings: Settings, started: Future[None], names: tuple[str, ...]) -> None:
    """Returns when these are healthy, though others still start. Raises StackError when the start has failed."""
    while not started.done():
        healths = load_healths(settings.services_file)
        if all(name in healths and healths[name].healthy for name in names):
            return
        time.sleep(0.2)
    started.result()


def wait_for_version(state: Path, version: int) -> None:
    """Returns when a worker serves this version, or after the deadline: what follows then counts what is lost."""
    deadline = time.monotonic() + ANSWER_SECONDS
    while time.monotonic() < deadline:
        for heartbeat in (state / "workers").glob("*.json"):
            worker = json.loads(heartbeat.read_text(encoding="utf-8"))
            if worker["state"] == "serving" and worker["versions"].get(CLASSIFIER) == version:
                return
        time.sleep(0.2)


def wait_for_answers(sent: int, since: datetime) -> dict[str, Any]:
    """The cameras' report once every frame has an answer, or after the deadline."""
    deadline = time.monotonic() + ANSWER_SECONDS
    while True:
        options = ("--classifier", CLASSIFIER, "--since", since.isoformat())
        report = run_command("camera", "report", *CAMERAS, *options)
        if report["predictions"] + report["dead_letters"] >= sent or time.monotonic() > deadline:
            return report
        time.sleep(0.5)


def describe_kafka(settings: Settings, endpoints: Endpoints) -> dict[str, str | None]:
    """Version and address of the broker that carried the frames."""
    from stream.broker.embedded import EMBEDDED_VERSION, broker_version

    if settings.kafka_bootstrap:
        return {"version": broker_version(settings.kafka_bootstrap), "bootstrap": settings.kafka_bootstrap}
    return {"version": EMBEDDED_VERSION, "bootstrap": endpoints.kafka_bootstrap}


def say_addresses(settings: Settings) -> None:
    endpoints = Endpoints.load(settings.endpoints_file)
    if endpoints:
        say(f"{len(CAMERAS)} cameras play pictures the model never saw. Watch them at {endpoints.dashboard_url}")
        say(f"  models and runs {endpoints.mlflow_url}, flows and schedules {endpoints.prefect_url}")
        say("Ctrl-C ends it all.")


def run_command(*arguments: str) -> dict[str, Any]:
    """The JSON document of a vigia command, its words on our stderr. Raises VigiaError with its error line."""
    command = bind_command(*_vigia(*arguments, "--json"))
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    error = ""
    with ThreadPoolExecutor(1) as pool:
        document = pool.submit(process.stdout.read if process.stdout else str)
        for line in process.stderr or ():
            if line.startswith("error: "):
                error = line.removeprefix("error: ").strip()
            else:
                say(line.rstrip())
        output = document.result()
    if process.wait() != 0:
        raise VigiaError(
            error or f"Expected `vigia {' '.join(arguments)}` to succeed, it ended with {process.returncode}."
        )
    return dict(json.loads(output or "{}"))


def _vigia(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "vigia", *arguments)


@contextmanager
def _stack(demo: Demo) -> Iterator[dict[str, Any]]:
    """The stack, coming up while the block already draws; `started` is done when all is healthy."""
    seconds: dict[str, Any] = {}

    def start() -> None:
        began = time.monotonic()
        start_in_background(demo.settings, demo.workspace, workers=1, on_survey=lambda _: None)
        seconds["start"] = time.monotonic() - began

    ours = not is_kept(demo.settings.state)
    pool = ThreadPoolExecutor(1)
    try:
        seconds["start"] = 0.0
        seconds["started"] = pool.submit(start if ours else lambda: None)
        yield seconds
    finally:
        if ours:
            say("stopping everything")
            stop_stack(demo.settings)
        pool.shutdown(wait=True)


@contextmanager
def _stop_on_sigterm() -> Iterator[None]:
    """SIGTERM ends the demo as Ctrl-C does, after cleaning up."""

    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)
