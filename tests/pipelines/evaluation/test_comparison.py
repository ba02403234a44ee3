import numpy as np
import pytest

from pipelines.evaluation.answering import Latency
from pipelines.evaluation.comparison import VersionAnswers, compare_answers

LABELS = ["cat"] * 50 + ["dog"] * 50


def answers(version: int, wrong: set[int], names: tuple[str, ...] = ("cat", "dog")) -> VersionAnswers:
    """Right but for the rows in `wrong`, each a little surer than the one before."""
    probabilities = np.empty((100, 2))
    for row, label in enumerate(LABELS):
        answer = names.index(label) ^ (row in wrong)
        probabilities[row, answer] = 0.6 + row / 1000
        probabilities[row, 1 - answer] = 0.4 - row / 1000
    return VersionAnswers(version, names, probabilities, Latency(1, 2))


def test_pictures_that_both_get_wrong_or_right_say_nothing() -> None:
    comparison = compare_answers(LABELS, answers(1, {1, 2, 3}), answers(2, {3, 4}))

    assert [change.index for change in comparison.better] == [2, 1]
    assert [change.index for change in comparison.worse] == [4]
    assert comparison.accuracy == (0.97, 0.98)
    assert comparison.difference.value == pytest.approx(0.01)
    assert comparison.p_value == 1
    assert "cannot be told apart" in comparison.verdict


def test_a_version_that_repairs_ten_and_breaks_none_is_better() -> None:
    comparison = compare_answers(LABELS, answers(1, set(range(10))), answers(2, set()))

    assert comparison.p_value == pytest.approx(2 / 1024)
    assert comparison.verdict == "version 2 is better than version 1"
    assert comparison.difference.low > 0
    assert [(each.name, each.recall_before, each.recall_after) for each in comparison.classes] == [("cat", 0.8, 1)]


def test_classes_are_compared_by_name_and_not_by_number() -> None:
    comparison = compare_answers(LABELS, answers(1, set()), answers(2, set(), names=("dog", "cat")))

    assert comparison.better == comparison.worse == ()
    assert comparison.accuracy == (1, 1)
