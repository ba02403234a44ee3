"""Frames read at their offsets from a real broker, of which it has removed some."""

import asyncio
import uuid

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic, RecordsToDelete

from pipelines.errors import BrokerError
from stream.messages import Position
from stream.time_travel.topic import Expired, FramesTopic
from tests.stream.time_travel.past import draw_colour, message_at

pytestmark = pytest.mark.integration

FRAMES = 600
KEPT_FROM = 100
NO_FRAME = 450


@pytest.fixture(scope="module")
def topic(kafka: str) -> str:
    """A topic of its own: 600 messages in one partition, the first 100 removed, one of them no frame."""
    name = f"past-{uuid.uuid4().hex[:8]}"
    asyncio.run(fill(kafka, name))
    return name


async def fill(bootstrap: str, name: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(name, num_partitions=1, replication_factor=1)])
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all") as producer:
        for number in range(FRAMES):
            message = message_at(number, b"" if number == NO_FRAME else draw_colour(number))
            sent = await producer.send(name, value=message.value, headers=list(message.headers), partition=0)
        await sent
    await admin.delete_records({TopicPartition(name, 0): RecordsToDelete(KEPT_FROM)})
    await admin.close()


def read(kafka: str, topic: str, *offsets: int) -> dict[int, bytes | Expired]:
    with FramesTopic(kafka) as frames:
        found = frames.read([Position(topic, 0, offset) for offset in offsets])
        return {position.offset: picture for position, picture in found}


def test_pictures_are_found_at_their_offsets_and_what_was_removed_is_said(kafka: str, topic: str) -> None:
    found = read(kafka, topic, 5, KEPT_FROM - 1, KEPT_FROM, 103, 598, 599, 600, 5000)

    assert {offset: picture for offset, picture in found.items() if not isinstance(picture, Expired)} == {
        offset: draw_colour(offset) for offset in (KEPT_FROM, 103, 598, 599)
    }
    assert found.keys() == {5, 99, 100, 103, 598, 599, 600, 5000}


def test_every_picture_of_a_long_stretch_comes_in_its_order(kafka: str, topic: str) -> None:
    offsets = [offset for offset in range(KEPT_FROM, FRAMES) if offset != NO_FRAME]

    found = read(kafka, topic, *offsets)

    assert list(found) == offsets
    assert all(found[offset] == draw_colour(offset) for offset in offsets)


def test_what_is_no_frame_or_lies_on_no_topic_is_gone(kafka: str, topic: str) -> None:
    assert isinstance(read(kafka, topic, NO_FRAME)[NO_FRAME], Expired)
    assert isinstance(read(kafka, f"{topic}-other", 3)[3], Expired)


def test_a_broker_that_is_away_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(BrokerError, match="--source kept"):
        read("127.0.0.1:1", "t", 1)
