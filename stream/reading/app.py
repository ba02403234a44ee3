"""The Faust application that loses no frame: its settings and its consumer.

Every setting here was measured against kill -9, rebalances, frozen brokers and full disks; Faust's defaults
are not at-least-once. The tests pin the parts of Faust this relies on.
"""

import gc
import logging
import os
import threading
from pathlib import Path
from typing import Any, Final

import aiokafka.conn
import faust
from faust.exceptions import ConsumerNotStarted
from mode.supervisors import CrashingSupervisor

from stream.broker.header_names import tolerate_header_names
from stream.messages import FRAMES_TOPIC, GROUP
from stream.reading.consumer import PARTITION_BYTES, FrameTransport, PlainTransport
from stream.reading.flight import Flight
from stream.reading.freshness import Freshness
from stream.reading.pace import Pace
from stream.reading.upstream import check_loss_free, missing_parts, say_missing

BUFFER_FRAMES: Final = 512
"""More than are ever in flight: Faust never finds its buffer full, at which it would pause for a second."""
FEW_FRAMES: Final = 64
"""Where nothing else bounds them, for the sake of memory."""
STOP_SECONDS: Final = 8.0
"""A stop that takes longer is cut: with the broker away Faust would try to commit for ever."""
READER_BYTES: Final = 1024 * 1024


log = logging.getLogger(__name__)


class LossFreeApp(faust.App):
    """A Faust app whose stop has an end, and whose frames in flight are counted."""

    flight: Flight

    async def on_started(self) -> None:
        await super().on_started()
        # of what was loaded until now nothing is garbage; looking through it would stop every thread for 0.1 s
        gc.collect()
        gc.freeze()

    async def on_stop(self) -> None:
        threading.Thread(target=_exit_late, name="stop deadline", daemon=True).start()
        await super().on_stop()


def build_app(
    bootstrap: str,
    *,
    instance_id: str,
    datadir: Path,
    group: str = GROUP,
    pace: Pace | None = None,
    freshness: Freshness | None = None,
) -> LossFreeApp:
    """The app with its consumer; nothing is connected yet. Raises BrokerError for a Faust that could lose frames."""
    check_loss_free()
    missing = missing_parts()
    aiokafka.conn.READER_LIMIT = READER_BYTES
    tolerate_header_names()
    app = LossFreeApp(
        group,
        broker=[f"kafka://{address}" for address in bootstrap.split(",")],
        datadir=datadir,
        store="memory://",
        web_enabled=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        value_serializer="raw",
        key_serializer="raw",
        agent_supervisor=CrashingSupervisor,
        stream_buffer_maxsize=FEW_FRAMES if missing else BUFFER_FRAMES,
        stream_wait_empty=True,
        broker_commit_interval=1.0,
        broker_session_timeout=10,
        broker_heartbeat_interval=3,
        consumer_auto_offset_reset="earliest",
        consumer_metadata_max_age_ms=10_000,
        consumer_max_fetch_size=PARTITION_BYTES,
        # the broker checked it when the frame was sent; here it would cost as much as all else that reads a frame
        broker_check_crcs=False,
        consumer_group_instance_id=instance_id,
        # with standbys of tables, which there are none of, Faust leaves the third worker of four partitions idle
        table_standby_replicas=0,
        producer_metadata_max_age_ms=10_000,
        producer_max_request_size=2_200_000,
    )
    app.flight = Flight(pace or Pace())
    app.transport = _choose_transport(app, freshness or Freshness(), missing)
    return app


def _choose_transport(app: LossFreeApp, freshness: Freshness, missing: list[str]) -> Any:
    if not missing:
        return FrameTransport(app.conf.broker_consumer, app, flight=app.flight, freshness=freshness)
    log.warning("%s", say_missing(missing))
    return PlainTransport(app.conf.broker_consumer, app)


def frames_topic(app: LossFreeApp) -> Any:
    """The topic of frames as raw bytes: whatever lies on it, nothing fails before our own decoder."""
    return app.topic(FRAMES_TOPIC, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")


def assigned_partitions(app: LossFreeApp) -> list[tuple[str, int]]:
    """What this worker reads at the moment; may be asked from any thread."""
    # not app.consumer, which would build one bound to the event loop of the thread that asks first
    if app._consumer is None:
        return []
    try:
        return [(tp.topic, tp.partition) for tp in app._consumer.assignment()]
    except ConsumerNotStarted:
        return []


def _exit_late() -> None:
    threading.Event().wait(STOP_SECONDS)
    log.error("still stopping after %.0f s, leaving now; what was not acknowledged comes again", STOP_SECONDS)
    logging.shutdown()
    os._exit(1)
