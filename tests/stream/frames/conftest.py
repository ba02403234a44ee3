from pathlib import Path

import pytest

from tests.stream.frames.places import KeptPlace, make_place


@pytest.fixture
def place(tmp_path: Path) -> KeptPlace:
    return make_place(tmp_path)
