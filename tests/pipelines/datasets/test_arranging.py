import tempfile

import numpy as np
import pytest

from pipelines.datasets.arranging import Arrangement, arrange_pictures
from pipelines.datasets.inventory import LAST, RawPicture
from pipelines.datasets.measures import measure_picture
from pipelines.datasets.perceptual_hash import LOOK_BYTES, hash_look, take_look
from pipelines.datasets.splits import Split, find_split, split_ranges
from pipelines.datasets.spool import Spool, SpooledPicture
from pipelines.errors import DatasetError
from pipelines.images import Image
from pipelines.stage_params import PrepareParams
from tests.pipelines.datasets.scenes import keep, make_scene, resave, scale

RANGES = split_ranges(PrepareParams().splits)


class Album:
    """Pictures to arrange, in the order in which they are added; their hashes are made up."""

    def __init__(self) -> None:
        self.pictures: list[SpooledPicture] = []
        self.looks: list[bytes] = []

    def add(
        self, name: str, image: Image, *, sha256: str, official: Split | None = None, arrival: int | None = None
    ) -> None:
        label = name.split("/")[0]
        place = len(self.pictures)
        raw = RawPicture(name, label, sha256, place if arrival is None else arrival, name, official, None)
        look = take_look(image)
        measures = measure_picture(image, 100)
        self.pictures.append(SpooledPicture(raw, sha256, hash_look(look), 48, 48, measures, place, 0, 0))
        self.looks.append(look.pack())

    def add_scenes(self, label: str, count: int, *, start: int) -> None:
        """Pictures that look like no other."""
        for number in range(start, start + count):
            self.add(f"{label}/{number}.jpg", make_scene(number, side=48), sha256=sha_in("train", number))

    def arrange(self, **params: object) -> Arrangement:
        looks = np.frombuffer(b"".join(self.looks), np.uint8).reshape(-1, LOOK_BYTES)
        with tempfile.TemporaryFile() as encoded:
            spool = Spool(tuple(self.pictures), (), encoded, looks)
            return arrange_pictures(spool, ("cat", "dog"), PrepareParams.model_validate(params))


def sha_in(split: Split, number: int) -> str:
    """A hash in the stretch of a split, another for each number."""
    stretch = next(each for each in RANGES if each.split == split)
    sha256 = f"{int((stretch.start + stretch.end) / 2 * 16**13):013x}{number:051x}"
    assert find_split(sha256, RANGES) == split
    return sha256


@pytest.fixture
def album() -> Album:
    """Twelve pictures of two classes, in all three splits because small classes borrow."""
    album = Album()
    album.add_scenes("cat", 6, start=0)
    album.add_scenes("dog", 6, start=100)
    return album


def place_all(arrangement: Arrangement) -> dict[str, tuple[str, str]]:
    return {each.picture.raw.name: (each.split, each.group) for each in arrangement.placed}


def test_a_likeness_joins_the_first_that_came_and_is_listed_as_a_pair(album: Album) -> None:
    album.add("cat/again.jpg", resave(make_scene(3, side=48), scale(0.8)), sha256=sha_in("test", 999))

    arrangement = album.arrange()

    places = place_all(arrangement)
    assert places["cat/again.jpg"] == places["cat/3.jpg"]
    assert places["cat/again.jpg"][1] == sha_in("train", 3)
    (pair,) = arrangement.pairs
    assert (pair.path_a, pair.path_b) == ("cat/3.jpg", "cat/again.jpg")
    assert 0 < pair.distance < 0.1


def test_of_two_the_founder_is_the_one_that_the_catalogue_names_first(album: Album) -> None:
    again = resave(make_scene(200, side=48), keep)
    album.add("cat/stranger.jpg", make_scene(200, side=48), sha256=sha_in("train", 1000), arrival=LAST)
    album.add("cat/known.jpg", again, sha256=sha_in("train", 2000))

    places = place_all(album.arrange())

    assert places["cat/stranger.jpg"][1] == sha_in("train", 2000)


def test_near_duplicates_can_be_switched_off_but_equal_bytes_stay_together(album: Album) -> None:
    album.add("cat/again.jpg", resave(make_scene(3, side=48), keep), sha256=sha_in("test", 999))
    album.add("cat/copy.jpg", resave(make_scene(3, side=48), keep), sha256=sha_in("test", 999))

    arrangement = album.arrange(near_duplicates={"enabled": False})

    places = place_all(arrangement)
    assert places["cat/again.jpg"] == places["cat/copy.jpg"] == ("test", sha_in("test", 999))
    assert [(pair.path_a, pair.path_b) for pair in arrangement.pairs] == [("cat/again.jpg", "cat/copy.jpg")]


def test_the_same_bytes_under_two_labels_are_used_under_none(album: Album) -> None:
    for name in ("cat/twin.jpg", "dog/twin.jpg"):
        album.add(name, make_scene(300, side=48), sha256=sha_in("test", 7))

    arrangement = album.arrange()

    assert {each.file: each.reason for each in arrangement.rejected} == {
        "cat/twin.jpg": "The same picture lies in cat and dog.",
        "dog/twin.jpg": "The same picture lies in cat and dog.",
    }
    assert not {"cat/twin.jpg", "dog/twin.jpg"} & place_all(arrangement).keys()


def test_a_contradiction_moves_no_picture_that_looks_like_it(album: Album) -> None:
    album.add("cat/founder.jpg", make_scene(300, side=48), sha256=sha_in("test", 7))
    album.add("cat/alike.jpg", resave(make_scene(300, side=48), keep), sha256=sha_in("train", 8))
    before = place_all(album.arrange())["cat/alike.jpg"]
    album.add("dog/twin.jpg", make_scene(300, side=48), sha256=sha_in("test", 7))

    after = place_all(album.arrange())["cat/alike.jpg"]

    assert after == before
    assert after[0] == "test"


def test_likenesses_of_an_official_test_picture_are_left_out_with_the_reason(album: Album) -> None:
    album.add("cat/train.jpg", resave(make_scene(400, side=48), keep), sha256=sha_in("train", 50), official="train")
    album.add("cat/test.jpg", make_scene(400, side=48), sha256=sha_in("train", 51), official="test")

    arrangement = album.arrange()

    places = place_all(arrangement)
    assert places["cat/test.jpg"][0] == "test"
    assert [name for name, (split, _) in places.items() if split == "test"] == ["cat/test.jpg"]
    assert {split for split, _ in places.values()} == {"train", "validation", "test"}, "validation comes from train"
    (rejected,) = arrangement.rejected
    assert rejected.file == "cat/train.jpg"
    assert rejected.reason.startswith("It looks like cat/test.jpg (test)")


def test_a_class_that_loses_too_many_pictures_is_named(album: Album) -> None:
    with pytest.raises(DatasetError, match=r"at least 7 .* cat \(6\), dog \(6\)"):
        album.arrange(min_per_class=7)


def test_a_dataset_of_one_look_is_refused_for_it_cannot_be_split() -> None:
    album = Album()
    for number in range(12):
        label = "cat" if number % 2 else "dog"
        album.add(f"{label}/{number}.jpg", resave(make_scene(1, side=48), keep), sha256=sha_in("train", number))

    with pytest.raises(DatasetError, match="found none: 12 pictures can be used, and 1 of them do not look alike"):
        album.arrange()
