from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.messages import Message, encode_v2
from stream.shadow.answering import Answering, Turn, cut
from stream.shadow.sampling import place_frame
from tests.stream.fakes import NOON, POISON, FakeClassifier, draw_jpeg, message_of

ALL = {"cars": 1.0}
CARS = {"cars": FakeClassifier(version=2)}


def frame(value: int = 100, camera: str = "gate", offset: int = 0) -> Message:
    outgoing = encode_v2(camera, f"{camera}-{offset}", NOON, draw_jpeg(value), image_name=None, sequence=offset)
    return message_of(outgoing, offset=offset)


def outcomes(turn: Turn) -> dict[int, str]:
    return {read.position.offset: read.outcome for read in turn.reads}


def answer(
    answering: Answering,
    messages: list[Message],
    serving: Mapping[str, FakeClassifier] = CARS,
    shares: Mapping[str, float] = ALL,
    routes: Mapping[str, tuple[str, ...]] | None = None,
    late: tuple[int, ...] = (),
) -> Turn:
    return answering.answer(messages, serving, shares, routes or {}, lambda each: each.position.offset in late)


@pytest.fixture
def answering() -> Answering:
    return Answering("here/shadow-1")


def test_exactly_the_sampled_frames_are_answered_and_every_other_is_skipped(answering: Answering) -> None:
    messages = [frame(offset=offset) for offset in range(60)]

    turn = answer(answering, messages, shares={"cars": 0.25})

    sampled = {each for each in range(60) if place_frame(f"gate-{each}") < 0.25}
    assert {row.position.offset for row in turn.predictions} == sampled
    assert Counter(outcomes(turn).values()) == {"stored": len(sampled), "skipped": 60 - len(sampled)}


def test_a_row_says_that_it_is_of_the_shadow_and_which_version_gave_it(answering: Answering) -> None:
    (row,) = answer(answering, [frame()]).predictions

    assert (row.role, row.model_version, row.worker, row.classifier) == ("shadow", 2, "here/shadow-1", "cars")
    assert row.infer_ms is not None
    assert row.precision == "f32"


def test_a_sampled_frame_without_time_is_dropped_and_one_that_is_not_sampled_is_not(answering: Answering) -> None:
    turn = answer(answering, [frame(offset=offset) for offset in range(3)], late=(1,))
    nothing = answer(answering, [frame(offset=1)], shares={"cars": 0.0}, late=(1,))

    assert outcomes(turn) == {0: "stored", 1: "dropped", 2: "stored"}
    assert outcomes(nothing) == {1: "skipped"}


def test_a_frame_that_is_broken_for_everybody_is_skipped_and_no_dead_letter(answering: Answering) -> None:
    broken = replace(frame(offset=1), value=b"no picture")

    turn = answer(answering, [frame(), broken, replace(frame(offset=2), value=None)])

    assert outcomes(turn) == {0: "stored", 1: "skipped", 2: "skipped"}


def test_a_camera_that_asks_other_classifiers_is_skipped(answering: Answering) -> None:
    turn = answer(answering, [frame(), frame(camera="yard", offset=1)], routes={"yard": ("simpsons",)})

    assert outcomes(turn) == {0: "stored", 1: "skipped"}


def test_two_challengers_are_asked_their_own_shares(answering: Answering) -> None:
    serving = {"cars": FakeClassifier("cars", 2), "simpsons": FakeClassifier("simpsons", 5)}
    messages = [frame(offset=offset) for offset in range(80)]

    turn = answer(answering, messages, serving, shares={"cars": 0.5, "simpsons": 0.1})

    asked = {name: {row.position.offset for row in turn.predictions if row.classifier == name} for name in serving}
    assert asked["cars"] == {each for each in range(80) if place_frame(f"gate-{each}") < 0.5}
    assert asked["simpsons"] == {each for each in range(80) if place_frame(f"gate-{each}") < 0.1}
    assert asked["simpsons"] < asked["cars"]


def test_a_challenger_that_cannot_answer_drops_its_frames_and_holds_up_no_other(answering: Answering) -> None:
    serving = {"cars": FakeClassifier("cars", 2, always_fails=True), "simpsons": FakeClassifier("simpsons", 5)}

    turn = answer(
        answering,
        [frame(), frame(camera="yard", offset=1)],
        serving,
        {"cars": 1.0, "simpsons": 1.0},
        routes={"yard": ("cars",)},
    )

    assert outcomes(turn) == {0: "stored", 1: "dropped"}
    assert {row.classifier for row in turn.predictions} == {"simpsons"}
    assert "version 2 cannot answer" in answering.failing["cars"]


def test_a_challenger_that_answers_again_is_failing_no_more(answering: Answering) -> None:
    answer(answering, [frame()], {"cars": FakeClassifier(always_fails=True)})
    answer(answering, [frame()])

    assert answering.failing == {}


def test_a_picture_that_the_challenger_alone_cannot_answer_is_dropped(answering: Answering) -> None:
    turn = answer(answering, [frame(), frame(POISON, offset=1), frame(offset=2)])

    assert outcomes(turn) == {0: "stored", 1: "dropped", 2: "stored"}


def test_the_first_frames_of_a_turn_are_asked_alone_so_that_their_time_can_be_compared(answering: Answering) -> None:
    turn = answer(answering, [frame(offset=offset) for offset in range(12)])

    assert [row.infer_ms is not None for row in turn.predictions] == [True, True] + [False] * 10


@given(st.lists(st.integers(), max_size=40))
def test_every_frame_is_in_one_chunk_in_its_place(frames: list[int]) -> None:
    chunks = list(cut(frames))

    assert [each for chunk in chunks for each in chunk] == frames
    assert all(1 <= len(chunk) <= 8 for chunk in chunks)
