from pathlib import Path

import pytest

from tests.pipelines.datasets.pictures import FakeDvc, fake_dvc, workspace
from tests.pipelines.datasets.versioned import VersionedPets

__all__ = ["fake_dvc", "pets", "workspace"]


@pytest.fixture
def pets(workspace: Path, tmp_path: Path, fake_dvc: FakeDvc) -> VersionedPets:
    """Six cats and six dogs, committed."""
    made = VersionedPets(workspace, tmp_path / "in")
    made.commit()
    return made
