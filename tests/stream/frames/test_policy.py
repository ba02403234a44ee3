from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.frames.config import CameraKeep, Keep, KeepPolicy
from stream.frames.policy import choose_frames, choose_letters, decide_reasons, is_sampled
from stream.messages import FRAMES_TOPIC, Message, Outgoing
from stream.worker.batches import BatchReader
from stream.worker.outcomes import BatchOutcome
from tests.stream.fakes import NOON, FakeClassifier, draw_jpeg, message_of
from tests.stream.test_messages import PREDICTION
from tests.stream.worker.test_batches import frame

NOTHING = Keep(sample=0, unknown=False, below=0, dead_letters=False)
SURE = replace(PREDICTION, decision="known", confidence=0.99)


def outcome_of(messages: list[Message]) -> BatchOutcome:
    return BatchReader("here/worker-1", clock=lambda: NOON).read(messages, {"cars": FakeClassifier()}, {})


def policy_of(keep: Keep, cameras: Mapping[str, CameraKeep] | None = None) -> KeepPolicy:
    return KeepPolicy(keep, cameras or {})


@given(st.text(max_size=20), st.text(max_size=50))
def test_all_or_none_are_sampled_at_the_ends(camera_id: str, frame_id: str) -> None:
    assert is_sampled(camera_id, frame_id, 1.0)
    assert not is_sampled(camera_id, frame_id, 0.0)


@given(st.text(max_size=20), st.text(max_size=50), st.floats(0, 1), st.floats(0, 1))
def test_a_larger_share_holds_every_frame_of_a_smaller_one(camera: str, frame_id: str, one: float, two: float) -> None:
    smaller, larger = sorted((one, two))

    assert not is_sampled(camera, frame_id, smaller) or is_sampled(camera, frame_id, larger)


def test_a_share_of_the_frames_is_sampled_however_regular_their_ids_are() -> None:
    sampled = sum(is_sampled("gate", f"gate-{number}", 0.05) for number in range(20_000))

    assert sampled == pytest.approx(1000, abs=4 * (20_000 * 0.05 * 0.95) ** 0.5)


def test_two_cameras_do_not_sample_the_same_moments() -> None:
    both = sum(is_sampled("a", str(n), 0.1) and is_sampled("b", str(n), 0.1) for n in range(20_000))

    assert both == pytest.approx(200, abs=60)


def test_every_reason_is_named() -> None:
    unsure = replace(SURE, confidence=0.3, decision="unknown")

    assert decide_reasons([SURE], NOTHING) == ()
    assert decide_reasons([SURE], replace_keep(NOTHING, sample=1.0)) == ("sampled",)
    assert decide_reasons([SURE, unsure], replace_keep(NOTHING, unknown=True)) == ("unknown",)
    assert decide_reasons([SURE, unsure], replace_keep(NOTHING, below=0.3)) == ()
    assert decide_reasons([unsure], Keep(sample=1.0)) == ("sampled", "unknown", "unsure")
    assert decide_reasons([unsure], Keep(enabled=False, sample=1.0)) == ()
    assert decide_reasons([], Keep(sample=1.0)) == ()


def test_a_camera_has_words_of_its_own_and_the_rest_from_the_file() -> None:
    policy = policy_of(Keep(sample=0.5, days=7), {"gate": CameraKeep(sample=0), "yard": CameraKeep(enabled=False)})

    assert (policy.of("gate").sample, policy.of("gate").days, policy.of("gate").unknown) == (0, 7, True)
    assert not policy.of("yard").enabled
    assert policy.of("another").sample == policy.of(None).sample == 0.5


def test_a_frame_is_chosen_with_its_encoded_bytes_and_a_row_for_each_reason() -> None:
    outcome = outcome_of([frame(128), frame(230, offset=1)])

    (chosen,) = choose_frames(outcome.predictions, outcome.pictures, policy_of(Keep(sample=0, below=0.6)))

    assert chosen.content == draw_jpeg(128)
    assert [kept.reason for kept in chosen.frames] == ["unknown", "unsure"]
    assert {kept.sha256 for kept in chosen.frames} == {outcome.predictions[0].image_sha256}
    assert chosen.frames[0].captured_at == outcome.predictions[0].captured_at


def test_a_frame_that_two_classifiers_answered_is_chosen_once() -> None:
    serving = {"cars": FakeClassifier("cars"), "simpsons": FakeClassifier("simpsons")}
    outcome = BatchReader("here/worker-1", clock=lambda: NOON).read([frame()], serving, {})

    assert len(list(choose_frames(outcome.predictions, outcome.pictures, policy_of(Keep(sample=1.0))))) == 1


def test_a_dead_letter_is_kept_as_it_came_and_an_empty_one_is_not() -> None:
    garbage = message_of(Outgoing(FRAMES_TOPIC, b"gate", b"garbage"), offset=1)
    empty = message_of(Outgoing(FRAMES_TOPIC, b"gate", None), offset=2)
    outcome = outcome_of([garbage, empty])

    (chosen,) = choose_letters(outcome.dead_letters, policy_of(Keep()))

    assert (chosen.content, chosen.frames[0].reason) == (b"garbage", "dead_letter")
    assert (chosen.frames[0].camera_id, chosen.frames[0].captured_at) == (None, None)
    assert list(choose_letters(outcome.dead_letters, policy_of(NOTHING))) == []


def test_a_broken_frame_of_a_camera_that_keeps_nothing_is_not_kept_although_it_does_not_name_itself() -> None:
    outcome = outcome_of([message_of(Outgoing(FRAMES_TOPIC, b"gate", b"garbage"))])

    assert list(choose_letters(outcome.dead_letters, policy_of(Keep(), {"gate": CameraKeep(enabled=False)}))) == []
    (chosen,) = choose_letters(outcome.dead_letters, policy_of(Keep(), {"gate": CameraKeep()}))
    assert chosen.frames[0].camera_id == "gate"


def replace_keep(keep: Keep, **changes: object) -> Keep:
    return keep.model_copy(update=changes)
