"""Composes what answers over HTTP beside the cameras: ingest, health, readiness and metrics on one port."""

import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final

from pydantic import SecretStr

from pipelines.errors import SettingsError
from stream.camera.cameras import Beside, Cameras
from stream.camera.metrics import CameraCollector, check_cameras
from stream.camera.pushed import PushedCamera
from stream.http import Check, Pages, build_registry
from stream.ingest.app import Ingest, build_app
from stream.ingest.limits import DEFAULT_LIMITS, IngestLimits
from stream.ingest.metrics import IngestMetrics
from stream.ingest.server import serving

SHORTEST_TOKEN: Final = 16


def read_token(setting: SecretStr | None) -> str | None:
    """The token, None when ingest is off. Raises SettingsError, without the token, for one that protects nothing."""
    token = setting.get_secret_value() if setting else ""
    if not token:
        return None
    if len(token) < SHORTEST_TOKEN or not all("!" <= character <= "~" for character in token):
        raise SettingsError(
            f"Expected {SHORTEST_TOKEN} or more printable ASCII characters without a space in VIGIA_INGEST_TOKEN, "
            f"received {len(token)} characters. Make one with `openssl rand -hex 24`."
        )
    return token


def answer_beside(listener: socket.socket, token: str | None, limits: IngestLimits = DEFAULT_LIMITS) -> Beside:
    """What `run_cameras` runs beside the cameras, on a socket that listens already."""

    @asynccontextmanager
    async def beside(cameras: Cameras) -> AsyncIterator[str]:
        registry = build_registry()
        registry.register(CameraCollector(cameras))
        metrics = IngestMetrics(registry)
        ingest = Ingest(token, lambda camera_id: find_pushed(cameras, camera_id), metrics, limits)
        metrics.watch(ingest.gate)
        pages = Pages(
            health=lambda: {"cameras": Check(True, f"{len(cameras.players)} in cameras.yaml")},
            ready=lambda: {**check_cameras(cameras), **_check_ingest(token)},
            registry=registry,
        )
        async with serving(build_app(ingest, pages), listener, limits) as url:
            yield url

    return beside


def find_pushed(cameras: Cameras, camera_id: str) -> PushedCamera | None:
    """The camera of this id, when it is one that pushes and is enabled."""
    player = cameras.players.get(camera_id)
    return player if isinstance(player, PushedCamera) and not player.done else None


def _check_ingest(token: str | None) -> Mapping[str, Check]:
    return {"ingest": Check(True, "" if token else "off: VIGIA_INGEST_TOKEN is not set")}
