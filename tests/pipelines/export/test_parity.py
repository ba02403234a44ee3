import numpy as np
import pytest

from pipelines.errors import ModelError
from pipelines.export import Parity, check_parity, compare


def test_parity_is_the_largest_difference_and_the_share_of_equal_answers() -> None:
    reference = np.array([[0.9, 0.1], [0.4, 0.6]])
    ours = np.array([[0.9, 0.1], [0.55, 0.45]])

    parity = compare(reference, ours)

    assert parity.max_difference == pytest.approx(0.15)
    assert (parity.top1_agreement, parity.pictures) == (0.5, 2)


def test_a_network_that_strays_is_refused() -> None:
    with pytest.raises(ModelError, match=r"within 0\.001 of Keras, found 0\.15"):
        check_parity(Parity(0.15, 0.5, 2), 0.001)


def test_a_difference_that_is_no_number_is_refused() -> None:
    with pytest.raises(ModelError, match="found nan"):
        check_parity(Parity(float("nan"), 1.0, 2), 0.001)


def test_where_answers_must_be_equal_one_other_answer_is_refused() -> None:
    with pytest.raises(ModelError, match=r"TensorFlow\.js network to name the class .* found 99\.0%"):
        check_parity(Parity(1e-5, 0.99, 100), 0.01, runtime="TensorFlow.js", least_agreement=1.0)
