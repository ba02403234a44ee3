"""The consensus of real worker processes on a real Kafka: killed, delivered again, with a policy that changes."""

import json
import random
import signal
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from pipelines.consensus.voting import name_policy
from pipelines.consensus.window import Window
from pipelines.consensus_params import ConsensusParams
from stream.consensus.seen_frames import to_seen_frame
from stream.messages import PREDICTIONS_TOPIC, Outgoing, encode_v2
from stream.tables import predictions
from tests.stream.embedded_kafka import EmbeddedKafka
from tests.stream.fakes import draw_jpeg
from tests.stream.live import LiveWorker, end_offsets, read_since, send

pytestmark = pytest.mark.integration

FRAMES = 400
FIRST = ConsensusParams(window_seconds=0.9, agreement=0.6)
SECOND = ConsensusParams(policy=3, window_seconds=2.0, agreement=0.5, min_frames=5, weights="none")


class Film:
    """Four cameras, ten frames a second each, reel after reel: mostly one thing, now and then another or an unknown."""

    def __init__(self, bootstrap: str, worker: LiveWorker) -> None:
        self._bootstrap = bootstrap
        self._worker = worker
        self._began = datetime.now(UTC) - timedelta(minutes=10)
        self._pictures = {value: draw_jpeg(value, 16) for value in (40, 128, 220)}
        self._chance = random.Random(1)
        self.shown = 0

    def send(self) -> None:
        first, self.shown = self.shown * FRAMES, self.shown + 1
        send(self._bootstrap, [self._frame(first + number, f"{self.shown - 1}-{number}") for number in range(FRAMES)])

    def show(self, reels: int) -> None:
        """Sent, and answered."""
        for _ in range(reels):
            self.send()
            self._worker.wait_for_rows("predictions", self.shown * FRAMES)

    def show_until(self, done: Callable[[], bool]) -> None:
        """A file is looked at once a second, when a batch comes."""
        for _ in range(30):
            self.show(1)
            if done():
                return
        raise AssertionError(f"not within 30 reels; see {self._worker.log}")

    def _frame(self, number: int, frame_id: str) -> Outgoing:
        return encode_v2(
            f"gate-{number % 4}",
            frame_id,
            self._began + timedelta(seconds=number // 4 / 10),
            self._pictures[self._chance.choices((40, 128, 220), (5, 1, 3))[0]],
            image_name=None,
            sequence=number,
        )


def write_policy(home: Path, policy: dict[str, Any]) -> None:
    """The worker looks at any moment: it never finds half a file."""
    partial = home / "params.partial"
    partial.write_text(json.dumps({"classifiers": {"cars": {"consensus": policy}}}))
    partial.replace(home / "params.yaml")


def replay(rows: list[Any]) -> list[tuple[Any, ...]]:
    """What each row should say, from the rows themselves and the policy that it names."""
    policies = {name_policy(policy): policy for policy in (FIRST, SECOND)}
    windows: dict[tuple[str, int], Window] = defaultdict(Window)
    said = []
    for row in rows:
        consensus = windows[row.camera_id, row.partition].add(
            to_seen_frame(row, row.offset), policies[row.consensus_policy]
        )
        said.append((row.frame_id, consensus.label, consensus.confidence, consensus.frames))
    return said


def test_every_row_says_what_its_window_says_whoever_was_killed_and_whatever_changed(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    write_policy(tmp_path, FIRST.model_dump())
    with EmbeddedKafka(tmp_path_factory.mktemp("broker")) as broker, LiveWorker(tmp_path, broker.bootstrap) as worker:
        starts = end_offsets(broker.bootstrap, PREDICTIONS_TOPIC)
        worker.registry.promote(cars=1)
        film = Film(broker.bootstrap, worker)
        film.send()
        for kill in (1, 2):
            worker.start()
            worker.wait_for_rows("predictions", kill * 100)
            worker.end(signal.SIGKILL)
        worker.start()
        worker.wait_for_rows("predictions", FRAMES)
        assert worker.end() == 0

        worker.start()  # goes on behind what was acknowledged, in the middle of every window
        film.show(1)
        write_policy(tmp_path, {"agreement": 1.5})
        film.show_until(lambda: "the change of params.yaml is ignored" in worker.log.read_text())
        refused = film.shown
        write_policy(tmp_path, SECOND.model_dump())
        film.show_until(lambda: bool(worker.query("SELECT 1 FROM predictions WHERE consensus_policy LIKE '3-%'")))
        assert worker.end() == 0

        rows = list(worker.store.read(select(predictions).order_by(predictions.c.partition, predictions.c.offset)))
        assert len(rows) == len({row.frame_id for row in rows}) == film.shown * FRAMES
        stored = [(r.frame_id, r.consensus_label, r.consensus_confidence, r.consensus_frames) for r in rows]
        assert stored == replay(rows)
        names = [name_policy(policy) for policy in (FIRST, SECOND)]
        assert {row.consensus_policy for row in rows} == set(names)
        reels = {number: [row for row in rows if row.frame_id.startswith(f"{number}-")] for number in range(film.shown)}
        assert {row.consensus_policy for number in range(refused) for row in reels[number]} == {names[0]}
        assert min(row.consensus_frames for row in reels[1]) == 9  # its windows began before the worker
        labels = {row.consensus_label for row in rows}
        assert labels == {None, "dark", "light"}

        published = [json.loads(record.value) for record in read_since(broker.bootstrap, PREDICTIONS_TOPIC, starts)]
        by_frame = {row.frame_id: row for row in rows}
        assert {document["frame_id"] for document in published} == set(by_frame)
        for document in published:  # a frame that was delivered twice said the same twice
            row = by_frame[document["frame_id"]]
            assert document["consensus"] == {
                "label": row.consensus_label,
                "confidence": row.consensus_confidence,
                "frames": row.consensus_frames,
                "policy": row.consensus_policy,
            }
