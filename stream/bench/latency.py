"""From captured to stored at steady rates, and what a flood of realtime frames does."""

import asyncio
import json
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from sqlalchemy import func, select

from pipelines.errors import StackError
from pipelines.processes import bind_command
from stream.bench.broker import find_ends, start_group
from stream.bench.lane import START_SECONDS, Stage
from stream.bench.load import Load, dump
from stream.bench.measuring import WARM_SHARE, percentiles
from stream.bench.processes import kill, last_line, run_lane
from stream.broker.topics import TOPICS
from stream.messages import PREDICTIONS_TOPIC
from stream.store import PredictionStore
from stream.tables import frame_ledger

SHARES: Final = (0.1, 0.5, 0.8)
"""Of the peak."""
STEADY_FPS: Final = 100.0
MOST_SHARE: Final = 0.9
OVERLOAD: Final = 5.0
DRAIN_SECONDS: Final = 60.0
PARTITIONS: Final = next(topic.partitions for topic in TOPICS if topic.name == PREDICTIONS_TOPIC)


@dataclass(frozen=True, slots=True)
class Delivered:
    """An answer, by the time at which it was handed to the broker: right after its row was stored."""

    run: str
    captured_at: float
    stored_at: float
    """Seconds since 1970; to the millisecond."""


def choose_rates(peak: float) -> dict[str, float]:
    """Name -> frames a second; the steady rate only where it is one that can be kept up."""
    rates = {f"{share:.0%} of peak": share * peak for share in SHARES}
    return rates | ({f"{STEADY_FPS:g} fps": STEADY_FPS} if MOST_SHARE * peak >= STEADY_FPS else {})


@dataclass(slots=True)
class Latency:
    """Of `ours v2`."""

    rates: dict[str, dict[str, float]] = field(default_factory=dict)
    """By rate the percentiles in milliseconds."""
    overload: dict[str, float] = field(default_factory=dict)
    not_counted: str | None = None
    """Why there are no more figures."""


def measure_latency(stage: Stage, peak: float, seconds: float, say: Callable[[str], None]) -> Latency:
    """Each rate for so long, then five times the peak of realtime frames."""
    latency = Latency()
    bootstrap = stage.broker.bootstrap
    try:
        with _serving(stage) as store:
            _send(stage, Load(bootstrap, "", max(10.0, peak / 2), seconds / 3, "warm"), store)
            for name, fps in choose_rates(peak).items():
                run = f"at{len(latency.rates)}"
                sent = _send(stage, Load(bootstrap, "", fps, seconds, run), store)
                answers = _read(bootstrap, run)
                latency.rates[name] = describe_latency(answers, sent, fps, seconds)
                say(f"{name}: {latency.rates[name]}")
            sent = _send(stage, Load(bootstrap, "", OVERLOAD * peak, seconds, "flood", "realtime"), store)
            flood = _read(bootstrap, "flood")
            latency.overload = describe_overload(flood, sent, peak, seconds)
            say(f"{OVERLOAD:g} times the peak: {latency.overload}")
    except StackError as error:  # the lanes are measured: what is known of them is told all the same
        latency.not_counted = str(error)
        say(f"not measured: {error}")
    return latency


def describe_latency(answers: Sequence[Delivered], sent: int, fps: float, seconds: float) -> dict[str, float]:
    """Without the first quarter."""
    ordered = sorted(answers, key=lambda each: each.captured_at)
    counted = ordered[int(len(ordered) * WARM_SHARE) :]
    if not counted:
        return {"fps": round(fps, 1), "frames": 0}
    delays = [1000 * (each.stored_at - each.captured_at) for each in counted]
    figures = {"fps": round(fps, 1), "sent_fps": round(sent / seconds, 1), "frames": len(counted)}
    return {**percentiles(delays), **figures, "lost": sent - len(ordered)}


def describe_overload(answers: Sequence[Delivered], sent: int, peak: float, seconds: float) -> dict[str, float]:
    """While frames come: the oldest that was answered, and the rate in parts of the peak."""
    if not answers:
        return {"sent_fps": round(sent / seconds, 1), "frames": 0}
    first = min(each.captured_at for each in answers)
    since, until = first + WARM_SHARE * seconds, first + seconds
    counted = [each for each in answers if since <= each.stored_at <= until]
    ages = [each.stored_at - each.captured_at for each in counted]
    fps = len(counted) / (until - since)
    return {
        "sent_fps": round(sent / seconds, 1),
        "frames": len(counted),
        "fps": round(fps, 1),
        "oldest_seconds": round(max(ages, default=0.0), 3),
        "throughput_over_peak": round(fps / peak, 3),
    }


@contextmanager
def _serving(stage: Stage) -> Iterator[PredictionStore]:
    """Workers that read from the end of the topic, until all of them serve."""
    orders = stage.orders("ours v2", "latency")
    store = PredictionStore(f"sqlite:///{orders[0].folder / 'store' / 'vigia.db'}")
    start_group(stage.broker.bootstrap, orders[0].group, find_ends(stage.broker.bootstrap))
    try:
        with run_lane(orders) as running:
            beats = [orders[0].folder / "workers" / f"{order.slot}.json" for order in orders]
            if not _until(lambda: running.failure() or all(_serves(beat) for beat in beats), START_SECONDS):
                said = last_line(running.log)
                raise StackError(f"Expected {len(orders)} workers to serve in {START_SECONDS:g} s. They said: {said}.")
            if reason := running.failure():
                raise StackError(f"Expected {len(orders)} workers to serve: {reason}.")
            yield store
    finally:
        store.engine.dispose()
        shutil.rmtree(orders[0].folder, ignore_errors=True)


def _serves(beat: Path) -> bool:
    try:
        return bool(json.loads(beat.read_text(encoding="utf-8"))["state"] == "serving")
    except (OSError, ValueError):
        return False


def _send(stage: Stage, load: Load, store: PredictionStore) -> int:
    """Frames sent, once every one of them has an outcome."""
    load = Load(load.bootstrap, str(stage.home / "pictures"), load.fps, load.seconds, load.run, load.mode)
    process = subprocess.Popen(
        bind_command(sys.executable, "-m", "stream.bench.load", dump(load)),
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
    return int(said)


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


def _read(bootstrap: str, run: str) -> list[Delivered]:
    """The predictions of one run. Raises StackError when the broker does not hand them out."""
    try:
        answers = asyncio.run(asyncio.wait_for(_read_answers(bootstrap), DRAIN_SECONDS))
    except TimeoutError as error:
        raise StackError(f"Expected the predictions of {bootstrap} within {DRAIN_SECONDS:g} s.") from error
    return [each for each in answers if each.run == run]


async def _read_answers(bootstrap: str) -> list[Delivered]:
    found: list[Delivered] = []
    async with AIOKafkaConsumer(bootstrap_servers=bootstrap) as consumer:
        partitions = [TopicPartition(PREDICTIONS_TOPIC, number) for number in range(PARTITIONS)]
        consumer.assign(partitions)
        starts, ends = await consumer.beginning_offsets(partitions), await consumer.end_offsets(partitions)
        for partition in partitions:
            consumer.seek(partition, starts[partition])
        waiting = {partition for partition in partitions if starts[partition] < ends[partition]}
        while waiting:
            for partition, records in (await consumer.getmany(timeout_ms=500)).items():
                found += [read_answer(record.value, record.timestamp) for record in records]
                if records and records[-1].offset + 1 >= ends[partition]:
                    waiting.discard(partition)
    return found


def read_answer(value: bytes, timestamp_ms: int) -> Delivered:
    """Of a prediction message; its timestamp is the producer's."""
    fields = json.loads(value)
    captured_at = datetime.fromisoformat(fields["captured_at"]).timestamp()
    return Delivered(fields["frame_id"].rpartition("-")[0], captured_at, timestamp_ms / 1000)
