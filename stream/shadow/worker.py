"""The shadow's process: frames in, challengers' rows out, on spare time. Holds no rule; it connects those that do."""

import asyncio
import logging
import signal
import socket
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from aiokafka.errors import KafkaError
from filelock import FileLock

from pipelines.errors import StoreError
from pipelines.heartbeats import Heartbeat
from stream.camera.config import CamerasWatch
from stream.live_params import LiveParams
from stream.messages import SHADOW_GROUP, SHADOW_WORKER, Message
from stream.models.copies import Copies
from stream.models.loader import Loader
from stream.models.watcher import ModelWatcher
from stream.monitoring.contacts import Contact
from stream.monitoring.recent import RecentFrames
from stream.shadow.answering import Answering, Turn
from stream.shadow.lookup import ChallengerLookup
from stream.shadow.reading import Reading, open_reading
from stream.shadow.spare_time import Look, Processors, SpareLimits, SpareTime
from stream.spare.priority import gently, give_way
from stream.spare.production import Looks, build_look, read_production
from stream.sqlite_file import commit_without_waiting
from stream.store import RefusedRowsError
from stream.worker.batches import Routes
from stream.worker.home_id import load_home_id
from stream.worker.place import WorkerPlace
from stream.worker.waiting import wait_for_broker, wait_for_store

IDLE_SECONDS: Final = 1.0
RECONNECT_SECONDS: Final = 5.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ShadowSetup(WorkerPlace):
    """A worker that lets challengers answer."""

    limits: SpareLimits = field(default_factory=SpareLimits)

    @property
    def heartbeat(self) -> Path:
        return shadow_file(self.state, self.slot)

    @property
    def name(self) -> str:
        """What rows and model events call this worker."""
        return f"{socket.gethostname()[:80]}{SHADOW_WORKER}{self.slot}"


def shadow_file(state: Path, slot: int) -> Path:
    """The heartbeat of the shadow in this place."""
    return state / "shadow" / f"{slot}.json"


def run_shadow(setup: ShadowSetup, thread: ThreadPoolExecutor) -> int:
    """Answer until told to stop; the exit code. `thread` is one of normal priority, which reads and stores.

    Waits for the broker, the store and a challenger.
    """
    lock = FileLock(setup.heartbeat.with_suffix(".lock"))
    setup.hold_slot(lock)
    shadow = Shadow(setup, build_watcher(setup))
    beat = Heartbeat(setup.heartbeat, shadow.describe)
    beat.start()
    wait_for_broker(setup.bootstrap, Contact("not asked yet"))
    # who stores production's rows would wait for this process' turn on the disk
    commit_without_waiting(setup.store.engine)
    wait_for_store(setup.store, Contact("not asked yet"))
    received = stop_at_signal(shadow)
    thread.submit(shadow.serve).result()
    beat.stop()
    return 130 if received == [signal.SIGINT] else 0


@dataclass(slots=True)
class Shadow:
    """Turn by turn: read, answer what is sampled and in time, store, then read on."""

    setup: ShadowSetup
    watcher: ModelWatcher
    state: str = "waiting for the broker"
    stopping: bool = False
    counts: Counter[str] = field(default_factory=Counter)
    """Frames since the start, by what became of them."""
    recent: RecentFrames = field(default_factory=RecentFrames)
    spare: SpareTime = field(init=False)
    answering: Answering = field(init=False)
    lag: int | None = None
    _processors: Processors = field(default_factory=Processors)
    _thinking: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="inference", initializer=give_way)
    )
    _looks: Looks = field(init=False)
    _behind: bool = False
    """By the last look at production."""

    def __post_init__(self) -> None:
        self.spare, self._looks = SpareTime(self.setup.limits), Looks(self.setup.limits.behind_frames)
        self.answering = Answering(self.setup.name)

    def serve(self) -> None:
        """In the thread of the caller, until `stopping`."""
        self.watcher.start()
        asyncio.run(self.run())

    async def run(self) -> None:
        """Until `stopping`. Without a challenger nothing is read at all."""
        cameras = CamerasWatch(self.setup.cameras_file, log.error)
        params = LiveParams(self.setup.cameras_file.parent, log.error)
        name = f"{socket.gethostname()[:80]}-{load_home_id(self.setup.state)}-shadow-{self.setup.slot}"
        while not self.stopping:
            if not self.watcher.serving:
                self.state, self.lag = "waiting for a challenger", None
                await asyncio.sleep(IDLE_SECONDS)
                continue
            try:
                async with open_reading(self.setup.bootstrap, name) as reading:
                    while self.watcher.serving and not self.stopping:
                        await self.turn(reading, params, cameras.routes())
            except (KafkaError, OSError) as error:
                log.warning("the shadow waits for the broker: %r", error)
                self.state = "waiting for the broker"
                await asyncio.sleep(RECONNECT_SECONDS)

    async def turn(self, reading: Reading, params: LiveParams, routes: Routes) -> None:
        messages = await reading.read(lambda: self.stopping)
        self._look(reading)
        if not messages:
            return
        serving = self.watcher.serving
        shares = {name: params.of(name).shadow.share for name in serving}
        turn = await asyncio.get_running_loop().run_in_executor(
            self._thinking,
            self.answering.answer,
            messages,
            serving,
            shares,
            routes,
            lambda message: self._has_no_time(reading, message),
        )
        # in this thread, while the other one rests: nobody of low priority holds a lock that production waits for
        stored = self._store(turn)
        reading.forget()
        await reading.commit()
        now = datetime.now(UTC)
        self.counts.update(read.outcome for read in stored.reads)
        self.recent.add(
            [max((now - each.captured_at).total_seconds(), 0.0) for each in stored.predictions], len(stored.predictions)
        )

    def describe(self) -> dict[str, Any]:
        """For the heartbeat."""
        refused = [
            f"{name} version {each.version} refused: {each.words}" for name, each in self.watcher.refusals.items()
        ]
        # a copy: the thread that answers changes it meanwhile
        failing = [f"{name} {words}" for name, words in self.answering.failing.copy().items()]
        resting = [self.spare.resting] if self.state == "resting" and self.spare.resting else []
        return {
            "state": self.state,
            "role": "shadow",
            "group": SHADOW_GROUP,
            "versions": {name: classifier.version for name, classifier in self.watcher.serving.items()},
            "models": self.watcher.describe(),
            "frames": dict(self.counts),
            "lag": self.lag,
            "fps": round(self.recent.frames_per_second(), 1),
            "latency_ms": self.recent.percentiles_ms(),
            "reasons": [*resting, *refused, *failing],
        }

    def _look(self, reading: Reading) -> None:
        """At the machine and at production, once a turn."""
        self.lag = reading.lag()
        ends = {tp.partition: end for tp, end in reading.ends.items()}
        with suppress(StoreError):  # away for a moment: the last word counts; storing tries again for longer
            self._behind = self._looks.add(build_look(time.monotonic(), read_production(self.setup.store), ends))
        self.spare.decide(Look(self._processors.idle(), self._behind))
        self.state = "resting" if self.spare.resting else "answering"

    def _has_no_time(self, reading: Reading, message: Message) -> bool:
        return self.stopping or self.spare.resting is not None or reading.is_late(message)

    def _store(self, turn: Turn) -> Turn:
        """What was stored. Raises StoreError when the store is away for long; rows that it refuses are dropped."""
        store = self.setup.store
        try:
            store.store_batch(turn.predictions, (), turn.reads, group=SHADOW_GROUP, role="shadow")
            return turn
        except RefusedRowsError as error:
            log.error("%s", error)
            turn = without_rows(turn, error)
        store.store_batch(turn.predictions, (), turn.reads, group=SHADOW_GROUP, role="shadow")
        return turn


def without_rows(turn: Turn, error: RefusedRowsError) -> Turn:
    """The turn without the rows that the database cannot hold; a frame that has no other is dropped."""
    kept = tuple(each for each in turn.predictions if (each.position, each.classifier) not in error.refused)
    answered = {each.position for each in kept}
    reads = tuple(
        replace(read, outcome="dropped") if read.outcome == "stored" and read.position not in answered else read
        for read in turn.reads
    )
    return Turn(kept, reads)


def build_watcher(setup: ShadowSetup) -> ModelWatcher:
    """Of challengers, with a folder of copies of its own."""
    copies = Copies(setup.state / "shadow" / f"models-{setup.slot}")
    copies.sweep()
    loader = Loader(copies, setup.download, gently(setup.try_version), gently(setup.load))
    return ModelWatcher(
        lambda: ChallengerLookup(setup.open_lookup()),
        loader,
        setup.store.record_model_event,
        worker=setup.name,
        spare_seconds=0.0,
        role="shadow",
    )


def stop_at_signal(shadow: Shadow) -> Sequence[signal.Signals]:
    """SIGTERM and SIGINT end the turn, and then the shadow; what came is noted."""
    received: list[signal.Signals] = []

    def note(number: int, _frame: object) -> None:
        received.append(signal.Signals(number))
        shadow.stopping = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, note)
    return received
