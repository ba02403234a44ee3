"""A training's state after each epoch, so that one that was killed goes on where it was."""

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from zipfile import BadZipFile

import numpy as np

from pipelines.datasets.staging import clear_disk_errors
from pipelines.training.epochs import Epoch

if TYPE_CHECKING:
    import keras

Weights = list[Any]
_FILE: Final = "epoch.npz"


@dataclass(frozen=True, slots=True)
class Restored:
    """Where a killed training was."""

    epochs: tuple[Epoch, ...]
    best: Weights | None
    """Weights of its best epoch so far, where these are kept."""


class Checkpoint:
    """One folder a training; its name holds the digest of everything that the training follows from."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def save(self, learner: "keras.Model", epochs: Sequence[Epoch], best: Weights | None) -> None:
        """Weights, optimizer, generators and curve, whole or not at all. Raises WorkspaceError on a full disk."""
        arrays = {f"state_{index}": value for index, value in enumerate(_read_state(learner))}
        arrays |= {f"best_{index}": value for index, value in enumerate(best or ())}
        story = np.array(json.dumps([asdict(epoch) for epoch in epochs]))
        partial = self.folder / f"{_FILE}.partial"
        with clear_disk_errors(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            with partial.open("wb") as stream:
                np.savez(stream, epochs=story, **arrays)
            os.replace(partial, self.folder / _FILE)

    def restore(self, learner: "keras.Model") -> Restored | None:
        """Put the state of the last whole epoch into the learner, which must be compiled; None where there is none."""
        try:
            with np.load(self.folder / _FILE, allow_pickle=False) as saved:
                arrays = dict(saved)
        except (OSError, ValueError, EOFError, BadZipFile):  # never written, or cut short by a dying disk
            return None
        variables = [*learner.variables, *learner.optimizer.variables]
        for index, variable in enumerate(variables):
            variable.assign(arrays[f"state_{index}"])
        epochs = tuple(Epoch(**each) for each in json.loads(str(arrays["epochs"])))
        best = [arrays[f"best_{index}"] for index in range(sum(name.startswith("best_") for name in arrays))]
        return Restored(epochs, best or None)

    def remove(self) -> None:
        """The training has ended, and what it made is safe."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _read_state(learner: "keras.Model") -> list[Any]:
    return [np.asarray(variable) for variable in (*learner.variables, *learner.optimizer.variables)]
