"""Starting and ending the processes of a lane; none of them outlives the bench."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from pipelines.processes import bind_command
from stream.bench.lanes.order import Order

MODULES: Final = {
    "naive": "naive",
    "ours v1": "worker",
    "ours v2": "worker",
    "ours without guarantee": "worker",
    "ours unbatched": "worker",
    "ours traced": "traced",
    "confluent": "confluent",
    "raw": "raw",
}
STOP_SECONDS: Final = 20.0


@dataclass(frozen=True, slots=True)
class Running:
    """A lane's processes."""

    processes: tuple["subprocess.Popen[bytes]", ...]
    log: Path

    @property
    def pids(self) -> list[int]:
        return [process.pid for process in self.processes]

    def has_ended(self) -> bool:
        """Whether all of them have."""
        return all(process.poll() is not None for process in self.processes)

    def failure(self) -> str | None:
        """How one of them ended that should not have, in a line."""
        codes = [process.poll() for process in self.processes]
        failed = next((code for code in codes if code not in (None, 0)), None)
        return None if failed is None else f"it ended with {failed}: {last_line(self.log)}"

    def wait(self, seconds: float) -> None:
        for process in self.processes:
            with suppress(subprocess.TimeoutExpired):
                process.wait(seconds)


@contextmanager
def run_lane(orders: Sequence[Order]) -> Iterator[Running]:
    """One process an order; killed at the end of the block, with everything they started."""
    log = orders[0].folder / "log"
    log.parent.mkdir(parents=True, exist_ok=True)
    processes: list[subprocess.Popen[bytes]] = []
    try:
        with log.open("ab") as output:
            for order in orders:
                module = f"stream.bench.lanes.{MODULES[order.lane]}"
                processes.append(start(bind_command(sys.executable, "-m", module, order.dump()), output))
        yield Running(tuple(processes), log)
    finally:
        for process in processes:
            kill(process)


def start(command: Sequence[str], output: BinaryIO) -> "subprocess.Popen[bytes]":
    """In a session of its own: a Ctrl-C is the bench's to answer."""
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    return subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment, start_new_session=True
    )


def kill(process: "subprocess.Popen[bytes]") -> None:
    """With the session that it leads. What was measured is measured: nothing has to be brought to an end."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(STOP_SECONDS)


def last_line(log: Path) -> str:
    """What a process said last, for a message."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    except OSError:
        return "nothing"
    return " ".join(lines[-1].split())[:200] if lines else "nothing"
