"""Processor time of one way beside another, measured in turns: a slow or busy machine changes both."""

import time
from collections.abc import Callable


def compare_cpu(ours: Callable[[], object], reference: Callable[[], object], *, rounds: int = 5) -> float:
    """How many times the processor time of `reference` ours takes; each is done once before.

    By the quickest round of each: whatever else goes on, in this process too, can only add to one.
    """
    spent: dict[Callable[[], object], list[float]] = {ours: [], reference: []}
    for work in spent:
        work()
    for _ in range(rounds):
        for work, seconds in spent.items():
            began = time.process_time()
            work()
            seconds.append(time.process_time() - began)
    return min(spent[ours]) / max(1e-9, min(spent[reference]))
