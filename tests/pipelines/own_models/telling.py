"""Run as a child: writes down the names of its environment variables."""

import os
from pathlib import Path
from typing import Any

from pipelines.own_models.reading import run_in_walls


def _tell(folder: Path, options: dict[str, Any]) -> None:
    (folder / "environment.txt").write_text(" ".join(os.environ))


if __name__ == "__main__":
    run_in_walls(_tell)
