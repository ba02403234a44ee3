import re
from dataclasses import replace
from pathlib import Path

from pipelines.datasets.comparing import ComparedVersion, Comparison
from pipelines.datasets.difference_page import SHOWN_PICTURES, build_difference_page, write_difference_page
from pipelines.datasets.differences import compare_versions
from pipelines.datasets.objects import VersionFile
from tests.pipelines.datasets.pictures import encode_picture, hash_md5
from tests.pipelines.datasets.versioned import VersionedPets

NOWHERE = ComparedVersion("HEAD", "0" * 40, "1" * 32, 0, 0)
PICTURE = encode_picture(1)


def compare(before: list[VersionFile], after: list[VersionFile]) -> Comparison:
    return Comparison("pets", NOWHERE, replace(NOWHERE, revision="workspace"), compare_versions(before, after))


def make_class(label: str, count: int) -> list[VersionFile]:
    return [VersionFile(f"{label}/{number:04}.jpg", f"{label}{number}") for number in range(count)]


def test_the_page_asks_nobody_for_anything() -> None:
    page = build_difference_page(compare([], make_class("cat", 2)), lambda file: PICTURE)

    assert page.count("data:image/jpeg;base64,") == 2
    assert re.findall(r'(?:src|href)="(?!data:)', page) == []
    assert "http" not in page


def test_a_large_class_hides_no_small_one() -> None:
    after = make_class("ants", 500) + make_class("bees", 3)

    page = build_difference_page(compare([], after), lambda file: PICTURE)

    assert page.count("<img") == SHOWN_PICTURES
    assert "60 of 503 are shown" in page
    assert all(f"{number:04}.jpg" in page.split("<b>bees</b>", 1)[1] for number in range(3))


def test_a_relabelled_picture_says_from_where_to_where() -> None:
    page = build_difference_page(
        compare([VersionFile("cat/1.jpg", "a")], [VersionFile("dog/1.jpg", "a")]), lambda file: PICTURE
    )

    assert "cat → <b>dog</b>" in page
    assert '<span class="badge bad">gone</span>' in page
    assert '<span class="badge good">new</span>' in page


def test_names_are_text_and_never_markup() -> None:
    page = build_difference_page(compare([], [VersionFile("<b>/<script>.jpg", "a")]), lambda file: PICTURE)

    assert "<script>" not in page
    assert "&lt;script&gt;.jpg" in page


def test_pictures_that_nobody_has_or_can_decode_are_named_without_a_thumbnail() -> None:
    lost, broken = VersionFile("cat/lost.jpg", "a"), VersionFile("cat/broken.jpg", "b")

    page = build_difference_page(compare([lost, broken], []), lambda file: None if file == lost else b"words")

    assert "nobody has this picture any more" in page
    assert "cannot be decoded" in page
    assert "data:image/jpeg" not in page


def test_two_equal_versions_say_so() -> None:
    page = build_difference_page(compare(make_class("cat", 1), make_class("cat", 1)), lambda file: PICTURE)

    assert "The two versions hold the same pictures" in page


def test_the_page_is_written_into_a_folder_that_is_not_there_yet(pets: VersionedPets, tmp_path: Path) -> None:
    content = (pets.raw / "cat/cat0.jpg").read_bytes()
    comparison = compare([VersionFile("cat/cat0.jpg", hash_md5(content))], [])
    file = tmp_path / "pages" / "diff.html"

    write_difference_page(file, comparison, pets.workspace, pets.settings)

    assert "data:image/jpeg;base64," in file.read_text(encoding="utf-8")
