from pathlib import Path

import pytest

from pipelines.datasets.changes import ClassRename, PictureMove
from pipelines.datasets.impact import ImportImpact, describe_impact, find_renames
from pipelines.datasets.importing import import_dataset
from tests.pipelines.datasets.pictures import FakeDvc, make_class_folders


def labelled(**counts: int) -> dict[str, str]:
    """`labelled(cat=2)`: {"cat0": "cat", "cat1": "cat"}."""
    return {f"{label}{number}": label for label, count in counts.items() for number in range(count)}


def renamed(present: dict[str, str], before: str, after: str) -> dict[str, str]:
    return {sha256: after if label == before else label for sha256, label in present.items()}


def test_a_class_with_the_same_pictures_under_another_name_is_a_renamed_one() -> None:
    present = labelled(cat=20, dog=5)

    assert find_renames(present, renamed(present, "cat", "kitten")) == (ClassRename("cat", "kitten", 20),)


@pytest.mark.parametrize(("strangers", "is_rename"), [(2, True), (3, False)])
def test_nine_tenths_of_the_pictures_must_be_the_same(strangers: int, is_rename: bool) -> None:
    present = labelled(cat=18, dog=5)
    incoming = renamed(present, "cat", "kitten") | {f"new{number}": "kitten" for number in range(strangers)}

    assert bool(find_renames(present, incoming)) is is_rename


def test_a_small_part_of_a_class_under_another_name_renames_nothing() -> None:
    present = labelled(cat=20, dog=5)
    incoming = dict.fromkeys(("cat0", "cat1", "cat2"), "kitten")

    assert find_renames(present, incoming) == ()


def test_a_class_whose_old_name_is_offered_too_is_not_renamed() -> None:
    present = labelled(cat=20, dog=5)
    incoming = renamed(present, "cat", "kitten") | {"cat0": "cat"}

    assert find_renames(present, incoming) == ()


def test_what_goes_is_told_and_what_only_comes_is_not() -> None:
    impact = ImportImpact(
        counts={"cat": 5, "pup": 4},
        removed=("fox/a.jpg", "fox/b.jpg", "cat/c.jpg"),
        relabelled=tuple(PictureMove(f"pup/{number}.jpg", "dog", "pup") for number in range(4)),
        annotated=0,
        added_classes=("cat",),
        removed_classes={"fox": 2},
        renamed_classes=(ClassRename("dog", "pup", 4),),
        alike=(),
        changes=True,
    )

    assert describe_impact(impact) == (
        "renames class dog to pup (4 pictures)",
        "removes class fox (2 pictures)",
        "removes 1 pictures of other classes",
    )


def test_thousands_of_classes_are_told_in_a_few_lines() -> None:
    gone = {f"class{number}": 1 for number in range(5000)}
    removed = tuple(f"{name}/a.jpg" for name in gone)
    impact = ImportImpact({}, removed, (), 0, (), gone, (), (), changes=True)

    assert describe_impact(impact)[-1] == "and 4,990 classes more; --dry-run --json names all"


def test_a_renamed_class_is_told_and_renamed_only_when_replacing(
    workspace: Path, tmp_path: Path, fake_dvc: FakeDvc
) -> None:
    source = make_class_folders(tmp_path / "in", cat=10, dog=3)
    import_dataset(workspace, source, "pets")
    (source / "cat").rename(source / "kitten")
    told: list[str] = []

    added = import_dataset(workspace, source, "pets", tell=told.append)
    replaced = import_dataset(workspace, source, "pets", replace=True)

    assert not added.changed
    assert any("kitten looks like class cat under another name (10 pictures)" in line for line in told)
    assert replaced.renamed_classes == (ClassRename("cat", "kitten", 10),)
    assert sorted(path.name for path in (workspace / "data/raw/pets/kitten").iterdir()) == [
        f"cat{number}.jpg" for number in range(10)
    ]
