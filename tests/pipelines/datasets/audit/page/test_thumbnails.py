import base64
import io
from pathlib import Path

import pytest
from PIL import Image

from pipelines.datasets.audit.page import thumbnails
from pipelines.datasets.audit.page.thumbnails import SIDE, Thumbnails
from pipelines.datasets.catalogue import Box
from tests.pipelines.datasets.pictures import encode_picture


def test_a_thumbnail_is_a_small_jpeg(tmp_path: Path) -> None:
    (tmp_path / "large.png").write_bytes(encode_picture(1, size=(800, 400), form="PNG"))

    (uri,) = Thumbnails(tmp_path).draw(["large.png"])

    assert uri is not None
    picture = Image.open(io.BytesIO(base64.b64decode(uri.split(",")[1])))
    assert (picture.format, picture.size) == ("JPEG", (SIDE, SIDE // 2))


def test_a_picture_with_a_box_is_shown_as_it_is_used(tmp_path: Path) -> None:
    (tmp_path / "wide.png").write_bytes(encode_picture(1, size=(200, 100), form="PNG"))

    (uri,) = Thumbnails(tmp_path, {"wide.png": Box(10, 10, 50, 90)}, 0.0).draw(["wide.png"])

    assert uri is not None
    assert Image.open(io.BytesIO(base64.b64decode(uri.split(",")[1]))).size == (40, 80)


def test_a_file_that_is_no_picture_or_is_gone_has_none(tmp_path: Path) -> None:
    (tmp_path / "words.jpg").write_text("words")

    assert Thumbnails(tmp_path).draw(["words.jpg", "gone.jpg"]) == [None, None]


def test_a_full_page_draws_no_more_but_still_knows_what_it_drew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thumbnails, "MOST", 2)
    for name in "abc":
        (tmp_path / f"{name}.jpg").write_bytes(encode_picture(ord(name)))
    drawer = Thumbnails(tmp_path)

    first = drawer.draw(["a.jpg", "b.jpg", "c.jpg", "a.jpg"])

    assert [uri is not None for uri in first] == [True, True, False, True]
    assert drawer.draw(["b.jpg"]) == [first[1]]
