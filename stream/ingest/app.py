"""`POST /frames` as a Starlette application, with the pages for machines beside it."""

import asyncio
import hmac
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from weakref import WeakKeyDictionary

import orjson
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from pipelines.errors import CameraError, ImageError
from pipelines.images import check_image
from stream.camera.handover import CapturedFrame
from stream.camera.pushed import PushedAs, PushedCamera
from stream.http import PATHS, Pages
from stream.ingest.envelopes import PushedFrame, open_envelope, read_fields
from stream.ingest.limits import DEFAULT_LIMITS, Gate, IngestLimits, Load, TokenBucket, broker_away, read_body
from stream.ingest.metrics import IngestMetrics
from stream.ingest.refusals import RefusedError

FRAMES_PATH: Final = "/frames"
CHECKING_THREADS: Final = 2
CLIENT_GONE: Final = 499
"""Nobody hears it; it is counted."""

FindCamera = Callable[[str], PushedCamera | None]
"""The camera of cameras.yaml with this id, if it pushes and is enabled."""


@dataclass(eq=False, slots=True)
class Ingest:
    """Takes pushes: who may, how much, is it a picture, has the broker got it."""

    token: str | None
    """None: nobody may push."""
    find_camera: FindCamera
    metrics: IngestMetrics
    limits: IngestLimits = DEFAULT_LIMITS
    gate: Gate = field(init=False)
    _buckets: WeakKeyDictionary[PushedCamera, TokenBucket] = field(default_factory=WeakKeyDictionary)
    _checking: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(CHECKING_THREADS, thread_name_prefix="pictures")
    )

    def __post_init__(self) -> None:
        self.gate = Gate(self.limits)

    async def answer(self, request: Request) -> Response:
        """202 when the broker has the frame, else why it is not taken."""
        began = time.monotonic()
        try:
            response = _respond(202, await self._take(request))
        except RefusedError as refused:
            response = _refuse(refused)
            self.metrics.count_refusal(refused.reason)
        except ClientDisconnect:
            response = Response(status_code=CLIENT_GONE)
        self.metrics.observe(response.status_code, time.monotonic() - began)
        return response

    async def _take(self, request: Request) -> dict[str, str | int]:
        """What is cheap to refuse is refused before the body is read."""
        self._check_token(request.headers.get("authorization", ""))
        self.gate.check_broker()  # before a camera that waits for it is charged for coming again
        fields = read_fields(request)
        camera = self._admit(fields["camera_id"]) if "camera_id" in fields else None
        with ExitStack() as stack:
            load = self.gate.enter()
            stack.callback(load.release)
            try:
                body = await read_body(request.stream(), request.headers.get("content-length"), load)
                frame = await open_envelope(fields, request.headers, body, datetime.now(UTC))
                camera = camera or self._admit(frame.camera_id)
                await self._check_picture(camera, frame.encoded)
            except RefusedError as refused:
                if camera is not None and refused.status in (413, 422):
                    camera.refuse(f"a push was refused: {refused}")
                raise
            return await self._deliver(camera, frame, load, stack)

    def _check_token(self, authorization: str) -> None:
        if self.token is None:
            raise RefusedError(
                503, "off", "Expected VIGIA_INGEST_TOKEN in the environment of `vigia cameras`, found none."
            )
        scheme, _, given = authorization.partition(" ")
        # compared in constant time, as bytes, for text may hold what the comparison does not take
        same = hmac.compare_digest(given.strip().encode("utf-8", "replace"), self.token.encode())
        if scheme.lower() != "bearer" or not same:
            raise RefusedError(401, "unauthorized", "Expected `Authorization: Bearer TOKEN` with the token.")

    def _admit(self, camera_id: str) -> PushedCamera:
        camera = self.find_camera(camera_id)
        if camera is None:
            raise RefusedError(
                403,
                "unknown_camera",
                f"Expected a camera of cameras.yaml with `source: push`, received {camera_id[:40]!r}. "
                "Add it with `vigia camera add ID push`.",
            )
        camera.hear()
        now = time.monotonic()
        wait = self._buckets.setdefault(camera, TokenBucket(camera.camera.rate, now)).take(now)
        if wait:
            camera.overrun()
            raise RefusedError(
                429,
                "rate",
                f"Expected at most {camera.camera.rate:g} frames per second. Raise `rate` in cameras.yaml.",
                retry_after_seconds=int(wait) + 1,
            )
        return camera

    async def _check_picture(self, camera: PushedCamera, encoded: bytes) -> None:
        def check() -> None:
            form = check_image(encoded)
            camera.look(encoded, form)

        try:
            await asyncio.get_running_loop().run_in_executor(self._checking, check)
        except ImageError as error:
            raise RefusedError(422, "bad_picture", str(error)) from error

    async def _deliver(
        self, camera: PushedCamera, frame: PushedFrame, load: Load, stack: ExitStack
    ) -> dict[str, str | int]:
        load.deliver()
        task = camera.push(CapturedFrame(frame.encoded, frame.image_name, frame.captured_at), frame.frame_id)
        done, _ = await asyncio.wait({task}, timeout=self.limits.deliver_seconds)
        if not done:
            # it goes on by itself, and holds its place until the broker is back
            held = stack.pop_all()
            task.add_done_callback(lambda _: held.close())
            raise broker_away()
        return _describe(camera, await _outcome(task))


def build_app(ingest: Ingest, pages: Pages) -> Starlette:
    """The routes of the cameras' process."""

    async def page(request: Request) -> Response:
        # in a thread: what is asked there may wait for a lock
        answer = await asyncio.to_thread(pages.answer, request.url.path, accept=request.headers.get("accept", ""))
        if answer is None:
            return Response(status_code=404)
        headers = {"Cache-Control": "no-store", "Content-Type": answer.content_type}
        return Response(answer.body, answer.status, headers)

    routes = [Route(FRAMES_PATH, ingest.answer, methods=["POST"]), *(Route(path, page) for path in PATHS)]
    return Starlette(routes=routes)


async def _outcome(task: asyncio.Task[PushedAs]) -> PushedAs:
    try:
        return await asyncio.shield(task)
    except CameraError as error:
        raise RefusedError(503, "not_taken", str(error), retry_after_seconds=1) from error


def _describe(camera: PushedCamera, taken: PushedAs) -> dict[str, str | int]:
    position = taken.position
    return {
        "frame_id": taken.frame_id,
        "camera_id": camera.camera_id,
        "topic": position.topic,
        "partition": position.partition,
        "offset": position.offset,
    }


def _refuse(refused: RefusedError) -> Response:
    response = _respond(refused.status, {"error": refused.reason, "message": str(refused)})
    if refused.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    if refused.retry_after_seconds is not None:
        response.headers["Retry-After"] = str(refused.retry_after_seconds)
    if refused.status in (408, 413):  # nobody reads the rest of the body
        response.headers["Connection"] = "close"
    return response


def _respond(status: int, document: dict[str, str | int]) -> Response:
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return Response(orjson.dumps(document), status, headers, media_type="application/json")
