"""The measured model in another precision, beside the one that there is."""

import shutil
from dataclasses import replace
from pathlib import Path

from pipelines.artefact import NETWORK_FILE, Precision, ServingCard
from pipelines.bench.engine_kinds import INT8_FILE, write_int8
from pipelines.bench.model import BenchModel
from pipelines.errors import ModelError
from pipelines.inference import computed_precision
from pipelines.openvino_core import open_core


def change_precision(home: Path, model: BenchModel, precision: Precision) -> BenchModel:
    """A copy that serves in it. int8 takes its ranges from the measured pictures.

    Raises ModelError where this processor would compute in another one, or the model is in int8 for good.
    """
    card = ServingCard.load(model.artefact)
    if card.precision == precision:
        return model
    if card.precision == "int8":
        raise ModelError(
            f"Expected a version in f32 to measure in {precision}, {model.name} lies in int8. Choose another."
        )
    if computed_precision(open_core(), precision) != precision:
        raise ModelError(
            f"Expected a processor that computes in {precision}, this one does not. Measure in f32 or int8."
        )
    artefact = home / "models" / f"{model.artefact.name}-{precision}"
    shutil.rmtree(artefact, ignore_errors=True)
    shutil.copytree(model.artefact, artefact)
    if precision == "int8":
        _quantise(home, artefact)
    replace(card, precision=precision).save(artefact)
    return replace(model, artefact=artefact)


def _quantise(home: Path, artefact: Path) -> None:
    network, lower = artefact / NETWORK_FILE, artefact / INT8_FILE
    write_int8(artefact, artefact, home / "pictures")
    for suffix in (".xml", ".bin"):
        lower.with_suffix(suffix).replace(network.with_suffix(suffix))
