"""A .keras archive, checked member by member and written anew: what Keras opens is what was looked at."""

import json
import zipfile
import zlib
from pathlib import Path
from typing import Any, Final

from pipelines.errors import ModelError
from pipelines.own_models.draft import ARCHIVE_FILE
from pipelines.own_models.keras_config import check_config
from pipelines.own_models.keras_weights import check_weights

CONFIG: Final = "config.json"
METADATA: Final = "metadata.json"
WEIGHTS: Final = "model.weights.h5"
MEMBERS: Final = frozenset({CONFIG, METADATA, WEIGHTS})
LARGEST_RATIO: Final = 20
"""Unpacked bytes by packed ones: weights hardly shrink, a config does."""
MOST_UNPACKED_BYTES: Final = 2 << 30
MOST_TEXT_BYTES: Final = 64 << 20
MEND: Final = "Save the model again with model.save('name.keras') in Keras 3."


def rewrite_archive(file: Path, folder: Path) -> Path:
    """A fresh archive in `folder` with the same layers and weights, and nothing else.

    Raises ModelError for a member that is none of Keras's, a bomb, a layer outside the allow-list, links out of the
    weights file, or weights that are no numbers.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            _check_members(archive, file.stat().st_size)
            config = _load_json(archive.read(CONFIG), CONFIG)
            metadata = _load_json(archive.read(METADATA), METADATA)
            weights = archive.read(WEIGHTS)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError) as error:
        raise ModelError(f"Expected a whole .keras archive, {file.name} is broken: {error}. {MEND}") from error
    check_config(config)
    loose = folder / WEIGHTS
    loose.write_bytes(weights)
    check_weights(loose)
    # how it was trained is of no use here: no optimizer, loss or metric is ever built from the file
    config.pop("compile_config", None)
    fresh = folder / ARCHIVE_FILE
    with zipfile.ZipFile(fresh, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(METADATA, json.dumps({key: metadata.get(key) for key in ("keras_version", "date_saved")}))
        archive.writestr(CONFIG, json.dumps(config))
        archive.write(loose, WEIGHTS)
    loose.unlink()
    return fresh


def _check_members(archive: zipfile.ZipFile, packed_bytes: int) -> None:
    members = archive.infolist()
    names = [member.filename for member in members]
    strange = sorted({_describe(name) for name in names if name not in MEMBERS})
    if strange:
        more = f" and {len(strange) - 5} more" if len(strange) > 5 else ""
        raise ModelError(
            f"Expected only {', '.join(sorted(MEMBERS))} in the archive, found {', '.join(strange[:5])}{more}. {MEND}"
        )
    if len(names) != len(MEMBERS):
        raise ModelError(
            f"Expected {', '.join(sorted(MEMBERS))} once each in the archive, "
            f"found {', '.join(sorted(names)) or 'none'}. {MEND}"
        )
    unpacked = sum(member.file_size for member in members)
    texts = max(member.file_size for member in members if member.filename != WEIGHTS)
    if unpacked > min(MOST_UNPACKED_BYTES, LARGEST_RATIO * packed_bytes) or texts > MOST_TEXT_BYTES:
        raise ModelError(
            f"Expected an archive that unpacks to at most {LARGEST_RATIO} times its {packed_bytes:,} bytes, "
            f"it says {unpacked:,}: it may be a bomb. {MEND}"
        )


def _describe(name: str) -> str:
    parts = name.replace("\\", "/").split("/")
    leads_out = ".." in parts or name.startswith(("/", "\\")) or ":" in parts[0]
    return f"{name!r:.80}" + (", which leads out of it" if leads_out else "")


def _load_json(text: bytes, name: str) -> dict[str, Any]:
    try:
        document = json.loads(text, object_pairs_hook=_refuse_doubles)
    except RecursionError:
        raise ModelError(f"Expected {name} nested less deeply than any model is. {MEND}") from None
    if not isinstance(document, dict):
        raise ModelError(f"Expected an object in {name}, received {type(document).__name__}. {MEND}")
    return document


def _refuse_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Two readers take one or the other of a key that comes twice: what is checked must be what is built."""
    document = dict(pairs)
    if len(document) != len(pairs):
        raise ValueError("a key comes twice in one object")
    return document
