"""Processes that are watched, killed and started again."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

RESTART_SECONDS = 0.3
"""Between the end of a process and its next start: what the stack's supervisor and launcher need."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What one process holds at one moment."""

    rss_mb: float
    anonymous_mb: float
    """Of RSS, what is no file: where a leak shows."""
    pss_mb: float
    """Like RSS, with memory shared by n processes counted as a n-th."""
    descriptors: int
    threads: int
    cpu_seconds: float
    """Since the process began."""


@dataclass(slots=True)
class Kept:
    """A command that runs until `end`, started again whenever it ends."""

    name: str
    command: Sequence[str]
    folder: Path
    log: Path
    environment: Mapping[str, str]
    ends: list[dict[str, float | int]] = field(default_factory=list)
    """Every end that nobody asked for: when, and the exit code (negative: the signal)."""
    _process: "subprocess.Popen[bytes] | None" = None
    _due: float = 0.0

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process and self._process.poll() is None else None

    def start(self) -> None:
        environment = {**os.environ, **self.environment}
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command, cwd=self.folder, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def tend(self) -> None:
        """Note an end, and start again."""
        if self._process is not None and (code := self._process.poll()) is not None:
            self.ends.append({"at": time.time(), "code": code})
            self._process, self._due = None, time.monotonic() + RESTART_SECONDS
        if self._process is None and time.monotonic() >= self._due:
            self.start()

    def kill(self) -> None:
        if self.pid is not None:
            os.kill(self.pid, signal.SIGKILL)

    def end(self, how: signal.Signals = signal.SIGTERM, timeout_seconds: float = 30.0) -> None:
        """Signal and wait; killed when it takes longer."""
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.send_signal(how)
        try:
            process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def measure_process(pid: int | None) -> Usage | None:
    """None for a process that is not there. Linux only."""
    folder = Path("/proc") / str(pid)
    try:
        status = _read_fields(folder / "status")
        rollup = _read_fields(folder / "smaps_rollup")
        words = (folder / "stat").read_text().rpartition(")")[2].split()
        return Usage(
            rss_mb=round(status["VmRSS"] / 1024, 2),
            anonymous_mb=round(status["RssAnon"] / 1024, 2),
            pss_mb=round(rollup["Pss"] / 1024, 2),
            descriptors=len(os.listdir(folder / "fd")),
            threads=status["Threads"],
            cpu_seconds=(int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK"),
        )
    except (OSError, KeyError, IndexError):  # it ended while it was read
        return None


def _read_fields(file: Path) -> dict[str, int]:
    fields = {}
    for line in file.read_text().splitlines():
        name, _, value = line.partition(":")
        number = value.split()[0] if value.split() else ""
        if number.isdigit():
            fields[name] = int(number)
    return fields
