"""The equation on a real Kafka, while frames flow and workers are killed."""

import signal
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from pipelines.errors import BrokerError
from stream.accounting.reconciliation import reconcile
from stream.messages import FRAMES_TOPIC, Outgoing
from stream.store import PredictionStore
from tests.stream.embedded_kafka import EmbeddedKafka, find_free_ports
from tests.stream.live import LiveWorker, send, small_frames
from tests.waiting import wait_until

pytestmark = pytest.mark.integration


class Looker(threading.Thread):
    """Reconciles over and over and keeps every document."""

    def __init__(self, bootstrap: str, store: PredictionStore) -> None:
        super().__init__(daemon=True)
        self.documents: list[dict[str, Any]] = []
        self.ended = threading.Event()
        self._address = bootstrap
        self._frames = store

    def run(self) -> None:
        while not self.ended.is_set():
            with suppress(BrokerError):  # a machine that stands still for so long is asked again
                self.documents.append(reconcile(self._address, self._frames))


def test_every_frame_is_somewhere_before_during_and_after_load_and_kills(tmp_path: Path) -> None:
    bad = [Outgoing(FRAMES_TOPIC, str(number).encode(), b"rubble") for number in range(40)]
    with EmbeddedKafka(tmp_path / "broker") as broker, LiveWorker(tmp_path, broker.bootstrap) as worker:
        worker.registry.promote(cars=1)
        assert reconcile(broker.bootstrap, worker.store)["produced"] == 0
        send(broker.bootstrap, small_frames(300))
        before = reconcile(broker.bootstrap, worker.store)
        assert (before["adds_up"], before["produced"], before["in_flight"]) == (True, 300, 300)
        looker = Looker(broker.bootstrap, worker.store)
        looker.start()
        for kill in (1, 2):
            worker.start()
            send(broker.bootstrap, [*small_frames(300), *bad[20 * (kill - 1) : 20 * kill]])
            worker.wait_for_rows("predictions", kill * 250)
            worker.end(signal.SIGKILL)
        worker.start()
        wait_until(
            # every frame is sent by now, which a look of before does not know
            lambda: [(each["produced"], each["in_flight"]) for each in looker.documents[-1:]] == [(940, 0)],
            timeout_seconds=240,
            what=f"no frames; see {worker.log}",
        )
        assert worker.end() == 0
        looker.ended.set()
        looker.join(60)

        assert [document["faults"] for document in looker.documents if not document["adds_up"]] == []
        assert any(0 < document["in_flight"] < document["produced"] for document in looker.documents)
        after = reconcile(broker.bootstrap, worker.store, verify=True)
        assert after["equation"] == "940 frames produced = 900 stored + 40 dead + 0 dropped + 0 in flight"
        assert (after["adds_up"], after["verified"], after["faults"]) == (True, True, [])

        with worker.store.engine.begin() as connection:
            connection.exec_driver_sql("DELETE FROM dead_letters WHERE partition = 0")
        lost = reconcile(broker.bootstrap, worker.store, verify=True)
        assert not lost["adds_up"]
        assert "partition 0: the ledger counts" in lost["faults"][0]


def test_a_broker_that_is_away_is_said_within_seconds(tmp_path: Path) -> None:
    bootstrap = f"127.0.0.1:{find_free_ports(1)[0]}"

    with pytest.raises(BrokerError, match="Expected the offsets"):
        reconcile(bootstrap, PredictionStore(f"sqlite:///{tmp_path / 'none.db'}"))
