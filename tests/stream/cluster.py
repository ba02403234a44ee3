"""Workers on hosts of their own, with one broker and one PostgreSQL on the hub: what scaling out is measured on."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from docs.soak.ledger import Ends, balance, count_rows, read_ends
from stream.messages import FRAMES_PARTITIONS, GROUP
from stream.store import PredictionStore
from stream.tables import predictions
from tests.stream.embedded_kafka import EmbeddedKafka
from tests.stream.fakes import FakeRegistry, draw_jpeg
from tests.stream.hosts import HUB_ADDRESS, Hosts
from tests.stream.postgres import Postgres
from tests.waiting import wait_until

ROOT = Path(__file__).parents[2]


class Cluster:
    """Started by `with`; workers and cameras are started by hand."""

    def __init__(self, folder: Path, hosts: int = 3) -> None:
        self.folder = folder
        self.hosts = Hosts(hosts)
        self.broker = EmbeddedKafka(folder / "broker", HUB_ADDRESS)
        self.workers: dict[str, subprocess.Popen[bytes]] = {}
        self.cameras: subprocess.Popen[bytes] | None = None
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with self._stack:
            self._stack.enter_context(self.hosts)
            with self.hosts.inside("hub"):
                self.postgres = self._stack.enter_context(Postgres(HUB_ADDRESS))
                self._stack.enter_context(self._broker())
            self.store = PredictionStore(self.postgres.local_url)
            self._stack.callback(self.store.engine.dispose)
            self._stack.callback(self._end_processes)
            self._stack = self._stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def start_worker(self, host: str) -> None:
        """On its own host, under its own host name, in its own home."""
        home = self.folder / host
        home.mkdir(exist_ok=True)
        FakeRegistry(home / "registry.json").promote(cars=1)
        named = ["unshare", "--uts", "sh", "-c", 'hostname "$0" && exec "$@"', host]
        worker = [sys.executable, "-m", "tests.stream.fake_worker", str(home), self.broker.bootstrap, "1"]
        with self.hosts.inside(host):
            self.workers[host] = self._start([*named, *worker, self.postgres.url], host)

    def end_worker(self, host: str, how: signal.Signals = signal.SIGTERM) -> None:
        process = self.workers.pop(host)
        process.send_signal(how)
        process.wait(90)

    def wait_for_worker(self, host: str) -> None:
        """Until it reads at least one partition."""
        wait_until(lambda: self.heartbeat(host).get("partitions"), timeout_seconds=180, what=f"{host} to read")

    def wait_until_taken_over(self, hosts: Sequence[str]) -> None:
        """Until these alone read every partition."""

        def complete() -> bool:
            held = [number for host in hosts for number in self.heartbeat(host).get("partitions", [])]
            return sorted(held) == list(range(FRAMES_PARTITIONS))

        wait_until(complete, timeout_seconds=180, what=f"{', '.join(hosts)} to read every partition")

    def wait_for_rows_of(self, host: str) -> None:
        """Until a worker of that host has stored a frame that it read from now on."""
        now = datetime.now(UTC)
        mine = select(func.count()).where(predictions.c.worker.like(f"{host}/%"), predictions.c.received_at > now)
        wait_until(lambda: self.store.read(mine)[0][0], timeout_seconds=180, what=f"rows of {host}")

    def heartbeat(self, host: str) -> dict[str, Any]:
        file = self.folder / host / "workers" / "1.json"
        return dict(json.loads(file.read_text())) if file.exists() else {}

    def start_cameras(self, rates: dict[str, float]) -> None:
        """Folder cameras on the hub, each at its frames per second."""
        pictures = self.folder / "pictures"
        pictures.mkdir(exist_ok=True)
        for value in (20, 40, 200, 220):
            (pictures / f"{value}.jpg").write_bytes(draw_jpeg(value))
        cameras = {name: {"source": str(pictures), "rate": rate} for name, rate in rates.items()}
        file = self.folder / "cameras.yaml"
        file.write_text(json.dumps({"cameras": cameras}))
        with self.hosts.inside("hub"):
            self.cameras = self._start(
                [sys.executable, "-m", "vigia", "cameras", "--file", str(file), "--stay"], "cameras"
            )

    def stop_cameras(self) -> None:
        assert self.cameras is not None
        self.cameras.terminate()
        self.cameras.wait(90)
        self.cameras = None

    def ends(self) -> Ends | None:
        with self.hosts.inside("hub"):
            return read_ends(self.broker.bootstrap, GROUP)

    def rows(self) -> int:
        return count_rows(self.store.engine)

    def wait_for_rows(self, count: int, timeout_seconds: float = 300) -> None:
        wait_until(lambda: self.rows() >= count, timeout_seconds=timeout_seconds, what=f"{count} rows")

    def wait_until_drained(self, timeout_seconds: float = 180) -> None:
        """Until every frame that was sent is acknowledged."""

        def drained() -> bool:
            ends = self.ends()
            return ends is not None and ends.lag == 0

        wait_until(drained, timeout_seconds=timeout_seconds, what="an empty backlog")

    def balance(self) -> dict[str, Any]:
        ends = self.ends()
        assert ends is not None
        return balance(self.store.engine, ends.produced)

    @contextmanager
    def _broker(self) -> Iterator[None]:
        with self.broker:
            yield

    def _start(self, command: list[str], name: str) -> "subprocess.Popen[bytes]":
        environment = {
            **os.environ,
            "VIGIA_HOME": str(self.folder / name),
            "VIGIA_KAFKA_BOOTSTRAP": self.broker.bootstrap,
            "VIGIA_DATABASE_URL": self.postgres.url,
        }
        with (self.folder / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def _end_processes(self) -> None:
        for process in (*self.workers.values(), self.cameras):
            if process is not None and process.poll() is None:
                process.kill()
                process.wait()


LONGEST_TURN_SECONDS = 0.5
"""A turn that took longer was held up by the machine, and not by who reads the partition."""


class Silence:
    """The longest time in which a partition got no new row, while frames were coming; watched from a thread.

    Time in which the machine itself stood still does not count.
    """

    def __init__(self, store: PredictionStore) -> None:
        self._store = store
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._last: dict[int, tuple[int, float, float]] = {}
        """By partition: the newest offset, when it was seen, and the silence since."""
        self.seconds = 0.0
        """Of the partition that was silent longest."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(10)
        self.seconds = round(self.seconds, 2)

    def wait_for_all(self, timeout_seconds: float = 180) -> None:
        """Until every partition got a row from now on."""
        now = time.monotonic()

        def spoke() -> bool:
            return len(self._last) == FRAMES_PARTITIONS and all(at > now for _, at, _ in self._last.values())

        wait_until(spoke, timeout_seconds=timeout_seconds, what="rows of every partition")

    def _watch(self) -> None:
        table = predictions.c
        newest = select(table.partition, func.max(table.offset)).group_by(table.partition)
        looked_at = time.monotonic()
        while not self._stop.wait(0.1):
            turn, looked_at = min(time.monotonic() - looked_at, LONGEST_TURN_SECONDS), time.monotonic()
            self._last = {number: (offset, at, silent + turn) for number, (offset, at, silent) in self._last.items()}
            try:
                with self._store.engine.connect() as connection:
                    found = connection.execute(newest).all()
            except SQLAlchemyError:
                continue
            now = time.monotonic()
            for partition, offset in found:
                before, _, silent = self._last.get(partition, (-1, now, 0.0))
                if offset > before:
                    self.seconds = max(self.seconds, silent)
                    self._last[partition] = (offset, now, 0.0)
