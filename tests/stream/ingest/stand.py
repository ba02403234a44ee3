"""A real ingest server on a free port with cameras whose broker is a stand-in."""

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from PIL import Image as PillowImage

from pipelines.errors import CameraError
from stream.camera.config import CameraConfig
from stream.camera.pushed import PushedCamera
from stream.http import Check, Pages, build_registry
from stream.ingest.app import Ingest, build_app
from stream.ingest.limits import DEFAULT_LIMITS, IngestLimits
from stream.ingest.metrics import IngestMetrics
from stream.ingest.server import listen, serving
from stream.messages import FRAMES_TOPIC, Outgoing, Position

TOKEN = "a-token-that-nobody-guesses"
AUTHORIZED = {"Authorization": f"Bearer {TOKEN}"}


@dataclass
class FakeDelivery:
    """A broker that takes everything, nothing for a while, or never."""

    taken: list[Outgoing] = field(default_factory=list)
    is_away: bool = False
    refuses: bool = False

    async def deliver(self, message: Outgoing, say: Callable[[str], object]) -> Position:
        await until(lambda: not self.is_away)
        if self.refuses:
            raise CameraError("Expected a frame that the topic takes.")
        self.taken.append(message)
        return Position(FRAMES_TOPIC, 1, len(self.taken) - 1)


@dataclass
class Stand:
    """What a test pushes to and looks at."""

    url: str
    client: httpx.AsyncClient
    ingest: Ingest
    cameras: Mapping[str, PushedCamera]
    delivery: FakeDelivery

    @property
    def address(self) -> tuple[str, int]:
        url = httpx.URL(self.url)
        return url.host, url.port or 0

    async def push(self, content: bytes, camera_id: str | None = "gate", **options: Any) -> httpx.Response:
        params = {**({} if camera_id is None else {"camera_id": camera_id}), **options.pop("params", {})}
        headers = {**AUTHORIZED, **options.pop("headers", {})}
        return await self.client.post("/frames", content=content, params=params, headers=headers, **options)


@asynccontextmanager
async def open_stand(
    *, token: str | None = TOKEN, limits: IngestLimits = DEFAULT_LIMITS, **cameras: dict[str, Any]
) -> AsyncIterator[Stand]:
    """Cameras by id with what cameras.yaml says of them; `gate`, who may push 1000 a second, where none is named."""
    delivery = FakeDelivery()
    pushed = {
        name: PushedCamera(name, CameraConfig(source="push", **fields), Path())
        for name, fields in (cameras or {"gate": {"rate": 1000}}).items()
    }
    registry = build_registry()
    metrics = IngestMetrics(registry)
    ingest = Ingest(token, pushed.get, metrics, limits)
    metrics.watch(ingest.gate)
    pages = Pages(health=dict, ready=lambda: {"broker": Check(False, "away")}, registry=registry)
    playing = [asyncio.create_task(camera.play(delivery)) for camera in pushed.values()]  # type: ignore[arg-type]
    async with serving(build_app(ingest, pages), listen("127.0.0.1", 0), limits) as url:
        async with httpx.AsyncClient(base_url=url, timeout=120) as client:
            yield Stand(url, client, ingest, pushed, delivery)
        delivery.is_away = False
    for camera in pushed.values():
        camera.stop()
    await asyncio.gather(*playing)


async def until(condition: Callable[[], object], timeout_seconds: float = 120) -> None:
    """Polls beside the server that runs in the same loop."""
    async with asyncio.timeout(timeout_seconds):
        while not condition():  # noqa: ASYNC110  what is awaited knows no event
            await asyncio.sleep(0.01)


def draw(form: str = "JPEG", side: int = 32) -> bytes:
    """A small picture in any format."""
    output = io.BytesIO()
    PillowImage.linear_gradient("L").resize((side, side)).convert("RGB").save(output, form)
    return output.getvalue()


def on_stand(test: Callable[[Stand], Awaitable[None]], **options: Any) -> None:
    async def run() -> None:
        async with open_stand(**options) as stand:
            await test(stand)

    asyncio.run(run())


async def talk(stand: Stand, *pieces: bytes, pause: float = 0.0) -> bytes:
    """Raw bytes to the server, and what it answers until it hangs up."""
    reader, writer = await asyncio.open_connection(*stand.address)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)
        return await asyncio.wait_for(reader.read(), 60)
    finally:
        writer.close()


def head(*lines: str) -> bytes:
    start = ["POST /frames?camera_id=gate HTTP/1.1", "Host: x", f"Authorization: Bearer {TOKEN}"]
    return "\r\n".join([*start, *lines, "", ""]).encode()
