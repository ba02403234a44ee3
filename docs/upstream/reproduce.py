"""The faults of docs/upstream/README.md in the installed Faust: `python -m docs.upstream.reproduce [--patched]`.

One JSON document on stdout. `--patched` takes a copy of Faust with the patches beside this file, in a process of its
own; nothing that is installed changes. No broker is needed.
"""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import faust

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
DROP_AFTER_SECONDS = 0.05
TRIES = 3
"""The quickest counts: a machine that is busy only ever adds to it."""


def reproduce() -> dict[str, Any]:
    """What each fault looks like; with the patches the second figure of each is the right one."""
    return {
        "seconds_until_a_buffer_that_drops_after_0.05_s_is_noticed": min(
            asyncio.run(measure_wake_up()) for _ in range(TRIES)
        ),
        "committed_while_10_is_not_acknowledged": asyncio.run(find_commit()),
        "events_acknowledged_that_nobody_saw": asyncio.run(count_unseen()),
    }


async def measure_wake_up() -> float:
    """All partitions have full buffers; one drops soon."""
    consumer, here = build_consumer()
    consumer._active_partitions = {here}
    consumer.on_buffer_full(here)
    began = time.monotonic()
    asyncio.get_running_loop().call_later(DROP_AFTER_SECONDS, consumer.on_buffer_drop, here)
    await consumer._wait_next_records(0.1)
    return round(time.monotonic() - began, 2)


async def find_commit() -> int | None:
    """Kafka has removed 2 to 9; 10 is still being processed when 11 is done. What is committed then?"""
    consumer, here = build_consumer()
    messages = [message_at(here, offset) for offset in (0, 1, 10, 11)]

    async def read(timeout: float) -> AsyncIterator[tuple[Any, Any]]:  # noqa: ASYNC109  upstream's
        for message in messages:
            yield here, message
        consumer._stopped.set()

    consumer.getmany = read
    await consumer._drain_messages(SimpleNamespace(_stopped=asyncio.Event()))
    consumer._committed_offset[here] = 0
    for message in messages:
        if message.offset != 10:
            consumer.ack(message)
    return int(consumer._new_offset(here))


async def count_unseen() -> int:
    """An event of before a rebalance waits in the stream's buffer; the iterator in Python steps over it."""
    consumer, here = build_consumer()
    app = consumer.app
    stream = app.topic("frames", value_serializer="raw").stream().noack()
    app.flow_control.resume()
    stream._started.set()  # its start would wait for a broker
    before, after = message_at(here, 7), message_at(here, 8)
    after.generation_id = app.consumer_generation_id = before.generation_id + 1
    for message in (before, after):
        stream.channel.queue.put_nowait(app.topic("frames")._create_event(None, b"", None, message))
    events = stream._py_aiter()
    await events.__anext__()
    return int(before.acked)


def build_consumer() -> tuple[Any, Any]:
    from faust.types import TP

    app: Any = faust.App("reproduce", broker="kafka://127.0.0.1:9", web_enabled=False)
    app.topics._acking_topics.add("frames")

    async def ignore(*_: object) -> None:
        return None

    consumer = app.transport.create_consumer(
        callback=ignore, on_partitions_revoked=ignore, on_partitions_assigned=ignore
    )
    consumer._getmany, app._consumer = ignore, consumer
    return consumer, TP("frames", 0)


def message_at(here: Any, offset: int) -> Any:
    from faust.types.tuples import ConsumerMessage

    return ConsumerMessage("frames", 0, offset, 0.0, 0, None, b"", b"", None, 0, 0, here, generation_id=0)


def patch_copy(folder: Path) -> None:
    """Faust below the folder, with every patch."""
    shutil.copytree(Path(faust.__file__).parent, folder / "faust")
    for patch in sorted(HERE.glob("*.patch")):
        subprocess.run(["git", "apply", str(patch)], cwd=folder, check=True)


def reproduce_patched() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        patch_copy(Path(folder))
        path = os.pathsep.join([folder, str(ROOT)])
        done = subprocess.run(
            [sys.executable, "-P", "-m", "docs.upstream.reproduce"],
            env={**os.environ, "PYTHONPATH": path},
            capture_output=True,
            text=True,
            check=True,
        )
        return dict(json.loads(done.stdout))


def main(words: Sequence[str]) -> int:
    print(json.dumps(reproduce_patched() if "--patched" in words else reproduce(), indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
