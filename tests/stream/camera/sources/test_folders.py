import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PillowImage

from pipelines.errors import CameraError, ImageError
from stream.camera.sources.folders import FolderSource
from tests.stream.fakes import draw_jpeg


def test_pictures_come_sorted_by_path_with_names_relative_to_the_folder(tmp_path: Path) -> None:
    for name in ("b.jpg", "a/z.JPEG", "a/b/c.png", "notes.txt", "d.gif"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")

    assert FolderSource(tmp_path).names() == ["a/b/c.png", "a/z.JPEG", "b.jpg"]


def test_a_jpeg_goes_as_it_is_even_when_it_is_broken(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"rubble")

    assert FolderSource(tmp_path).read("a.jpg") == b"rubble"


def test_another_format_is_decoded(tmp_path: Path) -> None:
    PillowImage.new("RGBA", (40, 30), (255, 0, 0, 255)).save(tmp_path / "a.png")

    (frame,) = FolderSource(tmp_path).frames()

    assert frame.image_name == "a.png"
    assert isinstance(picture := frame.load(), np.ndarray)
    assert picture.shape == (30, 40, 3)


def test_a_name_that_is_no_utf8_becomes_text_that_can_be_sent(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"a\xff.jpg")).write_bytes(b"x")

    (frame,) = FolderSource(tmp_path).frames()

    assert frame.load() == b"x"
    assert frame.image_name == "a\N{REPLACEMENT CHARACTER}.jpg"


def test_a_broken_picture_of_another_format_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(draw_jpeg()[:40])

    with pytest.raises(ImageError):
        FolderSource(tmp_path).read("a.png")


def test_a_file_that_vanished_is_an_error_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(CameraError, match=r"gone\.jpg"):
        FolderSource(tmp_path).read("gone.jpg")


def test_a_folder_that_is_missing_or_holds_no_picture_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CameraError, match="Expected a folder"):
        FolderSource(tmp_path / "nowhere").names()
    with pytest.raises(CameraError, match="Expected pictures"):
        FolderSource(tmp_path).names()
