from dataclasses import replace

from pipelines.evaluation.evaluating import StrangeFigures
from pipelines.evaluation.model_card import CardFacts, build_model_card, list_limits
from pipelines.evaluation.slices import SliceFigures
from tests.pipelines.evaluation.made import make_evaluation

FACTS = CardFacts("pets", "compact_cnn", 64, "123.dir", 100, 20)


def test_the_model_card_says_where_the_model_is_weak() -> None:
    evaluation, _, _ = make_evaluation()
    weak = replace(
        evaluation,
        robustness={"none": 0.8, "blur": 0.6, "noise": 0.79},
        slices=(SliceFigures("darkest fifth", 16, 0.5), SliceFigures("smallest fifth", 16, 0.8)),
    )

    limits = " ".join(list_limits(weak, "pets"))

    assert "falls from 0.800 to 0.600 on pictures with blur" in limits
    assert "noise" not in limits
    assert "0.500 on the darkest fifth" in limits
    assert "smallest fifth" not in limits
    assert "Only 80 test pictures" in limits
    assert build_model_card(FACTS, weak).startswith("# pets: model card")


def test_the_model_card_tells_the_slices_and_how_little_a_small_test_says_about_calibration() -> None:
    evaluation, _, _ = make_evaluation()
    sliced = replace(evaluation, slices=(SliceFigures("darkest fifth", 16, 0.75, 0.5, 0.9),))

    card = build_model_card(FACTS, sliced)

    assert "| darkest fifth | 0.750 | 0.500 to 0.900 | 16 |" in card
    assert f"{evaluation.report.ece_floor:.4f}" in card


def test_the_model_card_says_whether_other_things_were_shown() -> None:
    evaluation, _, _ = make_evaluation()
    shown = replace(evaluation, strangers=(StrangeFigures("boats", 40, 0.991, 0.975),))

    assert "were not shown" in " ".join(list_limits(evaluation, "pets"))
    assert "2.5% of 40 pictures of boats are taken for known" in " ".join(list_limits(shown, "pets"))
