"""Processor time of one way beside another, measured in turns: a slow or busy machine changes both."""

import gc
import time
from collections.abc import Callable


def compare_cpu(ours: Callable[[], object], reference: Callable[[], object], *, rounds: int = 5) -> float:
    """How many times the processor time of `reference` ours takes; each is done once before.

    By the best rounds: whatever else this machine and the other threads of this process do only ever adds. Garbage is
    not collected meanwhile: how much of it lies about is what earlier tests left.
    """
    best: dict[Callable[[], object], float] = {ours: float("inf"), reference: float("inf")}
    for work in best:
        work()
    collects = gc.isenabled()
    gc.disable()
    try:
        for _ in range(rounds):
            for work in best:
                began = time.process_time()
                work()
                best[work] = min(best[work], time.process_time() - began)
    finally:
        if collects:
            gc.enable()
    return best[ours] / max(1e-9, best[reference])
