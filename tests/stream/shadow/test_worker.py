from dataclasses import replace
from pathlib import Path

import pytest
from filelock import FileLock

from pipelines.errors import StackError
from stream.ledger import FrameRead
from stream.messages import Position
from stream.shadow.answering import Turn
from stream.shadow.worker import hold_slot, without_rows
from stream.store import RefusedRowsError
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
    hold_slot(first, setup)

    with pytest.raises(StackError, match="VIGIA_WORKER_SLOT"):
        hold_slot(FileLock(tmp_path / "shadow" / "1.lock"), setup)
