import pytest

from pipelines.consensus.scoring import choose_best, score_alternatives, score_frames, score_policy
from pipelines.consensus.timeline import Span
from pipelines.consensus.voting import Vote
from pipelines.consensus.window import SeenFrame
from pipelines.consensus_params import ConsensusParams

POLICY = ConsensusParams(window_seconds=1.0, min_frames=3, agreement=0.6, weights="none")
SPANS = (Span(0, 4, "bart", ""), Span(4, 8, "lisa", ""))


def film(words: str) -> list[SeenFrame]:
    """Five letters a second; `?` is an unknown frame."""
    names = {"b": "bart", "l": "lisa", "?": "bart"}
    return [SeenFrame(n, n * 200_000, Vote(names[letter], 0.9, known=letter != "?")) for n, letter in enumerate(words)]


def test_frames_are_judged_where_a_label_covers_them() -> None:
    score = score_frames(film("bbl?b" * 4 + "l" * 20 + "b" * 10), SPANS)

    assert (score.frames, score.accuracy) == (40, (12 + 20) / 40)
    assert (score.wrong, score.undecided) == (4 / 40, 4 / 40)
    assert (score.delay_seconds, score.missed_spans) == (0, 0)
    assert score.error == pytest.approx(8 / 40)


def test_a_consensus_ignores_what_one_frame_says_and_follows_a_cut_late() -> None:
    score = score_policy(film("bbbbl" * 4 + "l" * 20), SPANS, POLICY)

    assert score.wrong == 1 / 40  # the first one behind the cut
    assert score.undecided == 2 / 40  # the first two of all
    assert score.delay_seconds == pytest.approx((0.4 + 0.2) / 2)


def test_a_span_that_is_never_seen_is_missed() -> None:
    score = score_policy(film("b" * 40), SPANS, POLICY)

    assert (score.missed_spans, score.delay_seconds) == (1, 0.4)


def test_a_policy_that_can_never_agree_is_undecided_throughout() -> None:
    score = score_policy(film("b" * 40), SPANS, POLICY.model_copy(update={"min_frames": 9}))

    assert (score.accuracy, score.undecided, score.delay_seconds, score.missed_spans) == (0, 1, None, 2)


def test_the_best_alternative_has_the_most_right_answers_and_the_policy_is_among_them() -> None:
    scores = score_alternatives(film("bbbbl" * 4 + "llllb" * 4), SPANS, POLICY)

    best = choose_best(scores)

    assert len({each.policy for each in scores}) == len(scores)
    assert POLICY in {each.policy for each in scores}
    assert best.score.accuracy == max(each.score.accuracy for each in scores) > 0.8
    assert choose_best(tuple(reversed(scores))) == best
