import numpy as np

from pipelines.own_models.conventions import Convention, choose_convention, list_candidates

LABELS = np.arange(40) % 2


def answers(right_share: float) -> "np.ndarray":
    """Probabilities of which this share is right, each as sure as the others."""
    right = np.arange(40) < right_share * 40
    probabilities = np.full((40, 2), 0.1)
    probabilities[np.arange(40), np.where(right, LABELS, 1 - LABELS)] = 0.9
    return probabilities


def test_what_is_stated_is_not_tried() -> None:
    assert list_candidates("-1..1", "bgr", scales_itself=False) == [Convention("-1..1", "bgr")]


def test_a_network_that_scales_itself_takes_bytes_and_only_the_order_of_colours_is_open() -> None:
    assert list_candidates(None, None, scales_itself=True) == [Convention("0..255", "rgb"), Convention("0..255", "bgr")]


def test_else_every_usual_convention_is_tried_in_both_orders() -> None:
    assert len(list_candidates(None, None, scales_itself=False)) == 10


def test_the_convention_with_the_best_answers_is_taken_and_the_next_is_named() -> None:
    shares = {"0..1 rgb": 0.9, "-1..1 rgb": 0.7}

    choice = choose_convention(
        list_candidates(None, "rgb", scales_itself=False), lambda each: answers(shares.get(str(each), 0.5)), LABELS
    )

    assert choice.convention == Convention("0..1", "rgb")
    assert "accuracy 0.900" in choice.reason
    assert "next -1..1 rgb with 0.700" in choice.reason
    assert choice.warning is None


def test_two_conventions_that_answer_alike_are_warned_of() -> None:
    choice = choose_convention(
        [Convention("0..255", "rgb"), Convention("0..255", "bgr")], lambda _: answers(0.9), LABELS
    )

    assert choice.warning is not None
    assert "state --pixels and --channels" in choice.warning
