"""The HDF5 file inside a .keras archive: numbers that lie in it, no way out of it."""

from pathlib import Path
from typing import Any, Final

import numpy as np

from pipelines.errors import ModelError

MOST_OBJECTS: Final = 100_000
LARGEST_RATIO: Final = 4
"""Bytes of the arrays by bytes of the file."""
MEND: Final = "Save the model again with model.save('name.keras') in Keras 3."


def check_weights(file: Path) -> None:
    """Raises ModelError for links, arrays kept elsewhere, more numbers than the file can hold, NaN and infinity."""
    import h5py

    try:
        with h5py.File(file, "r") as opened:
            _walk(opened, most_bytes=LARGEST_RATIO * file.stat().st_size)
    except (OSError, RuntimeError, KeyError, ValueError, TypeError) as error:
        raise ModelError(
            f"Expected the weights as a whole HDF5 file, it is broken: {str(error)[:200]}. {MEND}"
        ) from error


def _walk(root: Any, most_bytes: int) -> None:
    import h5py

    waiting, seen, total = [("", root)], 0, 0
    while waiting:
        path, group = waiting.pop()
        for name in group:
            seen += 1
            where = f"{path}/{name}"
            link = group.get(name, getlink=True)
            if not isinstance(link, h5py.HardLink) or seen > MOST_OBJECTS or where.count("/") > 100:
                raise ModelError(f"Expected weights that lie in the archive, {where!r:.100} is {_name(link)}. {MEND}")
            found = group[name]
            if isinstance(found, h5py.Group):
                waiting.append((where, found))
            else:
                total += found.nbytes
                _check_array(where, found, total > most_bytes)


def _name(link: Any) -> str:
    import h5py

    if isinstance(link, h5py.ExternalLink):
        return f"an external link to {link.filename!r:.80}"
    return "a soft link" if isinstance(link, h5py.SoftLink) else "one of too many objects"


def _check_array(where: str, array: Any, too_much: bool) -> None:
    import h5py

    if not isinstance(array, h5py.Dataset) or array.external or array.is_virtual:
        raise ModelError(f"Expected weights that lie in the archive, {where!r:.100} is kept in another file. {MEND}")
    if array.dtype.kind not in "biuf":
        raise ModelError(f"Expected numbers as weights, {where!r:.100} holds {array.dtype}. {MEND}")
    if too_much:
        raise ModelError(f"Expected as many weights as the file has room for, {where!r:.100} claims more. {MEND}")
    if array.dtype.kind == "f" and not np.isfinite(array[()]).all():
        raise ModelError(
            f"Expected finite weights, {where!r:.100} holds NaN or infinity: the training went astray. "
            f"Take an earlier checkpoint of it."
        )
