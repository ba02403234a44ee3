"""A TCP proxy between clients and a broker that can be made slow."""

import asyncio
import threading
from types import TracebackType
from typing import Self

CHUNK_BYTES = 1 << 16


class SlowProxy:
    """Listens on `port` and passes everything on to `target`; `delay_seconds` may change at any time."""

    def __init__(self, port: int, target: int) -> None:
        self._port = port
        self._target = target
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="slow proxy", daemon=True)
        self.delay_seconds = 0.0

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(60), "the proxy does not listen"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", self._port))
        self._ready.set()
        self._loop.run_forever()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.close()
            return
        await asyncio.gather(self._pass_on(reader, far_writer), self._pass_on(far_reader, writer))

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(CHUNK_BYTES):
                await asyncio.sleep(self.delay_seconds)
                writer.write(data)
                await writer.drain()
        except OSError:
            pass  # either side went away; so does the other
        finally:
            writer.close()
