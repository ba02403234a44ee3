"""The artefact that MLflow keeps and a worker loads."""

import shutil
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pipelines.artefact import DETECTOR_FILE, GOLDEN_FILE, NETWORK_FILE, REFERENCE_FILE, ServingCard
from pipelines.evaluation.reference import Reference
from pipelines.export.openvino import write_network
from pipelines.golden import GoldenPictures
from pipelines.images import Image, resize_image
from pipelines.models.contract import split_outputs


def write_artefact(
    model: Any,
    card: ServingCard,
    example: Image,
    artefact: Path,
    *,
    reference: Reference | None = None,
    detector: Path | None = None,
    golden: GoldenPictures | None = None,
) -> None:
    """Keras model, OpenVINO network, serving card and training features into an empty `artefact` folder.

    `example` is one picture of any size; it becomes MLflow's input example. `reference` goes with a card that tells
    known from unknown, `detector`, the face detector's file, with one of a network that looks at faces.
    """
    import mlflow.keras
    from mlflow.models import infer_signature

    if artefact.exists():
        shutil.rmtree(artefact)
    artefact.mkdir(parents=True)
    batch = resize_image(example, (card.image_size, card.image_size))[None]
    mlflow.keras.save_model(
        model,
        str(artefact),
        signature=infer_signature(batch, model.predict(batch, verbose=0)),
        input_example=batch,
        pip_requirements=[f"keras=={version('keras')}", f"numpy=={version('numpy')}", "tensorflow>=2.21,<2.22"],
    )
    card.save(artefact)
    if reference is not None:
        reference.save(artefact / REFERENCE_FILE)
    if detector is not None:
        shutil.copyfile(detector, artefact / DETECTOR_FILE)
    if golden is not None:
        golden.save(artefact / GOLDEN_FILE)
    write_network(split_outputs(model), artefact / NETWORK_FILE)
