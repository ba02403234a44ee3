"""Servers of others, started as they come but for one thing: they wake up less often while nobody asks them anything.

`python -m deploy.calm uvicorn|streamlit WORDS` is `python -m uvicorn|streamlit WORDS`. There is no setting for any of
this; the tests pin what is relied on, and a server whose inside changed is started as it comes.
"""

import asyncio
import inspect
import sys
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any, Final

TICK_SECONDS: Final = 0.5
"""How late uvicorn hears that it shall end; it looks ten times a second by itself."""
CONFIG_SECONDS: Final = 2.0
"""How often Streamlit looks at each of its configuration files, and how late it ends; five times a second by itself."""
QUEUE_SECONDS: Final = timedelta(seconds=1)
"""How often Prefect looks for work that it gave itself; four times a second by itself."""


def create_prefect() -> Any:
    """Prefect's application, for uvicorn."""
    from prefect.server.api import background_workers
    from prefect.server.api.server import create_app

    calm = {"scheduling_resolution": QUEUE_SECONDS, "minimum_check_interval": QUEUE_SECONDS}
    worker: Any = getattr(background_workers, "Worker", None)
    if worker is not None and calm.keys() <= inspect.signature(worker).parameters.keys():
        setattr(background_workers, "Worker", partial(worker, **calm))  # noqa: B010  a class for mypy
    return create_app()


def calm_uvicorn() -> None:
    import uvicorn

    async def main_loop(self: uvicorn.Server) -> None:
        while not await self.on_tick(0):  # noqa: ASYNC110  a signal handler sets no event
            await asyncio.sleep(TICK_SECONDS)

    if hasattr(uvicorn.Server, "main_loop") and hasattr(uvicorn.Server, "on_tick"):
        uvicorn.Server.main_loop = main_loop  # type: ignore[method-assign]


def calm_streamlit() -> None:
    with suppress(ImportError):
        from streamlit.watcher import polling_path_watcher

        polling_path_watcher._POLLING_PERIOD_SECS = CONFIG_SECONDS  # type: ignore[misc]


def main() -> None:
    program = sys.argv.pop(1)
    sys.argv[0] = program
    calm_uvicorn()
    if program == "streamlit":
        calm_streamlit()
        from streamlit.web import cli

        cli.main()
    else:
        import uvicorn

        uvicorn.main()


if __name__ == "__main__":
    main()
