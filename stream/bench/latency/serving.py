"""Workers that read from the end of the topic, and frames that are sent to them."""

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from sqlalchemy import func, select

from pipelines.errors import StackError
from pipelines.processes import bind_command
from stream.bench.broker import find_ends, start_group
from stream.bench.lane import START_SECONDS, Stage
from stream.bench.lanes.order import LaneName
from stream.bench.latency.load import Load, Sent, dump
from stream.bench.processes import kill, last_line, run_lane
from stream.store import PredictionStore
from stream.tables import frame_ledger

DRAIN_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Served:
    """Workers that wait for frames."""

    store: PredictionStore
    folder: Path
    """Of all of them; it goes with them."""
    pids: Sequence[int]


@contextmanager
def serving(stage: Stage, lane: LaneName, name: str) -> Iterator[Served]:
    """The lane's workers, once all of them serve. Raises StackError when they do not."""
    orders = stage.orders(lane, name)
    folder = orders[0].folder
    store = PredictionStore(f"sqlite:///{folder / 'store' / 'vigia.db'}")
    start_group(stage.broker.bootstrap, orders[0].group, find_ends(stage.broker.bootstrap))
    try:
        with run_lane(orders) as running:
            beats = [folder / "workers" / f"{order.slot}.json" for order in orders]
            if not _until(lambda: running.failure() or all(_serves(beat) for beat in beats), START_SECONDS):
                said = last_line(running.log)
                raise StackError(f"Expected {len(orders)} workers to serve in {START_SECONDS:g} s. They said: {said}.")
            if reason := running.failure():
                raise StackError(f"Expected {len(orders)} workers to serve: {reason}.")
            yield Served(store, folder, running.pids)
    finally:
        store.engine.dispose()
        shutil.rmtree(folder, ignore_errors=True)


def send(stage: Stage, load: Load, store: PredictionStore) -> Sent:
    """What the broker took, once every frame of it has an outcome or the time for that is over."""
    os.sync()  # or the rows would share the disk with the frames that were sent before
    load = replace(load, bootstrap=stage.broker.bootstrap, pictures=str(stage.home / "pictures"))
    process = subprocess.Popen(
        bind_command(sys.executable, "-m", "stream.bench.latency.load", dump(load)),
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        said, _ = process.communicate(timeout=load.seconds + DRAIN_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise StackError(f"Expected {load.fps:g} frames a second to be sent; the sender came to no end.") from error
    finally:
        kill(process)
    if process.returncode:
        raise StackError(f"Expected {load.fps:g} frames a second to be sent; the sender ended with an error.")
    ends = find_ends(stage.broker.bootstrap)
    _until(lambda: _reached(store, ends), DRAIN_SECONDS)
    return Sent(**json.loads(said))


def _serves(beat: Path) -> bool:
    try:
        return bool(json.loads(beat.read_text(encoding="utf-8"))["state"] == "serving")
    except (OSError, ValueError):
        return False


def _reached(store: PredictionStore, ends: Mapping[int, int]) -> bool:
    column = frame_ledger.c
    rows = store.read(select(column.partition, func.max(column.next_offset)).group_by(column.partition))
    reached = {row[0]: row[1] for row in rows}
    return all(reached.get(partition, 0) >= end for partition, end in ends.items())


def _until(condition: Callable[[], Any], seconds: float) -> bool:
    deadline, pause = time.monotonic() + seconds, threading.Event()
    while not condition():
        if time.monotonic() > deadline:
            return False
        pause.wait(0.1)
    return True
