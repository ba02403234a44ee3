from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from pipelines.errors import StoreError
from stream.ledger import FrameRead
from stream.messages import GROUP, DeadLetter, Prediction, Role
from stream.store import PredictionStore, RefusedRowsError
from stream.worker.outcomes import BatchOutcome
from stream.worker.storing import store_outcome
from tests.stream.fakes import NOON, message_of
from tests.stream.live import small_frames
from tests.stream.test_messages import PREDICTION

MESSAGES = [message_of(frame, offset=offset) for offset, frame in enumerate(small_frames(2))]
GOOD, BAD = (replace(PREDICTION, position=message.position) for message in MESSAGES)
POSITIONS = tuple(message.position for message in MESSAGES)
OUTCOME = BatchOutcome(predictions=(GOOD, BAD), dead_letters=(), latest={}, positions=POSITIONS)


class PickyStore(PredictionStore):
    """Refuses some positions, and remembers what it was given last."""

    def __init__(self, *refused: Prediction) -> None:
        super().__init__("sqlite:///nowhere")
        self._refused = {prediction.position for prediction in refused}
        self.stored: tuple[Sequence[Prediction], Sequence[DeadLetter]] = ((), ())

    def store_batch(
        self,
        answers: Sequence[Prediction],
        letters: Sequence[DeadLetter],
        reads: Sequence[FrameRead] = (),
        *,
        group: str = GROUP,
        role: Role = "production",
    ) -> None:
        refused = frozenset((a.position, a.classifier) for a in answers if a.position in self._refused)
        if refused:
            raise RefusedRowsError("too long", refused)
        self.stored = (answers, letters)


def test_an_outcome_that_the_store_takes_stays_as_it_is() -> None:
    store = PickyStore()

    assert store_outcome(store, MESSAGES, OUTCOME, lambda: NOON) is OUTCOME
    assert store.stored == ((GOOD, BAD), [])


def test_a_prediction_that_the_database_refuses_becomes_a_dead_letter_and_the_others_are_stored() -> None:
    store = PickyStore(BAD)

    outcome = store_outcome(store, MESSAGES, OUTCOME, lambda: NOON)

    assert outcome.predictions == (GOOD,)
    ((message, letter),) = outcome.dead_letters
    assert message is MESSAGES[1]
    assert (letter.stage, letter.reason, letter.camera_id) == ("infer", "row_refused", BAD.camera_id)
    assert "too long" in letter.message
    assert [read.outcome for read in outcome.reads] == ["stored", "dead"]
    assert store.stored == ((GOOD,), [letter])


def test_a_store_that_is_away_is_no_reason_for_a_dead_letter() -> None:
    class AwayStore(PickyStore):
        def store_batch(self, *arguments: Any, **named: Any) -> None:
            raise StoreError("away")

    with pytest.raises(StoreError, match="away"):
        store_outcome(AwayStore(), MESSAGES, OUTCOME, lambda: NOON)
