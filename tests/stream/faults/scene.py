"""A scene: a broker, workers that are kept running, frames that come, and an observer. A fault happens in it."""

import asyncio
import json
import signal
import time
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from sqlalchemy import text

from stream.messages import FRAMES_TOPIC, PREDICTIONS_TOPIC
from stream.store import PredictionStore
from stream.store_engine import has_tables
from tests.stream.embedded_kafka import EmbeddedKafka
from tests.stream.fakes import FakeRegistry
from tests.stream.faults.kept import KeptWorker
from tests.stream.faults.observer import Observer
from tests.stream.faults.proxy import SlowProxy
from tests.stream.faults.sender import Sender
from tests.stream.faults.worker import Failure, Orders
from tests.stream.live import end_offsets, read_since
from tests.stream.postgres import Postgres
from tests.waiting import wait_until


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a fault did to the frames."""

    frames: int
    injected_at: tuple[int, ...]
    """Frames stored when the fault was injected."""
    lost: int
    """Sent frames without a row, or never published as a prediction."""
    doubled: int
    """Frames with more than one row, and rows of no sent frame."""
    beyond: tuple[str, ...]
    """Times that the observer saw an offset committed beyond a frame that was not stored."""
    take_overs: tuple[float, ...]
    """For each injection: seconds in which the partition worst hit stood still."""
    longest_gap: float
    duplicates: int
    """Predictions published more than once."""
    exits: tuple[int, ...]
    turns: int
    """How often the observer looked."""

    @property
    def kept(self) -> bool:
        """Whether the promise held."""
        return not (self.lost or self.doubled or self.beyond) and self.turns > 0


@dataclass
class Scene:
    """Use it with `with`; `begin` starts everything, `finish` waits for the last frame and judges."""

    broker: EmbeddedKafka
    home: Path
    frames: int
    rate: float = 100.0
    workers: int = 1
    database_url: str = ""
    failures: Sequence[Failure] = ()
    """Those of the first worker."""
    retry_seconds: float = 30.0
    watchdog_poll_seconds: float = 5.0
    proxy: SlowProxy | None = None
    postgres: Postgres | None = None
    injections: list[tuple[int, float]] = field(default_factory=list)
    crew: list[KeptWorker] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.other_urls: list[str] = []
        self.group = f"faults-{uuid.uuid4().hex[:8]}"
        self.database_url = self.database_url or f"sqlite:///{self.home / 'store' / 'vigia.db'}"
        self.bootstrap = self.broker.bootstrap
        self.registry = FakeRegistry(self.home / "registry.json")
        self.sender = Sender(self.bootstrap, self.frames, self.rate)
        self.crew.extend(KeptWorker(self._orders(slot)) for slot in range(1, self.workers + 1))

    def __enter__(self) -> Self:
        self.registry.promote(cars=1)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.sender.abandon()
        for worker in self.crew:
            worker.stop(signal.SIGKILL)
        if hasattr(self, "observer"):
            self.observer.stop()

    def begin(self) -> None:
        """Everything runs and the first frames are stored."""
        self.mark_start()
        for worker in self.crew:
            worker.start()
        self.wait_for_partitions()
        self.sender.start()
        self.wait_for_stored(1)

    def mark_start(self) -> None:
        """The group begins at the end of what earlier scenes left on the broker; the observer begins to look."""
        ends = end_offsets(self.broker.bootstrap, FRAMES_TOPIC)
        asyncio.run(_commit(self.broker.bootstrap, self.group, ends))
        self.starts = {tp.partition: offset for tp, offset in ends.items()}
        self.predictions_starts = end_offsets(self.broker.bootstrap, PREDICTIONS_TOPIC)
        self.observer = Observer(self.broker.bootstrap, self.group, self.database_url, self.starts)
        self.observer.start()

    def wait_for_stored(self, count: int, *, timeout_seconds: float = 240) -> None:
        """Progress, as the observer sees it; faults are injected on it, never on time."""
        wait_until(
            lambda: self.observer.stored >= count,
            timeout_seconds=timeout_seconds,
            what=f"{count} frames stored, {self.observer.stored} are; see {self.home}",
        )

    def wait_for_more(self, count: int) -> None:
        """So many more than are stored now."""
        self.wait_for_stored(self.observer.stored + count)

    def wait_for_take_over(self) -> None:
        """Until frames of every partition are stored again, seen from now on."""
        now = time.monotonic()
        wait_until(
            lambda: self.observer.all_grew_since(now),
            timeout_seconds=240,
            what=f"every partition to go on; see {self.home}",
        )

    def wait_for_partitions(self) -> None:
        """Until the workers share all partitions among them, so that no rebalance is counted as a fault."""

        def shared() -> bool:
            parts = [self.heartbeat(slot).get("partitions") or [] for slot in range(1, self.workers + 1)]
            return all(parts) and sorted(partition for part in parts for partition in part) == sorted(self.starts)

        wait_until(shared, timeout_seconds=180, what=f"every worker to have partitions; see {self.home}")

    def wait_for_word(self, *words: str) -> None:
        """Until a worker's log has one of them."""
        wait_until(
            lambda: any(word in self.logs() for word in words),
            timeout_seconds=180,
            what=f"{' or '.join(words)} in a log of {self.home}",
        )

    def look_also_at(self, database: Path) -> None:
        """A second place where rows lie, or will lie."""
        self.other_urls.append(f"sqlite:///{database}")
        self.observer.look_also_at(self.other_urls[-1])

    def injecting(self) -> None:
        """Note that a fault is injected now."""
        self.injections.append((self.observer.stored, time.monotonic()))

    def finish(self, *, timeout_seconds: float = 300) -> Outcome:
        """Wait until every frame is stored and committed, end the workers, and judge."""
        self.sender.join(timeout_seconds)
        self.wait_for_stored(len(self.sender.positions), timeout_seconds=timeout_seconds)
        ends = dict(self.starts)
        for partition, offset in self.sender.positions:
            ends[partition] = max(ends[partition], offset + 1)
        wait_until(
            lambda: self.observer.committed == ends,
            timeout_seconds=180,
            what=f"every frame acknowledged: {ends}, {self.observer.committed} are; see {self.home}",
        )
        for worker in self.crew:
            worker.stop()
        self.observer.stop()
        return self._judge()

    def heartbeat(self, slot: int) -> dict[str, Any]:
        file = self.home / "workers" / f"{slot}.json"
        return dict(json.loads(file.read_text())) if file.exists() else {}

    def logs(self) -> str:
        return "".join(worker.log.read_text(errors="replace") for worker in self.crew if worker.log.exists())

    def _orders(self, slot: int) -> Orders:
        return Orders(
            home=str(self.home),
            bootstrap=self.bootstrap,
            group=self.group,
            database_url=self.database_url,
            slot=slot,
            failures=tuple(self.failures) if slot == 1 else (),
            retry_seconds=self.retry_seconds,
            watchdog_poll_seconds=self.watchdog_poll_seconds,
        )

    def _judge(self) -> Outcome:
        sent = self.sender.positions
        rows = self._rows()
        counts = Counter(frame_id for _, _, frame_id in rows)
        right = sum((partition, offset) in sent for partition, offset, _ in rows)
        published = Counter(
            json.loads(record.value)["frame_id"]
            for record in read_since(self.broker.bootstrap, PREDICTIONS_TOPIC, self.predictions_starts)
        )
        stored = {(partition, offset): frame_id for partition, offset, frame_id in rows}
        lost = [frame for position, frame in sent.items() if stored.get(position) != frame or not published[frame]]
        times = [at for _, at in self.injections]
        return Outcome(
            frames=len(sent),
            injected_at=tuple(stored for stored, _ in self.injections),
            lost=len(lost),
            doubled=sum(count - 1 for count in counts.values()) + len(rows) - right,
            beyond=tuple(self.observer.violations),
            take_overs=tuple(
                self.observer.longest_gap(at, until)
                for at, until in zip(times, [*times[1:], float("inf")], strict=False)
            ),
            longest_gap=self.observer.longest_gap(),
            duplicates=published.total() - len(published),
            exits=tuple(code for worker in self.crew for code in worker.exits),
            turns=self.observer.turns,
        )

    def _rows(self) -> list[tuple[int, int, str]]:
        rows: set[tuple[int, int, str]] = set()
        for url in (self.database_url, *self.other_urls):
            store = PredictionStore(url)
            if has_tables(store.engine):
                with store.engine.connect() as connection:
                    found = connection.execute(text('SELECT "partition", "offset", frame_id FROM predictions'))
                    rows.update((row[0], row[1], row[2]) for row in found)
            store.engine.dispose()
        return sorted(rows)


async def _commit(bootstrap: str, group: str, offsets: dict[TopicPartition, int]) -> None:
    async with AIOKafkaConsumer(bootstrap_servers=bootstrap, group_id=group, enable_auto_commit=False) as consumer:
        consumer.assign(list(offsets))
        await consumer.commit(offsets)


def wait_for_exit(scene: Scene, times: int = 1) -> None:
    """Workers have ended so often, whichever they are."""
    wait_until(
        lambda: sum(len(worker.exits) for worker in scene.crew) >= times,
        timeout_seconds=240,
        what=f"a worker to end {times} times; see {scene.home}",
    )
