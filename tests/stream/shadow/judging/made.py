"""Rows of a challenger beside production's, as a store holds them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from stream.messages import FRAMES_TOPIC, Decision, Position, Prediction, Role
from stream.store import PredictionStore
from tests.stream.fakes import NOON
from tests.stream.test_messages import PREDICTION

Said = tuple[str, Decision]


def store_pairs(
    store: PredictionStore,
    pairs: Sequence[tuple[Said | None, Said | None]],
    *,
    first: int = 0,
    camera_id: str = "gate",
    versions: tuple[int, int] = (1, 2),
) -> None:
    """A frame a second from noon on: what production said, and what the challenger said; None: no row."""
    rows = []
    for offset, (said, says) in enumerate(pairs, start=first):
        rows += [row(offset, said, camera_id, "production", versions[0])] if said else []
        rows += [row(offset, says, camera_id, "shadow", versions[1])] if says else []
    store.store_batch(rows, [])


def row(offset: int, said: Said, camera_id: str, role: Role, version: int) -> Prediction:
    captured_at = NOON + timedelta(seconds=offset)
    return replace(
        PREDICTION,
        position=Position(FRAMES_TOPIC, 0, offset),
        frame_id=f"f{offset}",
        camera_id=camera_id,
        role=role,
        model_version=version,
        label=said[0],
        decision=said[1],
        captured_at=captured_at,
        predicted_at=captured_at + timedelta(milliseconds=20 if role == "production" else 900),
        infer_ms=2.0 if role == "production" else 3.0,
    )


SAME: tuple[Said, Said] = (("Volvo", "known"), ("Volvo", "known"))
OTHER: tuple[Said, Said] = (("Volvo", "known"), ("Saab", "known"))
REFUSED: tuple[Said, Said] = (("Volvo", "known"), ("Volvo", "unknown"))
"""By the challenger alone."""
BOTH_REFUSE: tuple[Said, Said] = (("Volvo", "unknown"), ("Saab", "unknown"))
