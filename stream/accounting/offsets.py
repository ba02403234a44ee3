"""Kafka's offsets of a topic, asked in the order that makes them comparable with the ledger."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import (
    GroupCoordinatorNotAvailableError,
    GroupLoadInProgressError,
    KafkaError,
    NotCoordinatorForGroupError,
)

from pipelines.errors import BrokerError
from stream.accounting.equation import Offsets

TIMEOUT_SECONDS: Final = 5.0


def read_offsets(
    bootstrap: str, topic: str, groups: Sequence[str], between: Callable[[], None]
) -> dict[str, dict[int, Offsets]]:
    """Offsets by group and partition; nothing when there is no such topic yet.

    `between` is called when starts and committed offsets are known and the ends are not: what it reads is younger
    than the former and older than the latter. Raises BrokerError when Kafka does not answer within five seconds.
    """
    return asyncio.run(_read(bootstrap, topic, groups, between))


async def _read(
    bootstrap: str, topic: str, groups: Sequence[str], between: Callable[[], None]
) -> dict[str, dict[int, Offsets]]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap)
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            await asyncio.gather(admin.start(), consumer.start())
            partitions = await _partitions_of(admin, topic)
            if not partitions:
                return {}
            starts = await consumer.beginning_offsets(partitions)
            committed = {group: await _committed(admin, group, partitions) for group in groups}
        await asyncio.to_thread(between)
        async with asyncio.timeout(TIMEOUT_SECONDS):
            ends = await consumer.end_offsets(partitions)
    except (TimeoutError, KafkaError, OSError) as error:
        words = str(error) or f"no answer within {TIMEOUT_SECONDS:g} s"
        raise BrokerError(
            f"Expected the offsets of {topic} from Kafka at {bootstrap}, received: {words}. "
            "Start it with `vigia up`, or correct VIGIA_KAFKA_BOOTSTRAP."
        ) from error
    finally:
        await asyncio.gather(admin.close(), consumer.stop(), return_exceptions=True)
    return {
        group: {tp.partition: Offsets(starts[tp], ends[tp], known.get(tp)) for tp in partitions}
        for group, known in committed.items()
    }


async def _partitions_of(admin: AIOKafkaAdminClient, topic: str) -> list[TopicPartition]:
    # asked for all, never by name: a broker may create what is asked for by name
    described = await admin.describe_topics()
    return [
        TopicPartition(topic, each["partition"])
        for found in described
        if found["topic"] == topic
        for each in found["partitions"]
    ]


async def _committed(
    admin: AIOKafkaAdminClient, group: str, partitions: Sequence[TopicPartition]
) -> dict[TopicPartition, int]:
    while True:
        try:
            found = await admin.list_consumer_group_offsets(group, partitions=list(partitions))
            return {tp: known.offset for tp, known in found.items() if known.offset >= 0}
        except (GroupCoordinatorNotAvailableError, GroupLoadInProgressError, NotCoordinatorForGroupError):
            # a young broker makes the topic of its groups only when it is asked for one
            await asyncio.sleep(0.1)
