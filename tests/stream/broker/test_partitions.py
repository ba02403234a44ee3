import socket
from pathlib import Path

import pytest

from pipelines.errors import BrokerError
from stream.broker.partitions import raise_partitions
from tests.stream.embedded_kafka import EmbeddedKafka
from tests.stream.live import LiveWorker, send, small_frames
from tests.waiting import wait_until


def test_a_broker_that_is_away_is_named_with_the_mend() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))

        with pytest.raises(BrokerError, match="VIGIA_KAFKA_BOOTSTRAP"):
            raise_partitions(f"127.0.0.1:{taken.getsockname()[1]}", 8)


@pytest.mark.integration
def test_frames_of_partitions_that_came_later_are_answered_by_a_worker_that_ran_before(tmp_path: Path) -> None:
    with EmbeddedKafka(tmp_path / "broker") as broker, LiveWorker(tmp_path, broker.bootstrap) as worker:
        worker.registry.promote(cars=1)
        worker.start()
        worker.wait_for_state("serving")

        assert raise_partitions(broker.bootstrap, 6) == 4
        assert raise_partitions(broker.bootstrap, 6) == 6
        with pytest.raises(BrokerError, match="at least the 6 partitions"):
            raise_partitions(broker.bootstrap, 5)
        # a name of its own per camera decides its partition, so fixed names fill all six every time
        sent = send(broker.bootstrap, small_frames(60, cameras=60, run="later"))

        assert {partition for partition, _ in sent} == {0, 1, 2, 3, 4, 5}
        worker.wait_for_rows("predictions", 60)
        wait_until(
            lambda: worker.heartbeat()["partitions"] == [0, 1, 2, 3, 4, 5],
            timeout_seconds=120,
            what="a worker that reads all six",
        )
