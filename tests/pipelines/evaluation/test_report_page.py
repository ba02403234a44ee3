import re
from dataclasses import replace

import numpy as np

from pipelines.evaluation.answering import Answers, Latency
from pipelines.evaluation.calibrating import calibrate
from pipelines.evaluation.evaluating import Judged, StrangeFigures, evaluate_answers
from pipelines.evaluation.intervals import Interval
from pipelines.evaluation.reference import choose_reference
from pipelines.evaluation.report_page import ReportHeading, build_report_page
from pipelines.evaluation.unknown import normalise_features
from pipelines.images import Image
from pipelines.stage_params import EvaluateParams
from tests.pipelines.evaluation.made import make_evaluation

HEADING = ReportHeading("pets: 2 classes", "a small network", "Dataset version 123.")


def show_black(_: int) -> Image:
    return np.zeros((9, 9, 3), np.uint8)


def show_none(_: str) -> Image | None:
    return None


def build() -> str:
    def load(_: object) -> Image:
        return np.full((50, 80, 3), 90, np.uint8)

    evaluation, judged, _ = make_evaluation()
    evaluation = replace(evaluation, latency=Latency(1.5, 2.5), robustness={"none": 0.8, "blur": 0.6})
    return build_report_page(HEADING, evaluation, judged, load, load)


def test_the_report_answers_its_four_questions_in_their_order_and_asks_nothing_of_any_server() -> None:
    page = build()

    headings = re.findall(r"<h2>(.*?)</h2>", page)
    assert headings == ["How good", "How sure", "How wrong", "How robust", "How fast"]
    assert not re.search(r"https?://|@import|<link|url\(", page)
    assert page.count("data:image/jpeg") == 5 * 4  # five mistakes with three near training pictures each
    assert len(page) < 5_000_000


def test_a_class_name_cannot_break_the_report() -> None:
    evaluation, judged, _ = make_evaluation()
    evil = "<script>alert(1)</script>"
    evaluation = replace(evaluation, class_names=(evil, "dog"), mistakes=())

    page = build_report_page(HEADING, evaluation, judged, show_black, show_none)

    assert evil not in page


def test_an_error_that_so_few_pictures_would_show_anyway_is_not_held_against_the_model() -> None:
    evaluation, judged, _ = make_evaluation()
    honest = replace(evaluation, ece_floor=Interval(0.2, 0.1, 1.0))
    boastful = replace(evaluation, ece_floor=Interval(0.001, 0.0, 0.002))

    assert "nothing here speaks against" in build_report_page(HEADING, honest, judged, show_black, show_none)
    assert "not quite as sure as it is right" in build_report_page(HEADING, boastful, judged, show_black, show_none)


def test_the_report_says_how_to_learn_what_is_refused_until_it_was_measured() -> None:
    evaluation, judged, _ = make_evaluation()
    shown = replace(evaluation, strangers=(StrangeFigures("boats", 40, 0.991, 0.975),))

    assert "vigia evaluate" in build_report_page(HEADING, evaluation, judged, show_black, show_none)
    page = build_report_page(HEADING, shown, judged, show_black, show_none)
    assert "vigia evaluate" not in page
    assert "boats" in page
    assert "97.5%" in page


def test_a_report_of_two_hundred_classes_and_mistakes_stays_below_5_megabytes() -> None:
    classes, pictures = 196, 1000
    random = np.random.default_rng(1)
    labels = random.integers(0, classes, pictures)
    probabilities = random.dirichlet(np.full(classes, 0.05), pictures)
    features = normalise_features(random.normal(size=(pictures, 16)))
    answers = Answers(probabilities.astype(np.float32), features, features)
    reference = choose_reference(answers, labels, tuple(f"{number:064x}" for number in range(pictures)))
    params = EvaluateParams(bootstrap_samples=100, mistakes=200)
    calibration = calibrate(labels, answers, reference, params)
    names = tuple(f"class number {number}" for number in range(classes))
    judged = Judged(labels, answers, probabilities)
    evaluation = evaluate_answers(names, judged, reference, calibration, params)
    noise = random.integers(0, 256, (160, 160, 3), np.uint8)

    page = build_report_page(HEADING, evaluation, judged, lambda _: noise, lambda _: noise)

    assert len(evaluation.mistakes) == 200
    assert len(page.encode()) <= 5_000_000
