"""What every stage shares: its place, and an end in one line when it is refused."""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pipelines.datasets.staging import clear_disk_errors
from pipelines.errors import VigiaError
from pipelines.processes import die_with_parent


@dataclass(frozen=True, slots=True)
class StagePaths:
    """Where the stages of one classifier read and write, below the workspace."""

    workspace: Path
    classifier: str

    @property
    def prepared(self) -> Path:
        return self.workspace / "data" / "prepared" / self.classifier

    @property
    def train(self) -> Path:
        return self.workspace / "models" / self.classifier / "train"

    @property
    def evaluate(self) -> Path:
        return self.workspace / "models" / self.classifier / "evaluate"

    @property
    def export(self) -> Path:
        return self.workspace / "models" / self.classifier / "export"


def run_stage(stage: Callable[[StagePaths], None]) -> None:
    """`python -m pipelines.stages.<stage> CLASSIFIER`, run by DVC in the workspace."""
    if len(sys.argv) != 2:
        sys.exit(f"usage: {Path(sys.argv[0]).stem} CLASSIFIER")
    die_with_parent()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # before TensorFlow is imported, or it is not heard
    paths = StagePaths(Path.cwd(), sys.argv[1])
    try:
        with clear_disk_errors(paths.workspace):  # wherever it writes: a full disk is no bug of the stage
            stage(paths)
    except VigiaError as error:
        if os.environ.get("VIGIA_DEBUG") == "1":
            raise
        sys.exit(f"error: {' '.join(str(error).split())}")
