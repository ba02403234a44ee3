"""Waiting in tests: poll with a deadline, never sleep and hope."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

Value = TypeVar("Value")


def wait_until(condition: Callable[[], Value], *, timeout_seconds: float, what: str) -> Value:
    """The first true value of `condition`; AssertionError naming `what` after the deadline."""
    pause = threading.Event()
    deadline = time.monotonic() + timeout_seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"waited {timeout_seconds} s for {what}"
        pause.wait(0.05)
    return value
