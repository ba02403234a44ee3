import io
import sys
from pathlib import Path

import pytest

from pipelines.classifying.sources import find_sources, read_list
from pipelines.errors import ImageError
from tests.pipelines.classifying.artefacts import write_picture


def test_a_folder_is_its_pictures_and_videos_by_path(tmp_path: Path) -> None:
    for name in ("b/2.JPG", "b/1.png", "a.webp", "clip.mp4", "notes.txt", ".thumbs/x.jpg", ".hidden.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "folder.jpg").mkdir()

    found = find_sources([str(tmp_path)])

    assert [(source.kind, Path(source.path).relative_to(tmp_path).as_posix()) for source in found] == [
        ("picture", "a.webp"),
        ("picture", "b/1.png"),
        ("picture", "b/2.JPG"),
        ("video", "clip.mp4"),
    ]


def test_names_are_absolute_in_their_order_and_count_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("2.jpg", "1.jpg"):
        write_picture(tmp_path / name, "red")
    monkeypatch.chdir(tmp_path)

    found = find_sources(["2.jpg", "*.jpg", str(tmp_path)])

    assert [source.path for source in found] == [str(tmp_path / "2.jpg"), str(tmp_path / "1.jpg")]


def test_a_name_that_looks_like_a_pattern_but_is_a_file_is_that_file(tmp_path: Path) -> None:
    write_picture(tmp_path / "a[1].jpg", "red")

    assert [source.kind for source in find_sources([str(tmp_path / "a[1].jpg")])] == ["picture"]


def test_a_file_without_a_telling_name_is_known_by_how_it_begins(tmp_path: Path) -> None:
    (tmp_path / "photo").write_bytes(write_picture(tmp_path / "p.jpg", "red").read_bytes())
    (tmp_path / "film").write_bytes(b"\x00\x00\x00\x20ftypisom")

    assert [source.kind for source in find_sources([str(tmp_path / "photo"), str(tmp_path / "film")])] == [
        "picture",
        "video",
    ]


@pytest.mark.parametrize(
    ("name", "words"), [("gone.jpg", "nothing here"), ("*.bmp", "match this pattern"), ("empty", "in this folder")]
)
def test_what_is_not_there_says_so(tmp_path: Path, name: str, words: str) -> None:
    (tmp_path / "empty").mkdir()

    (source,) = find_sources([str(tmp_path / name)])

    assert source.kind == "nothing"
    assert words in source.reason


def test_a_list_holds_a_path_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "list.txt").write_bytes("a b.jpg\r\n\nñ.png\n".encode())
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"c.jpg\n")))

    assert read_list(str(tmp_path / "list.txt")) == ("a b.jpg", "ñ.png")
    assert read_list("-") == ("c.jpg",)
    with pytest.raises(ImageError, match="--paths-from"):
        read_list(str(tmp_path / "gone.txt"))
