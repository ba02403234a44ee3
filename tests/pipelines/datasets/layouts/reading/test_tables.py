from pathlib import Path

import pytest

from pipelines.datasets.layouts.reading.tables import find_column, read_columns, read_rows
from pipelines.errors import DatasetError


@pytest.mark.parametrize("text", ["a,b\n1,2\n", "a;b\r\n1;2", "a\tb\n1\t2\n", '\ufeff"a","b"\n\n"1","2"\n'])
def test_separators_and_marks_of_a_csv_do_not_matter(tmp_path: Path, text: str) -> None:
    (tmp_path / "t.csv").write_bytes(text.encode())

    assert read_columns(tmp_path / "t.csv") == ("a", "b")
    assert list(read_rows(tmp_path / "t.csv", ("b", "a"))) == [("2", "1")]


def test_a_short_row_is_filled_with_nothing(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\n1\n")

    assert list(read_rows(tmp_path / "t.csv", ("a", "b"))) == [("1", "")]


def test_a_cell_may_hold_separators_line_ends_and_emoji(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text('a,b\n"x,\n😀.jpg",cat\n')

    assert list(read_rows(tmp_path / "t.csv", ("a", "b"))) == [("x,\n😀.jpg", "cat")]


def test_a_column_is_found_by_the_first_name_that_is_there_whatever_its_case() -> None:
    columns = ("id", " Label ", "Path", "file")

    assert find_column(columns, ("path", "file")) == "Path"
    assert find_column(columns, ("label",)) == " Label "
    assert find_column(columns, ("box",)) is None


@pytest.mark.parametrize("content", [b"b\n1\n", b"a,b\n\xff", b'a\n"' + b"x" * 200_000])
def test_a_table_that_cannot_be_read_names_the_columns_that_were_expected(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "t.csv").write_bytes(content)

    with pytest.raises(DatasetError, match="Expected a table with the columns a at"):
        list(read_rows(tmp_path / "t.csv", ("a",)))


def test_a_file_that_is_not_there_has_no_columns(tmp_path: Path) -> None:
    assert read_columns(tmp_path / "t.csv") == ()
    assert read_columns(tmp_path / "t.parquet") == ()
