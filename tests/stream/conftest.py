"""A real Kafka for the tests that need one."""

from collections.abc import Iterator

import pytest

from tests.stream.embedded_kafka import EmbeddedKafka


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Bootstrap address of a real embedded Kafka with the project's topics; one for the whole session."""
    with EmbeddedKafka(tmp_path_factory.mktemp("kafka-home")) as broker:
        yield broker.bootstrap
