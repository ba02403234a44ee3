from stream.shadow.judging.answers import Answers, NetworkTimes, Times
from stream.shadow.judging.comparison import CameraAgreement, Confusion, Percentiles, compare_answers

NOTHING = NetworkTimes((), ())
ANSWERS = (
    Answers("gate", "Volvo", "Volvo", 90),
    Answers("gate", "Volvo", "Saab", 6),
    Answers("gate", "Saab", "unknown", 4),
    Answers("yard", "unknown", "unknown", 50),
    Answers("yard", "Volvo", "Saab", 50),
)


def test_agreement_is_of_all_frames_and_of_each_camera_the_least_first() -> None:
    found = compare_answers(ANSWERS, (), NOTHING)

    assert found.frames == 200
    assert found.agreement.value == 140 / 200
    assert found.agreement.low < 0.7 < found.agreement.high
    assert found.cameras == (CameraAgreement("yard", 100, 0.5), CameraAgreement("gate", 100, 0.9))


def test_unequal_answers_are_paired_over_cameras_the_most_frequent_first() -> None:
    assert compare_answers(ANSWERS, (), NOTHING).confusions == (
        Confusion("Volvo", "Saab", 56),
        Confusion("Saab", "unknown", 4),
    )


def test_unknown_shares_are_of_both() -> None:
    before, after = compare_answers(ANSWERS, (), NOTHING).unknown

    assert (before.value, after.value) == (50 / 200, 54 / 200)


def test_the_networks_are_compared_by_the_median_of_their_processor_time() -> None:
    found = compare_answers(ANSWERS, [Times(20, 900)], NetworkTimes((2.0, 2.0, 20.0), (3.0, 3.0, 30.0, 1.0, 3.0)))

    assert found.infer_ratio == 1.5
    assert found.latency_ms[1] == Percentiles(900, 900, 900)


def test_networks_of_which_one_was_asked_nothing_alone_have_no_ratio() -> None:
    assert compare_answers(ANSWERS, (), NetworkTimes((), (3.0,))).infer_ratio is None
    assert compare_answers(ANSWERS, (), NetworkTimes((0.0,), (3.0,))).infer_ratio is None
