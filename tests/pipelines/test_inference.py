import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines.artefact import ServingCard
from pipelines.bench.pictures import draw_pictures
from pipelines.images import decode_image
from pipelines.inference import (
    ALONE_SIDE,
    Inference,
    _warn_of_f32,
    build_answers,
    computed_precision,
    hint_precision,
    load_classifier,
    load_classifiers,
)
from pipelines.scaled_images import decode_for
from tests.stream.models.made_artefact import make_artefact


class Processor:
    """What OpenVINO's core says of a processor."""

    def __init__(self, *capabilities: str) -> None:
        self.capabilities = capabilities

    def get_property(self, *_: Any) -> tuple[str, ...]:
        return self.capabilities


class Passes:
    """An infer request that remembers how many pictures went in at once."""

    def __init__(self, request: Any) -> None:
        self.request = request
        self.sizes: list[int] = []

    def infer(self) -> Any:
        self.sizes.append(self.request.get_input_tensor().shape[0])
        return self.request.infer()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.request, name)


def test_an_answer_ranks_the_best_classes_first_and_says_whether_the_picture_is_known() -> None:
    probabilities = np.array([[0.2, 0.5, 0.3], [0.4, 0.3, 0.3]], np.float32)

    first, second = build_answers(("a", "b", "c"), Inference(probabilities, np.array([True, False])), top=2)

    assert first.label == "b"
    assert [name for name, _ in first.top] == ["b", "c"]
    assert (first.decision, second.label, second.decision) == ("known", "a", "unknown")


@pytest.mark.parametrize("side", [ALONE_SIDE, ALONE_SIDE // 2])
def test_large_pictures_go_through_the_network_one_by_one_and_small_ones_together(tmp_path: Path, side: int) -> None:
    model = load_classifier(make_artefact(tmp_path / "artefact", golden=False, side=side), "cars", 1)
    passes = Passes(model._request)
    model._request = passes
    pictures = [decode_image(each) for each in draw_pictures((160, 120), 3)]

    together = model.infer(pictures).probabilities
    alone = [model.infer([each]).probabilities[0] for each in pictures]

    assert passes.sizes[:-3] == ([1, 1, 1] if side >= ALONE_SIDE else [3])
    assert together == pytest.approx(np.stack(alone), abs=1e-6)
    assert len({row.tobytes() for row in together}) == 3, "each picture has an answer of its own"


def test_a_version_has_pictures_decoded_as_its_card_says(tmp_path: Path) -> None:
    artefact = make_artefact(tmp_path / "artefact", golden=False)
    card = ServingCard.load(artefact)
    picture = draw_pictures((320, 240), 1)[0]

    before = load_classifier(artefact, card.classifier, 1)
    replace(card, decoding="scaled").save(artefact)
    scaled = load_classifiers(artefact, card.classifier, 1, threads=2)

    assert (before.decode_side, *(each.decode_side for each in scaled)) == (None, card.image_size, card.image_size)
    prepared = decode_for(picture, card.image_size)
    assert np.array_equal(np.asarray(scaled[0].preprocessing(prepared)), prepared)
    seen = scaled[0].infer([prepared]).probabilities
    assert seen == pytest.approx(before.infer([decode_image(picture)]).probabilities, abs=0.05)


def test_bf16_serves_where_the_processor_computes_in_it_and_elsewhere_f32_with_one_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    _warn_of_f32.cache_clear()

    def warnings() -> list[str]:
        return [each.message for each in caplog.records if each.name == "pipelines.inference"]

    with_it = computed_precision(Processor("FP32", "BF16"), "bf16")
    assert (with_it, hint_precision(Processor("BF16"), "bf16"), warnings()) == ("bf16", "bf16", [])

    without = [computed_precision(Processor("FP32"), "bf16"), hint_precision(Processor("FP32"), "bf16")]
    assert without == ["f32", "f32"]
    (warning,) = warnings()
    assert "does not compute in bf16" in warning


@pytest.mark.parametrize("precision", ["f32", "int8"])
def test_other_precisions_are_compiled_as_they_lie_in_the_network(precision: Any) -> None:
    assert hint_precision(Processor("BF16"), precision) == "f32"
    assert computed_precision(Processor("BF16"), precision) == precision


def test_openvino_does_not_report_its_use_to_its_makers() -> None:
    words = "import pipelines.inference, openvino, openvino.tools.ovc as ovc; print(type(ovc.telemetry).__module__)"

    said = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True)

    assert said.stdout.strip() == "openvino.tools.ovc.telemetry_stub"


@pytest.mark.parametrize("wanted", ["f32", "bf16"])
def test_a_network_says_the_precision_that_the_engine_computes_in(tmp_path: Path, wanted: Any) -> None:
    artefact = make_artefact(tmp_path / "model", golden=False)
    replace(ServingCard.load(artefact), precision=wanted).save(artefact)

    loaded = load_classifier(artefact, "cars", 1)

    engine = loaded._request.get_compiled_model().get_property("INFERENCE_PRECISION_HINT").get_type_name()
    assert loaded.precision == engine
