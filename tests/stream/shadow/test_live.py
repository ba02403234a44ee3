"""A real shadow process beside a real worker, on a real Kafka."""

import json
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from stream.accounting.reconciliation import reconcile
from stream.messages import FRAMES_TOPIC, PREDICTIONS_TOPIC, SHADOW_GROUP, Outgoing
from stream.shadow.sampling import place_frame
from tests.stream.embedded_kafka import EmbeddedKafka
from tests.stream.fakes import BROKEN_VERSION
from tests.stream.live import LiveWorker, end_offsets, read_since, send, small_frames, wait_for_records
from tests.stream.shadow.registries import TwoRegistries
from tests.waiting import wait_until

pytestmark = pytest.mark.integration

SHARE = 0.25


class LiveShadow(LiveWorker):
    """The shadow of the worker in the same home."""

    def __init__(self, home: Path, bootstrap: str) -> None:
        super().__init__(home, bootstrap)
        self._command = [sys.executable, "-m", "tests.stream.shadow.fake_shadow", str(home), bootstrap]

    @property
    def log(self) -> Path:
        return self.home / "shadow.log"

    def heartbeat(self) -> dict[str, Any]:
        file = self.home / "shadow" / "1.json"
        return dict(json.loads(file.read_text())) if file.exists() else {}

    def wait_until_read(self, frames: int) -> None:
        def read() -> bool:
            counts: dict[str, int] = self.heartbeat().get("frames", {})
            return sum(counts.values()) >= frames

        wait_until(read, timeout_seconds=180, what=f"{frames} frames read; see {self.log}")


@pytest.fixture(scope="module")
def bootstrap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with EmbeddedKafka(tmp_path_factory.mktemp("kafka")) as kafka:
        yield kafka.bootstrap


def test_a_challenger_answers_exactly_the_sampled_frames_and_nobody_takes_its_word_for_production_s(
    tmp_path: Path, bootstrap: str
) -> None:
    registries = TwoRegistries(tmp_path)
    registries.production.promote(cars=1)
    with LiveWorker(tmp_path, bootstrap) as worker, LiveShadow(tmp_path, bootstrap) as shadow:
        worker.start()
        shadow.start()
        worker.wait_for_state("serving")
        shadow.wait_for_state("waiting for a challenger")
        starts = end_offsets(bootstrap, PREDICTIONS_TOPIC)
        before = small_frames(40)
        send(bootstrap, before)
        worker.wait_for_rows("predictions", 40)

        registries.challengers.promote(cars=2)
        shadow.wait_for_state("answering")
        broken = [Outgoing(FRAMES_TOPIC, b"gate", b"no frame"), Outgoing(FRAMES_TOPIC, b"gate", None)]
        asked = small_frames(400)
        send(bootstrap, [*asked[:200], *broken, *asked[200:]])
        shadow.wait_until_read(402)
        worker.wait_for_rows("dead_letters", 2)

        rows = shadow.query("SELECT frame_id, model_version, worker FROM predictions WHERE role = 'shadow'")
        assert {row[0] for row in rows} == sampled(asked)
        assert {row[1] for row in rows} == {2}
        assert all(row[2].endswith("/shadow-1") for row in rows)
        assert shadow.heartbeat()["frames"] == {"stored": len(rows), "skipped": 402 - len(rows)}

        worker.wait_for_rows("predictions", 440 + len(rows))
        wait_for_records(bootstrap, PREDICTIONS_TOPIC, starts, 440)
        said = [orjson.loads(record.value) for record in read_since(bootstrap, PREDICTIONS_TOPIC, starts)]
        assert {each["role"] for each in said} == {"production"}
        assert len(said) == 440
        assert worker.query("SELECT count(*) FROM dead_letters") == [(2,)]

        frames = reconcile(bootstrap, worker.store, verify=True)
        assert frames["adds_up"], [group["faults"] for group in frames["groups"].values()]
        assert frames["verified"], "rows of two roles are counted apart"
        assert frames["groups"][SHADOW_GROUP]["stored"] == len(rows)

        registries.challengers.promote(cars=BROKEN_VERSION)
        wait_until(lambda: shadow.heartbeat().get("reasons"), timeout_seconds=120, what="a refusal")
        shadow.wait_for_rows("model_events WHERE event = 'refused'", 1)
        assert f"cars version {BROKEN_VERSION} refused" in shadow.heartbeat()["reasons"][0]
        events = shadow.query("SELECT event, to_version, role FROM model_events WHERE role = 'shadow' ORDER BY id")
        assert events == [("loaded", 2, "shadow"), ("refused", BROKEN_VERSION, "shadow")]

        registries.production.promote(cars=2)
        registries.challengers.promote(cars=2)
        shadow.wait_for_state("waiting for a challenger")
        assert shadow.end() == 0


def test_a_shadow_that_was_killed_begins_again_at_the_end_and_its_frames_still_add_up(
    tmp_path: Path, bootstrap: str
) -> None:
    registries = TwoRegistries(tmp_path)
    registries.production.promote(cars=1)
    registries.challengers.promote(cars=2)
    with LiveShadow(tmp_path, bootstrap) as shadow:
        shadow.start()
        shadow.wait_for_state("answering")
        send(bootstrap, small_frames(100, cameras=100))
        shadow.wait_until_read(100)
        shadow.end(signal.SIGKILL)
        send(bootstrap, small_frames(100, cameras=100))
        (shadow.home / "shadow" / "1.json").unlink()
        shadow.start()
        shadow.wait_for_state("answering")
        asked = small_frames(100, cameras=100)
        send(bootstrap, asked)
        shadow.wait_until_read(100)

        rows = {row[0] for row in shadow.query("SELECT frame_id FROM predictions WHERE role = 'shadow'")}
        assert sampled(asked) <= rows
        frames = reconcile(bootstrap, shadow.store, verify=True)
        assert frames["verified"]
        assert frames["adds_up"], frames["faults"]
        # of many cameras, as a partition to which nothing came before the end is not in the ledger, and one to which
        # nothing came since tells it only with its next frame
        assert frames["expired"] + frames["in_flight"] == 100, "what came meanwhile is passed over, and counted"


def sampled(frames: list[Outgoing]) -> set[str]:
    ids = [dict(frame.headers)["frame_id"] for frame in frames]
    return {each.decode() for each in ids if each is not None and place_frame(each.decode()) < SHARE}
