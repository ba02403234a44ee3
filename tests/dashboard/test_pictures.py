import base64
import hashlib
import io
import os
from pathlib import Path

from PIL import Image

from dashboard.pictures import MAX_SIDE, load_picture
from tests.dashboard.made_home import draw_picture


def decoded(data_uri: str) -> bytes:
    assert data_uri.startswith("data:image/jpeg;base64,")
    return base64.b64decode(data_uri.partition(",")[2])


def test_a_small_jpeg_is_shown_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "camera.jpg"
    file.write_bytes(draw_picture(1))

    picture = load_picture(file)

    assert picture is not None
    assert decoded(picture.data_uri) == draw_picture(1)
    assert picture.sha256 == hashlib.sha256(draw_picture(1)).hexdigest()


def test_a_large_picture_is_made_small_and_keeps_its_hash(tmp_path: Path) -> None:
    file = tmp_path / "camera.jpg"
    file.write_bytes(draw_picture(1, size=(1600, 900)))

    picture = load_picture(file)

    assert picture is not None
    assert max(Image.open(io.BytesIO(decoded(picture.data_uri))).size) == MAX_SIDE
    assert picture.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()


def test_a_new_picture_replaces_the_old_one(tmp_path: Path) -> None:
    file = tmp_path / "camera.jpg"
    file.write_bytes(draw_picture(1))
    os.utime(file, ns=(1, 1))
    first = load_picture(file)
    file.write_bytes(draw_picture(2))
    os.utime(file, ns=(2, 2))

    assert load_picture(file) != first


def test_what_is_no_picture_is_not_shown(tmp_path: Path) -> None:
    file = tmp_path / "camera.jpg"
    file.write_bytes(b"<svg onload=alert(1)>")

    assert load_picture(file) is None
    assert load_picture(tmp_path / "missing.jpg") is None
