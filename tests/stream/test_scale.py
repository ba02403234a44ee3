"""Three workers on three hosts, which come, go and are cut off: network namespaces, one broker, one PostgreSQL."""

import time
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select, text

from docs.soak.run import camera_names
from stream.store import PredictionStore
from stream.tables import predictions
from tests.stream import hosts, postgres
from tests.stream.cluster import Cluster, Silence
from tests.stream.test_messages import PREDICTION

pytestmark = pytest.mark.integration

TAKE_OVER_SECONDS = 9.0
"""A third of it on a quiet machine, and less than Kafka waits for a host that says nothing."""
SESSION_SECONDS = 10.0
"""So long Kafka waits for a host that says nothing."""


@pytest.fixture(autouse=True)
def _possible() -> None:
    if reason := hosts.why_not() or postgres.why_not():
        pytest.skip(reason)


def test_hosts_that_join_leave_and_are_cut_off_lose_and_double_nothing(tmp_path: Path) -> None:
    with Cluster(tmp_path) as cluster:
        for host in ("host-1", "host-2"):
            cluster.start_worker(host)
        cluster.wait_until_taken_over(("host-1", "host-2"))
        cluster.start_cameras(dict.fromkeys(camera_names(4), 10.0))
        cluster.wait_for_rows(50)

        with Silence(cluster.store) as joining:
            cluster.start_worker("host-3")
            cluster.wait_for_worker("host-3")
            joining.wait_for_all()
        with Silence(cluster.store) as leaving:
            cluster.end_worker("host-3")
            cluster.wait_until_taken_over(("host-1", "host-2"))
            leaving.wait_for_all()
        with Silence(cluster.store) as cut_off:
            cluster.hosts.unplug("host-1")
            cluster.wait_until_taken_over(("host-2",))
            cut_off.wait_for_all()
        cluster.hosts.plug_in("host-1")
        cluster.wait_for_rows_of("host-1")
        cluster.stop_cameras()
        cluster.wait_until_drained()

        counted = cluster.balance()
        assert (counted["lost"], counted["doubled"], counted["dead_letters"]) == (0, 0, 0)
        assert set(counted["rows_by_worker"]) == {f"host-{number}/worker-1" for number in (1, 2, 3)}
        assert joining.seconds < TAKE_OVER_SECONDS
        assert leaving.seconds < TAKE_OVER_SECONDS
        assert cut_off.seconds < SESSION_SECONDS + TAKE_OVER_SECONDS


def test_a_host_that_is_cut_off_in_the_middle_of_a_batch_gives_its_rows_back() -> None:
    with hosts.Hosts(1) as network, network.inside("hub"), postgres.Postgres(hosts.HUB_ADDRESS) as server:
        others = PredictionStore(server.local_url)
        others.migrate()
        others.store_batch([PREDICTION], [])
        with network.inside("host-1"):
            cut_off = PredictionStore(server.url).engine.connect()
            cut_off.execute(text("SELECT 1 FROM predictions FOR UPDATE"))
        network.unplug("host-1")

        began = time.monotonic()
        others.store_batch([replace(PREDICTION, worker="who took over")], [])

        assert 1 < time.monotonic() - began < SESSION_SECONDS + TAKE_OVER_SECONDS
        assert others.read(select(predictions.c.worker)) == [("who took over",)]
        cut_off.invalidate()
        cut_off.close()
        others.engine.dispose()
