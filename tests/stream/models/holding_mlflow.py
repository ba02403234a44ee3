"""MLflow's server, which falls silent in the midst of a large answer: whoever kills it then cuts that one off."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Any

from mlflow.server.fastapi_app import app as mlflow_app

HOLD_AFTER_BYTES = int(os.environ["HOLD_AFTER_BYTES"])


async def app(scope: Any, receive: Any, send: Callable[[Any], Awaitable[None]]) -> None:
    sent = 0

    async def send_some(message: Any) -> None:
        nonlocal sent
        sent += len(message.get("body", b""))
        await send(message)
        if sent > HOLD_AFTER_BYTES:
            await asyncio.Event().wait()

    await mlflow_app(scope, receive, send_some)
