"""The worker: frames in, rows and predictions out, acknowledged in order. Holds no rule; it connects those that do."""

import asyncio
import logging
import os
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

import faust
from filelock import FileLock

from pipelines.errors import VigiaError
from pipelines.heartbeats import Heartbeat
from stream.camera.config import CamerasWatch
from stream.consensus.live import LiveConsensus
from stream.consensus.seen_frames import read_seen_frames
from stream.frames.keeping import FramesPlace, start_keeping
from stream.frames.metrics import KeptFramesCollector
from stream.guard.acting import Actor
from stream.guard.guard import Guard
from stream.guard.inquiry import Inquiry
from stream.guard.metrics import GuardCollector
from stream.guard.rolling_back import RollBack, roll_back_in_child
from stream.guard.watched import look_up_metrics
from stream.guard.watches import Watches
from stream.live_params import LiveParams
from stream.messages import GROUP
from stream.models.copies import Copies
from stream.models.loader import Loader
from stream.models.watcher import ModelWatcher
from stream.monitoring.farewell import load_farewell
from stream.monitoring.report import WorkerReport
from stream.reading.app import LossFreeApp, build_app, frames_topic
from stream.reading.freshness import Freshness
from stream.reading.pace import Pace
from stream.worker.agent import Agent
from stream.worker.batches import BatchReader
from stream.worker.home_id import load_home_id
from stream.worker.latest_frames import LatestFrames
from stream.worker.phase import Phase
from stream.worker.place import WorkerPlace
from stream.worker.publisher import Publisher
from stream.worker.waiting import wait_for_broker, wait_for_model, wait_for_store
from stream.worker.watchdog import Pulse, Watchdog

SWITCH_SECONDS: Final = 0.0005
"""How long one thread may keep Python for itself. In a flood the event loop always has work, and the inference thread,
which lets go for every picture, would wait ten times as long for each turn."""
KEEP_SECONDS: Final = 2.0
"""For the pictures that still wait when the worker ends."""

log = logging.getLogger(__name__)
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class WorkerSetup(WorkerPlace):
    """A worker of production."""

    host: str = "127.0.0.1"
    http_port: int = 0
    """Where /health, /ready and /metrics are; 0: any free port."""
    common_group: str = GROUP
    """The consumer group of workers that answer for every classifier."""
    classifiers: tuple[str, ...] = ()
    """The only ones that it answers for, in a consumer group of their own; none named: all."""
    frames: FramesPlace = field(default_factory=FramesPlace)
    roll_back: RollBack = roll_back_in_child
    agent: type[Agent] = Agent
    """`vigia bench` puts one here that gives no guarantee."""
    build_pace: Callable[[], Pace] = Pace
    """And here one that answers every frame by itself."""

    @property
    def group(self) -> str:
        """The consumer group; workers of one group share the frames, each group reads them all."""
        return "-".join((self.common_group, *sorted(set(self.classifiers))))

    @property
    def heartbeat(self) -> Path:
        return self.state / "workers" / f"{self.slot}.json"

    @property
    def name(self) -> str:
        """What rows and dead letters call this worker."""
        return f"{socket.gethostname()[:80]}/worker-{self.slot}"


def run_worker(setup: WorkerSetup) -> int:
    """Serve until told to stop; the exit code. Waits for the broker and for a first production version."""
    lock = FileLock(setup.state / "workers" / f"{setup.slot}.lock")
    setup.hold_slot(lock)
    report = WorkerReport(setup.store)
    phase = Phase("starting", report)
    report.checks.farewell = load_farewell(setup.heartbeat)
    beat = Heartbeat(setup.heartbeat, phase.describe)

    def leave(words: str) -> None:
        report.leave(words)
        beat.beat()

    report.open(setup.host, setup.http_port)
    beat.start()
    try:
        return serve(setup, phase, leave)
    except VigiaError as error:
        leave(str(error))
        raise


def serve(setup: WorkerSetup, phase: Phase, leave: Say) -> int:
    """From waiting for the broker to the end; `leave` hears why a worker ends that was not told to."""
    report = phase.report
    setup.store.engine  # noqa: B018  an address that can never be used is refused now
    phase.state = "waiting for the broker"
    wait_for_broker(setup.bootstrap, report.checks.broker)
    phase.state = "waiting for the store"
    wait_for_store(setup.store, report.checks.reads)
    cameras = CamerasWatch(setup.cameras_file, log.error)
    params = LiveParams(setup.cameras_file.parent, log.error)
    watcher = build_watcher(setup)
    watcher.start()
    phase.state, phase.watcher = "waiting for a model", watcher
    pulse = Pulse(report.checks.loop)
    start_watchdog(setup, phase, pulse, leave)
    wait_for_model(watcher)
    agent = build_agent(setup, report, watcher, cameras, params)
    phase.agent = agent
    phase.guard = start_guard(setup, report, watcher, agent, params)
    agent.app.agent(frames_topic(agent.app), name="frames", concurrency=1)(agent.serve)
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        return run_app(agent.app, pulse, leave)
    finally:
        agent.keeper.close(KEEP_SECONDS)


def build_watcher(setup: WorkerSetup) -> ModelWatcher:
    """With a folder of copies of its own, swept of what a killed process left."""
    copies = copies_of(setup)
    copies.sweep()
    loader = Loader(copies, setup.download, setup.try_version, setup.load)
    record = setup.store.record_model_event
    return ModelWatcher(setup.open_lookup, loader, record, worker=setup.name, only=setup.classifiers)


def copies_of(setup: WorkerSetup) -> Copies:
    return Copies(setup.state / "workers" / f"models-{setup.slot}")


def build_agent(
    setup: WorkerSetup, report: WorkerReport, watcher: ModelWatcher, cameras: CamerasWatch, params: LiveParams
) -> Agent:
    """The agent with its app; nothing is connected yet."""
    pace = setup.build_pace()
    app = build_app(
        setup.bootstrap,
        instance_id=instance_id(setup),
        datadir=setup.state / "faust",
        group=setup.group,
        pace=pace,
        freshness=Freshness(cameras.modes),
    )
    report.metrics.watch_in_flight(app.flight)
    keeper = start_keeping(setup.frames, setup.state, setup.store, cameras.keep_policy)
    report.metrics.registry.register(KeptFramesCollector(keeper.counts))
    return setup.agent(
        app=app,
        store=setup.store,
        publisher=Publisher(setup.bootstrap),
        reader=BatchReader(setup.name, setup.classifiers),
        latest=LatestFrames(setup.state),
        keeper=keeper,
        consensus=LiveConsensus(partial(read_seen_frames, setup.store), lambda name: params.of(name).consensus),
        serving=lambda: watcher.serving,
        routes=cameras.routes,
        metrics=report.metrics,
        pace=pace,
        group=setup.group,
    )


def start_guard(
    setup: WorkerSetup, report: WorkerReport, watcher: ModelWatcher, agent: Agent, params: LiveParams
) -> Guard:
    """It hears every batch from now on, and looks once a second."""
    inquiry = Inquiry(
        watcher,
        copies_of(setup),
        agent.between_batches,
        measured=lambda version: look_up_metrics(setup.open_lookup, version),
    )
    actor = Actor(Watches(setup.store, setup.name), setup.roll_back, setup.name)
    guard = Guard(actor, watcher, inquiry, limits=lambda classifier: params.of(classifier).guard)
    agent.observe, agent.condemn = guard.observe, guard.condemn
    report.metrics.registry.register(GuardCollector(guard.describe))
    guard.start()
    return guard


def start_watchdog(setup: WorkerSetup, phase: Phase, pulse: Pulse, leave: Say) -> None:
    """It looks at the broker from now on, also while nothing is read yet."""
    Watchdog(
        setup.bootstrap,
        setup.group,
        assigned=phase.assigned,
        acked=lambda: phase.agent.acked if phase.agent else 0,
        beats=lambda: pulse.beats,
        broker=phase.report.checks.broker,
        observe=phase.report.observe,
        leave=leave,
    ).start()


def instance_id(setup: WorkerSetup) -> str:
    """Kafka's name of this worker: the same after a restart, another for every machine, home and slot.

    Two live workers of one name would throw each other out of the group for ever.
    """
    return f"{socket.gethostname()[:80]}-{load_home_id(setup.state)}-{setup.slot}"


def run_app(app: LossFreeApp, pulse: Pulse, leave: Say) -> int:
    """Run Faust in this thread until a signal or a failure, which `leave` hears; the exit code."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    beating = loop.create_task(pulse.beat())
    runner = _Runner(app, loop=loop, quiet=True, override_logging=False, redirect_stdouts=False, workdir=os.getcwd())
    runner.spinner = None
    failure: BaseException | None = None
    try:
        loop.run_until_complete(runner.start())
    except asyncio.CancelledError:
        pass
    except Exception as error:  # noqa: BLE001  said below in one line, whatever ended the worker
        failure = error
    beating.cancel()
    try:
        runner.stop_and_shutdown()
    except Exception as error:  # noqa: BLE001  Faust raises the crash a second time here
        failure = failure or error
    if failure is not None:
        words = f"{type(failure).__name__}: {failure}"
        log.error("the worker ends, what was not acknowledged comes again: %s", words)
        leave(words)
        return 1
    return 130 if runner.interrupted else 0


class _Runner(faust.Worker):
    """Faust's own runner, which also remembers a Ctrl-C."""

    interrupted = False

    def _on_sigint(self) -> None:
        self.interrupted = True
        super()._on_sigint()
