from pathlib import Path

import pytest

from pipelines.datasets.reviewing import Correction, Review, read_dropped, read_log, read_reviews, write_log
from pipelines.errors import DatasetError

A, B = "a" * 64, "b" * 64


def write(folder: Path, text: str) -> Path:
    file = folder / "review.csv"
    file.write_text(text, encoding="utf-8")
    return file


def test_each_row_is_a_label_or_a_drop_with_its_reason(tmp_path: Path) -> None:
    file = write(tmp_path, f"path,label,sha256,reason\nx.jpg,dogs,{A.upper()},a dog\ny.jpg, drop ,{B},\n")

    reviews = read_reviews(file, "second look")

    assert reviews == (Review(A, "dogs", "a dog"), Review(B, None, "second look"))


def test_a_table_saved_by_a_spreadsheet_is_read(tmp_path: Path) -> None:
    file = write(tmp_path, f"\ufeffsha256,label\r\n{A},caf\u0065\u0301\r\n")

    assert read_reviews(file) == (Review(A, "caf\u00e9", ""),)


def test_the_same_decision_twice_counts_once(tmp_path: Path) -> None:
    assert len(read_reviews(write(tmp_path, f"sha256,label\n{A},dogs\n{A},dogs\n"))) == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"sha256,label\n{A},dogs\n{A},cats\n", "line 3: aaaaaaaaaaaa… dogs and cats"),
        (f"sha256,label\n{A},dogs\n{A},drop\n", "dogs and drop"),
        (f"sha256,label\nabc,dogs\n{A},\n", "line 2: sha256 'abc', line 3: no label"),
        (f"sha256,label\n{A}\n", "line 2: no label"),
        (f"sha256,class\n{A},dogs\n", "no column label"),
        ("sha256,label\n", "found no row"),
        ("", "no column label and sha256"),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(DatasetError, match=words):
        read_reviews(write(tmp_path, text))


def test_a_file_that_is_no_table_is_refused(tmp_path: Path) -> None:
    (tmp_path / "review.csv").write_bytes(b"\xff\xfe\x00")

    with pytest.raises(DatasetError, match="UTF-8"):
        read_reviews(tmp_path / "review.csv")
    with pytest.raises(DatasetError, match="No such file"):
        read_reviews(tmp_path / "nowhere.csv")


def test_the_log_is_read_as_it_was_written(tmp_path: Path) -> None:
    log = (
        Correction(A, "cats/1.jpg", "cats", "dogs", 'said "woof", twice'),
        Correction(B, "cats/2.jpg", "cats", "", ""),
    )

    write_log(tmp_path, log)

    assert read_log(tmp_path) == log
    assert read_log(tmp_path / "elsewhere") == ()


def test_a_picture_is_dropped_by_its_last_correction(tmp_path: Path) -> None:
    dropped = Correction(A, "cats/1.jpg", "cats", "", "blurred")
    moved = Correction(B, "cats/2.jpg", "cats", "", "no animal")
    back = Correction(B, "cats/2.jpg", "cats", "dogs", "it was a dog")

    write_log(tmp_path, [dropped, moved, back])

    assert read_dropped(tmp_path) == {A: "blurred"}
