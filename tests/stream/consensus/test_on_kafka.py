"""The consensus of real worker processes on a real Kafka: killed, delivered again, with a policy that changes."""

import json
import random
import signal
from collections import defaultdict
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
from tests.waiting import wait_until

pytestmark = pytest.mark.integration

FRAMES = 400
FIRST = ConsensusParams(window_seconds=0.9, agreement=0.6)
SECOND = ConsensusParams(policy=3, window_seconds=2.0, agreement=0.5, min_frames=5, weights="none")


def flickering_frames(run: str, began: datetime) -> list[Outgoing]:
    """Of four cameras, ten a second each: mostly one thing, now and then another or something unknown."""
    chance = random.Random(run)
    pictures = {value: draw_jpeg(value, 16) for value in (40, 128, 220)}
    return [
        encode_v2(
            f"gate-{number % 4}",
            f"{run}-{number}",
            began + timedelta(seconds=number // 4 / 10),
            pictures[chance.choices((40, 128, 220), (5, 1, 3))[0]],
            image_name=None,
            sequence=number,
        )
        for number in range(FRAMES)
    ]


def write_policy(home: Path, policy: dict[str, Any]) -> None:
    (home / "params.yaml").write_text(json.dumps({"classifiers": {"cars": {"consensus": policy}}}))


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
    began = datetime.now(UTC) - timedelta(minutes=5)
    with EmbeddedKafka(tmp_path_factory.mktemp("broker")) as broker, LiveWorker(tmp_path, broker.bootstrap) as worker:
        starts = end_offsets(broker.bootstrap, PREDICTIONS_TOPIC)
        worker.registry.promote(cars=1)
        send(broker.bootstrap, flickering_frames("one", began))
        for kill in (1, 2):
            worker.start()
            worker.wait_for_rows("predictions", kill * 100)
            worker.end(signal.SIGKILL)
        worker.start()
        worker.wait_for_rows("predictions", FRAMES)

        write_policy(tmp_path, {"agreement": 1.5})
        wait_until(lambda: "agreement" in worker.log.read_text(), timeout_seconds=30, what="the refusal in the log")
        send(broker.bootstrap, flickering_frames("two", began + timedelta(seconds=FRAMES / 40)))
        worker.wait_for_rows("predictions", 2 * FRAMES)
        write_policy(tmp_path, SECOND.model_dump())
        sent = 2 * FRAMES
        for again in range(20):
            # the file is looked at once a second, when a batch comes
            send(broker.bootstrap, flickering_frames(f"three-{again}", began + timedelta(seconds=sent / 40)))
            sent += FRAMES
            worker.wait_for_rows("predictions", sent)
            if worker.query("SELECT 1 FROM predictions WHERE consensus_policy LIKE '3-%'"):
                break
        assert worker.end() == 0

        rows = list(worker.store.read(select(predictions).order_by(predictions.c.partition, predictions.c.offset)))
        assert len(rows) == len({row.frame_id for row in rows}) == sent
        stored = [(r.frame_id, r.consensus_label, r.consensus_confidence, r.consensus_frames) for r in rows]
        assert stored == replay(rows)
        names = [name_policy(policy) for policy in (FIRST, SECOND)]
        assert {row.consensus_policy for row in rows} == set(names)
        assert all(row.consensus_policy == names[0] for row in rows if row.frame_id.startswith(("one", "two")))
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
