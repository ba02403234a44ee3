"""From the frames that a lane answered to its figures: which of them count, how fast, what was lost."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pipelines.bench.parity import Said
from stream.bench.lanes.order import Answered

WARM_SHARE: Final = 0.25
"""Of the frames that are answered once every process works: they are not counted."""


@dataclass(frozen=True, slots=True)
class Window:
    """The part of a round that counts: every process works, and none has run out of frames."""

    began: float
    ended: float
    """Seconds since 1970."""
    frames: int
    steady: bool = True
    """False where there were too few frames for that, and all of them are counted."""

    @property
    def fps(self) -> float:
        return self.frames / (self.ended - self.began)


def find_window(
    answered: Sequence[Answered],
    ends: Mapping[str, int] | None = None,
    *,
    processes: int = 1,
    watched_until: float = float("inf"),
) -> Window | None:
    """Without the first quarter and without what came when a share was used up; None for fewer than two answers.

    `ends` says where each share ends: the first offset behind it. `processes` is how many of them should answer.
    What they cost is known up to `watched_until`.
    """
    ordered = sorted((each for each in answered if each.at <= watched_until), key=lambda each: each.at)
    firsts: dict[str, float] = {}
    used_up: list[float] = []
    for each in ordered:
        firsts.setdefault(each.process, each.at)
        if ends and each.place + 1 == ends.get(each.share):
            used_up.append(each.at)
    times = [each.at for each in ordered]
    since, until = max(firsts.values(), default=0.0), min(used_up, default=times[-1] if times else 0.0)
    counted = [at for at in times if since <= at <= until]
    if len(firsts) == processes and (window := _without_warm_up(counted, steady=True)):
        return window
    return _without_warm_up(times, steady=False)


def _without_warm_up(times: Sequence[float], *, steady: bool) -> Window | None:
    """A batch is answered at one time: what counts begins behind the batch that the first quarter ends in."""
    if not times:
        return None
    began = times[int(len(times) * WARM_SHARE)]
    frames = sum(at > began for at in times)
    return Window(began, times[-1], frames, steady) if frames else None


def count_lost(answered: Iterable[Answered], begins: Mapping[str, int]) -> int:
    """Frames that were passed over: one behind them in their partition was answered, and they were not."""
    places: dict[str, set[int]] = defaultdict(set)
    for each in answered:
        places[each.share].add(each.place)
    return sum(max(seen) + 1 - begins[share] - len(seen) for share, seen in places.items())


def count_doubled(answered: Sequence[Answered]) -> int:
    """Frames that were answered more than once, in as many rows."""
    return len(answered) - len({(each.share, each.place) for each in answered})


def said_of(answered: Iterable[Answered]) -> list[Said]:
    """For the comparison with Keras."""
    return [Said(each.picture, each.label, each.confidence) for each in answered]


def percentiles(milliseconds: Sequence[float]) -> dict[str, float]:
    """p50, p95 and p99."""
    import numpy as np

    p50, p95, p99 = (round(float(value), 2) for value in np.percentile(milliseconds, (50, 95, 99)))
    return {"p50": p50, "p95": p95, "p99": p99}
