"""The faults: what is done to a scene, and when, in frames stored so far."""

import signal
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from tests.stream.faults.members import join_and_leave
from tests.stream.faults.scene import Scene, wait_for_exit
from tests.stream.faults.store_faults import (
    fill_disk,
    lock_store,
    make_disk_read_only,
    move_store_away,
    replace_store,
    stop_postgresql,
    store_file,
)
from tests.stream.faults.worker import Failure, Point, clock_file, woken_file
from tests.waiting import wait_until

Needs = Literal["", "slow broker", "small disk", "postgresql"]


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: its name in the table, what happens, and what the scene needs for it."""

    name: str
    what: str
    inject: Callable[[Scene], None]
    scene: Mapping[str, Any] = field(default_factory=dict)
    needs: Needs = ""
    begin: Callable[[Scene], None] = Scene.begin
    most_ends: int = 12
    """A worker that ends more often for it is in a crash loop."""


def kill(scene: Scene, *, times: int = 10) -> None:
    _end_again_and_again(scene, signal.SIGKILL, times)


def terminate(scene: Scene, *, times: int = 5) -> None:
    _end_again_and_again(scene, signal.SIGTERM, times)


def _end_again_and_again(scene: Scene, how: signal.Signals, times: int) -> None:
    for _ in range(times):
        scene.wait_for_more(scene.frames // (times + 2))
        scene.injecting()
        ended = scene.crew[0].send_signal(how)
        scene.crew[0].wait_for_restart(ended)
        scene.wait_for_take_over()


def freeze_worker(scene: Scene) -> None:
    """Longer than Kafka waits for it; the other one takes its partitions, then it wakes up."""
    scene.wait_for_more(scene.frames // 4)
    scene.injecting()
    _freeze_outside_a_write(scene)
    _wake_when_taken_over(scene)


def freeze_worker_between_classifying_and_storing(scene: Scene) -> None:
    """As above, by the fail point: the woken worker stores, publishes and acknowledges what is not its own any more."""

    def frozen() -> bool:
        if not _is_stopped(scene.crew[0].pid):
            return False
        if _can_be_written(store_file(scene)):
            return True
        scene.crew[0].send_signal(signal.SIGCONT)  # another of its threads writes: it stops itself again
        return False

    wait_until(frozen, timeout_seconds=180, what="the worker to freeze outside a write")
    scene.injecting()
    _wake_when_taken_over(scene)


def _freeze_outside_a_write(scene: Scene) -> None:
    """A process frozen in the middle of a write keeps SQLite's only lock, and nobody can take over from it."""

    def freeze() -> bool:
        scene.crew[0].send_signal(signal.SIGSTOP)
        if _can_be_written(store_file(scene)):
            return True
        scene.crew[0].send_signal(signal.SIGCONT)
        return False

    wait_until(freeze, timeout_seconds=120, what="a worker frozen outside a write")


def _can_be_written(file: Path) -> bool:
    other = sqlite3.connect(file, isolation_level=None, timeout=0.5)
    try:
        other.execute("BEGIN IMMEDIATE")
        other.execute("ROLLBACK")
    except sqlite3.OperationalError:
        return False
    finally:
        other.close()
    return True


def _wake_when_taken_over(scene: Scene) -> None:
    wait_until(
        lambda: scene.heartbeat(2).get("partitions") == sorted(scene.starts),
        timeout_seconds=180,
        what="the other worker to take every partition",
    )
    scene.wait_for_more(scene.frames // 8)
    woken_file(scene.home).touch()
    scene.crew[0].send_signal(signal.SIGCONT)
    scene.wait_for_partitions()
    scene.wait_for_more(scene.frames // 8)


def disturb_group(scene: Scene, *, times: int = 10) -> None:
    """A member comes every second and leaves again: a rebalance each time."""
    for _ in range(times):
        scene.wait_for_take_over()
        scene.injecting()
        given = join_and_leave(scene.bootstrap, scene.group, seconds=1.0)
        assert given > 0, "the guest was given no partition, so it disturbed nobody"


def begin_without_broker(scene: Scene) -> None:
    """The workers are there before the broker is."""
    scene.mark_start()
    scene.broker.stop(signal.SIGTERM)
    scene.crew[0].start()
    wait_until(
        lambda: scene.heartbeat(1).get("state") == "waiting for the broker",
        timeout_seconds=180,
        what="a worker that waits for the broker",
    )
    scene.injecting()


def bring_broker(scene: Scene) -> None:
    scene.broker.start(port=scene.broker.port)
    scene.sender.start()


def kill_broker(scene: Scene, *, times: int = 3) -> None:
    for _ in range(times):
        scene.wait_for_more(scene.frames // (times + 2))
        scene.injecting()
        scene.broker.stop(signal.SIGKILL)
        scene.broker.start(port=scene.broker.port)
        scene.wait_for_take_over()


def freeze_broker(scene: Scene, *, seconds: float = 20.0) -> None:
    scene.wait_for_more(scene.frames // 3)
    scene.injecting()
    scene.broker.freeze(seconds)


def slow_broker(scene: Scene) -> None:
    """Every answer and every request takes 300 ms longer, for a third of the frames."""
    scene.wait_for_more(scene.frames // 3)
    scene.injecting()
    assert scene.proxy is not None
    scene.proxy.delay_seconds = 0.3
    scene.wait_for_more(scene.frames // 3)
    scene.proxy.delay_seconds = 0.0


def wait_for_failures(scene: Scene) -> None:
    """What happens was ordered before the start; each failure ends the worker once."""
    for number in range(1, len(scene.failures) + 1):
        wait_for_exit(scene, times=number)
        scene.injecting()


def step_clock(scene: Scene) -> None:
    """An hour ahead, an hour behind, and right again."""
    for seconds in (3600, -3600, 0):
        scene.wait_for_more(scene.frames // 5)
        scene.injecting()
        partial = clock_file(scene.home).with_suffix(".partial")
        partial.write_text(str(seconds))
        partial.replace(clock_file(scene.home))  # the worker reads it for every batch
    scene.wait_for_more(scene.frames // 5)


def cut_power(scene: Scene) -> None:
    """Broker and workers end in the same moment, and all come back."""
    scene.wait_for_more(scene.frames // 3)
    scene.injecting()
    for worker in scene.crew:
        worker.hold()
    scene.broker.stop(signal.SIGKILL)
    scene.broker.start(port=scene.broker.port)
    for worker in scene.crew:
        worker.start()


def _is_stopped(pid: int) -> bool:
    return "\nState:\tT" in Path(f"/proc/{pid}/status").read_text()


def _crashes(frames: int) -> tuple[Failure, ...]:
    points: tuple[Point, ...] = ("classified", "stored", "publishing", "published", "acked")
    return tuple(Failure(point, frames) for point in points)


FAULTS = (
    Fault("worker: kill -9, ten times", "the only worker, at 60 frames a second", kill, {"rate": 60.0}),
    Fault("worker: SIGTERM, five times", "the only worker", terminate),
    Fault(
        "worker: SIGSTOP",
        "for longer than the session time-out; wakes up afterwards",
        freeze_worker,
        {"workers": 2},
        most_ends=1,
    ),
    Fault(
        "two workers on one partition",
        "frozen between classifying and storing, taken over, woken",
        freeze_worker_between_classifying_and_storing,
        {"workers": 2, "failures": (Failure("classified", 60, "freeze"),)},
        most_ends=1,
    ),
    Fault("rebalance storm", "a member joins and leaves ten times", disturb_group, most_ends=0),
    Fault("broker absent at start", "workers first", bring_broker, begin=begin_without_broker),
    Fault("broker: kill -9, three times", "in the middle of the frames", kill_broker),
    Fault("broker frozen", "SIGSTOP for 20 s", freeze_broker),
    Fault("broker slow", "300 ms more each way", slow_broker, needs="slow broker"),
    Fault("store locked", "for longer than the worker tries", lock_store, {"retry_seconds": 3.0}),
    Fault("store away", "its folder is moved, and back", move_store_away),
    Fault("store gone", "its folder is moved for good", replace_store, {"retry_seconds": 3.0}),
    Fault(
        "disk full",
        "until the worker has left and the next one waits",
        fill_disk,
        {"retry_seconds": 3.0},
        needs="small disk",
    ),
    Fault("disk read-only", "as a worker starts", make_disk_read_only, {"retry_seconds": 3.0}, needs="small disk"),
    Fault(
        "PostgreSQL stopped", "until the worker has left", stop_postgresql, {"retry_seconds": 3.0}, needs="postgresql"
    ),
    Fault(
        "crash between the steps",
        "before storing, stored, half published, published, acknowledged",
        wait_for_failures,
        {"failures": _crashes(20)},
    ),
    Fault(
        "worker hangs",
        "while classifying; its own watchdog ends it",
        wait_for_failures,
        {"failures": (Failure("classified", 40, "hang"),), "watchdog_poll_seconds": 0.25},
    ),
    Fault(
        "event loop stands still",
        "the other worker takes over; the watchdog ends the first",
        wait_for_failures,
        {"workers": 2, "failures": (Failure("published", 20, "hang"),), "watchdog_poll_seconds": 1.5},
        most_ends=1,
    ),
    Fault("clock steps", "an hour ahead, an hour behind", step_clock, most_ends=0),
    Fault("power cut", "kill -9 of broker and workers at once", cut_power, {"workers": 2}),
)
