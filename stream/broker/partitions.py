"""More partitions of the frames topic, while everything runs: as many workers as it has can share the frames."""

import asyncio
from typing import Final

from pipelines.errors import BrokerError
from stream.messages import FRAMES_TOPIC

TIMEOUT_SECONDS: Final = 30.0


def raise_partitions(bootstrap: str, count: int) -> int:
    """The number there was before. Kafka never takes a partition away.

    Raises BrokerError when no broker answers, when it refuses, or when there are more already.
    """
    return asyncio.run(_raise(bootstrap, count))


async def _raise(bootstrap: str, count: int) -> int:
    from aiokafka.admin import AIOKafkaAdminClient, NewPartitions
    from aiokafka.errors import KafkaError

    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=int(TIMEOUT_SECONDS * 1000))
    try:
        await admin.start()
        topics = await admin.describe_topics()
        before = next((len(topic["partitions"]) for topic in topics if topic["topic"] == FRAMES_TOPIC), 0)
        if before == 0:
            raise BrokerError(f"Expected the topic {FRAMES_TOPIC} on {bootstrap}; `vigia worker` makes it.")
        if before > count:
            raise BrokerError(f"Expected at least the {before} partitions that {FRAMES_TOPIC} has, received {count}.")
        if before < count:
            await admin.create_partitions({FRAMES_TOPIC: NewPartitions(count)})
        return before
    except KafkaError as error:
        raise BrokerError(
            f"Expected Kafka at {bootstrap} to give {FRAMES_TOPIC} {count} partitions, received {error!r}. "
            "Correct VIGIA_KAFKA_BOOTSTRAP, or ask for the right to alter the topic."
        ) from error
    finally:
        await admin.close()
