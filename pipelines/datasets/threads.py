"""Work on pictures in threads, a few at a time. Pillow decodes, scales and encodes outside the interpreter's lock."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")

AHEAD = 8
"""Items in work or finished but not yet taken, per core: the bound on memory."""


def count_cores() -> int:
    """How many threads keep this machine busy."""
    return os.cpu_count() or 1


def map_in_threads(function: Callable[[Item], Outcome], items: Iterable[Item]) -> Iterator[Outcome]:
    """`function` of each item, in the order of the items, never more than a few ahead of the reader."""
    workers = count_cores()
    waiting: deque[Future[Outcome]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) >= AHEAD * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
