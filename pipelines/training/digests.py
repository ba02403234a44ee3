"""Digests of what a training follows from: the names under which its results are kept."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.datasets.shards import CLASS_NAMES_FILE, list_shards
from pipelines.datasets.splits import Split


def digest_document(document: Any) -> str:
    """32 hex digits of SHA-256 over the document as JSON with sorted keys."""
    return hashlib.sha256(json.dumps(document, sort_keys=True, default=str).encode()).hexdigest()[:32]


def digest_arrays(arrays: Iterable[NDArray[Any]]) -> str:
    """Of shapes, types and values."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.shape} {array.dtype}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()[:32]


def digest_split(prepared: Path, split: Split) -> str:
    """Of the bytes of a split's shards and of the class names. Raises DatasetError when a shard is missing."""
    digest = hashlib.sha256((prepared / CLASS_NAMES_FILE).read_bytes())
    for file in list_shards(prepared, split):
        with file.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()[:32]
