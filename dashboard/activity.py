"""The last minutes of the clock: how much was predicted, what, and how fast.

The store is asked for five seconds at a time, and settled spans are remembered: a refresh reads the last few
seconds only, however many rows there are.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Final

from sqlalchemy import Connection, bindparam, func, select

from stream.tables import LIVE, predictions

SPAN: Final = timedelta(seconds=5)
SPANS_IN_MINUTE: Final = 12
SETTLED: Final = timedelta(seconds=5)
"""After its end a span takes late rows for this long; then it is counted no more."""
SPAN_ROWS: Final = 20_000
"""Rows counted in a span; 4,000 a second is more than one machine predicts."""
LATENCY_ROWS: Final = 60
"""Rows of a span whose latency is read: its latest ones."""

_WITHIN: Final = (
    predictions.c.predicted_at >= bindparam("start"),
    predictions.c.predicted_at < bindparam("end"),
    predictions.c.role == LIVE,
)
_COUNTED: Final = (
    select(predictions.c.classifier, predictions.c.label)
    .where(*_WITHIN)
    .order_by(predictions.c.predicted_at.desc())
    .limit(SPAN_ROWS)
    .subquery()
)
# built once: a first visit asks them of 180 spans, and building takes as long as asking
_LABELS: Final = select(_COUNTED.c.classifier, _COUNTED.c.label, func.count()).group_by(
    _COUNTED.c.classifier, _COUNTED.c.label
)
_LATENCIES: Final = (
    select(predictions.c.captured_at, predictions.c.predicted_at)
    .where(*_WITHIN)
    .order_by(predictions.c.predicted_at.desc())
    .limit(LATENCY_ROWS)
)


@dataclass(frozen=True, slots=True)
class Span:
    """What was predicted in some seconds."""

    start: datetime
    predictions: int
    labels: tuple[tuple[str, str, int], ...]
    """(classifier, label, predictions)."""
    latencies: tuple[float, ...]
    """Seconds from capture to prediction, of a few."""


@dataclass(frozen=True, slots=True)
class Minute:
    """What was predicted in one minute of the clock."""

    start: datetime
    predictions: int
    p50_seconds: float | None
    p95_seconds: float | None


@dataclass(frozen=True, slots=True)
class Activity:
    """What the page says about the last minutes."""

    minutes: tuple[Minute, ...]
    """Oldest first; the last one is still running."""
    labels: tuple[tuple[str, str, int], ...]
    """(classifier, label, predictions) over these minutes, most frequent first."""
    last_minute: Minute
    """The sixty seconds before now."""


class SpanHistory:
    """Remembers settled spans. Shared by all visitors of the page."""

    def __init__(self) -> None:
        self._settled: dict[datetime, Span] = {}
        self._lock = Lock()

    def load(self, connection: Connection, now: datetime, *, minutes: int) -> Activity:
        """The running minute of the clock and those before it, `minutes` in all."""
        first = now.replace(second=0, microsecond=0) - timedelta(minutes=minutes - 1)
        running = _floor(now)
        starts = [first + SPAN * number for number in range((running - first) // SPAN + 1)]
        with self._lock:
            self._settled = {start: self._settled[start] for start in starts if start in self._settled}
            for start in starts:
                if start not in self._settled and start + SPAN + SETTLED <= now:
                    self._settled[start] = load_span(connection, start)
            known = dict(self._settled)
        return summarize([known.get(start) or load_span(connection, start) for start in starts], now)


def load_span(connection: Connection, start: datetime) -> Span:
    """Counts, labels and some latencies of the production predictions of one span."""
    span = {"start": start, "end": start + SPAN}
    labels = connection.execute(_LABELS, span).all()
    return Span(
        start=start,
        predictions=sum(count for _, _, count in labels),
        labels=tuple((classifier, label, count) for classifier, label, count in labels),
        latencies=tuple(
            max(0.0, (predicted_at - captured_at).total_seconds())
            for captured_at, predicted_at in connection.execute(_LATENCIES, span).all()
        ),
    )


def summarize(spans: Sequence[Span], now: datetime) -> Activity:
    """Minutes, labels and the last sixty seconds of consecutive spans, oldest first, the last one running."""
    by_minute: dict[datetime, list[Span]] = {}
    for span in spans:
        by_minute.setdefault(span.start.replace(second=0), []).append(span)
    counts: Counter[tuple[str, str]] = Counter()
    for span in spans:
        for classifier, label, count in span.labels:
            counts[classifier, label] += count
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return Activity(
        minutes=tuple(
            _minute(start, sum(span.predictions for span in inside), inside) for start, inside in by_minute.items()
        ),
        labels=tuple((classifier, label, count) for (classifier, label), count in ordered),
        last_minute=_last_minute(spans, now),
    )


def quantile(values: Sequence[float], share: float) -> float | None:
    """Nearest rank; None for no values."""
    if not values:
        return None
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def _last_minute(spans: Sequence[Span], now: datetime) -> Minute:
    # the oldest span counts for the part of it that lies within sixty seconds, so that a steady rate reads steady
    inside = spans[-SPANS_IN_MINUTE:]
    oldest = spans[-SPANS_IN_MINUTE - 1 : -SPANS_IN_MINUTE]
    share = 1 - (now - spans[-1].start) / SPAN
    count = sum(span.predictions for span in inside) + sum(round(span.predictions * share) for span in oldest)
    return _minute(now - timedelta(minutes=1), count, inside)


def _minute(start: datetime, count: int, spans: Iterable[Span]) -> Minute:
    latencies = [seconds for span in spans for seconds in span.latencies]
    return Minute(start, count, quantile(latencies, 0.5), quantile(latencies, 0.95))


def _floor(now: datetime) -> datetime:
    seconds = now.timestamp()
    return datetime.fromtimestamp(seconds - seconds % SPAN.total_seconds(), UTC)
