from itertools import pairwise

from pipelines.models.weights import IMAGENET_FILES
from pipelines.training.params import AugmentParams, TrainParams
from pipelines.training.plan import Situation, decide_plan

PHOTOGRAPHS = Situation(pictures=600, drawn=False, found={"mobilenet_v2": True})
WITHOUT_WEIGHTS = Situation(pictures=600, drawn=False, found={"mobilenet_v2": False})
DRAWN = Situation(pictures=980, drawn=True, found={"mobilenet_v2": True})


def test_photographs_start_from_pretrained_weights_where_these_are_there() -> None:
    decision = decide_plan(TrainParams(), PHOTOGRAPHS)

    assert (decision.plan.architecture, decision.plan.weights, decision.plan.finetune) == (
        "mobilenet_v2",
        "imagenet",
        "tail",
    )
    assert any("architecture mobilenet_v2" in reason for reason in decision.reasons)


def test_without_the_weights_a_small_network_is_fitted_and_the_missing_file_named() -> None:
    decision = decide_plan(TrainParams(), WITHOUT_WEIGHTS)

    assert (decision.plan.architecture, decision.plan.weights, decision.plan.finetune) == ("compact_cnn", "none", "all")
    assert IMAGENET_FILES["mobilenet_v2"] in decision.reasons[0]


def test_a_drawn_sample_is_learned_from_nothing_though_weights_are_there() -> None:
    decision = decide_plan(TrainParams(), DRAWN)

    assert decision.plan.architecture == "compact_cnn"
    assert decision.plan.image_size == 64
    assert "drawn" in decision.reasons[0]


def test_what_params_say_is_never_changed() -> None:
    said = {"image_size": 128, "epochs": 3, "dropout": 0.45, "learning_rate": 0.02}
    params = TrainParams(**said, augment=AugmentParams(flip=False))

    plan = decide_plan(params, PHOTOGRAPHS).plan

    assert {key: getattr(plan, key) for key in said} == said
    assert not plan.augment.flip


def test_naming_the_architecture_asks_for_its_weights_even_where_the_folder_lacks_them() -> None:
    plan = decide_plan(TrainParams(architecture="mobilenet_v2"), WITHOUT_WEIGHTS).plan

    assert plan.weights == "imagenet"


def test_naming_a_weights_file_names_the_architecture_it_is_for() -> None:
    plan = decide_plan(TrainParams(weights="mine.weights.h5"), WITHOUT_WEIGHTS).plan

    assert (plan.architecture, plan.weights, plan.finetune) == ("mobilenet_v2", "mine.weights.h5", "tail")


def test_more_pictures_are_seen_smaller_and_in_fewer_views_and_epochs() -> None:
    sizes = (100, 800, 2_500, 50_000)

    plans = [decide_plan(TrainParams(), Situation(size, False, {"mobilenet_v2": True})).plan for size in sizes]

    for less, more in pairwise(plans):
        assert (less.image_size, less.views, less.epochs) >= (more.image_size, more.views, more.epochs)
    assert min(plan.views for plan in plans) >= 2
    assert min(plan.epochs for plan in plans) >= 4


def test_a_plan_says_nothing_where_params_say_everything() -> None:
    plan = decide_plan(TrainParams(), PHOTOGRAPHS).plan
    said = {key: value for key, value in plan.model_dump().items() if key in TrainParams.model_fields}

    assert decide_plan(TrainParams.model_validate(said), PHOTOGRAPHS).reasons == ()
