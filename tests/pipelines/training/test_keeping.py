from pathlib import Path

import pytest

from pipelines.errors import WorkspaceError
from pipelines.training.epochs import Epoch
from pipelines.training.keeping import Desk

EPOCHS = [Epoch(1, 2, 0.5, 0.7, 0.6, 0.6, 3.0, 0.01), Epoch(2, 2, 0.4, 0.8, 0.5, 0.7, 0.0, 0.001)]


class FakeModel:
    """Saves as Keras does, or fails half-way."""

    def __init__(self, error: OSError | None = None) -> None:
        self._error = error

    def save(self, file: Path) -> None:
        file.write_bytes(b"half" if self._error else b"whole")
        if self._error:
            raise self._error


def write_network(file: Path) -> None:
    file.write_text("network")
    file.with_suffix(".bin").write_text("weights")


def test_a_finished_training_is_found_with_its_curve_and_handed_over(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "desk")
    assert desk.find_epochs() is None

    desk.keep(FakeModel(), EPOCHS, write_network)

    assert desk.find_epochs() == EPOCHS
    desk.hand_over(tmp_path / "train")
    assert (tmp_path / "train" / "model.keras").read_bytes() == b"whole"
    assert (tmp_path / "train" / "network.bin").read_text() == "weights"
    desk.clear()
    assert desk.find_epochs() is None


def test_a_disk_that_fills_up_leaves_no_model_that_looks_finished(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "desk")

    with pytest.raises(WorkspaceError, match="full"):
        desk.keep(FakeModel(OSError(28, "No space left on device")), EPOCHS, write_network)

    assert desk.find_epochs() is None
