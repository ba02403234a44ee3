"""A member of the workers' group that joins, gets partitions, reads nothing, and leaves: it only disturbs."""

import asyncio
from pathlib import Path

from aiokafka import AIOKafkaConsumer

from stream.messages import FRAMES_TOPIC
from stream.reading.app import build_app, frames_topic


def join_and_leave(bootstrap: str, group: str, folder: Path, *, seconds: float) -> int:
    """Be a member for so long; how many partitions it was given."""
    return asyncio.run(_join(bootstrap, group, folder, seconds))


async def _join(bootstrap: str, group: str, folder: Path, seconds: float) -> int:
    app = build_app(bootstrap, instance_id="", datadir=folder, group=group)
    app.topics.add(frames_topic(app))
    consumer = AIOKafkaConsumer(
        FRAMES_TOPIC,
        bootstrap_servers=bootstrap,
        group_id=group,
        enable_auto_commit=False,
        session_timeout_ms=10_000,
        partition_assignment_strategy=(app.assignor,),
    )
    async with consumer:
        await asyncio.sleep(seconds)
        return len(consumer.assignment())
