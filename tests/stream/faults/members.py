"""A member of the workers' group that joins, gets partitions, reads nothing, and leaves: it only disturbs."""

import asyncio

from aiokafka import AIOKafkaConsumer
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor

from stream.messages import FRAMES_TOPIC


def join_and_leave(bootstrap: str, group: str, *, seconds: float) -> int:
    """Be a member for so long; how many partitions it was given."""
    return asyncio.run(_join(bootstrap, group, seconds))


async def _join(bootstrap: str, group: str, seconds: float) -> int:
    consumer = AIOKafkaConsumer(
        FRAMES_TOPIC,
        bootstrap_servers=bootstrap,
        group_id=group,
        enable_auto_commit=False,
        session_timeout_ms=10_000,
        # what Faust shares partitions with when it has no tables
        partition_assignment_strategy=(RoundRobinPartitionAssignor,),
    )
    async with consumer:
        await asyncio.sleep(seconds)
        return len(consumer.assignment())
