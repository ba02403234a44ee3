from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipelines.artefact import Precision, ServingCard, digest_artefact
from pipelines.bench.model import BenchModel
from pipelines.bench.precision import change_precision
from pipelines.errors import ModelError
from tests.stream.models.made_artefact import make_artefact


@pytest.fixture
def model(tmp_path: Path) -> BenchModel:
    return BenchModel("cars 1", make_artefact(tmp_path / "cars-1"), "cars", 1, {})


def computes(monkeypatch: pytest.MonkeyPatch, here: Precision) -> None:
    """Whatever is asked for."""

    def answer(*_: Any) -> Precision:
        return here

    monkeypatch.setattr("pipelines.bench.precision.computed_precision", answer)


def test_a_copy_serves_in_the_precision_and_the_version_stays_as_it_is(
    model: BenchModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    computes(monkeypatch, "bf16")
    before = digest_artefact(model.artefact)

    lower = change_precision(tmp_path, model, "bf16")

    assert ServingCard.load(lower.artefact).precision == "bf16"
    assert (lower.classifier, lower.version, lower.name) == ("cars", 1, "cars 1")
    assert digest_artefact(model.artefact) == before


def test_a_version_in_the_precision_already_is_measured_as_it_is(model: BenchModel, tmp_path: Path) -> None:
    assert change_precision(tmp_path, model, "f32") is model


def test_no_figure_is_called_bf16_on_a_processor_that_would_compute_in_f32(
    model: BenchModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    computes(monkeypatch, "f32")

    with pytest.raises(ModelError, match="Expected a processor that computes in bf16"):
        change_precision(tmp_path, model, "bf16")


def test_a_version_in_int8_has_no_other_precision(model: BenchModel, tmp_path: Path) -> None:
    replace(ServingCard.load(model.artefact), precision="int8").save(model.artefact)

    with pytest.raises(ModelError, match="cars 1 lies in int8"):
        change_precision(tmp_path, model, "f32")
