from hypothesis import given
from hypothesis import strategies as st

from pipelines.consensus.voting import Vote, decide
from pipelines.consensus.window import MICROSECONDS, REACH, SeenFrame, Window
from pipelines.consensus_params import MOST_FRAMES, ConsensusParams

POLICY = ConsensusParams(window_seconds=1.0, min_frames=1, agreement=0.5, weights="none")


def seen(offset: int, seconds: float, label: str = "bart") -> SeenFrame:
    return SeenFrame(offset, round(seconds * 1e6), Vote(label, 0.9))


def test_a_window_reaches_back_by_its_length_and_not_to_its_very_edge() -> None:
    window = Window()

    counts = [window.add(seen(number, number / 5), POLICY).frames for number in range(8)]

    assert counts == [1, 2, 3, 4, 5, 5, 5, 5]


def test_a_cut_is_followed_when_half_of_the_window_shows_what_comes_after_it() -> None:
    window = Window()

    said = [window.add(seen(i, i / 5, "bart" if i < 5 else "lisa"), POLICY).label for i in range(9)]

    assert said == ["bart"] * 7 + ["lisa"] * 2


def test_a_frame_with_an_older_time_is_answered_by_what_was_captured_before_it() -> None:
    window = Window.of([seen(0, 10.0), seen(1, 10.2), seen(2, 20.0)])

    assert window.add(seen(3, 10.4, "lisa"), POLICY).frames == 3
    assert window.add(seen(4, 20.2), POLICY).frames == 2


def test_a_policy_that_changes_is_what_the_next_frame_is_answered_by() -> None:
    window = Window.of([seen(0, 0.0), seen(1, 0.2)])
    short = POLICY.model_copy(update={"window_seconds": 0.1})

    assert window.add(seen(2, 0.4), POLICY).frames == 3
    assert window.add(seen(3, 0.45), short).frames == 2
    assert window.add(seen(4, 0.6), POLICY).frames == 5


def test_a_window_holds_so_many_frames_and_reaches_so_far_and_no_more() -> None:
    crowded, sparse = Window(), Window()
    for number in range(MOST_FRAMES + 50):
        frames = crowded.add(seen(number, number / 1000), POLICY).frames
    sparse.add(seen(0, 0), POLICY)

    assert frames == MOST_FRAMES
    assert sparse.add(seen(REACH, 0.1), POLICY).frames == 2
    assert sparse.add(seen(REACH + 1, 0.2), POLICY).frames == 2


@given(
    st.lists(st.tuples(st.integers(1, 3), st.integers(0, 40), st.sampled_from(["bart", "lisa"])), max_size=40),
    st.sampled_from([0.1, 0.5, 1.0, 3.0]),
    st.booleans(),
)
def test_a_window_holds_what_was_captured_within_it_in_whatever_order_times_come(
    told: list[tuple[int, int, str]], seconds: float, rising: bool
) -> None:
    policy = POLICY.model_copy(update={"window_seconds": seconds})
    window, frames, offset = Window(), list[SeenFrame](), 0
    if rising:
        told = sorted(told, key=lambda each: each[1])
    for step, tenths, label in told:
        offset += step * REACH // 8
        frames.append(seen(offset, tenths / 10, label))
        now = frames[-1]
        within = [
            each.vote
            for each in frames
            if 0 <= now.captured_us - each.captured_us < seconds * MICROSECONDS and each.offset >= offset - REACH
        ]
        assert window.add(now, policy) == decide(within, policy)
