"""Small stand-ins for what the live side connects: models, the registry, pictures."""

import hashlib
import io
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as PillowImage

from pipelines.artefact import Precision
from pipelines.errors import ModelError, RegistryError
from pipelines.images import Image
from pipelines.inference import Inference
from pipelines.lookup.facts import RegisteredVersion, RunFacts
from stream.messages import FRAMES_TOPIC, Message, Outgoing, Position

NOON = datetime(2025, 6, 1, 12, 0, tzinfo=UTC)
POISON = 251
UNSURE = 0.05
"""A picture whose first red value is about this makes a fake model raise."""


def draw_jpeg(value: int = 100, side: int = 32) -> bytes:
    """A grey JPEG of one brightness."""
    output = io.BytesIO()
    PillowImage.new("RGB", (side, side), (value, value, value)).save(output, "JPEG", quality=95)
    return output.getvalue()


def message_of(
    outgoing: Outgoing, *, partition: int = 0, offset: int = 0, received_at: datetime = NOON, timestamp_ms: int = 0
) -> Message:
    """The message as a worker would read it."""
    return Message(
        position=Position(FRAMES_TOPIC, partition, offset),
        key=outgoing.key,
        value=outgoing.value,
        headers=outgoing.headers,
        timestamp_ms=timestamp_ms,
        received_at=received_at,
    )


@dataclass
class FakeClassifier:
    """Bright pictures are `light`, the others `dark`, medium grey is unknown; a poisonous one raises."""

    classifier: str = "cars"
    version: int = 1
    class_names: tuple[str, ...] = ("dark", "light")
    size_hw: tuple[int, int] = (32, 32)
    precision: Precision = "f32"
    seconds_a_batch: float = 0.0
    seconds_a_frame: float = 0.0
    always_fails: bool = False

    def infer(self, images: Sequence[Image]) -> Inference:
        if seconds := self.seconds_a_batch + self.seconds_a_frame * len(images):
            time.sleep(seconds)
        if self.always_fails or any(abs(int(image[0, 0, 0]) - POISON) <= 1 for image in images):
            raise RuntimeError("the engine gave up")
        light = np.array([image.mean() / 255 for image in images], np.float32)
        known = np.abs(light - 0.5) > UNSURE
        return Inference(np.stack([1 - light, light], axis=1), known)


class FakeRegistry:
    """Aliases in a JSON file that a test writes while a worker runs: {"cars": 1}; broken versions do not load."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._artefacts = file.with_name("artefacts")

    def promote(self, **versions: int) -> None:
        partial = self._file.with_suffix(".partial")
        partial.write_text(json.dumps({**self._aliases(), **versions}))
        partial.replace(self._file)

    def classifiers(self) -> tuple[str, ...]:
        if not self._file.exists():
            raise RegistryError("Expected the registry to answer. It is away.")
        return tuple(self._aliases())

    def holder(self, classifier: str, alias: str) -> RegisteredVersion | None:
        number = self._aliases().get(classifier)
        return None if number is None else self.version(classifier, number)

    def version(self, classifier: str, number: int) -> RegisteredVersion:
        """A version with an artefact of one allowed file."""
        artefact = self.artefact(classifier, number)
        if not artefact.exists():
            artefact.mkdir(parents=True)
            (artefact / "MLmodel").write_text(f"{classifier} {number}")
        tags = {"vigia.sha256": digest_text(f"{classifier} {number}")}
        return RegisteredVersion(classifier, number, "run", tags, ("production",), NOON, str(artefact))

    def run(self, run_id: str) -> RunFacts | None:
        """Nothing was measured."""
        return None

    def artefact(self, classifier: str, number: int) -> Path:
        return self._artefacts / classifier / str(number)

    def _aliases(self) -> dict[str, int]:
        return dict(json.loads(self._file.read_text())) if self._file.exists() else {}


def digest_text(text: str) -> str:
    """The digest of an artefact whose only file, MLmodel, holds this text."""
    digest = hashlib.sha256(text.encode()).hexdigest()
    return hashlib.sha256(f"{digest}  MLmodel\n".encode()).hexdigest()


def download_nothing(version: RegisteredVersion, into: Path) -> Path:
    """Every artefact of the fakes lies on this machine."""
    raise AssertionError(f"{version.location} is here")


def fake_models(home: Path) -> dict[str, Any]:
    """Fields of a WorkerSetup whose registry is the file `registry.json` in `home`."""
    return {
        "open_lookup": lambda: FakeRegistry(home / "registry.json"),
        "download": download_nothing,
        "try_version": try_nothing,
    }


def try_nothing(folder: Path, classifier: str, version: int) -> None:
    """The fakes cannot be loaded in a child."""


BROKEN_VERSION = 13
BF16_VERSION = 16


def load_fake(folder: Path, classifier: str, version: int) -> FakeClassifier:
    """Any version but the broken one."""
    if version == BROKEN_VERSION:
        raise ModelError("Expected a network, received rubble.")
    assert (folder / "MLmodel").read_text() == f"{classifier} {version}"
    return FakeClassifier(classifier, version, precision="bf16" if version == BF16_VERSION else "f32")
