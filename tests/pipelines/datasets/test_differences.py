from hypothesis import given
from hypothesis import strategies as st

from pipelines.datasets.differences import ClassDifference, MovedPicture, compare_versions
from pipelines.datasets.objects import VersionFile


def version(**pictures: str) -> list[VersionFile]:
    """`version(cat_1="a")`: a picture `cat/1.jpg` with the content a."""
    return [VersionFile(f"{name.replace('_', '/')}.jpg", content) for name, content in pictures.items()]


def test_the_same_pictures_are_no_difference() -> None:
    difference = compare_versions(version(cat_1="a", dog_1="b"), version(dog_1="b", cat_1="a"))

    assert difference.is_empty
    assert (difference.images_before, difference.images_after) == (2, 2)


def test_a_picture_in_another_class_folder_is_relabelled_and_neither_added_nor_removed() -> None:
    difference = compare_versions(version(cat_1="a", cat_2="b"), version(cat_1="a", dog_7="b"))

    assert difference.relabelled == (MovedPicture("cat/2.jpg", "dog/7.jpg", "b"),)
    assert (difference.added, difference.removed, difference.renamed) == ((), (), ())
    assert difference.classes == (
        ClassDifference("cat", 2, 1, 0, 0, moved_in=0, moved_out=1),
        ClassDifference("dog", 0, 1, 0, 0, moved_in=1, moved_out=0),
    )


def test_a_picture_under_another_name_in_its_class_is_only_renamed() -> None:
    difference = compare_versions(version(cat_1="a"), version(cat_2="a"))

    assert difference.renamed == (MovedPicture("cat/1.jpg", "cat/2.jpg", "a"),)
    assert difference.relabelled == ()


def test_a_second_copy_is_matched_in_its_own_class_first() -> None:
    difference = compare_versions(version(cat_1="a", dog_1="a"), version(dog_2="a", bird_1="a"))

    assert difference.renamed == (MovedPicture("dog/1.jpg", "dog/2.jpg", "a"),)
    assert difference.relabelled == (MovedPicture("cat/1.jpg", "bird/1.jpg", "a"),)


def test_a_picture_whose_bytes_changed_is_removed_and_added() -> None:
    difference = compare_versions(version(cat_1="a"), version(cat_1="b"))

    assert (difference.removed, difference.added) == (
        (VersionFile("cat/1.jpg", "a"),),
        (VersionFile("cat/1.jpg", "b"),),
    )


def test_files_that_are_no_pictures_are_told_apart() -> None:
    before = [*version(cat_1="a"), VersionFile("pictures.csv", "old"), VersionFile("README.md", "same")]
    after = [*version(cat_1="a"), VersionFile("pictures.csv", "new"), VersionFile("README.md", "same")]

    difference = compare_versions(before, after)

    assert difference.other_files == ("pictures.csv",)
    assert not difference.is_empty
    assert difference.images_after == 1


FILES = st.dictionaries(
    st.sampled_from([f"{label}/{name}.jpg" for label in "abc" for name in range(4)]), st.sampled_from("uvwxyz")
)


@given(FILES, FILES)
def test_what_is_told_accounts_for_every_picture(before: dict[str, str], after: dict[str, str]) -> None:
    old = [VersionFile(*item) for item in before.items()]
    new = [VersionFile(*item) for item in after.items()]

    difference = compare_versions(old, new)

    gained = len(difference.added) - len(difference.removed)
    assert difference.images_after - difference.images_before == gained
    for each in difference.classes:
        assert each.after - each.before == each.added - each.removed + each.moved_in - each.moved_out
    assert not {file.md5 for file in difference.added} & {file.md5 for file in difference.removed}
    assert difference.is_empty == (set(old) == set(new))
