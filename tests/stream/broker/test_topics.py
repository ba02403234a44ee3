import asyncio
import socket
from typing import Any

import pytest

from pipelines.errors import BrokerError
from stream.broker.topics import (
    LARGEST_FRAME_BYTES,
    TOPICS,
    FoundTopic,
    describe_differences,
    ensure_topics,
    find_missing,
    find_unready,
)
from stream.messages import DEAD_LETTERS_TOPIC, FRAMES_TOPIC, PREDICTIONS_TOPIC

FRAMES, PREDICTIONS, DEAD_LETTERS = TOPICS


def test_the_topics_are_those_of_the_contract() -> None:
    assert [(topic.name, topic.partitions) for topic in TOPICS] == [
        (FRAMES_TOPIC, 4),
        (PREDICTIONS_TOPIC, 4),
        (DEAD_LETTERS_TOPIC, 1),
    ]


def test_a_dead_letter_may_be_larger_than_the_largest_frame() -> None:
    frame, dead_letter = (int(topic.settings["max.message.bytes"]) for topic in (FRAMES, DEAD_LETTERS))

    assert LARGEST_FRAME_BYTES < frame < dead_letter


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_every_topic_is_bounded_in_bytes_and_time(topic: Any) -> None:
    assert int(topic.settings["retention.ms"]) > 0
    assert 0 < int(topic.settings["segment.bytes"]) < int(topic.settings["retention.bytes"])


def test_only_absent_topics_are_created() -> None:
    found = {FRAMES_TOPIC: FoundTopic(FRAMES_TOPIC, 12, led=True)}

    assert find_missing(found) == (PREDICTIONS, DEAD_LETTERS)


def test_a_topic_without_a_leader_is_not_ready() -> None:
    found = {topic.name: FoundTopic(topic.name, topic.partitions, led=topic is not PREDICTIONS) for topic in TOPICS}

    assert find_unready(found) == (PREDICTIONS_TOPIC,)


def test_a_topic_as_we_make_it_needs_no_word() -> None:
    assert describe_differences(FRAMES, 4, 2_200_000) == ()


def test_more_partitions_are_welcome_except_where_one_keeps_the_order() -> None:
    assert describe_differences(FRAMES, 12, 2_200_000) == ()
    assert "2 partitions, expected 1" in describe_differences(DEAD_LETTERS, 2, 8_000_000)[0]


def test_fewer_partitions_and_a_smaller_limit_are_said() -> None:
    words = describe_differences(FRAMES, 3, 1_048_588)

    assert len(words) == 2
    assert "3 partitions, expected 4" in words[0]
    assert "max.message.bytes" in words[1]


def test_a_broker_that_is_away_is_named_with_the_mend() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        bootstrap = f"127.0.0.1:{taken.getsockname()[1]}"

        with pytest.raises(BrokerError, match=rf"Expected Kafka at {bootstrap}.*VIGIA_KAFKA_BOOTSTRAP"):
            ensure_topics(bootstrap, timeout_seconds=5)


@pytest.mark.integration
def test_the_topics_exist_with_their_settings_and_asking_again_changes_nothing(kafka: str) -> None:
    ensure_topics(kafka)

    described = asyncio.run(describe(kafka))

    for topic in TOPICS:
        partitions, settings = described[topic.name]
        assert partitions == topic.partitions
        assert {key: settings[key] for key in topic.settings} == dict(topic.settings)


@pytest.mark.integration
def test_a_topic_that_somebody_else_made_keeps_its_partitions_and_is_said(
    tmp_path_factory: pytest.TempPathFactory,
    caplog: pytest.LogCaptureFixture,
    kafka: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asyncio.run(create(kafka, "taller_somebody_elses", 3))
    other = type(FRAMES)("taller_somebody_elses", 8, {})
    monkeypatch.setattr("stream.broker.topics.TOPICS", (*TOPICS, other))

    ensure_topics(kafka)

    assert asyncio.run(describe(kafka, other.name))[other.name][0] == 3
    assert "taller_somebody_elses has 3 partitions, expected 8" in caplog.text


@pytest.mark.integration
def test_a_topic_that_the_broker_refuses_is_named_with_its_reason(kafka: str, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = type(FRAMES)("taller_refused", 1, {"retention.ms": "soon"})
    monkeypatch.setattr("stream.broker.topics.TOPICS", (*TOPICS, refused))

    with pytest.raises(BrokerError, match=r"Expected to create the topic taller_refused, received InvalidConfig"):
        ensure_topics(kafka)


async def describe(bootstrap: str, *more: str) -> dict[str, tuple[int, dict[str, str]]]:
    """Partitions and settings of the topics, asked of the broker."""
    from aiokafka.admin import AIOKafkaAdminClient
    from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

    names = [*(topic.name for topic in (FRAMES, PREDICTIONS, DEAD_LETTERS)), *more]
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        partitions = {topic["topic"]: len(topic["partitions"]) for topic in await admin.describe_topics()}
        answers = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name) for name in names])
        rows = [row for answer in answers for row in answer.resources]
    finally:
        await admin.close()
    return {row[3]: (partitions[row[3]], {entry[0]: entry[1] for entry in row[4]}) for row in rows}


async def create(bootstrap: str, name: str, partitions: int) -> None:
    from aiokafka.admin import AIOKafkaAdminClient, NewTopic

    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, partitions, 1)])
    finally:
        await admin.close()
