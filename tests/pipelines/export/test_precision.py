from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines.artefact import Precision, ServingCard, digest_artefact
from pipelines.export.precision import judge_precision, settle_precision
from pipelines.export.writing import write_artefact
from pipelines.inference import Inference, computed_precision, load_classifier
from pipelines.models.compact_cnn import build_compact_cnn
from pipelines.openvino_core import open_core

CARD = ServingCard("cars", ("coupe", "van"), 32, "squash", "0" * 32 + ".dir")
PIXELS = np.random.default_rng(3).integers(0, 256, (24, 32, 32, 3), np.uint8)


def answers(classes: Any, unknown: int = 0) -> Inference:
    """The first `unknown` pictures count as such."""
    return Inference(np.eye(2, dtype=np.float32)[np.asarray(classes)], np.arange(len(classes)) >= unknown)


def test_a_precision_that_answers_alike_is_allowed() -> None:
    exact = [0, 1] * 500
    lower = [*exact[:-5], *(1 - answer for answer in exact[-5:])]  # 5 of 1000 differ: 99.5 %

    trial = judge_precision("int8", answers(exact), answers(lower), np.array(exact))

    assert trial.top1_agreement == pytest.approx(0.995)
    assert trial.accuracy_loss == pytest.approx(0.005)
    assert trial.allowed


def test_other_answers_or_lost_accuracy_are_refused_with_the_figures() -> None:
    exact = [0, 1] * 100
    lower = [1, 0, *exact[2:]]

    trial = judge_precision("bf16", answers(exact), answers(lower), np.array(exact))

    assert not trial.allowed
    assert trial.reasons == (
        "same answers on 99.00% of 200 pictures, not 99.5 %",
        "1.00 points of accuracy lost, more than 0.5",
    )
    assert trial.metrics()["allowed"] == 0


def test_a_precision_that_is_right_more_often_still_has_to_answer_alike() -> None:
    truth = np.zeros(100, np.int64)
    exact = [1, 1, *[0] * 98]

    trial = judge_precision("int8", answers(exact), answers([0] * 100), truth)

    assert trial.accuracy_loss == pytest.approx(-0.02)
    assert not trial.allowed


def test_a_precision_that_the_processor_did_not_compute_in_has_proved_nothing() -> None:
    exact = [0, 1] * 100
    trial = judge_precision("bf16", answers(exact), answers(exact), np.array(exact))

    assert trial.allowed
    assert replace(trial, computed="f32").reasons == (
        "this processor computes in f32: try it on one that computes in bf16",
    )


def test_a_precision_that_refuses_more_of_its_own_pictures_as_unknown_is_refused() -> None:
    exact = [0, 1] * 100

    few, many = (
        judge_precision("int8", answers(exact, 4), answers(exact, 4 + more), np.array(exact)) for more in (2, 3)
    )

    assert few.allowed
    assert few.metrics()["known_loss"] == pytest.approx(0.01)
    assert many.reasons == ("1.50 points more of its own pictures count as unknown, more than 1",)


@pytest.mark.integration
@pytest.mark.parametrize("precision", ["int8", "bf16"])
def test_an_allowed_precision_is_what_the_artefact_serves_in(tmp_path: Path, precision: Precision) -> None:
    if computed_precision(open_core(), precision) != precision:
        pytest.skip(f"this processor does not compute in {precision}")
    artefact = tmp_path / "model"
    # one class far ahead of the other: no rounding can turn its answers
    model = build_compact_cnn(2, 32, 0.2, 7)
    model.get_layer("logits").bias.assign([9.0, -9.0])
    write_artefact(model, CARD, PIXELS[0], artefact)
    exact = digest_artefact(artefact)

    trial = settle_precision(artefact, precision, PIXELS, np.zeros(len(PIXELS), np.int64))

    assert trial.allowed
    assert ServingCard.load(artefact) == replace(CARD, precision=precision)
    assert digest_artefact(artefact) != exact
    assert load_classifier(artefact, "cars", 1).infer(list(PIXELS)).probabilities[:, 0].min() > 0.99
    assert ("FakeQuantize" in (artefact / "serving" / "model.xml").read_text()) == (precision == "int8")
