import csv
import io

from pipelines.datasets.audit.findings import Audit, Evidence, Finding
from pipelines.datasets.audit.page.suggestions import format_suggestions, list_suggestions
from tests.pipelines.datasets.audit.made import make_row, make_rows

ROWS = make_rows(cat=3, dog=2)
DISPUTED = Finding(
    "label_disputes",
    "warning",
    Evidence("1", 1, ("cat/cat1.jpg",), ("labelled cat, neighbours say dog (9 of 10)",), proposals=("dog",)),
)
BLURRED = Finding("blurred", "warning", Evidence("2", 2, ("cat/cat1.jpg", "dog/dog0.jpg"), ("blur 0.9", "blur 0.8")))


def test_a_dispute_proposes_a_label_and_a_spoilt_picture_is_dropped() -> None:
    suggestions = list_suggestions(Audit(5, 2, 0, (BLURRED, DISPUTED)), ROWS)

    assert [(each.path, each.label) for each in suggestions] == [("cat/cat1.jpg", "dog"), ("dog/dog0.jpg", "drop")]
    assert suggestions[0].sha256 == next(row.sha256 for row in ROWS if row.path == "cat/cat1.jpg")
    assert suggestions[1].reason == "blurred: blur 0.8"


def test_a_label_is_told_as_its_class_folder_and_not_at_all_where_it_has_two() -> None:
    rows = [
        make_row("bmw_m3/a.jpg", label="BMW"),
        make_row("audi_a4/b.jpg", label="Audi"),
        make_row("audi_a6/c.jpg", label="Audi"),
    ]
    files, labels = ("audi_a4/b.jpg", "bmw_m3/a.jpg"), ("BMW", "Audi")
    finding = Finding("label_disputes", "warning", Evidence("2", 2, files, ("", ""), proposals=labels))

    suggestions = list_suggestions(Audit(3, 2, 0, (finding,)), rows)

    assert [(each.path, each.label) for each in suggestions] == [("audi_a4/b.jpg", "bmw_m3")]


def test_mere_information_and_other_checks_suggest_nothing() -> None:
    quiet = Finding("dark", "info", Evidence("1", 1, ("cat/cat0.jpg",), ("",)))
    doubles = Finding("near_duplicates", "warning", Evidence("2", 2, ("cat/cat0.jpg", "cat/cat2.jpg")))

    assert list_suggestions(Audit(5, 2, 0, (quiet, doubles)), ROWS) == ()


def test_bytes_that_are_there_twice_are_suggested_once() -> None:
    rows = [make_row("cat/a.jpg", sha256="a" * 64), make_row("cat/b.jpg", sha256="a" * 64)]
    finding = Finding("dark", "warning", Evidence("2", 2, ("cat/a.jpg", "cat/b.jpg"), ("9 px", "9 px")))

    assert len(list_suggestions(Audit(2, 1, 0, (finding,)), rows)) == 1


def test_the_file_is_read_back_as_a_table() -> None:
    rows = [make_row('cat/a, "b"\n.jpg')]
    finding = Finding("dark", "warning", Evidence("1", 1, (rows[0].path,), ("9 px",)))

    text = format_suggestions(list_suggestions(Audit(1, 1, 0, (finding,)), rows))

    (line,) = csv.DictReader(io.StringIO(text, newline=""))
    assert line == {"sha256": rows[0].sha256, "label": "drop", "reason": "dark: 9 px", "path": rows[0].path}
