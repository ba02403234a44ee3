"""`vigia models import`: a model that was trained elsewhere."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.terminal import JsonOption, print_json, say

if TYPE_CHECKING:
    from pipelines.own_models.importing import ImportOutcome


class PixelsChoice(StrEnum):
    """What the model takes for the numbers of a pixel."""

    bytes_ = "0..255"
    unit = "0..1"
    signed = "-1..1"
    imagenet = "imagenet"
    caffe = "caffe"


class ChannelsChoice(StrEnum):
    """The order of colours."""

    rgb = "rgb"
    bgr = "bgr"


def import_own_model(
    file: Annotated[Path, typer.Argument(help="A .keras archive, an ONNX file or a LiteRT (.tflite) file.")],
    class_names: Annotated[
        Path, typer.Option(help="JSON: a list in the order of the outputs, or an object of index: name or name: index.")
    ],
    classifier: Annotated[str, typer.Option(help="A classifier of params.yaml with a dataset to measure it with.")],
    sha256: Annotated[str | None, typer.Option(help="The digest that the file must have.")] = None,
    pixels: Annotated[
        PixelsChoice | None, typer.Option(help="What it was trained with; else the best on validation pictures.")
    ] = None,
    channels: Annotated[
        ChannelsChoice | None, typer.Option(help="Order of colours it was trained with; else found out too.")
    ] = None,
    image_size: Annotated[
        int | None, typer.Option(min=8, help="Side in pixels, for a model that takes any size.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Check a model trained elsewhere, measure it, and register it as candidate."""
    from pipelines.own_models.importing import ImportWish, import_model
    from pipelines.settings import find_workspace, load_settings

    wish = ImportWish(
        file=file,
        class_names=class_names,
        classifier=classifier,
        sha256=sha256,
        pixels=pixels.value if pixels else None,
        channels=channels.value if channels else None,
        image_size=image_size,
    )
    outcome = import_model(load_settings(), find_workspace(), wish, say)
    for warning in outcome.warnings:
        say(f"warning: {warning}")
    if as_json:
        print_json(describe_import(outcome))
    else:
        say(tell_import(outcome))


def describe_import(outcome: "ImportOutcome") -> dict[str, Any]:
    """The document of `vigia models import --json`."""
    return {
        "classifier": outcome.classifier,
        "model_version": outcome.model_version,
        "run_id": outcome.run_id,
        "metrics": outcome.metrics,
        "gate": {"passed": outcome.gate.passed, "reasons": list(outcome.gate.reasons)},
        "parity": outcome.parity.metrics(),
        "found": outcome.facts,
        "warnings": list(outcome.warnings),
        "report": str(outcome.report),
        "sha256": outcome.sha256,
        "earlier": outcome.earlier,
    }


def tell_import(outcome: "ImportOutcome") -> str:
    """The same in a sentence."""
    verdict = "lets it" if outcome.gate.passed else "does not let it"
    again = ", registered before" if outcome.earlier else ""
    return (
        f"{outcome.classifier} version {outcome.model_version}{again}: accuracy {outcome.metrics['accuracy']:.3f} on "
        f"{outcome.metrics['pictures']:.0f} test pictures, which are only new to it if it was not trained with them. "
        f"It is a candidate; the gate {verdict} serve: {'; '.join(outcome.gate.reasons)}. "
        f"Report: {outcome.report}. To let it serve: `vigia promote {outcome.classifier} {outcome.model_version}`."
    )
