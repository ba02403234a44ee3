"""The long run itself: processes are started, watched and killed, and at the end everything is counted."""

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiokafka.partitioner import murmur2

from docs.soak.growth import describe_growth
from docs.soak.ledger import balance, count_rows, read_ends, read_latency, take_over_seconds
from docs.soak.processes import Kept, measure_process
from stream.messages import FRAMES_PARTITIONS, GROUP
from stream.store import PredictionStore
from tests.stream.embedded_kafka import EmbeddedKafka

ROOT = Path(__file__).parents[2]
SAMPLE_SECONDS = 5.0
WRITE_SECONDS = 60.0
WINDOW_SECONDS = 300.0
SETTLE_SECONDS = 60.0
"""A window is read so long after its end: its last frames may have waited through a kill."""
DRAIN_SECONDS = 180.0
BROKER_EVERY = 6
LONG_LIVED = ("worker-2", "cameras")

Command = Callable[[int], Sequence[str]]
"""Worker slot to the command that serves in it."""


@dataclass(frozen=True, slots=True)
class SoakPlan:
    """How long, how fast, and how often something is killed."""

    seconds: float
    cameras: int
    fps: float
    kill_every_seconds: float
    warm_up_seconds: float
    """Of the processes: before it, growth is not counted."""


@dataclass(slots=True)
class Soak:
    """One run in a home of its own. `pictures` is a folder that every camera plays."""

    plan: SoakPlan
    home: Path
    pictures: Path
    out: Path
    worker_command: Command
    stop: threading.Event = field(default_factory=threading.Event)
    samples: list[dict[str, Any]] = field(default_factory=list)
    kills: list[dict[str, Any]] = field(default_factory=list)
    windows: list[dict[str, Any]] = field(default_factory=list)
    kept: dict[str, Kept] = field(default_factory=dict)
    broker: EmbeddedKafka = field(init=False)
    store: PredictionStore = field(init=False)
    began: float = 0.0
    began_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __post_init__(self) -> None:
        self.broker = EmbeddedKafka(self.home)
        self.store = PredictionStore(f"sqlite:///{self.home / 'store' / 'vigia.db'}")

    def run(self) -> dict[str, Any]:
        """The report, which is also in `out`."""
        with self.broker:
            self._start()
            try:
                self._play()
                return self._finish()
            finally:
                for process in self.kept.values():
                    process.end(signal.SIGKILL)

    def _start(self) -> None:
        write_cameras(self.home / "cameras.yaml", self.pictures, self.plan)
        environment = {"VIGIA_HOME": str(self.home), "VIGIA_KAFKA_BOOTSTRAP": self.broker.bootstrap}
        vigia = (sys.executable, "-m", "vigia", "cameras", "--file", str(self.home / "cameras.yaml"), "--stay")
        commands = {"worker-1": self.worker_command(1), "worker-2": self.worker_command(2), "cameras": vigia}
        for name, command in commands.items():
            # a worker's place on the machine
            slot = {"VIGIA_WORKER_SLOT": name[-1]} if name.startswith("worker") else {}
            process = Kept(name, command, ROOT, self.home / f"{name}.log", {**environment, **slot})
            self.kept[name] = process
            process.start()
        self.began, self.began_at = time.monotonic(), datetime.now(UTC)

    def _play(self) -> None:
        sample_due, write_due, kill_due = 0.0, WRITE_SECONDS, self.plan.kill_every_seconds
        while (seconds := self.seconds) < self.plan.seconds and not self.stop.wait(0.2):
            for process in self.kept.values():
                process.tend()
            if seconds >= sample_due:
                self._sample()
                sample_due = seconds + SAMPLE_SECONDS
            # the last kill leaves time enough to take over
            if kill_due <= seconds < self.plan.seconds - SETTLE_SECONDS / 2:
                self._kill()
                kill_due += self.plan.kill_every_seconds
            if seconds >= write_due:
                self._write(finished=False)
                write_due += WRITE_SECONDS

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began

    def _sample(self) -> dict[str, Any]:
        ends = read_ends(self.broker.bootstrap, GROUP)
        pids = {name: process.pid for name, process in self.kept.items()} | {"kafka": self.broker.pid}
        usages = {name: measure_process(pid) for name, pid in pids.items()} | {"soak": measure_process(os.getpid())}
        sample = {
            "seconds": round(self.seconds, 1),
            "at": datetime.now(UTC).isoformat(),
            "load": os.getloadavg()[0],
            "produced": sum(ends.produced.values()) if ends else None,
            "lag": ends.lag if ends else None,
            "rows": count_rows(self.store.engine),
            "processes": {name: asdict(usage) if usage else None for name, usage in usages.items()},
        }
        self.samples.append(sample)
        with self.out.with_suffix(".samples.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(sample) + "\n")
        return sample

    def _kill(self) -> None:
        broker = (len(self.kills) + 1) % BROKER_EVERY == 0
        kill: dict[str, Any] = {
            "what": "kafka" if broker else "worker-1",
            "seconds": round(self.seconds, 1),
            "at": datetime.now(UTC).isoformat(),
        }
        self.kills.append(kill)
        if broker:
            port = self.broker.port
            self.broker.stop(signal.SIGKILL)
            self.broker.start(port=port)
            kill["away_seconds"] = round(self.seconds - kill["seconds"], 1)
        else:
            self.kept["worker-1"].kill()

    def _write(self, *, finished: bool) -> dict[str, Any]:
        for kill in self.kills:
            if kill.get("take_over_seconds") is None:
                at = datetime.fromisoformat(kill["at"])
                kill["take_over_seconds"] = take_over_seconds(self.store.engine, at, range(FRAMES_PARTITIONS))
        self._read_windows(finished=finished)
        report = {
            "finished": finished,
            "began_at": self.began_at.isoformat(),
            "plan": asdict(self.plan),
            "seconds": round(self.seconds, 1),
            "produced": next((each["produced"] for each in reversed(self.samples) if each["produced"]), 0),
            "rows": self.samples[-1]["rows"] if self.samples else 0,
            "kills": self.kills,
            "unasked_ends": {name: process.ends for name, process in self.kept.items()},
            "growth": {
                name: describe_growth(self.samples, name, self.plan.warm_up_seconds) for name in (*LONG_LIVED, "soak")
            },
            "windows": self.windows,
            "load": {"mean": round(sum(each["load"] for each in self.samples) / max(len(self.samples), 1), 2)},
        }
        write_report(self.out, report)
        return report

    def _read_windows(self, *, finished: bool) -> None:
        while True:
            since = self.began_at + timedelta(seconds=WINDOW_SECONDS * len(self.windows))
            until = min(since + timedelta(seconds=WINDOW_SECONDS), datetime.now(UTC))
            late = 0.0 if finished else WINDOW_SECONDS + SETTLE_SECONDS
            if (datetime.now(UTC) - since).total_seconds() < max(late, 1.0) or since >= self._ended_at:
                return
            self.windows.append(read_latency(self.store.engine, since, until))

    @property
    def _ended_at(self) -> datetime:
        return self.began_at + timedelta(seconds=self.plan.seconds)

    def _finish(self) -> dict[str, Any]:
        """Stop the cameras, wait for the last frame, and count."""
        self.kept["cameras"].end(signal.SIGTERM)
        deadline = time.monotonic() + DRAIN_SECONDS
        while time.monotonic() < deadline:
            self.kept["worker-1"].tend()
            self.kept["worker-2"].tend()
            sample = self._sample()
            if sample["lag"] == 0:
                break
            time.sleep(1.0)
        while (ends := read_ends(self.broker.bootstrap, GROUP)) is None and time.monotonic() < deadline:
            time.sleep(1.0)  # a broker that is busy gives no answer in time, and without its ends nothing is counted
        for name in ("worker-1", "worker-2"):
            self.kept[name].end(signal.SIGTERM)
        report = self._write(finished=True)
        report["balance"] = balance(self.store.engine, ends.produced if ends else {})
        report["balance"]["sent_by_cameras"] = sum(row["frames_sent"] for row in self.store.read_cameras())
        write_report(self.out, report)
        return report


def camera_names(count: int, partitions: int = FRAMES_PARTITIONS) -> list[str]:
    """Names that Kafka's own rule spreads evenly over the partitions."""
    names: list[str] = []
    number = 0
    while len(names) < count:
        number += 1
        name = f"camera-{number}"
        if (murmur2(name.encode()) & 0x7FFFFFFF) % partitions == len(names) % partitions:
            names.append(name)
    return names


def write_cameras(file: Path, pictures: Path, plan: SoakPlan) -> None:
    cameras = {
        name: {"source": str(pictures), "rate": plan.fps, "order": "shuffled"} for name in camera_names(plan.cameras)
    }
    file.write_text(json.dumps({"cameras": cameras}), encoding="utf-8")  # JSON is YAML


def write_report(file: Path, report: dict[str, Any]) -> None:
    partial = file.with_suffix(".partial")
    partial.write_text(json.dumps(report, indent=1), encoding="utf-8")
    os.replace(partial, file)
