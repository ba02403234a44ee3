from pathlib import Path

import numpy as np

from pipelines.datasets.manifest import ManifestRow, write_class_names, write_manifest
from pipelines.datasets.shards import PreparedPicture, write_split
from pipelines.evaluation.strangers import measure_strangers, read_strangers
from tests.pipelines.datasets.pictures import encode_picture


def prepare(workspace: Path, classifier: str, labels: list[str], digests: list[str]) -> None:
    """A test split of one picture for each label."""
    folder = workspace / "data" / "prepared" / classifier
    folder.mkdir(parents=True)
    names = sorted(set(labels))
    pictures = [
        PreparedPicture(f"{label}/{digest}.jpg", digest, names.index(label), encode_picture(place))
        for place, (label, digest) in enumerate(zip(labels, digests, strict=True))
    ]
    write_split(folder, "test", iter(pictures), len(pictures), 10)
    write_class_names(folder, names)
    write_manifest(
        folder,
        [
            ManifestRow(each.file, each.sha256, "", label, "test", "", 40, 30, each.file)
            for each, label in zip(pictures, labels, strict=True)
        ],
    )


def test_strangers_are_what_the_other_classifiers_test_with_and_this_one_does_not_know(tmp_path: Path) -> None:
    prepare(tmp_path, "pets", ["cat", "dog"], ["a", "b"])
    prepare(tmp_path, "zoo", ["cat", "lion", "zebra"], ["c", "b", "d"])
    prepare(tmp_path, "twin", ["cat", "dog"], ["e", "f"])

    strangers = read_strangers(tmp_path, "pets", ("cat", "dog"))

    # the cat is known by its label, the lion by its bytes; the twin has nothing else
    assert {name: [each.label for each in pictures] for name, pictures in strangers.items()} == {"zoo": ["zebra"]}


def test_a_classifier_that_was_never_prepared_here_is_shown_all_others(tmp_path: Path) -> None:
    prepare(tmp_path, "zoo", ["lion", "zebra"], ["c", "d"])

    assert list(read_strangers(tmp_path, "pets", ("cat", "dog"))) == ["zoo"]


def test_a_group_is_refused_beyond_the_limit() -> None:
    figures = measure_strangers(np.arange(10.0), {"zoo": np.array([8.5, 9.5, 20, 30]), "none": np.array([])}, 9)

    assert [(each.name, each.pictures, each.refused) for each in figures] == [("zoo", 4, 0.75)]
    assert 0.9 < figures[0].auroc < 1
