"""Three pages of a live process for machines: `/health`, `/ready` and `/metrics`, answered beside its work.

`Pages` knows no server: a process that has one of its own (Starlette) asks it for the answers; `serve_pages` is for
one that has none.
"""

import logging
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any, Final
from urllib.parse import urlsplit

import orjson
from prometheus_client import CollectorRegistry, ProcessCollector, disable_created_metrics
from prometheus_client.exposition import choose_encoder

PATHS: Final = ("/health", "/ready", "/metrics")
CLIENT_SECONDS: Final = 5.0
"""A client that says nothing for so long is hung up on."""
ANY_ADDRESS: Final = ("", "0.0.0.0", "::")  # noqa: S104  compared with, never listened on

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Check:
    """One part that a process needs."""

    ok: bool
    reason: str = ""
    """What an operator should know: `away since 12 s`, or of a part that is fine, `12 frames wait, 3 more a second`."""


Checks = Callable[[], Mapping[str, Check]]
"""Asked at each request, from any thread; answers at once."""


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What goes back over any server."""

    status: int
    content_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Pages:
    """What one process tells of itself."""

    health: Checks
    """Whether it lives and works; where not, a restart may help."""
    ready: Checks
    """Whether what it depends on is there; where not, a restart does not help."""
    registry: CollectorRegistry

    def answer(self, path: str, *, accept: str = "") -> HttpAnswer | None:
        """The page at a path, None for any other path. `accept` is the request's header of that name."""
        match path:
            case "/health":
                return _answer_checks("healthy", self.health)
            case "/ready":
                return _answer_checks("ready", self.ready)
            case "/metrics":
                encode, content_type = choose_encoder(accept)
                return HttpAnswer(200, content_type, encode(self.registry))
        return None


def build_registry() -> CollectorRegistry:
    """A registry of one process: its memory, CPU and descriptors, and what is added. Never the library's global one."""
    disable_created_metrics()  # type: ignore[no-untyped-call]  # a second line beside every counter that nobody asks for
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    return registry


def describe_checks(word: str, checks: Mapping[str, Check]) -> dict[str, Any]:
    """`{word: whether all are ok, "reasons": [what there is to know of each], "checks": {name: {ok, reason}}}`."""
    return {
        word: all(check.ok for check in checks.values()),
        "reasons": say_reasons(checks),
        "checks": {name: asdict(check) for name, check in checks.items()},
    }


def say_reasons(checks: Mapping[str, Check]) -> list[str]:
    """What there is to know, a sentence a part. `vigia status` shows those that a heartbeat has as its `reasons`."""
    return [f"{name}: {check.reason}" for name, check in checks.items() if check.reason]


def serve_pages(pages: Pages, host: str, port: int) -> str | None:
    """Answer from a thread of its own until the process ends; the address, None when there is nowhere to listen.

    A taken port is said and replaced by a free one: these pages are never worth the process.
    """
    server = _listen(host, port) or (_listen(host, 0) if port else None)
    if server is None:
        return None
    server.pages = pages
    threading.Thread(target=server.serve_forever, name="http", daemon=True).start()
    url = page_url(host, server.server_address[1])
    log.info("%s answers %s", url, " ".join(PATHS))
    return url


def page_url(host: str, port: int) -> str:
    """Where a program on this machine reaches a server that listens on this host."""
    name = "127.0.0.1" if host in ANY_ADDRESS else host
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    pages: Pages

    def __init__(self, host: str, port: int) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), _Handler)

    def server_bind(self) -> None:
        TCPServer.server_bind(self)  # the one of HTTPServer asks for the host's full name, which may take long
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    def handle_error(self, request: object, client_address: object) -> None:
        # a client that hung up is no news; a traceback for it least of all
        log.debug("a request of %s was not answered", client_address, exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    timeout = CLIENT_SECONDS
    server: _Server

    def do_GET(self) -> None:
        answer = self.server.pages.answer(urlsplit(self.path).path, accept=self.headers.get("Accept", ""))
        self._send(answer or HttpAnswer(404, "text/plain", f"one of {' '.join(PATHS)}\n".encode()))

    do_HEAD = do_GET  # noqa: N815  the name is the library's

    def log_message(self, format: str, *args: object) -> None:
        log.debug(format, *args)

    def _send(self, answer: HttpAnswer) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)


def _listen(host: str, port: int) -> _Server | None:
    try:
        return _Server(host, port)
    except (OSError, OverflowError) as error:
        instead = "takes a free port" if port else "goes on without"
        log.warning("port %d of %s is not free for %s (%s); %s", port, host, " ".join(PATHS), error, instead)
        return None


def _answer_checks(word: str, checks: Checks) -> HttpAnswer:
    try:
        document = describe_checks(word, checks())
    except Exception as error:  # noqa: BLE001  whoever asks how it is hears that, too
        reason = f"could not be asked: {type(error).__name__}: {error}"
        document = describe_checks(word, {"checks": Check(ok=False, reason=reason)})
    return HttpAnswer(200 if document[word] else 503, "application/json", orjson.dumps(document))
