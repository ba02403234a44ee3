"""What grew: a line through the samples of one process."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np


def slope_per_hour(seconds: Sequence[float], values: Sequence[float]) -> float | None:
    """Least squares; None for fewer than three samples."""
    if len(seconds) < 3:
        return None
    return round(float(np.polyfit(np.asarray(seconds) / 3600, np.asarray(values), 1)[0]), 2)


def describe_growth(samples: Sequence[Mapping[str, Any]], name: str, warm_up_seconds: float) -> dict[str, Any]:
    """Of one process that lived all the time; `samples` hold `seconds` and `processes` {name: usage}."""
    known = [(each["seconds"], each["processes"][name]) for each in samples if each["processes"].get(name)]
    warm = [(seconds, usage) for seconds, usage in known if seconds >= warm_up_seconds]
    if not warm:
        return {}
    seconds = [at for at, _ in warm]
    descriptors = [usage["descriptors"] for _, usage in warm]
    threads = [usage["threads"] for _, usage in warm]
    spent = warm[-1][1]["cpu_seconds"] - warm[0][1]["cpu_seconds"]
    return {
        "samples": len(warm),
        "rss_mb": {"first": warm[0][1]["rss_mb"], "last": warm[-1][1]["rss_mb"]},
        "rss_mb_per_hour": slope_per_hour(seconds, [usage["rss_mb"] for _, usage in warm]),
        "anonymous_mb_per_hour": slope_per_hour(seconds, [usage["anonymous_mb"] for _, usage in warm]),
        "pss_mb_per_hour": slope_per_hour(seconds, [usage["pss_mb"] for _, usage in warm]),
        "descriptors": {"least": min(descriptors), "most": max(descriptors), "last": descriptors[-1]},
        "descriptors_per_hour": slope_per_hour(seconds, descriptors),
        "threads": {"least": min(threads), "most": max(threads), "last": threads[-1]},
        "cores": round(spent / (seconds[-1] - seconds[0]), 4) if seconds[-1] > seconds[0] else None,
    }
