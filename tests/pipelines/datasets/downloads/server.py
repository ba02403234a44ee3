"""A web server on this machine that misbehaves in one way at a time."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Served:
    """What one path answers."""

    content: bytes = b""
    etag: str | None = '"1"'
    ranges: bool = True
    statuses: list[int] = field(default_factory=list)
    """Of the first requests; then 200 or 206."""
    cuts: list[int] = field(default_factory=list)
    """The first requests break off after so many bytes of their answer."""
    length: int | None = None
    """Content-Length that is announced in the place of the true one."""
    location: str | None = None
    """Where it redirects to."""
    kind: str = "application/octet-stream"
    hangs: bool = False
    """Sends half of the first answer, and then nothing more until the server stops."""


class FileServer(ThreadingHTTPServer):
    """Paths and what they answer; every request is kept."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.paths: dict[str, Served] = {}
        self.ranges_asked: list[str | None] = []
        self.stopped = threading.Event()

    def serve(self, path: str, content: bytes = b"", **how: Any) -> str:
        """The address of `path`, which answers with `content` from now on."""
        self.paths[path] = Served(content, **how)
        return self.address(path)

    def address(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}{path}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news."""


@contextmanager
def run_server() -> Iterator[FileServer]:
    server = FileServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.stopped.set()
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)


class _Handler(BaseHTTPRequestHandler):
    server: FileServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.ranges_asked.append(self.headers.get("Range"))
        served = self.server.paths.get(self.path)
        self.close_connection = True
        if served is None:
            self.send_error(404)
        elif served.location is not None:
            self._head(302, {"Location": served.location, "Content-Length": "0"})
        elif served.statuses:
            self.send_error(served.statuses.pop(0))
        else:
            self._send(served)

    def _send(self, served: Served) -> None:
        start, whole = self._find_start(served), len(served.content)
        if start >= whole and start:
            self._head(416, {"Content-Range": f"bytes */{whole}", "Content-Length": "0"})
            return
        body = served.content[start:]
        headers = {"Content-Type": served.kind, "Content-Length": str(served.length or len(body))}
        if start:
            headers["Content-Range"] = f"bytes {start}-{whole - 1}/{whole}"
        if served.etag:
            headers["ETag"] = served.etag
        self._head(206 if start else 200, headers)
        if served.hangs:
            self.wfile.write(b"" if start else body[: len(body) // 2])
            self.wfile.flush()
            self.server.stopped.wait()
        else:
            self.wfile.write(body[: served.cuts.pop(0)] if served.cuts else body)

    def _find_start(self, served: Served) -> int:
        asked = self.headers.get("Range")
        if not asked or not served.ranges or self.headers.get("If-Range") != served.etag:
            return 0
        return int(asked.removeprefix("bytes=").removesuffix("-"))

    def _head(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Connection", "close")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""
