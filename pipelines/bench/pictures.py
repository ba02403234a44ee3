"""Drawn camera pictures to measure with: the same bytes each time, about as large as a camera's."""

from collections.abc import Sequence
from typing import Final

SIZE: Final = (640, 480)
"""Width and height."""
PICTURES: Final = 32


def draw_pictures(size: tuple[int, int] = SIZE, count: int = PICTURES) -> list[bytes]:
    """JPEGs of roads, qualities 82 to 94 with a camera's noise; 50 kB each at 640x480."""
    import numpy as np

    from pipelines.datasets.drawing.photograph import photograph
    from pipelines.datasets.drawn_cars import paint_stage

    generators = [np.random.default_rng((11, number)) for number in range(count)]
    return [photograph(paint_stage(size, random), random) for random in generators]


def name_picture(number: int, pictures: Sequence[bytes]) -> str:
    """Which of the pictures frame `number` shows; told with the frame, so that its answer can be checked."""
    return f"{number % len(pictures)}.jpg"
