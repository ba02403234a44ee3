"""Fetches of an aiokafka that is not connected: which requests it would send, and how long each may stay open."""

import asyncio
import inspect
from collections.abc import Collection
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.consumer.fetcher import Fetcher

from stream.reading.consumer import FETCH_WAIT_SECONDS
from stream.reading.patience import PATIENT_FETCH_SECONDS, wait_patiently

SHORT, LONG = int(FETCH_WAIT_SECONDS * 1000), int(PATIENT_FETCH_SECONDS * 1000)


class Cluster:
    """Two brokers; even partitions are led by one, odd ones by the other."""

    def leader_for_partition(self, tp: TopicPartition) -> int:
        return int(tp.partition % 2)


def waits(partitions: int, *, lying_here: Collection[int] = (), paused: Collection[int] = ()) -> dict[int, int]:
    """Broker to the milliseconds that its fetch may stay open."""

    async def run() -> dict[int, int]:
        fetcher: Any = Fetcher.__new__(Fetcher)
        fetcher._client = SimpleNamespace(cluster=Cluster(), _client_rack="")
        fetcher._client_rack = ""
        fetcher._preferred_read_replica = {}
        fetcher._in_flight = set()
        fetcher._fetcher_timeout = 0.2
        fetcher._fetch_max_wait_ms, fetcher._fetch_min_bytes, fetcher._fetch_max_bytes = SHORT, 1, 1024
        fetcher._max_partition_fetch_bytes, fetcher._isolation_level = 1024, 0
        tps = [TopicPartition("frames", number) for number in range(partitions)]
        states = {
            tp: SimpleNamespace(
                has_valid_position=True,
                paused=tp.partition in paused,
                position=7,
                resume_fut=asyncio.get_running_loop().create_future(),
            )
            for tp in tps
        }
        here = SimpleNamespace(calculate_backoff=lambda: 0)
        fetcher._records = {tp: here for tp in tps if tp.partition in lying_here}
        wait_patiently(SimpleNamespace(_fetcher=fetcher))
        requests = fetcher._get_actions_per_node(SimpleNamespace(tps=tps, state_value=states.__getitem__))[0]
        return {node: request._max_wait_ms for node, request in requests}

    return asyncio.run(run())


def test_a_fetch_that_asks_for_every_partition_of_its_broker_may_stay_open_for_long() -> None:
    assert waits(6) == {0: LONG, 1: LONG}


def test_a_fetch_that_leaves_out_a_partition_whose_frames_lie_here_stays_short() -> None:
    assert waits(6, lying_here={2}) == {0: SHORT, 1: LONG}


def test_a_fetch_that_leaves_out_a_paused_partition_stays_short() -> None:
    assert waits(6, paused={3}) == {0: LONG, 1: SHORT}


@pytest.mark.parametrize("name", ["_get_actions_per_node", "_select_read_replica"])
def test_aiokafka_still_has_what_is_relied_on(name: str) -> None:
    assert callable(getattr(Fetcher, name))
    assert "self._fetcher = Fetcher(" in inspect.getsource(AIOKafkaConsumer.start)
    assert "self._get_actions_per_node(" in inspect.getsource(Fetcher)
