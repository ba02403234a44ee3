"""A process that takes only time that nobody else wants, but for one thread."""

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Final

LOWEST: Final = 19


def lower_priority() -> ThreadPoolExecutor:
    """This thread, and all that it starts from now on, give way to everybody; the thread of the answer does not.

    It is for writing to the store: a writer that holds SQLite's lock and gets no time would keep production waiting.
    """
    writer = ThreadPoolExecutor(1, thread_name_prefix="store")
    writer.submit(os.getpid).result()  # the thread begins now: it would inherit what follows
    os.nice(LOWEST)
    if hasattr(os, "SCHED_IDLE"):
        with suppress(OSError):  # a container may forbid it; niced it is all the same
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    return writer
