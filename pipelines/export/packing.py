"""The folder that is handed out: the network, and all that one must know to use it as a worker does."""

import errno
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from pipelines.artefact import CARD_FILE, DETECTOR_FILE, GOLDEN_FILE, REFERENCE_FILE, ServingCard
from pipelines.errors import ModelError, WorkspaceError

COMPANIONS: Final = (CARD_FILE, REFERENCE_FILE, GOLDEN_FILE, DETECTOR_FILE)
LABELS_FILE: Final = "labels.txt"
PARITY_FILE: Final = "parity.json"
COPIES: Final = 6
"""A network is written and read several times on its way; with less room than so many of it nothing is begun."""


def check_out(out: Path) -> None:
    """Raises ModelError unless `out` is free to be made."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ModelError(f"Expected a new or an empty folder, {out} holds something. Choose another one with --out.")


def check_room(out: Path, network_bytes: int) -> None:
    """Raises WorkspaceError when the disk of `out`, or that of temporary files, is too full to begin."""
    needed = COPIES * network_bytes
    existing = next(place for place in (out, *out.parents) if place.exists())
    for place in (existing, Path(tempfile.gettempdir())):
        free = shutil.disk_usage(place).free
        if free < needed:
            raise WorkspaceError(
                f"Expected {needed / 1e6:.0f} MB of free disk at {place}, found {free / 1e6:.0f}. Make room, or choose "
                f"another place with {'--out' if place == existing else 'TMPDIR'}."
            )


@contextmanager
def stage_folder(out: Path) -> Iterator[Path]:
    """A folder beside `out` that becomes it at the end of the block, whole or not at all; what was there goes."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        staged = Path(tempfile.mkdtemp(prefix=".export-", dir=out.parent))
        try:
            staged.chmod(0o755)
            yield staged
            shutil.rmtree(out, ignore_errors=True)
            os.replace(staged, out)
        finally:
            shutil.rmtree(staged, ignore_errors=True)
    except OSError as error:
        mend = "Make room" if error.errno == errno.ENOSPC else "Choose another folder with --out"
        raise WorkspaceError(f"Expected to write {out}. {error.strerror or error}. {mend}.") from error


def add_companions(artefact: Path, folder: Path, card: ServingCard) -> None:
    """Class names, preprocessing, temperature, thresholds, training features and golden pictures of the artefact."""
    for name in COMPANIONS:
        if (artefact / name).is_file():
            shutil.copyfile(artefact / name, folder / Path(name).name)
    (folder / LABELS_FILE).write_text("".join(f"{name}\n" for name in card.class_names), encoding="utf-8")


def save_parity(folder: Path, rows: Sequence[Any]) -> None:
    """The table beside the network."""
    (folder / PARITY_FILE).write_text(json.dumps(rows, indent=2), encoding="utf-8")


def list_files(folder: Path) -> list[str]:
    return sorted(str(file) for file in folder.rglob("*") if file.is_file())
