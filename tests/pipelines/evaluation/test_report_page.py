import re
from dataclasses import replace

import numpy as np

from pipelines.evaluation.answering import Latency
from pipelines.evaluation.charts import draw_matrix, order_alike
from pipelines.evaluation.model_card import CardFacts, build_model_card, list_limits
from pipelines.evaluation.report_page import ReportHeading, build_report_page
from pipelines.evaluation.slices import SliceFigures
from pipelines.images import Image
from tests.pipelines.evaluation.made import make_evaluation

HEADING = ReportHeading("pets: 2 classes", "a small network", "Dataset version 123.")
FACTS = CardFacts("pets", "compact_cnn", 64, "123.dir", 100, 20)


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

    page = build_report_page(HEADING, evaluation, judged, lambda _: np.zeros((9, 9, 3), np.uint8), lambda _: None)

    assert evil not in page


def test_classes_that_are_taken_for_one_another_stand_side_by_side() -> None:
    matrix = np.diag([10, 10, 10, 10])
    matrix[0, 3] = matrix[3, 0] = 5
    matrix[1, 2] = matrix[2, 1] = 5

    order = order_alike(matrix)

    assert abs(order.index(0) - order.index(3)) == 1
    assert abs(order.index(1) - order.index(2)) == 1


def test_a_matrix_of_many_classes_has_no_numbers_in_its_cells_but_words_for_each() -> None:
    names = [f"class {number}" for number in range(196)]

    chart = draw_matrix(np.eye(196, dtype=np.int64) * 7, names, describe="matrix")

    assert chart.count("<title>") == 196
    assert ">7</text>" not in chart


def test_the_model_card_says_where_the_model_is_weak() -> None:
    evaluation, _, _ = make_evaluation()
    weak = replace(
        evaluation,
        robustness={"none": 0.8, "blur": 0.6, "noise": 0.79},
        slices=(SliceFigures("darkest fifth", 16, 0.5), SliceFigures("smallest fifth", 16, 0.8)),
    )

    limits = " ".join(list_limits(weak))

    assert "falls from 0.800 to 0.600 on pictures with blur" in limits
    assert "noise" not in limits
    assert "0.500 on the darkest fifth" in limits
    assert "smallest fifth" not in limits
    assert "Only 80 test pictures" in limits
    assert build_model_card(FACTS, weak).startswith("# pets: model card")
