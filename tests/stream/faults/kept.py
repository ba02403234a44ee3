"""A worker process that is started again whenever it ends, with the supervisor's own pauses."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from deploy.records import Record, delay_seconds, record_start
from tests.stream.faults.worker import Orders
from tests.waiting import wait_until

ROOT = Path(__file__).parents[3]
TURN_SECONDS = 0.05


class KeptWorker:
    """One worker slot. `start` it once; `stop` ends it for good."""

    def __init__(self, orders: Orders) -> None:
        self._orders = orders
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self.exits: list[int] = []
        """Exit codes of the processes that ended by themselves or by a fault; negative: killed by that signal."""

    def start(self) -> None:
        self._stopped.clear()
        self._thread = threading.Thread(target=self._keep, name=f"kept worker {self._orders.slot}", daemon=True)
        self._thread.start()
        wait_until(lambda: self._process is not None, timeout_seconds=60, what="a worker process")

    def send_signal(self, how: signal.Signals) -> int:
        """Sent to the process that runs now; its id."""
        pid = self.pid
        os.kill(pid, how)
        return pid

    def wait_for_restart(self, ended: int) -> None:
        """Until another process runs than this one, which was told to end; the next may be there already."""
        wait_until(lambda: self.pid != ended, timeout_seconds=180, what=f"another process; see {self.log}")

    @property
    def pid(self) -> int:
        process = self._process
        assert process is not None, "the worker was never started"
        return process.pid

    @property
    def log(self) -> Path:
        return Path(self._orders.home) / f"worker-{self._orders.slot}.log"

    def stop(self, how: signal.Signals = signal.SIGTERM, timeout_seconds: float = 20) -> int | None:
        """End it and do not start it again; its exit code."""
        self._stopped.set()
        if self._thread is None:
            return None
        self._thread.join()
        process = self._process
        if process is None:
            return None
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)
            process.send_signal(how)
        try:
            return process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()

    def hold(self) -> None:
        """Killed and not started again until `start`."""
        self.stop(signal.SIGKILL)
        self._process = None

    def _keep(self) -> None:
        record: Record | None = None
        while not self._stopped.is_set():
            record = record_start(record, 0, time.time())
            if self._stopped.wait(delay_seconds(record)):
                return
            with self.log.open("ab") as log:
                command = [sys.executable, "-m", "tests.stream.faults.worker", self._orders.encode()]
                self._process = process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
            while process.poll() is None:
                if self._stopped.wait(TURN_SECONDS):
                    return
            self.exits.append(process.returncode)
