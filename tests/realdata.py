"""Real pictures, which are no part of the project: a folder named by VIGIA_TEST_DATA."""

import os
from pathlib import Path

import pytest


def find_real_pictures(folder: str) -> Path:
    """A folder below VIGIA_TEST_DATA, such as `data/cats_dogs/train`; the test is skipped where it is not there."""
    place = os.environ.get("VIGIA_TEST_DATA")
    found = Path(place or ".") / folder
    if not place or not found.is_dir():
        pytest.skip(f"no real pictures: VIGIA_TEST_DATA names no folder with {folder}")
    return found.absolute()
