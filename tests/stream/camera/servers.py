"""Real cameras for tests: an RTSP server of GStreamer, and MJPEG over HTTP."""

import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

SYSTEM_PYTHON = "/usr/bin/python3"
DEBIAN_PACKAGES = (
    "gir1.2-gst-rtsp-server-1.0",
    "python3-gi",
    "gstreamer1.0-plugins-base",
    "gstreamer1.0-plugins-good",
    "gstreamer1.0-plugins-bad",
)
RTSP_PASSWORD = "s3c%2Fr%40t"
LIVE = "videotestsrc is-live=1 pattern=ball ! video/x-raw,format=I420,width=320,height=240,framerate=10/1"
H264 = f"( {LIVE} ! openh264enc gop-size=10 ! rtph264pay name=pay0 pt=96 )"
JPEG = f"( {LIVE} ! jpegenc ! rtpjpegpay name=pay0 pt=26 )"


class RtspServer:
    """`url()` is its stream."""

    def __init__(self, pipeline: str, *methods: str, port: int = 0) -> None:
        self._process = subprocess.Popen(
            [SYSTEM_PYTHON, str(Path(__file__).with_name("rtsp_server.py")), str(port), pipeline, *methods],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())

    def url(self, user: str = "", path: str = "gate") -> str:
        return f"rtsp://{user}{'@' if user else ''}127.0.0.1:{self.port}/{path}"

    def end(self) -> None:
        self._process.kill()
        self._process.communicate()


@contextmanager
def serve_rtsp(pipeline: str, *methods: str, port: int = 0) -> Iterator[RtspServer]:
    """Skips the test where Debian's packages are not installed."""
    if not _has_gstreamer():
        pytest.skip(f"needs Debian's {', '.join(DEBIAN_PACKAGES)}")
    server = RtspServer(pipeline, *methods, port=port)
    try:
        yield server
    finally:
        server.end()


PROBE = """
import gi
gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gst, GstRtspServer
Gst.init(None)
assert all(map(Gst.ElementFactory.find, ("videotestsrc", "jpegenc", "rtpjpegpay", "openh264enc", "rtph264pay")))
"""


@cache
def _has_gstreamer() -> bool:
    try:
        return subprocess.run([SYSTEM_PYTHON, "-c", PROBE], capture_output=True, timeout=60).returncode == 0
    except FileNotFoundError:
        return False


@dataclass
class MjpegServer:
    """Sends its parts to every viewer, over and over, as long as it is `open`; counts viewers."""

    parts: Sequence[bytes]
    pause_seconds: float = 0.02
    status: int = 200
    kind: str = "multipart/x-mixed-replace; boundary=frame"
    parts_a_viewer: int | None = None
    silent_after: int | None = None
    """Parts after which a viewer hears nothing more."""
    body: bytes = b""
    """Sent instead of parts."""
    viewers: int = 0
    url: str = ""
    ended: threading.Event = field(default_factory=threading.Event)

    def send(self, write: Callable[[bytes], object]) -> None:
        write(self.body)
        sent = 0
        while self.parts and not self.ended.is_set() and (self.parts_a_viewer is None or sent < self.parts_a_viewer):
            part = self.parts[sent % len(self.parts)]
            write(b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(part) + part + b"\r\n")
            sent += 1
            self.ended.wait(self.pause_seconds if sent != self.silent_after else None)


@contextmanager
def serve_mjpeg(server: MjpegServer, port: int = 0) -> Iterator[MjpegServer]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.viewers += 1
            self.send_response(server.status)
            self.send_header("Content-Type", server.kind)
            self.end_headers()
            if server.status == 200:
                try:
                    server.send(self.wfile.write)
                except OSError:
                    return  # the viewer went away

        def log_message(self, *words: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as http:
        http.daemon_threads = True
        server.url = f"http://127.0.0.1:{http.server_port}/video"
        threading.Thread(target=http.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield server
        finally:
            server.ended.set()
            http.shutdown()
