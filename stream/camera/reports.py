"""What became of cameras' frames: answers, dead letters, latency and, where the truth is known, accuracy."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath

import numpy as np
from sqlalchemy import Engine, func, select

from stream.tables import dead_letters, predictions


@dataclass(frozen=True, slots=True)
class CameraReport:
    """Counts since a moment."""

    predictions: int
    dead_letters: int
    labelled: int
    """Predictions of pictures that lie in a folder named like their label."""
    accuracy: float | None
    """Of the labelled ones; None without any."""
    latency_ms: dict[str, float]
    """`p50`, `p95`, `p99` from capture to prediction; empty without predictions."""


def report_cameras(engine: Engine, cameras: Sequence[str], classifier: str, since: datetime) -> CameraReport:
    """What the store knows of these cameras' frames that were captured at `since` or later."""
    columns = (predictions.c.label, predictions.c.image_name, predictions.c.captured_at, predictions.c.predicted_at)
    wanted = select(*columns).where(
        predictions.c.camera_id.in_(cameras),
        predictions.c.predicted_at >= since,
        predictions.c.captured_at >= since,
        predictions.c.classifier == classifier,
        predictions.c.role == "production",
    )
    dead = select(func.count()).where(dead_letters.c.camera_id.in_(cameras), dead_letters.c.created_at >= since)
    with engine.connect() as connection:
        rows = connection.execute(wanted).all()
        dead_count = connection.execute(dead).scalar_one()
    hits = [row.label == truth for row in rows if (truth := read_truth(row.image_name)) is not None]
    waits = [(row.predicted_at - row.captured_at).total_seconds() * 1000 for row in rows]
    return CameraReport(
        predictions=len(rows),
        dead_letters=int(dead_count),
        labelled=len(hits),
        accuracy=sum(hits) / len(hits) if hits else None,
        latency_ms=summarise_latency(waits),
    )


def read_truth(image_name: str | None) -> str | None:
    """The class folder in `aldea_compact/0001.jpg`; None for a picture that lies in no folder."""
    parts = PurePosixPath(image_name or "").parts
    return parts[0] if len(parts) > 1 else None


def summarise_latency(milliseconds: Sequence[float]) -> dict[str, float]:
    """Percentiles, rounded to a tenth; empty for nothing."""
    if not milliseconds:
        return {}
    return {f"p{q}": round(float(np.percentile(milliseconds, q)), 1) for q in (50, 95, 99)}
