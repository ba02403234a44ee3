from tests.pipelines.evaluation.made import make_evaluation


def test_the_most_confident_mistakes_come_first_with_their_nearest_training_pictures() -> None:
    evaluation, judged, reference = make_evaluation()

    confidences = [mistake.confidence for mistake in evaluation.mistakes]
    assert len(confidences) == 5
    assert confidences == sorted(confidences, reverse=True)
    assert all(mistake.label != mistake.answer for mistake in evaluation.mistakes)
    # the clouds lie apart, so what is nearest has the picture's own label, whatever the answer was
    first = evaluation.mistakes[0]
    near = {("cat", "dog")[reference.labels[reference.sha256.index(digest)]] for digest in first.nearest}
    assert near == {first.label}
    assert ("cat", "dog")[judged.labels[first.index]] == first.label


def test_the_interval_of_a_figure_holds_the_figure() -> None:
    evaluation, _, _ = make_evaluation()

    for name in ("accuracy", "macro_f1"):
        interval = evaluation.intervals[name]
        assert interval.low <= interval.value <= interval.high
    assert evaluation.intervals["accuracy"].value == evaluation.report.accuracy


def test_few_known_pictures_are_refused_and_the_others_are_answered_no_worse() -> None:
    evaluation, _, _ = make_evaluation()

    assert evaluation.refused < 0.15
    assert evaluation.accuracy_of_known >= evaluation.report.accuracy - 0.02
