"""The changed frames of a replay with the pictures that are still there."""

from collections.abc import Mapping

from stream.frames.keeping import FramesPlace
from stream.frames.kept_frames import KeptIndex
from stream.messages import Position
from stream.store import PredictionStore
from stream.time_travel.comparing import ChangedFrame, find_changed
from stream.time_travel.pictures import Pictures
from stream.time_travel.replaying import ReplayReport
from stream.time_travel.topic import FramesTopic
from stream.time_travel.windows import load_frames_at


def find_shown(report: ReplayReport) -> tuple[tuple[ChangedFrame, ...], Mapping[Position, bytes]]:
    """Those of which the version is surest, and their pictures by place."""
    asked = report.asked
    settings = asked.settings
    store = PredictionStore(settings.resolve_database_url())
    changed = find_changed(store, asked.window, asked.version)
    bootstrap = settings.resolve_kafka_bootstrap()
    frames = FramesPlace(settings.frames_url, settings.frames_endpoint).open(settings.state)
    found: dict[Position, bytes] = {}
    with FramesTopic(bootstrap or "") as topic:
        pictures = Pictures(asked.source, frames, KeptIndex(store), topic if bootstrap else None)
        for some in load_frames_at(store, asked.window, [each.position for each in changed]):
            found.update({each.frame.position: each.jpeg for each in pictures.read(some) if each.jpeg})
    return changed, found
