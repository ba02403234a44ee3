"""What a lane's processes cost while they run: processor time and memory of them and their children."""

import threading
import time
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self

import psutil

EVERY_SECONDS: Final = 0.5
WHOLE_EVERY: Final = 5
"""Looks between two at shared memory and at new children, which take longer: the watch must cost next to nothing."""


@dataclass(frozen=True, slots=True)
class Look:
    """One look at all processes."""

    at: float
    """Seconds since 1970."""
    cpu_seconds: float
    """Since they started, ended children included."""


@dataclass(slots=True)
class Watch:
    """Looks at the processes from a thread of its own until the block ends."""

    pids: Sequence[int]
    looks: list[Look] = field(default_factory=list)
    peak_rss_mb: float = 0.0
    """Of the largest process at any time."""
    peak_pss_mb: float = 0.0
    """Of all together: what several share is counted once. 0 where the system does not tell."""
    _done: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        if self._thread:
            self._thread.join()

    def cpu_between(self, began: float, ended: float) -> float:
        """Seconds of processor time between two times."""
        return cpu_at(self.looks, ended) - cpu_at(self.looks, began)

    def _run(self) -> None:
        roots = [psutil.Process(pid) for pid in self.pids]
        families: dict[int, list[psutil.Process]] = {}
        number, ended = 0, False
        while not ended:
            ended = self._done.wait(EVERY_SECONDS) if number else False
            self._look(roots, families, whole=number % WHOLE_EVERY == 0)
            number += 1

    def _look(self, roots: Sequence[psutil.Process], families: dict[int, list[psutil.Process]], *, whole: bool) -> None:
        at, cpu, pss = time.time(), 0.0, 0.0
        for root in roots:
            try:
                if whole:
                    families[root.pid] = root.children(recursive=True)
                times = root.cpu_times()
                cpu += times.user + times.system + times.children_user + times.children_system
                self._look_at_memory(root)
                pss += shared_mb(root) if whole else 0.0
            except psutil.Error:  # it ended: what it cost was seen before
                continue
            for child in families.get(root.pid, ()):
                try:
                    own = child.cpu_times()
                    cpu += own.user + own.system
                    self._look_at_memory(child)
                    pss += shared_mb(child) if whole else 0.0
                except psutil.Error:  # its parent counts it from now on
                    continue
        self.peak_pss_mb = max(self.peak_pss_mb, pss)
        if not self.looks or cpu >= self.looks[-1].cpu_seconds:
            self.looks.append(Look(at, cpu))

    def _look_at_memory(self, process: psutil.Process) -> None:
        self.peak_rss_mb = max(self.peak_rss_mb, process.memory_info().rss / 1e6)


def shared_mb(process: psutil.Process) -> float:
    """Its memory, with its part of what it shares with others; 0 where the system does not tell."""
    return float(getattr(process.memory_full_info(), "pss", 0)) / 1e6


def cpu_at(looks: Sequence[Look], at: float) -> float:
    """Between two looks, in proportion; before the first and after the last, what those saw."""
    if not looks:
        return 0.0
    place = bisect_left(looks, at, key=lambda look: look.at)
    if place == 0:
        return looks[0].cpu_seconds
    if place == len(looks):
        return looks[-1].cpu_seconds
    before, after = looks[place - 1], looks[place]
    share = (at - before.at) / (after.at - before.at)
    return before.cpu_seconds + share * (after.cpu_seconds - before.cpu_seconds)
