"""The worker: frames in, rows and predictions out, acknowledged in order. Holds no rule; it connects those that do."""

import asyncio
import logging
import os
import random
import socket
import threading
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import faust
from filelock import FileLock, Timeout

from pipelines.errors import BrokerError, StackError
from pipelines.heartbeats import Heartbeat
from stream.broker.topics import ensure_topics
from stream.camera.config import CamerasWatch
from stream.models.copies import Copies, Download
from stream.models.loader import LoadClassifier, Loader, TryVersion
from stream.models.watcher import LiveLookup, ModelWatcher
from stream.store import PredictionStore
from stream.worker.agent import Agent
from stream.worker.app import GROUP, LossFreeApp, assigned_partitions, build_app, frames_topic
from stream.worker.batches import BatchReader
from stream.worker.latest_frames import LatestFrames
from stream.worker.publisher import Publisher
from stream.worker.watchdog import Watchdog

SAY_SECONDS: Final = 5.0
SAY_AGAIN_SECONDS: Final = 60.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WorkerSetup:
    """Where a worker runs and what it connects."""

    bootstrap: str
    state: Path
    """The state folder, VIGIA_HOME."""
    slot: int
    """1, 2, ...: the worker's place on this machine; two live workers never share one."""
    cameras_file: Path
    store: PredictionStore
    open_lookup: Callable[[], LiveLookup]
    download: Download
    try_version: TryVersion
    load: LoadClassifier

    @property
    def name(self) -> str:
        """What rows and dead letters call this worker."""
        return f"{socket.gethostname()[:80]}/worker-{self.slot}"


def run_worker(setup: WorkerSetup) -> int:
    """Serve until told to stop; the exit code. Waits for the broker and for a first production version."""
    lock = FileLock(setup.state / "workers" / f"{setup.slot}.lock")
    lock_slot(lock, setup)
    phase = Phase("starting")
    beat = Heartbeat(setup.state / "workers" / f"{setup.slot}.json", phase.describe)
    beat.start()
    phase.state = "waiting for the broker"
    wait_for_broker(setup.bootstrap)
    setup.store.migrate()
    cameras = CamerasWatch(setup.cameras_file, log.error)
    copies = Copies(setup.state / "workers" / f"models-{setup.slot}")
    copies.sweep()
    loader = Loader(copies, setup.download, setup.try_version, setup.load)
    watcher = ModelWatcher(setup.open_lookup, loader, setup.store.record_model_event, worker=setup.name)
    watcher.start()
    phase.state, phase.watcher = "waiting for a model", watcher
    wait_for_model(watcher)
    app = build_app(setup.bootstrap, instance_id=instance_id(setup), datadir=setup.state / "faust")
    agent = Agent(
        app=app,
        store=setup.store,
        publisher=Publisher(setup.bootstrap),
        reader=BatchReader(setup.name),
        latest=LatestFrames(setup.state),
        serving=lambda: watcher.serving,
        routes=cameras.routes,
    )
    phase.agent = agent
    watchdog = Watchdog(setup.bootstrap, GROUP, assigned=lambda: assigned_partitions(app), acked=lambda: agent.acked)
    watchdog.start()
    app.agent(frames_topic(app), name="frames", concurrency=1)(agent.serve)
    return run_app(app)


@dataclass(slots=True)
class Phase:
    """How far a worker has come; read by the heartbeat."""

    state: str
    watcher: ModelWatcher | None = None
    agent: Agent | None = None

    def describe(self) -> dict[str, Any]:
        serving = self.watcher.serving if self.watcher else {}
        agent = self.agent
        return {
            "state": "serving" if agent and agent.reading else self.state,
            "versions": {name: classifier.version for name, classifier in serving.items()},
            "models": self.watcher.describe() if self.watcher else {},
            "partitions": sorted(partition for _, partition in assigned_partitions(agent.app)) if agent else [],
            "acknowledged": agent.acked if agent else 0,
        }


def lock_slot(lock: FileLock, setup: WorkerSetup) -> None:
    """Hold the slot until the process ends. Raises StackError when another live worker has it."""
    Path(lock.lock_file).parent.mkdir(parents=True, exist_ok=True)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise StackError(
            f"Expected worker slot {setup.slot} of {setup.state} to be free; another worker serves in it. "
            "Give this one another number in VIGIA_WORKER_SLOT."
        ) from error


def instance_id(setup: WorkerSetup) -> str:
    """Kafka's name of this worker: the same after a restart, another for every machine, home and slot."""
    home = zlib.crc32(str(setup.state).encode())
    return f"{socket.gethostname()[:80]}-{home:08x}-{setup.slot}"


def wait_for_broker(bootstrap: str) -> None:
    """Returns once the broker answers and has the topics; tries for ever, with a line every few seconds."""
    said_at, pause = float("-inf"), 0.5
    while True:
        try:
            ensure_topics(bootstrap)
            return
        except BrokerError as error:
            if time.monotonic() - said_at > SAY_SECONDS:
                log.warning("waiting for the broker at %s: %s", bootstrap, error)
                said_at = time.monotonic()
        threading.Event().wait(pause * random.uniform(0.5, 1.5))  # noqa: S311  jitter is no secret
        pause = min(pause * 2, 5.0)


def wait_for_model(watcher: ModelWatcher) -> None:
    """Returns once something can be served; nothing is read from Kafka before."""
    while not watcher.wait_until_serving(timeout_seconds=SAY_SECONDS):
        log.info("waiting for a first production version: train one with `vigia train cars`")
        if watcher.wait_until_serving(timeout_seconds=SAY_AGAIN_SECONDS):
            return


def run_app(app: LossFreeApp) -> int:
    """Run Faust in this thread until a signal or a failure; the exit code."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    runner = _Runner(app, loop=loop, quiet=True, override_logging=False, redirect_stdouts=False, workdir=os.getcwd())
    runner.spinner = None
    failure: BaseException | None = None
    try:
        loop.run_until_complete(runner.start())
    except asyncio.CancelledError:
        pass
    except Exception as error:  # noqa: BLE001  said below in one line, whatever ended the worker
        failure = error
    try:
        runner.stop_and_shutdown()
    except Exception as error:  # noqa: BLE001  Faust raises the crash a second time here
        failure = failure or error
    if failure is not None:
        log.error("the worker ends, what was not acknowledged comes again: %s: %s", type(failure).__name__, failure)
        return 1
    return 130 if runner.interrupted else 0


class _Runner(faust.Worker):
    """Faust's own runner, which also remembers a Ctrl-C."""

    interrupted = False

    def _on_sigint(self) -> None:
        self.interrupted = True
        super()._on_sigint()
