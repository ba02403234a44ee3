"""Opening a stream with PyAV within a time limit, and what its failures mean to a person."""

import errno
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pipelines.errors import CameraError
from stream.camera.addresses import SourceKind

OPEN_SECONDS: Final = 10.0
READ_SECONDS: Final = 10.0
ANALYSE_MICROSECONDS: Final = "1000000"
"""How long FFmpeg looks at a stream before it hands out the first frame; its own 5 s would be 5 s of old frames."""

OPTIONS: Final[Mapping[SourceKind, Mapping[str, str]]] = {
    # over UDP a firewall or a busy network leaves half pictures; sound is no concern of ours
    "rtsp": {"rtsp_transport": "tcp", "allowed_media_types": "video", "analyzeduration": ANALYSE_MICROSECONDS},
    "http": {"analyzeduration": ANALYSE_MICROSECONDS, "user_agent": "vigia"},
    "webcam": {},
}
FORMATS: Final[Mapping[SourceKind, str]] = {"webcam": "video4linux2"}

MENDS: Final[tuple[tuple[str, str, str], ...]] = (
    ("HTTPUnauthorizedError", "the camera refused user and password (401)", "Correct them in the source."),
    ("HTTPForbiddenError", "the camera refused access (403)", "Give this user the right to watch."),
    ("HTTPNotFoundError", "the camera answers, but has no such stream (404)", "Correct the address's path."),
    ("HTTPError", "the camera answered with an error", "Open the address in a browser to see it."),
    ("ConnectionRefusedError", "connection refused", "Start the camera, or correct host and port."),
    ("FileNotFoundError", "no such device or file", "Plug the camera in; `ls /dev/video*` lists what is there."),
    ("PermissionError", "no permission", "Let this user read the device: add him to the group video."),
    ("IOError 5", "the connection failed or broke off", "Check the host's name and the network to it."),
    ("ConnectionResetError", "the camera ended the connection", "Look whether it serves too many viewers."),
)
"""Name of an exception or of one that it derives from, what it means, what to do. FFmpeg's own text holds the address
and with it the password, so it is never shown."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a stream is opened, and how that may be shown."""

    kind: SourceKind
    url: str
    """With its secrets: for PyAV alone."""
    shown: str


def open_stream(address: Address) -> Any:
    """PyAV's container with a video stream in it. Raises CameraError, within `OPEN_SECONDS`, or twice that."""
    import av

    began = time.monotonic()
    try:
        container = av.open(
            address.url,
            format=FORMATS.get(address.kind),
            options=dict(OPTIONS[address.kind]),
            timeout=(OPEN_SECONDS, READ_SECONDS),
        )
    except (av.FFmpegError, OSError, ValueError) as error:
        raise describe_failure(error, address, time.monotonic() - began) from None
    if not container.streams.video:
        container.close()
        raise CameraError(f"Expected a video stream at {address.shown}, found none in it. Correct the address.")
    return container


def describe_failure(error: Exception, address: Address, seconds: float) -> CameraError:
    """The error as one line with its mend, without what could hold a secret; `seconds`: how long it took."""
    names = {each.__name__ for each in type(error).__mro__}
    if getattr(error, "errno", None) == errno.EIO:
        names.add("IOError 5")
    limit = min(OPEN_SECONDS, READ_SECONDS)
    if seconds >= limit - 0.1 or names & {"ExitError", "TimeoutError"}:
        # FFmpeg tells a read that was broken off as bad data
        return CameraError(
            f"Expected an answer of {address.shown} within {limit:g} s, none came. "
            "Check that the camera is on and that this machine reaches it."
        )
    for name, meaning, mend in MENDS:
        if name in names:
            return CameraError(f"Expected to open {address.shown}: {meaning}. {mend}")
    words = str(getattr(error, "strerror", None) or type(error).__name__)
    return CameraError(f"Expected a video stream at {address.shown}: {words}. Correct the source.")
