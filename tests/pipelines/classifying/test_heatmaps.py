from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PillowImage

from pipelines.classifying.heatmaps import HeatmapWriter, colour, overlay
from pipelines.classifying.opening import OpenedVersion
from pipelines.classifying.pictures import Pool, read_picture
from pipelines.classifying.sources import find_sources
from pipelines.errors import ImageError, ModelError
from tests.pipelines.classifying.artefacts import write_picture


def test_one_picture_gives_the_file_that_was_named(opened: OpenedVersion, pool: Pool, tmp_path: Path) -> None:
    picture = write_picture(tmp_path / "a.jpg", "red", (90, 50))
    writer = HeatmapWriter.open(opened, pool, tmp_path / "new" / "map.png", find_sources([str(picture)]))

    pixels = read_picture(str(picture))
    file = writer.write(str(picture), pixels, pixels, "red")

    assert file == tmp_path / "new" / "map.png"
    with PillowImage.open(file) as drawn:
        assert (drawn.size, drawn.format) == ((90, 50), "PNG")


def test_pictures_of_one_name_do_not_overwrite_each_other(opened: OpenedVersion, pool: Pool, tmp_path: Path) -> None:
    pictures = [str(write_picture(tmp_path / name / "x.jpg", "red")) for name in ("a", "b")]
    writer = HeatmapWriter.open(opened, pool, tmp_path / "maps", find_sources(pictures))

    pixels = [read_picture(picture) for picture in pictures]
    files = [writer.write(path, each, each, "red") for path, each in zip(pictures, pixels, strict=True)]

    assert [file.name for file in files] == ["x.heatmap.jpg", "x-2.heatmap.jpg"]
    assert all(file.is_file() for file in files)


def test_the_picture_itself_is_never_written_over(opened: OpenedVersion, pool: Pool, tmp_path: Path) -> None:
    picture = write_picture(tmp_path / "a.jpg", "red")

    with pytest.raises(ImageError, match="than the picture itself"):
        HeatmapWriter.open(opened, pool, picture, find_sources([str(picture)]))


def test_a_network_that_looks_at_faces_is_refused(opened: OpenedVersion, pool: Pool, tmp_path: Path) -> None:
    faces = replace(opened, card=replace(opened.card, subject="face"))

    with pytest.raises(ModelError, match="looks at faces"):
        HeatmapWriter.open(faces, pool, tmp_path, find_sources([str(write_picture(tmp_path / "a.jpg", "red"))]))


def test_the_overlay_is_warm_where_much_speaks_for_the_label() -> None:
    grey = np.full((80, 80, 3), 90, np.uint8)
    relevance = np.zeros((8, 8), np.float32)
    relevance[:2, :2] = 1

    drawn = overlay(grey, relevance)

    assert drawn.shape == grey.shape
    red, _, blue = drawn[5, 5].tolist()
    assert red > 150 > blue
    assert drawn[70, 70].tolist() == pytest.approx([90, 90, 90], abs=2)


def test_more_is_always_lighter() -> None:
    lightness = colour(np.linspace(0, 1, 50)) @ [0.299, 0.587, 0.114]

    assert (np.diff(lightness) > 0).all()
