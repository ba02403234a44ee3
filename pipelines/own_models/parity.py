"""What the serving network of an imported model must agree with: the model itself, taken as plainly as can be."""

import shutil
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.artefact import ServingCard
from pipelines.evaluation.calibration import SMALLEST
from pipelines.images import Image
from pipelines.openvino_core import open_core
from pipelines.own_models.child import run_child
from pipelines.own_models.conventions import SCALES, Convention
from pipelines.own_models.draft import NETWORK_FILE, Draft
from pipelines.own_models.keras_part import ANSWERS_FILE, ARTEFACT_FOLDER, PICTURES_FILE
from pipelines.own_models.serving import Meaning

BATCH: Final = 8


def write_keras_part(
    folder: Path, artefact: Path, card: ServingCard, convention: Convention, images: NDArray[np.uint8], *, says: bool
) -> NDArray[np.float32]:
    """MLflow's part of the artefact, written by a child; Keras's own answers to the pictures come back.

    `says`: the model's last numbers are probabilities.
    """
    np.save(folder / PICTURES_FILE, images)
    run_child(
        "pipelines.own_models.keras_part",
        folder,
        {
            "pixels": convention.pixels,
            "channels": convention.channels,
            "image_size": card.image_size,
            "temperature": card.temperature,
            "says_probabilities": says,
            "requirements": [f"keras=={version('keras')}", f"numpy=={version('numpy')}", "tensorflow>=2.21,<2.22"],
        },
    )
    shutil.copytree(folder / ARTEFACT_FOLDER, artefact, dirs_exist_ok=True)
    return np.asarray(np.load(folder / ANSWERS_FILE, allow_pickle=False), np.float32)


def answer_plainly(
    draft: Draft,
    folder: Path,
    convention: Convention,
    meaning: Meaning | None,
    temperature: float,
    images: Sequence[Image],
) -> NDArray[np.float32]:
    """The child's network with pixels scaled and probabilities made by numpy, not by layers that were added to it.

    Without a meaning: the head's numbers as they are.
    """

    options = {"INFERENCE_PRECISION_HINT": "f32"}
    compiled = open_core().compile_model(folder / NETWORK_FILE, "CPU", options)
    kind = compiled.inputs[0].get_element_type().to_dtype()
    mean, scale = (np.array(each, np.float32) for each in SCALES[convention.pixels])
    rows = []
    for start in range(0, len(images), BATCH):
        pixels = (np.stack(images[start : start + BATCH]).astype(np.float32) - mean) / scale
        pixels = pixels[..., ::-1] if convention.channels == "bgr" else pixels
        pixels = pixels.transpose(0, 3, 1, 2) if draft.layout == "NCHW" else pixels
        rows.append(np.array(compiled([np.ascontiguousarray(pixels).astype(kind)])[0], np.float64))
    scores = np.concatenate(rows)
    return np.asarray(scores if meaning is None else _make_probabilities(scores, meaning, temperature), np.float32)


def _make_probabilities(scores: NDArray[np.float64], meaning: Meaning, temperature: float) -> NDArray[np.float64]:
    if meaning in ("logit", "probability"):
        inside = scores.clip(SMALLEST, 1 - SMALLEST)
        single = scores if meaning == "logit" else np.log(inside / (1 - inside))
        scores = np.concatenate([np.zeros_like(single), single], axis=1)
    elif meaning == "probabilities":
        scores = np.log(scores.clip(SMALLEST, 1))
    elif meaning == "sigmoids":
        scores = -np.logaddexp(0, -scores)
    powers = np.exp((scores - scores.max(axis=1, keepdims=True)) / temperature)
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))
