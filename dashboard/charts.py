"""Charts as a fixed specification plus a table: the browser moves the marks and draws nothing anew.

The specifications are Vega-Lite as it is: building them through altair each second costs ten times the rest of the
page, and importing it 27 MB.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa

from dashboard.activity import Minute
from dashboard.words import Words

HEIGHT: Final = 180
LABEL_COLORS: Final = ("#52606d", "#a3b1bf")
"""Light, dark; the quiet text of page.css."""

Spec = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Chart:
    """A Vega-Lite specification without data, and its data."""

    spec: Spec
    table: pa.Table


def build_rate_chart(minutes: Sequence[Minute], words: Words, *, dark: bool) -> Chart:
    """Bars: predictions of each minute."""
    table = pa.table(
        {"minute": _times(minutes), "predictions": pa.array([minute.predictions for minute in minutes], pa.int64())}
    )
    spec = _frame() | {
        "mark": {"type": "bar", "cornerRadiusEnd": 3, "binSpacing": 3},
        "encoding": {
            "x": _time_axis(dark),
            "y": _value_axis("predictions", least=10, dark=dark),
            "tooltip": [_time_tooltip(words), _value_tooltip("predictions", words.say("chart.predictions"))],
        },
    }
    return Chart(spec, table)


def build_latency_chart(minutes: Sequence[Minute], words: Words, *, dark: bool) -> Chart:
    """Two lines: median and p95 of each minute, in milliseconds; a minute without predictions is a gap."""
    median, p95 = words.say("chart.latency.p50"), words.say("chart.latency.p95")
    rows = [(minute, median, minute.p50_seconds) for minute in minutes]
    rows += [(minute, p95, minute.p95_seconds) for minute in minutes]
    table = pa.table(
        {
            "minute": _times([minute for minute, _, _ in rows]),
            "series": [series for _, series, _ in rows],
            "milliseconds": pa.array([None if value is None else value * 1000 for _, _, value in rows], pa.float64()),
        }
    )
    spec = _frame() | {
        "encoding": {
            "x": _time_axis(dark),
            "color": {"field": "series", "type": "nominal", "sort": [median, p95], "legend": None},
            "tooltip": [
                _time_tooltip(words),
                {"field": "series", "type": "nominal", "title": words.say("chart.latency")},
                _value_tooltip("milliseconds", words.say("chart.milliseconds")),
            ],
        },
        "layer": [
            {
                "mark": {"type": "line", "strokeWidth": 2, "interpolate": "monotone"},
                "encoding": {"y": _value_axis("milliseconds", least=20, dark=dark)},
            },
            {
                # a minute between two gaps has no line: its point shows it
                "mark": {"type": "point", "size": 22, "filled": True, "opacity": 1},
                "encoding": {"y": {"field": "milliseconds", "type": "quantitative"}},
            },
        ],
    }
    return Chart(spec, table)


def _frame() -> Spec:
    return {
        "height": HEIGHT,
        "background": "transparent",
        "padding": {"left": 0, "top": 4, "right": 4, "bottom": 0},
    }


def _times(minutes: Sequence[Minute]) -> pa.Array:
    return pa.array([minute.start for minute in minutes], pa.timestamp("ms", tz="UTC"))


def _time_axis(dark: bool) -> Spec:
    axis = {"format": "%H:%M", "tickCount": 5, "grid": False, "labelFlush": False, "labelColor": LABEL_COLORS[dark]}
    return {"field": "minute", "type": "temporal", "timeUnit": "yearmonthdatehoursminutes", "title": None, "axis": axis}


def _value_axis(field: str, *, least: float, dark: bool) -> Spec:
    """From zero to the largest value, and never less than `least`: a few values do not fill the chart."""
    return {
        "field": field,
        "type": "quantitative",
        "title": None,
        "scale": {"domain": {"unionWith": [0, least]}, "nice": True},
        "axis": {"tickCount": 4, "minExtent": 34, "labelColor": LABEL_COLORS[dark]},
    }


def _time_tooltip(words: Words) -> Spec:
    return {"field": "minute", "type": "temporal", "title": words.say("chart.time"), "format": "%H:%M"}


def _value_tooltip(field: str, title: str) -> Spec:
    return {"field": field, "type": "quantitative", "title": title, "format": ",.0f"}
