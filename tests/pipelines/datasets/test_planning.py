import hashlib
from pathlib import Path

from pipelines.datasets.catalogue import Box, CataloguePicture, ClassParts, read_pictures
from pipelines.datasets.collecting import CollectedPictures, IncomingPicture
from pipelines.datasets.importing import import_dataset
from pipelines.datasets.layouts.listing import SourcePicture
from pipelines.datasets.planning import ImportPlan, ImportWish, plan_import
from pipelines.datasets.present import PresentDataset, PresentFile
from pipelines.datasets.splits import Split
from tests.pipelines.datasets.pictures import FakeDvc, encode_picture, make_class_folders

BOX = Box(1, 2, 30, 20)


def there(*files: str, rows: tuple[CataloguePicture, ...] = ()) -> PresentDataset:
    """Files of a dataset; the sha256 of `cat/a.jpg` is that of the letter a."""
    found = tuple(PresentFile(file, file.split("/")[0], sha(Path(file).stem), "", 1) for file in files)
    return PresentDataset(found, rows)


def comes(name: str, *, split: Split | None = None, box: Box | None = None) -> IncomingPicture:
    path = Path(name)
    return IncomingPicture(SourcePicture(path.parent.name, path, name, split, box), sha(path.stem), ".jpg")


def sha(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()


def row(file: str, *, split: str = "", box: Box | None = None) -> CataloguePicture:
    return CataloguePicture(file, sha(Path(file).stem), f"first/{file}", split, box)


def plan(present: PresentDataset, *pictures: IncomingPicture, replace: bool = False) -> ImportPlan:
    return plan_import(present, CollectedPictures(pictures, 0, ()), ImportWish("in", {}, replace=replace))


def test_adding_keeps_what_is_there_and_its_label() -> None:
    planned = plan(there("cat/a.jpg", "dog/b.jpg"), comes("dog/a.jpg"), comes("dog/c.jpg"))

    assert planned.kept == {"cat/a.jpg": "cat/a.jpg", "dog/b.jpg": "dog/b.jpg"}
    assert list(planned.new) == ["dog/c.jpg"]
    assert [each.reason for each in planned.rejected] == ["The dataset has the same picture as cat."]


def test_replacing_keeps_names_and_moves_what_the_source_labels_otherwise() -> None:
    planned = plan(there("cat/a.jpg", "dog/b.jpg", "dog/x.jpg"), comes("dog/a.jpg"), comes("dog/b.jpg"), replace=True)

    assert planned.kept == {"cat/a.jpg": "dog/a.jpg", "dog/b.jpg": "dog/b.jpg"}
    assert not planned.new


def test_a_moved_picture_takes_a_free_name() -> None:
    present = PresentDataset(
        (
            PresentFile("cat/1.jpg", "cat", sha("one"), "", 1),
            PresentFile("dog/1.jpg", "dog", sha("two"), "", 1),
        )
    )
    one, two = (IncomingPicture(SourcePicture("dog", Path(), f"dog/{n}"), sha(n)) for n in ("one", "two"))

    assert plan(present, one, two, replace=True).kept == {"cat/1.jpg": "dog/1-2.jpg", "dog/1.jpg": "dog/1.jpg"}


def test_a_licence_stays_when_the_pictures_are_replaced() -> None:
    present = PresentDataset((PresentFile("LICENCE.txt", None, "", "", 1), *there("cat/a.jpg").files))

    assert "LICENCE.txt" in plan(present, comes("cat/b.jpg"), replace=True).kept


def test_the_catalogue_is_written_anew_and_never_linked() -> None:
    present = PresentDataset((PresentFile("pictures.csv", None, "", "", 1), *there("cat/a.jpg").files))

    assert list(plan(present).kept) == ["cat/a.jpg"]


def test_a_box_and_a_split_that_come_later_are_written_down_and_stay() -> None:
    present = there("cat/a.jpg", rows=(row("cat/a.jpg"),))

    told = plan(present, comes("cat/a.jpg", split="test", box=BOX))
    silent = plan(there("cat/a.jpg", rows=told.rows), comes("cat/a.jpg"))

    assert told.rows == (row("cat/a.jpg", split="test", box=BOX),)
    assert silent.rows == told.rows


def test_replacing_forgets_a_box_that_the_source_does_not_have() -> None:
    present = there("cat/a.jpg", rows=(row("cat/a.jpg", box=BOX),))

    assert plan(present, comes("cat/a.jpg"), replace=True).rows == (row("cat/a.jpg"),)


def test_a_file_that_was_moved_by_hand_keeps_its_place_in_the_order() -> None:
    present = there("cat/b.jpg", "dog/a.jpg", rows=(row("cat/a.jpg"), row("cat/b.jpg"), row("cat/gone.jpg")))

    rows = plan(present).rows

    assert [each.file for each in rows] == ["dog/a.jpg", "cat/b.jpg"]
    assert rows[0].origin == "first/cat/a.jpg"


def test_parts_of_class_names_are_joined_and_those_of_missing_classes_dropped() -> None:
    present = PresentDataset(
        there("cat/a.jpg").files, (), {"cat": ClassParts("c", "", ""), "old": ClassParts("", "", "")}
    )
    wish = ImportWish("in", {"dog": ClassParts("d", "", "1999")})

    planned = plan_import(present, CollectedPictures((comes("dog/b.jpg"),), 0, ()), wish)

    assert planned.classes == {"cat": ClassParts("c", "", ""), "dog": ClassParts("d", "", "1999")}


def test_present_classes_are_never_too_small_to_add_to() -> None:
    wish = ImportWish("in", {}, min_pictures=2)

    planned = plan_import(there("cat/a.jpg"), CollectedPictures((comes("cat/b.jpg"), comes("fox/c.jpg")), 0, ()), wish)

    assert list(planned.new) == ["cat/b.jpg"]
    assert [each.file for each in planned.rejected] == ["fox/c.jpg"]


def test_rows_of_the_catalogue_stand_in_the_order_in_which_the_pictures_came(
    workspace: Path, tmp_path: Path, fake_dvc: FakeDvc
) -> None:
    import_dataset(workspace, make_class_folders(tmp_path / "in", cat=3, dog=3), "pets")
    first = read_pictures(workspace / "data/raw/pets")
    (tmp_path / "more" / "cat").mkdir(parents=True)
    (tmp_path / "more" / "cat" / "late.jpg").write_bytes(encode_picture(91))

    import_dataset(workspace, tmp_path / "more", "pets")

    rows = read_pictures(workspace / "data/raw/pets")
    assert rows[:6] == first
    assert [row.sha256 for row in first] == sorted(row.sha256 for row in first)
    assert (rows[6].file, rows[6].origin) == ("cat/late.jpg", "more/cat/late.jpg")
    assert len(rows) == 7
