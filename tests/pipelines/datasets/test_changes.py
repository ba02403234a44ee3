from pipelines.datasets.changes import ClassRename, DatasetChange, describe_change


def test_a_change_becomes_one_sentence_with_only_what_happened() -> None:
    change = DatasetChange(
        classifier="pets",
        path="data/raw/pets",
        md5="0.dir",
        images=3117,
        classes=2,
        added=120,
        duplicates=9,
        rejected=(),
        git_commit=None,
        removed=3,
        renamed_classes=(ClassRename("cat", "kitten", 40),),
    )

    assert describe_change(change) == (
        "Dataset pets: 120 pictures added, 3 removed, cat renamed to kitten, now 3,117 of 2 classes"
    )
