"""A finished training that waits to be handed over: its model survives what goes wrong afterwards."""

import json
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pipelines.datasets.staging import clear_disk_errors
from pipelines.training.checkpoints import Checkpoint
from pipelines.training.epochs import Epoch
from pipelines.training.params import TrainPlan

if TYPE_CHECKING:
    import keras

MODEL_FILE: Final = "model.keras"
PLAN_FILE: Final = "plan.json"
NETWORK_FILE: Final = "network.xml"
"""The same, before calibration, in the runtime that serves; its weights lie beside it. Evaluating it needs no Keras."""
_EPOCHS_FILE: Final = "epochs.json"


def read_plan(folder: Path) -> TrainPlan:
    """What the training did whose files are in `folder`."""
    return TrainPlan.model_validate_json((folder / PLAN_FILE).read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True)
class Desk:
    """The folder of one training below VIGIA_HOME; its name says everything that the training follows from."""

    folder: Path

    @property
    def checkpoint(self) -> Checkpoint:
        return Checkpoint(self.folder)

    def keep(self, model: "keras.Model", epochs: Sequence[Epoch], write_network: Callable[[Path], None]) -> None:
        """The trained model, whole or not at all. Raises WorkspaceError on a full disk."""
        partial = self.folder / f"partial-{MODEL_FILE}"
        with clear_disk_errors(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            (self.folder / _EPOCHS_FILE).write_text(json.dumps([asdict(each) for each in epochs]), encoding="utf-8")
            write_network(self.folder / NETWORK_FILE)
            model.save(partial)
            os.replace(partial, self.folder / MODEL_FILE)

    def find_epochs(self) -> list[Epoch] | None:
        """The curve of a training that has ended; None while it has not."""
        if not (self.folder / MODEL_FILE).exists():
            return None
        return [Epoch(**each) for each in json.loads((self.folder / _EPOCHS_FILE).read_text(encoding="utf-8"))]

    def hand_over(self, folder: Path) -> None:
        """Copy the model and its network to their place."""
        with clear_disk_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
            for file in (MODEL_FILE, NETWORK_FILE, str(Path(NETWORK_FILE).with_suffix(".bin"))):
                shutil.copyfile(self.folder / file, folder / file)

    def clear(self) -> None:
        """Everything has been handed over."""
        shutil.rmtree(self.folder, ignore_errors=True)
