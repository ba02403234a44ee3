"""The three topics: their partitions, sizes and retention, and making sure that they are there."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from pipelines.errors import BrokerError
from stream.messages import DEAD_LETTERS_TOPIC, FRAMES_PARTITIONS, FRAMES_TOPIC, PREDICTIONS_TOPIC

if TYPE_CHECKING:
    from aiokafka.admin import AIOKafkaAdminClient

logger = logging.getLogger(__name__)

_MIB: Final = 1024 * 1024
_HOUR_MS: Final = 3_600_000

LARGEST_FRAME_BYTES: Final = 2 * _MIB
"""Value of the largest frame; its key, headers and batch come on top."""
LARGEST_FRAME_MESSAGE_BYTES: Final = 2_200_000
LARGEST_MESSAGE_BYTES: Final = 4 * _MIB
"""A dead letter is a frame and its error headers: were its limit no larger, one bad frame would be an endless crash."""

_TOPIC_ALREADY_EXISTS: Final = 36
_PAUSE_SECONDS: Final = 0.1


def _retention(*, hours: int, mib_per_partition: int, segment_mib: int) -> Mapping[str, str]:
    # Kafka removes whole segments: a partition holds at most its bound and one segment more
    return MappingProxyType(
        {
            "retention.ms": str(hours * _HOUR_MS),
            "retention.bytes": str(mib_per_partition * _MIB),
            "segment.bytes": str(segment_mib * _MIB),
        }
    )


DEFAULT_RETENTION: Final = _retention(hours=24, mib_per_partition=1024, segment_mib=64)
"""Of any topic on the embedded Kafka that says nothing else."""

# The sender's clock may be wrong in either direction; by default Kafka refuses times more than an hour ahead, and a
# dead letter keeps the time of the message that it holds.
_ANY_CLOCK: Final = {"message.timestamp.type": "CreateTime", "message.timestamp.after.max.ms": str(2**63 - 1)}


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as it is created where there is none."""

    name: str
    partitions: int
    settings: Mapping[str, str]


TOPICS: Final = (
    Topic(
        FRAMES_TOPIC,
        FRAMES_PARTITIONS,
        {
            **DEFAULT_RETENTION,
            **_ANY_CLOCK,
            "max.message.bytes": str(LARGEST_FRAME_MESSAGE_BYTES),
            # pictures are compressed already; the broker unpacks what a sender packed, so that its limit holds for
            # what comes out (2 MB of gzip may be 2 GB) and workers need no codec
            "compression.type": "uncompressed",
        },
    ),
    Topic(PREDICTIONS_TOPIC, 4, _retention(hours=24, mib_per_partition=128, segment_mib=32)),
    # few, and read in the order in which they came
    Topic(
        DEAD_LETTERS_TOPIC,
        1,
        {
            **_retention(hours=7 * 24, mib_per_partition=1024, segment_mib=64),
            **_ANY_CLOCK,
            "max.message.bytes": str(LARGEST_MESSAGE_BYTES),
        },
    ),
)


@dataclass(frozen=True, slots=True)
class FoundTopic:
    """A topic as the broker describes it."""

    name: str
    partitions: int
    led: bool
    """Every partition has a leader: the topic can be written and read."""


def ensure_topics(bootstrap: str, timeout_seconds: float = 30.0) -> None:
    """Create the topics that are missing and wait until all can be used; call it as often as you like.

    A topic that is there is never changed: what differs from the contract is said once in the log. Raises
    BrokerError when no broker answers, when it refuses, or when the topics do not come to life in time.
    """
    asyncio.run(_ensure_topics(bootstrap, timeout_seconds))


def find_missing(found: Mapping[str, FoundTopic]) -> tuple[Topic, ...]:
    """Topics that are to be created."""
    return tuple(topic for topic in TOPICS if topic.name not in found)


def find_unready(found: Mapping[str, FoundTopic]) -> tuple[str, ...]:
    """Names of topics that cannot be written yet."""
    return tuple(topic.name for topic in TOPICS if topic.name not in found or not found[topic.name].led)


def describe_differences(topic: Topic, partitions: int, max_message_bytes: int | None) -> tuple[str, ...]:
    """What a topic that somebody else made lacks, one sentence each."""
    words = []
    # more are welcome, except where one partition keeps the order
    if partitions < topic.partitions or topic.partitions == 1 < partitions:
        words.append(
            f"{topic.name} has {partitions} partitions, expected {topic.partitions}; it stays as it is, "
            f"at most {partitions} workers share it."
        )
    needed = topic.settings.get("max.message.bytes")
    if needed and max_message_bytes is not None and max_message_bytes < int(needed):
        words.append(
            f"{topic.name} takes messages of up to {max_message_bytes} bytes, expected {needed}; "
            f"raise its max.message.bytes, or larger frames are refused."
        )
    return tuple(words)


async def _ensure_topics(bootstrap: str, timeout_seconds: float) -> None:
    from aiokafka.admin import AIOKafkaAdminClient
    from aiokafka.errors import KafkaError

    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=int(timeout_seconds * 1000))
    try:
        async with asyncio.timeout(timeout_seconds):
            await admin.start()
            found = await _create_until_ready(admin)
            limits = await message_limits(admin)
    except TimeoutError as error:
        names = ", ".join(topic.name for topic in TOPICS)
        raise BrokerError(
            f"Expected the topics {names} on {bootstrap} within {timeout_seconds:g} s; the broker did not bring them "
            f"up. Look at its log."
        ) from error
    except KafkaError as error:
        raise BrokerError(
            f"Expected Kafka at {bootstrap}, received {type(error).__name__}. Start it with `vigia up`, or correct "
            f"VIGIA_KAFKA_BOOTSTRAP."
        ) from error
    finally:
        await admin.close()
    for topic in TOPICS:
        for word in describe_differences(topic, found[topic.name].partitions, limits.get(topic.name)):
            logger.warning(word)


async def _create_until_ready(admin: "AIOKafkaAdminClient") -> dict[str, FoundTopic]:
    while True:
        found = await _find_topics(admin)
        if missing := find_missing(found):
            await _create(admin, missing)
        elif not find_unready(found):
            return found
        await asyncio.sleep(_PAUSE_SECONDS)


async def _find_topics(admin: "AIOKafkaAdminClient") -> dict[str, FoundTopic]:
    # asked for all, never by name: a broker may create what is asked for by name, with settings of its own
    described: list[dict[str, Any]] = await admin.describe_topics()
    return {
        topic["topic"]: FoundTopic(
            topic["topic"], len(topic["partitions"]), all(part["leader"] >= 0 for part in topic["partitions"])
        )
        for topic in described
        if topic["partitions"]
    }


async def _create(admin: "AIOKafkaAdminClient", topics: tuple[Topic, ...]) -> None:
    from aiokafka.admin import NewTopic
    from aiokafka.errors import for_code

    # -1 replicas: as many as the broker makes by default; the client takes that only beside an assignment, empty or not
    response = await admin.create_topics(
        [NewTopic(topic.name, topic.partitions, -1, {}, dict(topic.settings)) for topic in topics]
    )
    # the admin client raises nothing for a single topic
    for name, code, message in response.topic_errors:
        error = for_code(code)
        if code not in (0, _TOPIC_ALREADY_EXISTS) and not error.retriable:
            raise BrokerError(
                f"Expected to create the topic {name}, received {error.__name__}: {message or 'no reason'}. Create it "
                f"by hand with {next(topic.partitions for topic in topics if topic.name == name)} partitions, or ask "
                f"for the right to."
            )


async def message_limits(admin: "AIOKafkaAdminClient") -> dict[str, int]:
    """Largest batch in bytes of each of our topics, as far as the broker tells."""
    from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

    key = "max.message.bytes"
    responses = await admin.describe_configs(
        [ConfigResource(ConfigResourceType.TOPIC, topic.name, {key: None}) for topic in TOPICS]
    )
    return {
        name: int(entry[1])
        for response in responses
        for code, _message, _kind, name, entries in response.resources
        for entry in entries
        if code == 0 and entry[0] == key
    }
