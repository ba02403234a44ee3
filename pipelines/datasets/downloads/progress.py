"""Progress of a long transfer on stderr: one line that renews itself, or a line now and then where nobody looks."""

import sys
import time
from collections import deque
from collections.abc import Callable
from typing import Final, TextIO

_RENEW_SECONDS: Final = 0.2
_LINE_SECONDS: Final = 15.0
"""Between two lines where the output is a file."""
_WINDOW_SECONDS: Final = 10.0
"""Over which speed is measured: a line that was slow a minute ago says nothing about now."""


class ProgressLine:
    """What has come, of how much, how fast, and how long it will take."""

    def __init__(self, name: str, *, out: TextIO | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._name = name
        self._out = out or sys.stderr
        self._clock = clock
        self._renews = self._out.isatty()
        self._points: deque[tuple[float, int]] = deque()
        self._shown_at: float | None = None
        self._width = 0

    def show(self, done: int, total: int | None) -> None:
        """Bytes so far; call as often as you like."""
        now = self._clock()
        if not self._points or done < self._points[-1][1]:  # begun, or begun anew
            self._points.clear()
        self._points.append((now, done))
        while len(self._points) > 2 and self._points[0][0] < now - _WINDOW_SECONDS:
            self._points.popleft()
        pause = _RENEW_SECONDS if self._renews else _LINE_SECONDS
        if self._shown_at is None or now - self._shown_at >= pause:
            self._shown_at = now
            self._write(describe_progress(self._name, done, total, self._speed()))

    def finish(self, words: str = "") -> None:
        """End the line; `words` take its place, on a terminal only."""
        if self._renews and self._shown_at is not None:
            self._write(words)
            print(file=self._out, flush=True)
        self._shown_at = None

    def _speed(self) -> float | None:
        """Bytes a second; None until there are two points."""
        (first, before), (last, done) = self._points[0], self._points[-1]
        return (done - before) / (last - first) if last > first else None

    def _write(self, line: str) -> None:
        if self._renews:
            print(f"\r{line.ljust(self._width)}", end="", file=self._out, flush=True)
            self._width = len(line)
        else:
            print(line, file=self._out, flush=True)


def describe_progress(name: str, done: int, total: int | None, speed: float | None) -> str:
    """`lfw.tgz: 45 % · 81.0 of 180.6 MB · 12.3 MB/s · 8 s left`, as much of it as is known."""
    parts = [f"{done / 1e6:,.1f} MB"]
    if total:
        parts = [f"{100 * done // total} %", f"{done / 1e6:,.1f} of {total / 1e6:,.1f} MB"]
    if speed is not None:
        parts.append(f"{speed / 1e6:,.1f} MB/s")
    if speed and total:
        parts.append(f"{describe_seconds((total - done) / speed)} left")
    return f"{name}: {' · '.join(parts)}"


def describe_seconds(seconds: float) -> str:
    """`8 s`, `3 min 20 s`, `2 h 5 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
