"""A look through a camera: what its source gives right now, without sending anything."""

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from pipelines.errors import CameraError, ImageError
from stream.camera.addresses import SourceKind, is_live
from stream.camera.config import CameraConfig
from stream.camera.sights import Sight
from stream.camera.sources.building import build_source
from stream.camera.sources.folders import FolderSource
from stream.camera.sources.pictures import Source, encode_picture
from stream.camera.views import ViewParams, ViewWatch

READ_FRAMES: Final = 100
AT_ONCE: Final = ViewParams(hold_seconds=0.0, hold_pictures=1)
"""One look is all there is: what a picture shows is believed."""


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen."""

    kind: SourceKind
    shown: str
    """The source without secrets."""
    jpeg: bytes
    """The latest frame as it would be sent."""
    image_name: str | None
    width: int
    height: int
    codec: str
    fps: float | None
    """Measured for what is live; None for a folder, and where too little came."""
    view: str | None
    pictures: int | None
    """How many a folder holds."""


def look_through(
    camera_id: str,
    camera: CameraConfig,
    folder: Path,
    seconds: float,
    build: Callable[..., Source] = build_source,
) -> Look:
    """The first frame, and of a live camera all of the following `seconds`.

    Raises CameraError for a source that cannot be opened, ImageError for a picture that is none.
    """
    source = build(camera_id, camera, folder)
    sight = Sight(ViewWatch(AT_ONCE))
    deadline = float("inf")
    with closing(_frames(source)) as frames:
        for number, frame in enumerate(frames):
            now = time.monotonic()
            jpeg, name = encode_picture(frame.load(), camera.resize), frame.image_name
            sight.count(now)
            sight.look(jpeg, source.codec, now)
            deadline = min(deadline, now + seconds)
            if not is_live(source.kind) or now >= deadline or number >= READ_FRAMES:
                break
        else:
            raise CameraError(f"Expected a frame of {source.shown}, it ended without one. Correct the source.")
    if not sight.width or not sight.height:
        raise ImageError(f"Expected a picture from {source.shown}, received {len(jpeg)} bytes that are none.")
    pictures = len(source.names()) if isinstance(source, FolderSource) else None
    fps = sight.fps if is_live(source.kind) else None
    return Look(
        source.kind, source.shown, jpeg, name, sight.width, sight.height, sight.codec or "", fps, sight.view, pictures
    )


def save_picture(jpeg: bytes, place: Path, camera_id: str) -> Path:
    """Written to `place`, or into it where that is no name of a JPEG. Raises CameraError when it cannot be."""
    is_file = place.suffix.lower() in (".jpg", ".jpeg")
    # an id may hold anything that a file name may not
    file = place if is_file else place / f"{quote(camera_id, safe=' ')[:200]}.jpg"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(jpeg)
    except OSError as error:
        raise CameraError(
            f"Expected to save the picture as {file}. {error.strerror}. Name another --picture."
        ) from error
    return file


def _frames(source: Source) -> Any:
    return source.frames()
