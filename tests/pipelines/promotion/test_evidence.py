import numpy as np

from pipelines.promotion.evidence import ClassPair, VersionAnswers, build_measured

LABELS = ("cat", "cat", "dog", "dog", "dog")


def answers(version: int, right: str, *, known: str = "11111", has_class: str = "11111") -> VersionAnswers:
    def flags(text: str) -> "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]":
        return np.array([letter == "1" for letter in text])

    return VersionAnswers(version, flags(right), np.full(5, 0.8), flags(known), flags(has_class), 3.0)


def test_only_pictures_on_which_the_two_differ_speak_for_one_of_them() -> None:
    measured = build_measured(LABELS, answers(2, "11100"), answers(1, "10011"), left_out=3, bins=10)

    assert (measured.better, measured.worse, measured.pictures, measured.left_out) == (2, 2, 5, 3)
    assert (measured.candidate.version, measured.candidate.accuracy) == (2, 0.6)
    assert measured.majority_share == 0.6
    assert measured.classes == (ClassPair("cat", 2, 1.0, 0.5, 1, 0), ClassPair("dog", 3, 1 / 3, 2 / 3, 1, 2))


def test_a_first_version_is_compared_with_nothing() -> None:
    measured = build_measured(LABELS, answers(1, "11100"), None, left_out=0, bins=10)

    assert (measured.production, measured.better, measured.worse) == (None, 0, 0)
    assert {each.recall_before for each in measured.classes} == {None}


def test_a_picture_of_a_class_it_does_not_have_is_rightly_refused() -> None:
    mine = answers(2, "11000", known="01000", has_class="11000")

    figures = build_measured(LABELS, mine, None, left_out=0, bins=10).candidate

    assert (figures.refused, figures.knowable) == (1, 2)
