"""The model that is measured: built once and kept below the home, with Keras's answers to judge every lane by.

`python -m pipelines.bench.model OPTIONS` is the child that imports Keras, so that no lane has to.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pipelines.bench.machine import list_versions
from pipelines.bench.parity import Said, load_said
from pipelines.bench.pictures import PICTURES
from pipelines.errors import ModelError
from pipelines.preprocessing import SCALED_DESCRIPTION
from pipelines.processes import bind_command

if TYPE_CHECKING:
    from pipelines.settings import Settings

CLASSES: Final = PICTURES
"""One for each measured picture."""
SIDE: Final = {"compact_cnn": 64}
NAME: Final = "bench"
KERAS_FILE: Final = "data/model.keras"
PATIENCE_SECONDS: Final = 600
SURE: Final = 3.0
"""Logits between a picture's class and the next, in the middle."""
TINY: Final = 1e-9
NEVER: Final = -1e3
"""Logit of a class that no picture shows."""
HEAD: Final = "nearest picture"
"""A model that was kept with another head is built again."""


@dataclass(frozen=True, slots=True)
class BenchModel:
    """An artefact and what Keras says of the pictures."""

    name: str
    artefact: Path
    classifier: str
    version: int
    expected: dict[str, dict[str, Said]]
    """`ours` and `pillow`, the way of decoding, -> picture -> Keras's answer."""


@dataclass(frozen=True, slots=True)
class Work:
    """What the child is asked for."""

    artefact: str
    pictures: str
    """A folder of pictures; their names are those of the answers."""
    answers: str
    architecture: str | None = None
    """To be built; None: the artefact is there."""
    weights_dir: str | None = None


def prepare_model(home: Path, architecture: str, weights_dir: Path | None, pictures: Sequence[bytes]) -> BenchModel:
    """The architecture with ImageNet weights where they are there, else with random ones. Raises ModelError."""
    key = json.dumps(
        [architecture, str(weights_dir), CLASSES, SCALED_DESCRIPTION, list_versions(("keras", "openvino")), HEAD]
    )
    artefact = home / "models" / f"{architecture}-{hashlib.sha256(key.encode()).hexdigest()[:8]}"
    wanted = None if (artefact / "serving" / "classifier.json").is_file() else architecture
    expected = _ask_child(home, artefact, pictures, wanted, weights_dir)
    return BenchModel(architecture, artefact, NAME, 1, expected)


def fetch_model(
    home: Path, settings: "Settings", classifier: str, version: int | None, pictures: Sequence[bytes]
) -> BenchModel:
    """A registered version; None: production, else the newest. Raises ModelError and RegistryError."""
    from pipelines.evaluation.versions import choose_version
    from pipelines.registry import open_registry

    registry = open_registry(settings)
    number = choose_version(registry, classifier, version)
    artefact = registry.download(classifier, number, home / "models")
    if not (artefact / KERAS_FILE).is_file():
        raise ModelError(
            f"Expected a Keras model in {classifier} version {number} to judge answers by; it was imported without. "
            "Choose another one with --version."
        )
    expected = _ask_child(home, artefact, pictures, None, None)
    return BenchModel(f"{classifier} {number}", artefact, classifier, number, expected)


def _ask_child(
    home: Path, artefact: Path, pictures: Sequence[bytes], architecture: str | None, weights_dir: Path | None
) -> dict[str, dict[str, Said]]:
    folder, answers = home / "pictures", home / "answers.json"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for number, encoded in enumerate(pictures):
        (folder / f"{number}.jpg").write_bytes(encoded)
    work = Work(str(artefact), str(folder), str(answers), architecture, str(weights_dir) if weights_dir else None)
    command = bind_command(sys.executable, "-m", "pipelines.bench.model", json.dumps(asdict(work)))
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise ModelError(f"Expected Keras to answer within {PATIENCE_SECONDS} s. Choose a smaller model.") from error
    if done.returncode:
        said = " ".join((done.stderr.strip().splitlines() or ["nothing"])[-1].split())[:300]
        raise ModelError(f"Expected a model to measure with. It said: {said}.")
    return load_said(answers)


def build_artefact(architecture: str, weights_dir: Path | None, artefact: Path, pictures: Sequence[bytes]) -> None:
    """What a worker loads, of a network that was trained on nothing or on ImageNet."""
    import numpy as np

    from pipelines.artefact import NETWORK_FILE, ServingCard
    from pipelines.bench.decode import decode_ours
    from pipelines.export.openvino import write_network
    from pipelines.models import build_network
    from pipelines.models.contract import split_outputs
    from pipelines.models.suited import find_suited
    from pipelines.models.weights import IMAGENET_FILES, find_weights
    from pipelines.training.params import TrainPlan

    pretrained = architecture in IMAGENET_FILES and find_weights("imagenet", IMAGENET_FILES[architecture], weights_dir)
    fields: Any = {"architecture": architecture, "weights": "imagenet" if pretrained else "none"}
    side = find_suited(fields["architecture"], pretrained=True).get("image_size", SIDE.get(architecture, 224))
    model = build_network(TrainPlan(**fields, image_size=side), CLASSES, weights_dir).model
    tell_apart(model, np.stack([decode_ours(encoded, side) for encoded in pictures]))
    partial = artefact.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    for name in (KERAS_FILE, NETWORK_FILE):
        (partial / name).parent.mkdir(parents=True)
    model.save(partial / KERAS_FILE)
    write_network(split_outputs(model), partial / NETWORK_FILE)
    names = tuple(f"class-{number:02d}" for number in range(CLASSES))
    ServingCard(NAME, names, side, SCALED_DESCRIPTION, dataset_md5="none", decoding="scaled").save(partial)
    shutil.rmtree(artefact, ignore_errors=True)
    partial.rename(artefact)


def tell_apart(model: Any, pixels: Any) -> None:
    """Let an untrained head name the measured picture that is nearest, as a trained one would that knew them.

    If all answers were alike, no mistake would show; if they were far from sure, any rounding would look like one.
    """
    import keras
    import numpy as np

    from pipelines.models.contract import LOGITS_LAYER

    layer = model.get_layer(LOGITS_LAYER)
    features = np.asarray(keras.Model(model.input, layer.input).predict(pixels, verbose=0), np.float64)
    centre = features.mean(axis=0)
    known = (features - centre)[: layer.units]
    # of two vectors the nearer one has the larger product, less half its own square
    offsets = -(known**2).sum(axis=1) / 2
    logits = np.sort((features - centre) @ known.T + offsets, axis=1)
    factor = SURE / max(float(np.median(logits[:, -1] - logits[:, -2])), TINY)
    kernel, bias = np.zeros((features.shape[1], layer.units)), np.full(layer.units, NEVER)
    kernel[:, : len(known)], bias[: len(known)] = factor * known.T, factor * (offsets - known @ centre)
    layer.set_weights([kernel, bias])


def ask_keras(artefact: Path, pictures: dict[str, bytes]) -> dict[str, list[Said]]:
    """Both ways of decoding, so that each lane is judged by pixels that it sees itself."""
    import numpy as np

    from pipelines.artefact import ServingCard
    from pipelines.bench.decode import decode_full, decode_ours, decode_pillow
    from pipelines.models.contract import load_trained

    card = ServingCard.load(artefact)
    if card.subject != "picture":
        raise ModelError(f"Expected a model of whole pictures, {card.classifier} looks at faces. Choose another one.")
    model = load_trained(artefact / KERAS_FILE)
    said = {}
    ours = decode_ours if card.decoding == "scaled" else decode_full
    for way, decode in (("ours", ours), ("pillow", decode_pillow)):
        pixels = np.stack([decode(encoded, card.image_size) for encoded in pictures.values()])
        rows = np.asarray(model.predict(pixels, verbose=0))
        said[way] = [
            Said(name, card.class_names[int(row.argmax())], float(row.max()))
            for name, row in zip(pictures, rows, strict=True)
        ]
    return said


def work_here(work: Work) -> None:
    """The child's work."""
    from pipelines.bench.parity import save_said

    artefact = Path(work.artefact)
    pictures = {file.name: file.read_bytes() for file in sorted(Path(work.pictures).iterdir())}
    if work.architecture:
        weights_dir = Path(work.weights_dir) if work.weights_dir else None
        build_artefact(work.architecture, weights_dir, artefact, list(pictures.values()))
    save_said(Path(work.answers), ask_keras(artefact, pictures))


if __name__ == "__main__":
    work_here(Work(**json.loads(sys.argv[1])))
