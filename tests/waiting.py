"""Waiting in tests: poll with a deadline, never sleep and hope."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

Value = TypeVar("Value")


def wait_until(condition: Callable[[], Value], *, timeout_seconds: float, what: str) -> Value:
    """The first true value of `condition`; AssertionError naming `what` after the deadline.

    It is asked once more after the deadline: a machine that stood still is late, not wrong.
    """
    pause = threading.Event()
    deadline = time.monotonic() + timeout_seconds
    while True:
        late = time.monotonic() >= deadline
        if value := condition():
            return value
        assert not late, f"waited {timeout_seconds} s for {what}"
        pause.wait(0.05)
