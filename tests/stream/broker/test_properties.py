from pathlib import Path

import pytest

from pipelines.errors import BrokerError
from stream.broker.properties import listener_overrides, properties_text, server_properties
from stream.broker.topics import DEFAULT_RETENTION, TOPICS


def parse(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines())


def test_retention_of_every_other_topic_is_bounded_in_bytes_and_time() -> None:
    properties = parse(server_properties(Path("/home/data")))

    assert properties["log.retention.ms"] == DEFAULT_RETENTION["retention.ms"] == "86400000"
    assert properties["log.retention.bytes"] == DEFAULT_RETENTION["retention.bytes"] == "1073741824"
    assert int(properties["log.segment.bytes"]) < int(properties["log.retention.bytes"])


def test_the_broker_takes_the_largest_message_of_any_topic() -> None:
    largest = max(int(topic.settings.get("max.message.bytes", 0)) for topic in TOPICS)

    assert int(parse(server_properties(Path("/home/data")))["message.max.bytes"]) >= largest


def test_everything_listens_on_the_loopback_by_default() -> None:
    properties = parse(server_properties(Path("/home/data")))

    listeners = properties["listeners"].split(",")
    assert all("://127.0.0.1:" in listener for listener in listeners)


def test_topics_are_made_by_us_alone() -> None:
    assert parse(server_properties(Path("/home/data")))["auto.create.topics.enable"] == "false"


def test_only_the_broker_listens_on_the_given_host() -> None:
    overrides = listener_overrides("192.0.2.7", 19500, 19501)

    assert overrides["listeners"] == "PLAINTEXT://192.0.2.7:19500,CONTROLLER://127.0.0.1:19501"
    assert overrides["controller.quorum.bootstrap.servers"] == "127.0.0.1:19501"


@pytest.mark.parametrize(("host", "advertised"), [("0.0.0.0", "127.0.0.1:1"), ("::", "[::1]:1"), ("::1", "[::1]:1")])  # noqa: S104 - the very case
def test_an_address_that_clients_cannot_use_is_never_advertised(host: str, advertised: str) -> None:
    overrides = listener_overrides(host, 1, 2)

    assert overrides["advertised.listeners"] == f"PLAINTEXT://{advertised},CONTROLLER://127.0.0.1:2"


def test_what_latin_1_cannot_say_is_escaped() -> None:
    assert properties_text({"a": "Vigía \\ 😀"}) == "a=Vig\\u00eda \\\\ \\ud83d\\ude00\n"


def test_a_data_folder_with_a_comma_is_refused_because_kafka_would_see_two() -> None:
    with pytest.raises(BrokerError, match="without a comma"):
        server_properties(Path("/home/one,two"))
