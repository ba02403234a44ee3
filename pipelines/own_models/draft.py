"""What the child tells of a model that it could open; the network itself lies beside it."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Literal

from pipelines.errors import ModelError
from pipelines.own_models.files import Kind

FACTS_FILE: Final = "facts.json"
NETWORK_FILE: Final = "network.xml"
ARCHIVE_FILE: Final = "checked.keras"
"""Of a Keras model: what was opened."""

Layout = Literal["NHWC", "NCHW"]
Activation = Literal["softmax", "sigmoid", "none"]


@dataclass(frozen=True, slots=True)
class Draft:
    """A network with two outputs: what its head says before softmax or sigmoid, and the features that the head sees."""

    kind: Kind
    layout: Layout
    image_size: int
    """Height and width in pixels."""
    head_size: int
    """Numbers that the head gives a picture. Where it does not fit the class names there is no network file."""
    activation: Activation
    """Which was cut off the head; `none`: the graph ends in numbers whose meaning only answers can tell."""
    scales_itself: bool
    """It begins with layers that bring pixels from 0-255 to what it was trained with."""
    features: str
    """Where the features were taken from, in words."""

    def save(self, folder: Path) -> None:
        (folder / FACTS_FILE).write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "Draft":
        """Raises ModelError when the child left something else."""
        try:
            return cls(**json.loads((folder / FACTS_FILE).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise ModelError(
                f"Expected facts about the model from the child that opened it, found none: {error}"
            ) from error
