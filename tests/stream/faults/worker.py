"""A real worker process with fake models, which can be ordered to fail at a point of a frame's way.

`python -m tests.stream.faults.worker ORDERS`, where ORDERS is the JSON of `Orders`. What fails is put in from
outside, by subclasses: the worker's own code knows no fail points.
"""

import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal, Self

from sqlalchemy import Connection

from stream.logs import configure_logs
from stream.messages import Outgoing
from stream.store import RETRY_SECONDS, PredictionStore
from stream.worker import agent, batches, worker
from stream.worker.publisher import Publisher
from stream.worker.watchdog import POLL_SECONDS, Watchdog
from stream.worker.worker import WorkerSetup, run_worker
from tests.stream.fakes import fake_models, load_fake

Point = Literal["classified", "stored", "publishing", "published", "acked"]
Action = Literal["crash", "freeze", "hang"]


@dataclass(frozen=True, slots=True)
class Failure:
    """What happens once, at the first passage of a point with so many frames stored by this process."""

    point: Point
    frames: int
    action: Action = "crash"


@dataclass(frozen=True, slots=True)
class Orders:
    """Where a worker runs and what befalls it."""

    home: str
    bootstrap: str
    group: str
    database_url: str
    slot: int = 1
    failures: tuple[Failure, ...] = ()
    retry_seconds: float = RETRY_SECONDS
    watchdog_poll_seconds: float = POLL_SECONDS

    def encode(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def decode(cls, text: str) -> Self:
        fields = json.loads(text)
        return cls(**{**fields, "failures": tuple(Failure(**failure) for failure in fields["failures"])})


FREEZE_SECONDS: Final = 0.2


class FailPoints:
    """Carries every failure out once, over all processes of this home and slot."""

    def __init__(self, orders: Orders) -> None:
        self._orders = orders
        self.frames = 0
        self.writing = threading.RLock()
        """Held by whoever writes into the store: a process frozen in the middle of that keeps SQLite's only lock."""

    def is_due(self, point: Point) -> Failure | None:
        for failure in self._orders.failures:
            if failure.point == point and self.frames >= failure.frames and not self._marker(failure).exists():
                return failure
        return None

    def reach(self, point: Point) -> None:
        failure = self.is_due(point)
        if failure is None:
            return
        self._marker(failure).touch()
        if failure.action == "crash":
            os._exit(9)
        elif failure.action == "freeze":
            with self.writing:
                os.kill(os.getpid(), signal.SIGSTOP)
                # this thread may go on for a moment before the signal reaches it
                threading.Event().wait(FREEZE_SECONDS)
        else:
            threading.Event().wait()

    def _marker(self, failure: Failure) -> Path:
        number = self._orders.failures.index(failure)
        return Path(self._orders.home) / f"failed-{self._orders.slot}-{number}"


class FailingStore(PredictionStore):
    """Fails before or after a batch is stored."""

    def __init__(self, url: str, points: FailPoints, **options: Any) -> None:
        super().__init__(url, **options)
        self._points = points

    def store_batch(self, answers: Sequence[Any], *rest: Any, **named: Any) -> None:
        self._points.reach("classified")
        super().store_batch(answers, *rest, **named)
        self._points.frames += len(answers)
        self._points.reach("stored")

    def _write_once(self, work: Callable[[Connection], object]) -> None:
        with self._points.writing:
            super()._write_once(work)


class FailingPublisher(Publisher):
    """Fails halfway through a batch's predictions, after them, or once they are acknowledged."""

    def __init__(self, bootstrap: str, points: FailPoints) -> None:
        super().__init__(bootstrap)
        self._points = points

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        # the batch before this one is acknowledged by now, and its offset most likely not committed yet
        self._points.reach("acked")
        if messages and self._points.is_due("publishing"):
            await super().publish(messages[: (len(messages) + 1) // 2])
            self._points.reach("publishing")
        await super().publish(messages)
        if messages:
            self._points.reach("published")


class GroupedSetup(WorkerSetup):
    """A worker in a group of its scene's own, so that scenes on one broker do not meet."""

    own_group: str

    @property
    def group(self) -> str:
        return self.own_group


class SteppedClock(datetime):
    """The wall clock, set wrong by the seconds in a file that a test rewrites."""

    file: Path

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Any:
        seconds = float(cls.file.read_text()) if cls.file.exists() else 0.0
        return datetime.now(tz or UTC) + timedelta(seconds=seconds)


def clock_file(home: Path) -> Path:
    """Holds the seconds by which the worker's clock is wrong."""
    return home / "clock-is-wrong-by"


def set_clock(home: Path, seconds: float) -> None:
    """At once: a worker that read a file half written would end for it."""
    partial = clock_file(home).with_suffix(".partial")
    partial.write_text(str(seconds))
    partial.replace(clock_file(home))


def main(orders: Orders) -> int:
    configure_logs("console")
    points = FailPoints(orders)
    home = Path(orders.home)
    SteppedClock.file = clock_file(home)
    for module in (agent, batches):
        module.datetime = SteppedClock  # type: ignore[attr-defined]
    replaced: Any = worker
    replaced.Publisher = partial(FailingPublisher, points=points)
    replaced.Watchdog = partial(Watchdog, poll_seconds=orders.watchdog_poll_seconds)
    GroupedSetup.own_group = orders.group
    return run_worker(
        GroupedSetup(
            bootstrap=orders.bootstrap,
            state=home,
            slot=orders.slot,
            cameras_file=home / "cameras.yaml",
            store=FailingStore(orders.database_url, points, retry_seconds=orders.retry_seconds),
            load=load_fake,
            **fake_models(home),
            common_group=orders.group,
        )
    )


if __name__ == "__main__":
    sys.exit(main(Orders.decode(sys.argv[1])))
