from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines.artefact import NETWORK_FILE, ServingCard, digest_artefact
from pipelines.errors import ModelError
from pipelines.evaluation.answering import Answers
from pipelines.evaluation.calibration import apply_temperature
from pipelines.evaluation.reference import choose_reference
from pipelines.evaluation.unknown import UnknownThresholds, normalise_features
from pipelines.export import measure_parity, write_artefact
from pipelines.images import Image, resize_image
from pipelines.inference import Classifier, load_classifier
from pipelines.models.compact_cnn import build_compact_cnn
from pipelines.models.contract import set_temperature, split_outputs
from pipelines.preprocessing import DESCRIPTIONS

CARD = ServingCard("cars", ("coupe", "estate", "van"), 32, DESCRIPTIONS["picture"], "0" * 32 + ".dir")
RANDOM = np.random.default_rng(5)
DIGESTS = tuple(f"{number:064x}" for number in range(100))
PICTURES: list[Image] = [RANDOM.integers(0, 256, (40, 60, 3), np.uint8) for _ in range(8)]


@pytest.fixture(scope="module")
def artefact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export") / "model"
    write_artefact(build_compact_cnn(3, 32, 0.2, 7), CARD, PICTURES[0], folder)
    return folder


@pytest.mark.integration
def test_the_served_network_says_what_keras_says(artefact: Path) -> None:
    parity = measure_parity(build_compact_cnn(3, 32, 0.2, 7), artefact, "cars", PICTURES)

    assert parity.max_difference < 1e-4
    assert parity.top1_agreement == 1
    assert parity.pictures == 8


@pytest.mark.integration
def test_the_artefact_holds_only_files_of_the_allow_list(artefact: Path) -> None:
    assert len(digest_artefact(artefact)) == 64


@pytest.mark.integration
def test_mlflow_loads_the_same_folder_as_a_keras_model(artefact: Path) -> None:
    import mlflow.keras

    model = mlflow.keras.load_model(str(artefact))

    assert model.output_shape == (None, 3)


@pytest.mark.integration
def test_one_picture_gives_the_same_answer_alone_and_in_a_batch(artefact: Path) -> None:
    served = load_classifier(artefact, "cars", 4)

    together = served.infer(PICTURES).probabilities
    alone = np.concatenate([served.infer([picture]).probabilities for picture in PICTURES])

    assert together.shape == (8, 3)
    assert np.abs(together - alone).max() < 1e-5
    assert (served.version, served.class_names, served.size_hw) == (4, CARD.class_names, (32, 32))


@pytest.mark.integration
def test_an_artefact_of_another_classifier_or_with_another_head_is_refused(artefact: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="Expected a model of boats, received one of cars"):
        load_classifier(artefact, "boats", 1)

    (tmp_path / "serving").mkdir()
    for file in artefact.glob("serving/*"):
        (tmp_path / "serving" / file.name).write_bytes(file.read_bytes())
    ServingCard("cars", ("coupe", "van"), 32, DESCRIPTIONS["picture"], CARD.dataset_md5).save(tmp_path)

    with pytest.raises(ModelError, match="2 names for a head of 3 classes"):
        load_classifier(tmp_path, "cars", 1)


@pytest.mark.integration
def test_a_damaged_network_is_refused_in_words(artefact: Path, tmp_path: Path) -> None:
    CARD.save(tmp_path)
    (tmp_path / NETWORK_FILE).write_text("<net", encoding="utf-8")

    with pytest.raises(ModelError, match="Expected an OpenVINO network"):
        load_classifier(tmp_path, "cars", 1)


@pytest.mark.integration
def test_the_temperature_and_the_thresholds_go_into_the_artefact(tmp_path: Path) -> None:
    model = build_compact_cnn(3, 32, 0.2, 7)
    know_all, know_sure = (UnknownThresholds(0, 1, 0, 1e9, limit) for limit in (1.0, 1e-3))
    hot = load_made(model, tmp_path / "hot", know_all, PICTURES)
    set_temperature(model, 4.0)
    cool = load_made(model, tmp_path / "cool", know_sure, PICTURES)

    before, after = hot.infer(PICTURES), cool.infer(PICTURES)

    assert after.probabilities == pytest.approx(apply_temperature(before.probabilities, 4.0), abs=1e-4)
    assert before.known.all()
    assert not after.known.any()


@pytest.mark.integration
def test_a_picture_far_from_every_training_picture_is_unknown(tmp_path: Path) -> None:
    model = build_compact_cnn(3, 32, 0.2, 7)
    near_only = UnknownThresholds(0, 1, usual_distance=0, high_distance=100, limit=2)

    served = load_made(model, tmp_path / "model", near_only, PICTURES[:2])

    assert served.infer([PICTURES[0], PICTURES[1]]).known.all()
    assert not served.infer([np.full((32, 32, 3), 255, np.uint8)]).known.any()


def load_made(model: Any, artefact: Path, unknown: UnknownThresholds, training: list[Image]) -> Classifier:
    """The artefact of a model whose training pictures were each seen five times."""
    batch = np.stack([resize_image(image, (32, 32)) for image in training])
    probabilities, features = (np.repeat(each, 5, axis=0) for each in split_outputs(model).predict(batch, verbose=0))
    answers = Answers(probabilities, normalise_features(features), normalise_features(features))
    reference = choose_reference(answers, np.zeros(len(features), np.int64), DIGESTS[: len(features)])
    write_artefact(model, replace(CARD, unknown=unknown), PICTURES[0], artefact, reference=reference)
    return load_classifier(artefact, "cars", 1)
