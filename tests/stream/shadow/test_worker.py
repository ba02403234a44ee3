import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import pytest
from aiokafka import TopicPartition
from filelock import FileLock

from pipelines.errors import StackError
from stream.ledger import FrameRead
from stream.live_params import LiveParams
from stream.messages import FRAMES_TOPIC, Message, Position
from stream.shadow.answering import Turn
from stream.shadow.spare_time import SpareLimits
from stream.shadow.worker import Shadow, build_watcher, without_rows
from stream.store import PredictionStore, RefusedRowsError
from tests.stream.shadow.fake_shadow import fake_shadow_setup
from tests.stream.test_messages import PREDICTION

PLACES = [Position("t", 0, offset) for offset in range(3)]


def test_a_frame_whose_only_row_is_refused_is_dropped_and_one_with_another_row_is_stored() -> None:
    rows = [replace(PREDICTION, position=place, classifier="cars") for place in PLACES[:2]]
    other = replace(PREDICTION, position=PLACES[1], classifier="simpsons")
    reads = (FrameRead(PLACES[0], "stored"), FrameRead(PLACES[1], "stored"), FrameRead(PLACES[2], "skipped"))
    refused = RefusedRowsError("no", frozenset((place, "cars") for place in PLACES[:2]))

    left = without_rows(Turn((*rows, other), reads), refused)

    assert left.predictions == (other,)
    assert [read.outcome for read in left.reads] == ["dropped", "stored", "skipped"]


def test_a_second_shadow_in_the_same_place_is_told_to_take_another(tmp_path: Path) -> None:
    setup = fake_shadow_setup(tmp_path, "localhost:1")
    first = FileLock(tmp_path / "shadow" / "1.lock")
    setup.hold_slot(first)

    with pytest.raises(StackError, match="VIGIA_WORKER_SLOT"):
        setup.hold_slot(FileLock(tmp_path / "shadow" / "1.lock"))


@dataclass
class QuietReading:
    """Nothing comes; the partition ends a thousand frames further on."""

    ends: dict[TopicPartition, int] = field(default_factory=lambda: {TopicPartition(FRAMES_TOPIC, 0): 1000})

    async def read(self, stopping: Callable[[], bool]) -> list[Message]:
        return []

    def lag(self) -> int:
        return 0


def test_a_store_that_is_away_for_a_look_ends_no_shadow_and_what_was_known_of_production_stays(tmp_path: Path) -> None:
    store = PredictionStore(f"sqlite:///{tmp_path / 'vigia.db'}")
    store.migrate()
    setup = replace(fake_shadow_setup(tmp_path, "localhost:1"), store=store, limits=SpareLimits(-1.0, -1.0))
    shadow = Shadow(setup, build_watcher(setup))
    reading, params = cast(Any, QuietReading()), LiveParams(tmp_path, lambda text: None)

    for offset in range(2):  # production moves, and a thousand frames wait
        store.store_batch((), (), [FrameRead(Position(FRAMES_TOPIC, 0, offset), "skipped")])
        asyncio.run(shadow.turn(reading, params, {}))
    assert shadow.spare.resting == "production is behind"
    shadow.setup = replace(setup, store=PredictionStore(f"sqlite:///{tmp_path}"))  # a folder: no database
    asyncio.run(shadow.turn(reading, params, {}))

    assert shadow.spare.resting == "production is behind"
