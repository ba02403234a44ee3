"""The figures of scaling out: `python -m docs.measure_scale [--rate 10] [--frames 3000]`. Root on Linux; PostgreSQL.

Three hosts (network namespaces) with a worker each, one broker and one PostgreSQL on a fourth; the tests' small model.
While four cameras send, one host joins, leaves, is killed, and is cut off and comes back. Then the same backlog is
worked off by one, two and three workers. One JSON document at the end; times mean something on a quiet machine alone.
"""

import argparse
import json
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from docs.soak.run import camera_names
from tests.stream import hosts, postgres
from tests.stream.cluster import Cluster, Silence
from tests.stream.live import send, small_frames

HOSTS = ("host-1", "host-2", "host-3")


def measure_changes(cluster: Cluster, rate: float) -> dict[str, Any]:
    """Seconds without a row of the partition that waited longest, at each change; then what was lost and doubled."""
    changes: dict[str, Any] = {}

    @contextmanager
    def watched(name: str) -> Iterator[None]:
        began = time.monotonic()
        with Silence(cluster.store) as silence:
            yield
            silence.wait_for_all()
        changes[name] = {"longest_silence_seconds": silence.seconds, "seconds": round(time.monotonic() - began, 1)}
        print(name, changes[name], file=sys.stderr, flush=True)

    for host in HOSTS[:2]:
        cluster.start_worker(host)
    cluster.wait_until_taken_over(HOSTS[:2])
    cluster.start_cameras(dict.fromkeys(camera_names(4), rate))
    cluster.wait_for_rows(50)
    with watched("join"):
        cluster.start_worker("host-3")
        cluster.wait_for_worker("host-3")
    with watched("leave"):
        cluster.end_worker("host-3")
        cluster.wait_until_taken_over(HOSTS[:2])
    with watched("kill -9, started again at once"):
        cluster.end_worker("host-2", signal.SIGKILL)
        cluster.start_worker("host-2")
        cluster.wait_for_rows_of("host-2")
    with watched("kill -9, not started again"):
        cluster.end_worker("host-2", signal.SIGKILL)
        cluster.wait_until_taken_over(HOSTS[:1])
    cluster.start_worker("host-2")
    cluster.wait_until_taken_over(HOSTS[:2])
    with watched("link down"):
        cluster.hosts.unplug("host-1")
        cluster.wait_until_taken_over(HOSTS[1:2])
    with watched("link up again"):
        cluster.hosts.plug_in("host-1")
        cluster.wait_for_rows_of("host-1")
    cluster.stop_cameras()
    cluster.wait_until_drained()
    counted = cluster.balance()
    kept = ("produced", "rows", "lost", "doubled", "dead_letters", "rows_by_worker")
    return {"changes": changes, **{key: counted[key] for key in kept}}


def measure_throughput(cluster: Cluster, frames: int) -> dict[str, float]:
    """Frames per second of a backlog, by number of workers, each on a host of its own."""
    for host in tuple(cluster.workers):
        cluster.end_worker(host)
    rates = {}
    for count in range(1, len(HOSTS) + 1):
        cluster.start_worker(HOSTS[count - 1])
        cluster.wait_until_taken_over(HOSTS[:count])
        wanted, began = cluster.rows() + frames, time.monotonic()
        with cluster.hosts.inside("hub"):
            send(cluster.broker.bootstrap, small_frames(frames))
        cluster.wait_for_rows(wanted)
        rates[f"{count} workers"] = round(frames / (time.monotonic() - began), 1)
        print(rates, file=sys.stderr, flush=True)
    return rates


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=10.0, help="frames per second of each of four cameras")
    parser.add_argument("--frames", type=int, default=3000, help="of each backlog")
    options = parser.parse_args()
    if reason := hosts.why_not() or postgres.why_not():
        sys.exit(f"error: {reason}.")
    with tempfile.TemporaryDirectory(prefix="vigia-scale-") as folder, Cluster(Path(folder)) as cluster:
        figures = measure_changes(cluster, options.rate)
        figures["frames_per_second"] = measure_throughput(cluster, options.frames)
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
