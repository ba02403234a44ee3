"""What a lane's processes cost while they run: processor time and memory of them and their children."""

import threading
import time
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self

import psutil

EVERY_SECONDS: Final = 0.2
SHARED_EVERY: Final = 5
"""Looks between two at shared memory, which takes the kernel longer."""


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
        number = 0
        while True:
            self._look(roots, shared=number % SHARED_EVERY == 0)
            number += 1
            if self._done.wait(EVERY_SECONDS):
                self._look(roots, shared=False)
                return

    def _look(self, roots: Sequence[psutil.Process], *, shared: bool) -> None:
        at, cpu, pss = time.time(), 0.0, 0.0
        for root in roots:
            try:
                times = root.cpu_times()
                cpu += times.user + times.system + times.children_user + times.children_system
                for each in (root, *root.children(recursive=True)):
                    if each is not root:
                        own = each.cpu_times()
                        cpu += own.user + own.system
                    self.peak_rss_mb = max(self.peak_rss_mb, each.memory_info().rss / 1e6)
                    if shared:
                        pss += getattr(each.memory_full_info(), "pss", 0) / 1e6
            except psutil.Error:  # it ended between two questions: what it cost was seen before
                continue
        self.peak_pss_mb = max(self.peak_pss_mb, pss)
        if not self.looks or cpu >= self.looks[-1].cpu_seconds:
            self.looks.append(Look(at, cpu))


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
