import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.consensus.window import REACH, SeenFrame
from pipelines.consensus_params import ConsensusParams
from stream.consensus.live import LiveConsensus
from stream.consensus.seen_frames import Lane, read_seen_frames
from stream.messages import FRAMES_TOPIC, Position, Prediction
from stream.reading.freshness import DroppedFrame
from stream.store import PredictionStore
from stream.worker.outcomes import BatchOutcome
from tests.stream.fakes import NOON
from tests.stream.test_messages import PREDICTION

POLICY = ConsensusParams(window_seconds=1.0, min_frames=3, agreement=0.6, weights="none")


@pytest.fixture
def store(tmp_path: Path) -> PredictionStore:
    store = PredictionStore(f"sqlite:///{tmp_path / 'vigia.db'}")
    store.migrate()
    return store


def build(store: PredictionStore, policy: ConsensusParams = POLICY) -> LiveConsensus:
    """As a worker that has just started."""
    return LiveConsensus(partial(read_seen_frames, store), lambda classifier: policy)


def said(
    offset: int, label: str = "dark", *, camera: str = "gate", seconds: float | None = None, partition: int = 0
) -> Prediction:
    """At five frames a second; an unknown one is `?`."""
    at = NOON + timedelta(seconds=offset / 5 if seconds is None else seconds)
    return replace(
        PREDICTION,
        position=Position(FRAMES_TOPIC, partition, offset),
        frame_id=f"{camera}-{partition}-{offset}",
        camera_id=camera,
        label=label,
        confidence=0.9,
        decision="unknown" if label == "?" else "known",
        captured_at=at,
    )


def batch(*predictions: Prediction) -> BatchOutcome:
    positions = tuple(dict.fromkeys(each.position for each in predictions))
    return BatchOutcome(predictions=predictions, dead_letters=(), latest={}, positions=positions)


def answer(consensus: LiveConsensus, store: PredictionStore, *predictions: Prediction) -> list[Prediction]:
    """Decided and stored, as a worker does."""
    outcome = consensus.add(batch(*predictions))
    store.store_batch(outcome.predictions, [], outcome.reads)
    return list(outcome.predictions)


def labels(predictions: Sequence[Prediction]) -> list[str | None]:
    return [each.consensus_label for each in predictions]


def test_each_camera_and_classifier_agrees_by_itself(store: PredictionStore) -> None:
    consensus = build(store)
    frames = [
        said(0, "dark"),
        said(1, "light", camera="yard"),
        said(2, "dark"),
        said(3, "light", camera="yard"),
        said(4, "dark"),
        replace(said(4, "Volvo"), classifier="cats_dogs"),
    ]

    answers = answer(consensus, store, *frames)

    assert labels(answers) == [None, None, None, None, "dark", None]
    assert [each.consensus_frames for each in answers] == [1, 1, 2, 2, 3, 1]
    assert {(each.consensus_policy or "")[:2] for each in answers} == {"2-"}


def test_what_another_role_says_has_no_consensus_and_no_say(store: PredictionStore) -> None:
    consensus = build(store)
    shadow = [replace(said(n, "light"), role="shadow") for n in range(3)]

    answers = answer(consensus, store, *shadow, said(3), said(4), said(5))

    assert labels(answers) == [None, None, None, None, None, "dark"]
    assert [each.consensus_policy for each in answers[:3]] == [None] * 3


def test_a_changed_policy_takes_effect_with_the_next_batch(store: PredictionStore) -> None:
    policies = [POLICY]
    consensus = LiveConsensus(partial(read_seen_frames, store), lambda classifier: policies[-1])

    before = answer(consensus, store, said(0), said(1))
    policies.append(POLICY.model_copy(update={"policy": 3, "min_frames": 1}))
    after = answer(consensus, store, said(2))

    assert (labels(before), labels(after)) == ([None, None], ["dark"])
    assert [(each.consensus_policy or "")[0] for each in (*before, *after)] == ["2", "2", "3"]


def test_a_window_that_can_never_hold_enough_is_said_once_and_the_stream_runs_on(
    store: PredictionStore, caplog: pytest.LogCaptureFixture
) -> None:
    consensus = build(store)

    for offset in range(120):
        answers = answer(consensus, store, said(offset, seconds=offset * 0.7))

    assert labels(answers) == [None]
    (warning,) = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert "camera gate: policy 2 of cars never agrees, its windows of 1 s hold 2 frames" in warning
    assert "consensus.min_frames is 3" in warning


def test_a_partition_that_was_elsewhere_meanwhile_goes_on_from_the_store(store: PredictionStore) -> None:
    first, second = build(store), build(store)
    answer(first, store, said(0, "light"), said(1, "light"))
    answer(second, store, said(2), said(3))

    answers = answer(first, store, said(4), said(5))

    assert labels(answers) == ["dark", "dark"]
    assert [each.consensus_frames for each in answers] == [5, 5]


def test_dropped_and_unused_frames_are_no_gap(store: PredictionStore) -> None:
    asked: list[int] = []

    def read_back(lane: Lane, before: int) -> dict[str, list[SeenFrame]]:
        asked.append(before)
        return {}

    consensus = LiveConsensus(read_back, lambda classifier: POLICY)

    consensus.add(batch(said(0), said(1)))
    dropped = DroppedFrame(Position(FRAMES_TOPIC, 0, 2), "gate", 1.0)
    outcome = replace(batch(said(4)), positions=(Position(FRAMES_TOPIC, 0, 3), Position(FRAMES_TOPIC, 0, 4)))
    consensus.add(replace(outcome, dropped=(dropped,)))
    consensus.add(batch(said(5)))

    assert asked == [0]


def test_each_camera_of_a_first_batch_is_read_back_as_far_as_its_own_window_may_reach(store: PredictionStore) -> None:
    answer(build(store), store, said(0, seconds=0), said(1, camera="yard", seconds=0))

    answers = answer(
        build(store), store, said(REACH, seconds=0.5), *(said(REACH + n, camera="yard", seconds=0.5) for n in (1, 2))
    )

    assert [each.consensus_frames for each in answers] == [2, 2, 2]


def test_of_thousands_of_cameras_a_lane_is_read_once_and_little_is_held() -> None:
    asked: list[int] = []

    def read_back(lane: Lane, before: int) -> dict[str, list[SeenFrame]]:
        asked.append(before)
        return {}

    consensus = LiveConsensus(read_back, lambda classifier: POLICY)

    for start in range(0, 4 * REACH, 64):
        consensus.add(batch(*(said(n, camera=f"gate-{n % 3000}") for n in range(start, start + 64))))
    cameras = 5  # of those, these alone go on
    for start in range(4 * REACH, 6 * REACH, 64):
        consensus.add(batch(*(said(n, camera=f"gate-{n % cameras}") for n in range(start, start + 64))))

    (held,) = consensus._lanes.values()
    assert asked == [0]
    assert len(held) == cameras


def test_of_many_cameras_with_rare_frames_ten_are_named(caplog: pytest.LogCaptureFixture) -> None:
    consensus = LiveConsensus(lambda lane, before: {}, lambda classifier: POLICY)

    for again in range(2):  # the second time as after a rebalance
        for n in range(60):
            frames = [said(1_000 * again + 20 * n + place, camera=f"gate-{place}") for place in range(20)]
            consensus.add(batch(*frames))

    warnings = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warnings) == 10
    assert [text.endswith("No more cameras are named.") for text in warnings] == [False] * 9 + [True]


@dataclass(frozen=True)
class Delivery:
    """Frames cut into batches; before some of them a new worker starts, which may be given frames again."""

    frames: list[Prediction]
    sizes: list[int]
    again: list[int | None]

    def batches(self) -> Iterator[tuple[bool, list[Prediction]]]:
        start = 0
        for size, again in zip(self.sizes, self.again, strict=True):
            fresh = again is not None
            start = max(0, start - (again or 0))
            yield fresh, self.frames[start : start + size]
            start += size
        yield False, self.frames[start:]


@st.composite
def deliveries(draw: st.DrawFn) -> Delivery:
    times = draw(st.lists(st.integers(0, 30), min_size=1, max_size=24))
    frames = [
        said(
            offset,
            draw(st.sampled_from(["dark", "light", "?"])),
            camera=draw(st.sampled_from(["gate", "yard"])),
            seconds=tenths / 10,
        )
        for offset, tenths in enumerate(times)
    ]
    cuts = draw(st.integers(0, 6))
    sizes = draw(st.lists(st.integers(1, 6), min_size=cuts, max_size=cuts))
    again = draw(st.lists(st.none() | st.integers(0, 8), min_size=cuts, max_size=cuts))
    return Delivery(frames, sizes, again)


@given(deliveries())
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_a_frame_has_one_answer_however_often_and_to_whom_it_is_delivered(
    tmp_path_factory: pytest.TempPathFactory, delivery: Delivery
) -> None:
    store = PredictionStore(f"sqlite:///{tmp_path_factory.mktemp('store') / 'vigia.db'}")
    store.migrate()
    whole = build(store).add(batch(*delivery.frames)).predictions
    expected = {each.position.offset: each for each in whole}
    consensus = build(store)

    for fresh, frames in delivery.batches():
        consensus = build(store) if fresh else consensus
        if frames:
            for each in answer(consensus, store, *frames):
                assert each == expected[each.position.offset]
