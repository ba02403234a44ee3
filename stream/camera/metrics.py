"""What Prometheus and `/ready` learn of the cameras; read from the players when asked, so nothing is counted twice."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from stream.http import Check

if TYPE_CHECKING:
    from stream.camera.cameras import Cameras
    from stream.camera.players import Player

NAMED_CAMERAS: Final = 5
"""In a sentence; the rest are counted."""


class CameraCollector(Collector):
    """`vigia_camera_*`, by camera; as many as cameras.yaml names."""

    def __init__(self, cameras: "Cameras") -> None:
        self._cameras = cameras

    def collect(self) -> Iterable[Metric]:
        label = ["camera_id"]
        sent = CounterMetricFamily("vigia_camera_frames_sent", "Frames that the broker has.", labels=label)
        dropped = CounterMetricFamily(
            "vigia_camera_frames_dropped", "Frames overtaken, unreadable, too large or beyond the rate.", labels=label
        )
        state = GaugeMetricFamily("vigia_camera_state", "1 for the present state.", labels=[*label, "state"])
        view = GaugeMetricFamily("vigia_camera_view", "1 for the present view.", labels=[*label, "view"])
        age = GaugeMetricFamily(
            "vigia_camera_last_frame_age_seconds", "Since the latest frame that was sent.", labels=label
        )
        now = datetime.now(UTC)
        for player in list(self._cameras.players.values()):
            name = [player.camera_id]
            sent.add_metric(name, player.sent)
            dropped.add_metric(name, player.dropped)
            state.add_metric([*name, player.state], 1)
            if player.sight.view is not None:
                view.add_metric([*name, player.sight.view], 1)
            if player.last_frame_at is not None:
                age.add_metric(name, max(0.0, (now - player.last_frame_at).total_seconds()))
        yield from (sent, dropped, state, view, age)

    def describe(self) -> Iterable[Metric]:
        """Nothing to look at before there is anything to tell."""
        return ()


def check_cameras(cameras: "Cameras") -> Mapping[str, Check]:
    """What the cameras depend on. One camera that is away makes the process no less ready; it is said."""
    waiting = cameras.delivery.waiting_seconds
    players = list(cameras.players.values())
    return {
        "broker": Check(waiting is None, "" if waiting is None else f"takes no frames since {waiting:.0f} s"),
        "store": Check(cameras.store_error is None, cameras.store_error or ""),
        "cameras.yaml": Check(cameras.watch.error is None, cameras.watch.error or ""),
        "cameras": Check(True, "; ".join(_describe_trouble(players))),
    }


def _describe_trouble(players: list["Player"]) -> Iterator[str]:
    for word in ("offline", "stale", "connecting"):
        names = [player.camera_id for player in players if player.state == word]
        if names:
            yield f"{word}: {_name(names)}"
    for word in ("frozen", "dark", "blocked", "blurred"):
        names = [player.camera_id for player in players if player.sight.view == word]
        if names:
            yield f"view {word}: {_name(names)}"


def _name(names: list[str]) -> str:
    more = len(names) - NAMED_CAMERAS
    return ", ".join(names[:NAMED_CAMERAS]) + (f" and {more} more" if more > 0 else "")
