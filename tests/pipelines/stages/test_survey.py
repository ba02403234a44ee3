from pipelines.params import Params
from pipelines.stage_params import ClassifierParams
from pipelines.stages.survey import name_missing


def test_a_classifier_without_a_dataset_is_named() -> None:
    sections = {name: ClassifierParams() for name in ("cars", "simpsons")}

    assert name_missing(Params(datasets=("cars",), classifiers=sections)) == ["simpsons"]
