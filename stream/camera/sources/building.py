"""From a camera's line in cameras.yaml to its source."""

from pathlib import Path

from pipelines.errors import CameraError
from stream.camera.addresses import fill_in_secrets, recognise_kind, redact
from stream.camera.config import CameraConfig
from stream.camera.sources.folders import FolderSource
from stream.camera.sources.opening import Address
from stream.camera.sources.pictures import Source
from stream.camera.sources.streams import LiveStream
from stream.camera.sources.videos import VideoFileSource


def build_source(camera_id: str, camera: CameraConfig, folder: Path) -> Source:
    """Opens nothing. `folder`: what relative paths start from.

    Raises CameraError for an address of an unknown scheme and for a variable that is not set.
    """
    filled = fill_in_secrets(camera.source)
    kind = recognise_kind(filled)
    if kind == "folder":
        return FolderSource(folder / filled, camera.order, camera_id)
    if kind == "video":
        return VideoFileSource(folder / filled, camera.rate, camera.resize)
    if kind == "push":
        raise CameraError(
            "Expected a source that can be opened, received a camera that pushes. `vigia camera list` tells its state."
        )
    if filled.isdecimal():
        filled = f"/dev/video{int(filled)}"
    shown = filled if kind == "webcam" else redact(camera.source)
    return LiveStream(Address(kind, filled, shown), camera.rate, camera.resize)
