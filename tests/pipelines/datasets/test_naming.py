import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.datasets.class_folders import is_picture_name
from pipelines.datasets.naming import FreeNames, plain_name


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("cat/a.jpg", "a.jpg"),
        ("train/cat/sub/a.jpg", "sub_a.jpg"),
        ("image/78/2014/a.jpg", "a.jpg"),
        ("shard.tar/0001.jpg", "0001.jpg"),
        ("cat/line\nbreak\t;rm.png", "line_break_rm.png"),
        ("cat/\N{CAT FACE}.jpg", "_.jpg"),
        ("cat/no-ending", "no-ending.webp"),
        ("cat/..hidden.jpg", "hidden.jpg"),
        (f"cat/{unicodedata.normalize('NFD', 'niño')}.jpg", "niño.jpg"),
    ],
)
def test_a_name_stays_readable_and_becomes_safe(name: str, expected: str) -> None:
    assert plain_name(name, "cat", ".webp") == expected


@given(st.text(min_size=1).filter(lambda name: "\x00" not in name))
def test_any_name_becomes_one_that_file_systems_take_and_readers_see(name: str) -> None:
    plain = plain_name(f"cat/{name.encode('utf-8', 'replace').decode()}", "cat", ".jpg")

    assert is_picture_name(plain)
    assert "/" not in plain
    assert plain.isprintable()
    assert len(plain.encode()) < 240


def test_a_taken_name_gets_a_number_also_where_only_its_case_differs() -> None:
    names = FreeNames(["cat/a.jpg"])

    assert [names.take("cat", name) for name in ("A.jpg", "a.jpg", "a-2.jpg", "b.jpg")] == [
        "cat/A-2.jpg", "cat/a-3.jpg", "cat/a-2-2.jpg", "cat/b.jpg",
    ]  # fmt: skip
    assert names.take("dog", "a.jpg") == "dog/a.jpg"
