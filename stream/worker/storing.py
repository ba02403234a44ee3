"""Storing what came of a batch; a row that the database refuses is a dead letter, not the end of the worker."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from stream.dead_letters.letters import build_dead_letter
from stream.messages import GROUP, DeadLetter, FrameError, Message
from stream.store import PredictionStore, RefusedRowsError
from stream.worker.outcomes import BatchOutcome

log = logging.getLogger(__name__)


def store_outcome(
    store: PredictionStore,
    messages: Sequence[Message],
    outcome: BatchOutcome,
    clock: Callable[[], datetime],
    *,
    group: str = GROUP,
) -> BatchOutcome:
    """What was stored: the outcome, where predictions that the database cannot hold have become dead letters.

    Raises StoreError when the store is away; the batch must be redelivered.
    """
    try:
        _store(store, outcome, group)
    except RefusedRowsError as error:
        log.error("%s", error)
        outcome = bury_refused(messages, outcome, error, clock())
        _store(store, outcome, group)
    return outcome


def bury_refused(
    messages: Sequence[Message], outcome: BatchOutcome, error: RefusedRowsError, now: datetime
) -> BatchOutcome:
    """The outcome with a dead letter in the place of every refused prediction."""
    by_position = {message.position: message for message in messages}
    kept, letters = [], list(outcome.dead_letters)
    for prediction in outcome.predictions:
        if (prediction.position, prediction.classifier) not in error.refused:
            kept.append(prediction)
            continue
        message = by_position[prediction.position]
        refusal = FrameError(f"{prediction.classifier}: {error}", stage="infer", reason="row_refused")
        letters.append((message, build_dead_letter(message, refusal, camera_id=prediction.camera_id, now=now)))
    return replace(outcome, predictions=tuple(kept), dead_letters=tuple(letters))


def _store(store: PredictionStore, outcome: BatchOutcome, group: str) -> None:
    letters: list[DeadLetter] = [letter for _, letter in outcome.dead_letters]
    store.store_batch(outcome.predictions, letters, outcome.reads, group=group)
