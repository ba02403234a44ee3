"""The HTTP server of the cameras' process: in their own loop, on a socket of its own, with patience for nobody."""

import asyncio
import resource
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final

import h11
import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.h11_impl import H11Protocol

from pipelines.errors import SettingsError
from stream.http import page_url
from stream.ingest.limits import DEFAULT_LIMITS, IngestLimits

BACKLOG: Final = 256
KEEP_ALIVE_SECONDS: Final = 65
"""A camera that pushes once a minute keeps its connection."""
TICK_SECONDS: Final = 0.5
STOP_SECONDS: Final = 5
OTHER_DESCRIPTORS: Final = 256
"""Of the cameras themselves, the store and the broker."""


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there; port 0 is any free one. Raises SettingsError for a port that cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except (OSError, OverflowError) as error:
        listener.close()
        raise SettingsError(
            f"Expected a free port for HTTP ingest, received {port} of {host}. {error}. "
            "End what listens there, or choose another with VIGIA_INGEST_PORT or --http-port."
        ) from error
    listener.setblocking(False)
    return listener


@asynccontextmanager
async def serving(app: Starlette, listener: socket.socket, limits: IngestLimits = DEFAULT_LIMITS) -> AsyncIterator[str]:
    """Answers while the block runs; the address. Requests under way are finished, within seconds."""
    host, port = listener.getsockname()[:2]
    server = _Server(
        uvicorn.Config(
            app,
            http=_impatient(limits.header_seconds),
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=_allow_connections(limits.connections),
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=STOP_SECONDS,
        )
    )
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield page_url(host, port)
    finally:
        server.should_exit = True
        await task


def _allow_connections(wanted: int) -> int:
    """As many as the process may have descriptors for, after asking for more: 1024 is the usual limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted + OTHER_DESCRIPTORS
    if soft != resource.RLIM_INFINITY and soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return wanted if soft == resource.RLIM_INFINITY else max(1, min(wanted, soft - OTHER_DESCRIPTORS))


class _Server(uvicorn.Server):
    async def main_loop(self) -> None:
        """uvicorn's, which looks ten times a second whether it shall end."""
        while not await self.on_tick(0):  # noqa: ASYNC110  upstream sets no event
            await asyncio.sleep(TICK_SECONDS)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals belong to the cameras, whose loop this is."""
        yield


def _impatient(header_seconds: float) -> type[H11Protocol]:
    """uvicorn waits for ever for the headers of a client that connected; this hangs up on one that is slow."""

    class Impatient(H11Protocol):
        _deadline: asyncio.TimerHandle | None = None

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._watch()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            self._watch()

        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            self._forget()

        def on_response_complete(self) -> None:
            super().on_response_complete()
            self._forget()  # uvicorn's own timer waits for the next request to begin

        def _watch(self) -> None:
            """Time runs while headers are awaited, and while a body comes that nobody reads any more."""
            if self.conn.their_state is not h11.IDLE and not (self.cycle and self.cycle.response_complete):
                self._forget()
            elif self._deadline is None:
                self._deadline = self.loop.call_later(header_seconds, self.transport.abort)

        def _forget(self) -> None:
            if self._deadline is not None:
                self._deadline.cancel()
                self._deadline = None

    return Impatient
