"""A process that takes only time that nobody else wants, but for the thread that writes to the store."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Final, ParamSpec, TypeVar

LOWEST: Final = 19

Asked = ParamSpec("Asked")
Answer = TypeVar("Answer")


def give_way() -> None:
    """This thread, and all that it starts from now on, take only time that nobody else wants; there is no way back."""
    os.nice(LOWEST)
    if hasattr(os, "SCHED_IDLE"):
        with suppress(OSError):  # a container may forbid it; niced it is all the same
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


def keep_one_thread() -> ThreadPoolExecutor:
    """A thread that keeps the present priority, whatever its process does later.

    A writer that holds SQLite's lock and gets no time would keep production waiting; so would whoever holds Python's
    lock meanwhile.
    """
    thread = ThreadPoolExecutor(1, thread_name_prefix="shadow")
    thread.submit(os.getpid).result()  # it begins now
    return thread


def gently(work: Callable[Asked, Answer]) -> Callable[Asked, Answer]:
    """The same work, before which its thread gives way for good."""

    def work_gently(*arguments: Asked.args, **named: Asked.kwargs) -> Answer:
        give_way()
        return work(*arguments, **named)

    return work_gently
