"""How a drawn dataset is known from photographs."""

from pathlib import Path
from typing import Final

DRAWN_MARK: Final = "This dataset is drawn."
"""A sentence of the README in its folder."""


def is_drawn(folder: Path) -> bool:
    """True for a dataset folder whose README says that it is drawn."""
    readme = folder / "README.md"
    return readme.is_file() and DRAWN_MARK in readme.read_text(encoding="utf-8", errors="replace")
