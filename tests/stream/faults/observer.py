"""The outside observer: asks the broker and the store over and over whether the promise holds at this moment."""

import asyncio
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from sqlalchemy import Engine, NullPool, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from stream.messages import FRAMES_TOPIC

TURN_SECONDS = 0.1
ASK_SECONDS = 2.0
ROWS = """
SELECT "partition", "offset" FROM predictions WHERE topic = :topic
UNION SELECT "partition", "offset" FROM dead_letters WHERE topic = :topic
"""


@dataclass(slots=True)
class PartitionView:
    """What was seen of one partition."""

    stored_until: int
    """Every offset before this one has a row."""
    committed: int = -1
    ahead: set[int] = field(default_factory=set)
    grew_at: list[float] = field(default_factory=list)
    """Monotonic times at which more frames were stored in order than the turn before."""

    def add(self, offsets: set[int], now: float) -> None:
        self.ahead |= {offset for offset in offsets if offset >= self.stored_until}
        before = self.stored_until
        while self.stored_until in self.ahead:
            self.ahead.discard(self.stored_until)
            self.stored_until += 1
        if self.stored_until > before:
            self.grew_at.append(now)


class Observer:
    """Looks on a thread of its own until it is stopped.

    The committed offsets are read before the rows: an offset committed beyond a frame without a row would be a
    frame that nobody reads again.
    """

    def __init__(self, bootstrap: str, group: str, database_url: str, starts: Mapping[int, int]) -> None:
        self._bootstrap = bootstrap
        self._group = group
        self._engines = [_build_reader(database_url)]
        self._views = {partition: PartitionView(start) for partition, start in starts.items()}
        self._starts = dict(starts)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._watch()), name="observer", daemon=True)
        self.violations: list[str] = []
        self.turns = 0
        """Turns in which both the broker and the store answered."""

    def start(self) -> None:
        self._thread.start()

    def look_also_at(self, database_url: str) -> None:
        """A second store whose rows count too."""
        self._engines.append(_build_reader(database_url))

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join(30)

    @property
    def stored(self) -> int:
        """Frames stored so far, in order, since the observer began."""
        return sum(view.stored_until - self._starts[partition] for partition, view in self._views.items())

    def all_grew_since(self, moment: float) -> bool:
        """Whether frames of every partition were stored since this monotonic time."""
        return all(view.grew_at and view.grew_at[-1] > moment for view in self._views.values())

    @property
    def committed(self) -> dict[int, int]:
        return {partition: view.committed for partition, view in self._views.items()}

    def longest_gap(self, since: float = float("-inf"), until: float = float("inf")) -> float:
        """Longest time in which a partition stood still, of the pauses that end in this span of monotonic time."""
        pauses = [
            (end - begin)
            for view in self._views.values()
            for begin, end in zip(view.grew_at, view.grew_at[1:], strict=False)
            if since < end and begin < until
        ]
        return max(pauses, default=0.0)

    async def _watch(self) -> None:
        admin: AIOKafkaAdminClient | None = None
        while not self._stopped.is_set():
            committed: Mapping[int, int] = {}
            try:
                if admin is None:
                    admin = AIOKafkaAdminClient(bootstrap_servers=self._bootstrap, request_timeout_ms=2000)
                    await asyncio.wait_for(admin.start(), ASK_SECONDS)
                committed = await asyncio.wait_for(self._ask(admin), ASK_SECONDS)
            except (KafkaError, OSError, TimeoutError):
                if admin is not None:
                    await _close(admin)
                admin = None
            self._look(committed)
            await asyncio.sleep(TURN_SECONDS)
        if admin is not None:
            await _close(admin)

    async def _ask(self, admin: AIOKafkaAdminClient) -> Mapping[int, int]:
        known = await admin.list_consumer_group_offsets(self._group)
        return {tp.partition: found.offset for tp, found in known.items() if tp.topic == FRAMES_TOPIC}

    def _look(self, committed: Mapping[int, int]) -> None:
        found = [rows for engine in self._engines if (rows := _read_rows(engine)) is not None]
        if not found:
            return  # the store is away, which is one of the faults
        now = time.monotonic()
        for partition, view in self._views.items():
            view.add({offset for rows in found for at, offset in rows if at == partition}, now)
            view.committed = max(view.committed, committed.get(partition, -1))
            if view.committed > view.stored_until:
                self.violations.append(f"{partition}: {view.committed} committed, {view.stored_until} not stored")
        self.turns += bool(committed)


def _build_reader(database_url: str) -> Engine:
    """An observer must not make the file that it looks for, nor close a log that a killed worker left."""
    address = make_url(database_url)
    if address.get_backend_name() == "sqlite":
        address = address.set(database=f"file:{address.database}", query={"mode": "ro", "uri": "true"})
    return create_engine(address, poolclass=NullPool)


def _read_rows(engine: Engine) -> list[tuple[int, int]] | None:
    try:
        with engine.connect() as connection:
            return [(row[0], row[1]) for row in connection.execute(text(ROWS), {"topic": FRAMES_TOPIC})]
    except SQLAlchemyError:
        return None


async def _close(admin: AIOKafkaAdminClient) -> None:
    try:
        await asyncio.wait_for(admin.close(), ASK_SECONDS)
    except (KafkaError, OSError, TimeoutError):
        return
