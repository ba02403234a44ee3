"""Arrays of single floats: what all painting computes with."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def floats(values: Any) -> Floats:
    """Numbers as an array."""
    array: Floats = np.asarray(values, np.float32)
    return array
