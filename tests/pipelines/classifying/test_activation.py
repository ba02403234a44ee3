from pathlib import Path

import numpy as np
import pytest

from pipelines.classifying.activation import ActivationMap, OcclusionMap, open_map
from pipelines.classifying.opening import OpenedVersion
from pipelines.classifying.pictures import Pool
from pipelines.images import Image
from pipelines.inference import load_classifiers
from tests.pipelines.classifying.artefacts import COLOURS, NAMES, SIDE, write_colour_artefact


@pytest.fixture(scope="module")
def flat(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network without a pooled head."""
    return write_colour_artefact(tmp_path_factory.mktemp("flat"), pooled=False)


def corner(row: int, column: int) -> Image:
    """Grey but for one red quarter."""
    image = np.full((SIDE, SIDE, 3), COLOURS["grey"], np.uint8)
    half = SIDE // 2
    image[row * half : (row + 1) * half, column * half : (column + 1) * half] = COLOURS["red"]
    return image


@pytest.mark.parametrize(("row", "column"), [(0, 0), (0, 1), (1, 0)])
def test_a_pooled_network_tells_itself_where_its_label_is(
    opened: OpenedVersion, pool: Pool, row: int, column: int
) -> None:
    relevance = open_map(opened.artefact, pool.infer)

    grid = relevance(corner(row, column), NAMES.index("red"))

    assert isinstance(relevance, ActivationMap)
    assert grid.shape == (8, 8)
    quarters = grid.reshape(2, 4, 2, 4).mean(axis=(1, 3))
    assert quarters[row, column] == pytest.approx(1)
    assert quarters.sum() == pytest.approx(1)


@pytest.mark.parametrize(("row", "column"), [(0, 1), (1, 1)])
def test_another_network_is_asked_with_parts_covered(flat: Path, row: int, column: int) -> None:
    relevance = open_map(flat, Pool(load_classifiers(flat, "colours", 1, threads=1)).infer)

    grid = relevance(corner(row, column), NAMES.index("red"))

    assert isinstance(relevance, OcclusionMap)
    top, left = np.unravel_index(int(grid.argmax()), grid.shape)
    assert (int(top) >= 5, int(left) >= 5) == (bool(row), bool(column))
    assert grid.min() >= 0
    assert grid.max() == 1


def test_a_picture_in_which_nothing_speaks_for_the_label_gives_an_empty_map(opened: OpenedVersion, pool: Pool) -> None:
    grid = open_map(opened.artefact, pool.infer)(corner(0, 0), NAMES.index("blue"))

    assert grid.max() == 0
