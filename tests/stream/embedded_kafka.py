"""An embedded Kafka that a test starts, kills and starts again."""

import os
import signal
import socket
import subprocess
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from stream.broker.embedded import answers, embedded_kafka_command, prepare_embedded_kafka
from stream.broker.topics import ensure_topics
from tests.waiting import wait_until

START_SECONDS = 180
STOP_SECONDS = 120


class EmbeddedKafka:
    """A broker on free ports in a home of its own, with the project's topics."""

    def __init__(
        self, home: Path, host: str = "127.0.0.1", *, port: int | None = None, advertised_port: int | None = None
    ) -> None:
        """Clients are sent to the advertised port, when there is one: that of a proxy."""
        self.home = home
        self.host = host
        self._port = port
        self._advertised_port = advertised_port
        self.bootstrap = ""
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self.start()
            ensure_topics(self.bootstrap, START_SECONDS)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop(signal.SIGTERM)

    def start(self, *, port: int | None = None) -> None:
        """Start on the given or a new free port, and wait until it answers."""
        first, controller = find_free_ports(2)
        port = port or self._port or first
        self.bootstrap = f"{self.host}:{port}"
        prepare_embedded_kafka(self.home)
        command = embedded_kafka_command(self.home, self.host, port, controller)
        if self._advertised_port:
            advertised = f"PLAINTEXT://{self.host}:{self._advertised_port},CONTROLLER://{self.host}:{controller}"
            command += ["--override", f"advertised.listeners={advertised}"]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        wait_until(self._answers, timeout_seconds=START_SECONDS, what=f"an answer of Kafka; see {self.log}")

    def stop(self, how: signal.Signals = signal.SIGKILL) -> None:
        """Kill (default) or terminate the broker and wait for its end."""
        if self._process is not None and self._process.poll() is None:
            os.kill(self._process.pid, how)
            self._process.wait(STOP_SECONDS)
        self._process = None

    def freeze(self, seconds: float) -> None:
        """SIGSTOP for so long: connections stay open and nothing answers."""
        os.kill(self.pid, signal.SIGSTOP)
        try:
            threading.Event().wait(seconds)
        finally:
            os.kill(self.pid, signal.SIGCONT)

    @property
    def port(self) -> int:
        return int(self.bootstrap.rpartition(":")[2])

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def log(self) -> Path:
        return self.home / "kafka.log"

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, f"Kafka ended: {self.log.read_text(encoding='utf-8')[-2000:]}"
        return answers(self.bootstrap, 1.0)


def find_free_ports(count: int) -> list[int]:
    """Ports that nothing listens on, all different."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]
    finally:
        for each in sockets:
            each.close()
