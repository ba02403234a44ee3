"""The figures of what was sent at one rate and of what came of it."""

from collections.abc import Mapping, Sequence
from typing import Final

from stream.bench.latency.answers import Delivered
from stream.bench.latency.load import Sent
from stream.bench.measuring import WARM_SHARE, percentiles

SHARES: Final = (0.1, 0.5, 0.8)
"""Of the peak."""
STEADY_FPS: Final = 100.0
MOST_SHARE: Final = 0.9


def choose_rates(peak: float) -> dict[str, float]:
    """Name -> frames a second; the steady rate only where it is one that can be kept up."""
    rates = {f"{share:.0%} of peak": share * peak for share in SHARES}
    return rates | ({f"{STEADY_FPS:g} fps": STEADY_FPS} if MOST_SHARE * peak >= STEADY_FPS else {})


def describe_latency(answers: Sequence[Delivered], sent: Sent, fps: float, seconds: float) -> dict[str, float]:
    """Milliseconds, without the first quarter."""
    ordered = sorted(answers, key=lambda each: each.captured_at)
    counted = ordered[int(len(ordered) * WARM_SHARE) :]
    if not counted:
        return {"fps": round(fps, 1), "frames": 0}
    different = len({each.captured_at for each in ordered})
    delays = [1000 * (each.stored_at - each.captured_at) for each in counted]
    return {
        **percentiles(delays),
        "fps": round(fps, 1),
        "sent_fps": round(sent.frames / seconds, 1),
        "sent_late_p99": round(sent.late_ms_p99, 2),
        "frames": len(counted),
        "lost": sent.frames - different,
        "doubled": len(ordered) - different,
    }


def compare_with_engine(
    rates: Mapping[str, Mapping[str, float]], engine_ms: float | None
) -> dict[str, dict[str, float]]:
    """Every rate, with its percentiles in parts of what decoder and engine alone need for a frame."""
    return {
        name: {
            **found,
            **{
                f"{key}_over_engine": round(found[key] / engine_ms, 2)
                for key in ("p50", "p95", "p99")
                if engine_ms and key in found
            },
        }
        for name, found in rates.items()
    }


def describe_overload(answers: Sequence[Delivered], sent: Sent, peak: float, seconds: float) -> dict[str, float]:
    """While frames come: the oldest that was answered, and the rate in parts of the peak."""
    if not answers:
        return {"sent_fps": round(sent.frames / seconds, 1), "frames": 0}
    first = min(each.captured_at for each in answers)
    since, until = first + WARM_SHARE * seconds, first + seconds
    counted = [each for each in answers if since <= each.stored_at <= until]
    ages = [each.stored_at - each.captured_at for each in counted]
    fps = len(counted) / (until - since)
    return {
        "sent_fps": round(sent.frames / seconds, 1),
        "frames": len(counted),
        "fps": round(fps, 1),
        "oldest_seconds": round(max(ages, default=0.0), 3),
        "throughput_over_peak": round(fps / peak, 3),
        "sender_cores": round(sent.cpu_seconds / seconds, 2),
    }
